//! `sekisho seclang lint`: everything that is wrong or doubtful in rule files, for people or as JSON.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sekisho_model::Diagnostics;
use sekisho_waf::ir::phased::{EngineMode, Item, Phase, PhasedPolicy};
use serde_json::json;

use super::super::{BacktrackingArgs, Failure, Outcome, problems};
use crate::config::SecLangConfig;
use crate::rules::seclang;
use crate::terminal;

/// Say everything that is wrong or doubtful in rule files, with its place; exit status 2 if they are unusable.
#[derive(Debug, Args)]
pub(in crate::cli) struct LintArgs {
    /// Rule files, in the order they are loaded
    #[arg(value_name = "FILE", required_unless_present = "crs")]
    files: Vec<PathBuf>,
    /// Folder of the OWASP Core Rule Set; the files then come after its setup and before its rules
    #[arg(long, value_name = "DIR")]
    crs: Option<PathBuf>,
    #[command(flatten)]
    backtracking: BacktrackingArgs,
    /// Print one line of JSON: `{"usable", "files", "rules", "phases", "problems": [{"severity", "code", "message", …}]}`
    #[arg(long)]
    json: bool,
}

pub(super) fn lint(args: &LintArgs) -> Outcome {
    let config = SecLangConfig {
        crs: args.crs.clone(),
        files: args.files.clone(),
        backtracking: args.backtracking.steps(),
        ..SecLangConfig::default()
    };
    let (loaded, problems) = match seclang::load(&config, &mut Vec::new()) {
        Ok(Some(loaded)) => {
            let engine = loaded.rules.settings().engine;
            (Some((loaded.files, (by_phase(loaded.rules.policy()), engine))), loaded.warnings)
        }
        // Arguments name a file or a folder.
        Ok(None) => (None, Diagnostics::new()),
        Err(problems) => (None, problems),
    };
    if args.json {
        let usable = loaded.is_some();
        let (files, counts) = loaded.unzip();
        let counts = counts.map(|(counts, _)| counts);
        let phases = counts.map(|counts| {
            let numbered = Phase::ALL.iter().zip(counts);
            numbered.map(|(phase, count)| (phase.number().to_string(), count.into())).collect::<serde_json::Map<_, _>>()
        });
        let found = json!({
            "usable": usable, "files": files, "rules": counts.map(|counts| counts.iter().sum::<usize>()),
            "phases": phases, "problems": problems::as_json(problems),
        });
        terminal::print(&format!("{found}\n"))?;
        return Ok(if usable { ExitCode::SUCCESS } else { ExitCode::from(problems::UNUSABLE) });
    }
    let Some((files, (counts, engine))) = loaded else { return Err(Failure::Unusable(problems)) };
    terminal::print_diagnostics(&problems);
    terminal::print(&summary(&files, counts, engine))?;
    Ok(ExitCode::SUCCESS)
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

fn summary(files: &[String], counts: [usize; 5], engine: EngineMode) -> String {
    let total: usize = counts.iter().sum();
    let mut text = String::new();
    for file in files {
        let _ = writeln!(text, "{file}");
    }
    let phases: Vec<String> =
        Phase::ALL.iter().zip(counts).map(|(phase, count)| format!("phase {}: {count}", phase.number())).collect();
    let of = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let (files, rules, phases) = (of(files.len(), "file"), of(total, "rule"), phases.join(", "));
    // Nothing says so otherwise: it is what holds where no file says anything else.
    let engine = if engine == EngineMode::Off { ", but switched off: `SecRuleEngine On` makes them run" } else { "" };
    let _ = writeln!(text, "{files}, {rules} ({phases}), usable{engine}");
    text
}
