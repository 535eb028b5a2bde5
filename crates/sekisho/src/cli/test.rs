//! `sekisho test`: tests of rules.

mod crs;
mod paint;
mod report;
mod tools;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use sekisho_acl_test::{Runner, TestFile};
use sekisho_model::{Diagnostic, Diagnostics};

use super::{Failure, Outcome};
use crate::config::SecLangConfig;
use crate::{read, terminal};

use report::{CaseReport, Report};
use tools::ServiceTools;

/// Run tests of rules: requests, and what must come of them.
#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// Run only the cases whose name contains this, or the tests of go-ftw whose id (`942100-3`) does
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Print the results as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    crs: crs::CrsArgs,
    /// Test files (YAML); see docs/testing-rules.md. With --crs, also files of go-ftw or folders of them
    #[arg(value_name = "FILE", required_unless_present = "print_setup")]
    files: Vec<PathBuf>,
}

pub(super) fn test(args: &TestArgs) -> Outcome {
    if let Some(folder) = args.crs.folder()
        && !are_of_web_acls(args)?
    {
        return crs::test(&args.crs, folder, &args.files, args.filter.as_deref(), args.json);
    }
    let files = read_all(&args.files)?;
    let wanted = |name: &str| args.filter.as_deref().is_none_or(|part| name.contains(part));
    let given = args.crs.config();
    let mut report = Report::default();
    for (path, file) in args.files.iter().zip(&files) {
        run_file(path, file, wanted, &given, &mut report);
    }
    if report.cases.is_empty() {
        let message = match &args.filter {
            Some(part) => format!("no case has `{part}` in its name"),
            None => "the files hold no cases".to_owned(),
        };
        return Err(Failure::Unusable(Diagnostic::error("no-cases", message).into()));
    }
    if args.json {
        terminal::print(&format!("{}\n", report.json()))?;
    } else {
        terminal::print(&report.text(terminal::color_out()))?;
    }
    Ok(if report.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether files are tests of web ACLs, which may name the Core Rule Set as a rule group, and not of go-ftw.
///
/// # Errors
///
/// If some are and some are not, or an option is meant for the other kind.
fn are_of_web_acls(args: &TestArgs) -> Result<bool, Diagnostics> {
    let is_meant = |path: &&PathBuf| path.is_file() && read::text(path).is_ok_and(|file| TestFile::is_meant(&file));
    let found = args.files.iter().find(is_meant);
    let Some(found) = found else { return Ok(false) };
    if let Some(other) = args.files.iter().find(|path| !is_meant(path)) {
        let message = format!(
            "{} holds tests of a web ACL, {} does not: one run is of one kind",
            found.display(),
            other.display()
        );
        let help = "tests of web ACLs have `cases`, files of go-ftw have `tests`";
        return Err(Diagnostic::error("two-kinds", message).help(help).into());
    }
    match args.crs.only_of_go_ftw() {
        Some(flag) => {
            let message = format!("{flag} is for files of go-ftw, and {} holds tests of a web ACL", found.display());
            Err(Diagnostic::error("two-kinds", message).into())
        }
        None => Ok(true),
    }
}

/// Reads all files, or says everything that is wrong in any of them.
fn read_all(paths: &[PathBuf]) -> Result<Vec<TestFile>, Diagnostics> {
    let mut problems = Diagnostics::new();
    let mut files = Vec::new();
    for path in paths {
        match read::text(path).and_then(|source| TestFile::read(&source)) {
            Ok(file) => files.push(file),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

/// Runs the cases of a file whose names are wanted.
fn run_file(path: &Path, file: &TestFile, wanted: impl Fn(&str) -> bool, given: &SecLangConfig, report: &mut Report) {
    let tools = ServiceTools::new(path.parent().unwrap_or(Path::new("")), given.clone());
    let mut runner = Runner::new(&tools);
    for case in file.cases.iter().filter(|case| wanted(&case.name)) {
        let result = runner.run(file, case);
        report.cases.push(CaseReport::new(file, case, result));
    }
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod core_rule_set;
#[cfg(test)]
mod tests;
