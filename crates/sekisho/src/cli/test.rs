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
use crate::{read, terminal};

use report::{CaseReport, Report};
use tools::ServiceTools;

/// Run tests of rules: requests, and what must come of them.
#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// Run only the cases whose name contains this; with --crs, the tests whose id (`942100-3`) does
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Print the results as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    crs: crs::CrsArgs,
    /// Test files (YAML); see docs/testing-rules.md. With --crs, files of go-ftw or folders of them
    #[arg(value_name = "FILE", required_unless_present = "print_setup")]
    files: Vec<PathBuf>,
}

pub(super) fn test(args: &TestArgs) -> Outcome {
    if let Some(folder) = args.crs.folder() {
        return crs::test(&args.crs, folder, &args.files, args.filter.as_deref(), args.json);
    }
    let files = read_all(&args.files)?;
    let wanted = |name: &str| args.filter.as_deref().is_none_or(|part| name.contains(part));
    let mut report = Report::default();
    for (path, file) in args.files.iter().zip(&files) {
        run_file(path, file, wanted, &mut report);
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
fn run_file(path: &Path, file: &TestFile, wanted: impl Fn(&str) -> bool, report: &mut Report) {
    let tools = ServiceTools::new(path.parent().unwrap_or(Path::new("")));
    let mut runner = Runner::new(&tools);
    for case in file.cases.iter().filter(|case| wanted(&case.name)) {
        let result = runner.run(file, case);
        report.cases.push(CaseReport::new(file, case, result));
    }
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod tests;
