//! `sekisho seclang lint`: everything that is wrong or doubtful in rule files, for people or as JSON.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use sekisho_model::{Diagnostic, Diagnostics};
use sekisho_waf::ir::phased::{Item, Phase, PhasedPolicy};
use sekisho_waf_lang::seclang::crs::{CrsOptions, entries};
use sekisho_waf_lang::seclang::{Entry, LoadOptions, load};
use serde_json::json;

use super::super::{Failure, Outcome, problems};
use crate::rule_files::Disk;
use crate::terminal;

/// Say everything that is wrong or doubtful in rule files, with its place; exit status 2 if they are unusable.
#[derive(Debug, Args)]
pub(in crate::cli) struct LintArgs {
    /// Rule files, in the order they are loaded
    #[arg(value_name = "FILE", required_unless_present = "crs")]
    files: Vec<PathBuf>,
    /// Folder of the OWASP Core Rule Set, which is loaded before the files
    #[arg(long, value_name = "DIR")]
    crs: Option<PathBuf>,
    /// Print one line of JSON: `{"usable", "files", "rules", "phases", "problems": [{"severity", "code", "message", …}]}`
    #[arg(long)]
    json: bool,
}

pub(super) fn lint(args: &LintArgs) -> Outcome {
    let loaded = load(&all_entries(args)?, &Disk, &LoadOptions::default());
    let rules = loaded.policy.as_ref().map(by_phase);
    let total = rules.map(|counts| counts.iter().sum::<usize>());
    if args.json {
        let phases = rules.map(|counts| {
            let numbered = Phase::ALL.iter().zip(counts);
            numbered.map(|(phase, count)| (phase.number().to_string(), count.into())).collect::<serde_json::Map<_, _>>()
        });
        let found = json!({
            "usable": rules.is_some(), "files": loaded.files, "rules": total, "phases": phases,
            "problems": problems::as_json(loaded.diagnostics),
        });
        terminal::print(&format!("{found}\n"))?;
        return Ok(if rules.is_some() { ExitCode::SUCCESS } else { ExitCode::from(problems::UNUSABLE) });
    }
    let Some((counts, total)) = rules.zip(total) else { return Err(Failure::Unusable(loaded.diagnostics)) };
    terminal::print_diagnostics(&loaded.diagnostics);
    terminal::print(&summary(&loaded.files, counts, total))?;
    Ok(ExitCode::SUCCESS)
}

/// Where loading begins: the Core Rule Set, then the files.
fn all_entries(args: &LintArgs) -> Result<Vec<Entry>, Failure> {
    let mut all = match &args.crs {
        Some(folder) => entries(text(folder)?, &Disk, &CrsOptions::default())?,
        None => Vec::new(),
    };
    for file in &args.files {
        all.push(Entry::file(text(file)?));
    }
    Ok(all)
}

fn text(path: &Path) -> Result<&str, Diagnostics> {
    path.to_str().ok_or_else(|| {
        let message = format!("the path {} is not UTF-8", path.display());
        Diagnostic::error("unreadable-file", message).into()
    })
}

/// How many rules run in each phase.
fn by_phase(policy: &PhasedPolicy) -> [usize; 5] {
    let mut counts = [0; 5];
    for item in &policy.items {
        if let Item::Rule(rule) = item {
            counts[usize::from(rule.phase.number()) - 1] += 1;
        }
    }
    counts
}

fn summary(files: &[String], counts: [usize; 5], total: usize) -> String {
    let mut text = String::new();
    for file in files {
        let _ = writeln!(text, "{file}");
    }
    let phases: Vec<String> =
        Phase::ALL.iter().zip(counts).map(|(phase, count)| format!("phase {}: {count}", phase.number())).collect();
    let _ = writeln!(text, "{} files, {total} rules ({}), usable", files.len(), phases.join(", "));
    text
}
