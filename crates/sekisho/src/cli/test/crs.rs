//! `sekisho test --crs`: tests of the Core Rule Set, and of what its users add to it.

mod backend;
mod folder;
mod over_http;
mod records;
mod report;
mod rules;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use clap::Args;
use sekisho_crs_test::{Runner, SETUP, Test, TestFile, TestResult};
use sekisho_model::{Diagnostic, Diagnostics, SourceFile, Timestamp};
use sekisho_waf::transaction::{Judging, PhasedRules};

use super::super::{BacktrackingArgs, Failure, Outcome};
use crate::config::SecLangConfig;
use crate::{read, terminal};

use report::{Report, TestReport};

/// When requests come, whatever day it is: what came of a test should not change with the date.
const NOW: Timestamp = Timestamp::from_unix_ms(1_767_225_600_000);

/// How tests of the Core Rule Set are run.
#[derive(Debug, Args)]
pub(super) struct CrsArgs {
    /// Folder of the OWASP Core Rule Set: its rules are tested with files of go-ftw, or web ACLs that name it as a rule group
    #[arg(long, value_name = "DIR")]
    crs: Option<PathBuf>,
    /// Run the Core Rule Set at this paranoia level
    #[arg(long, value_name = "1-4", requires = "crs", value_parser = clap::value_parser!(u8).range(1..=4))]
    paranoia: Option<u8>,
    #[command(flatten)]
    backtracking: BacktrackingArgs,
    /// Hold each value against each rule too, and fail where the matcher's short cuts miss a match
    #[arg(long, requires = "crs")]
    without_short_cuts: bool,
    /// Print what the suite of the Core Rule Set needs to be set, for `sekisho guard … --seclang FILE`, and end
    #[arg(long, requires = "crs")]
    print_setup: bool,
    /// Also list the tests whose requests HTTP itself refuses
    #[arg(long, requires = "crs")]
    refused: bool,
    /// Send the requests to a running edge on loopback, such as http://127.0.0.1:8080, instead of testing the rules in this
    /// process
    #[arg(long, value_name = "URL", requires = "crs", conflicts_with = "without_short_cuts")]
    url: Option<String>,
    /// Folder of that edge's records: its --data
    #[arg(long, value_name = "DIR", requires = "url", default_value = "sekisho-data")]
    data: PathBuf,
    /// Serve what stands behind that edge at this loopback address while tests run: a service that answers as each request says
    #[arg(long, value_name = "ADDR", requires = "url")]
    backend: Option<SocketAddr>,
}

impl CrsArgs {
    /// The folder of the rules.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.crs.as_deref()
    }

    /// The rules that web ACLs name as a rule group.
    pub(super) fn config(&self) -> SecLangConfig {
        SecLangConfig {
            crs: self.crs.clone(),
            paranoia: self.paranoia,
            backtracking: self.backtracking.steps(),
            ..SecLangConfig::default()
        }
    }

    /// A flag that was given and means nothing but for files of go-ftw.
    pub(super) fn only_of_go_ftw(&self) -> Option<&'static str> {
        let given = [
            (self.without_short_cuts, "--without-short-cuts"),
            (self.print_setup, "--print-setup"),
            (self.refused, "--refused"),
            (self.url.is_some(), "--url"),
        ];
        given.into_iter().find(|(given, _)| *given).map(|(_, flag)| flag)
    }
}

/// A test and the file it stands in.
struct Placed<'f> {
    file: &'f SourceFile,
    test: &'f Test,
}

/// Runs the tests of files and folders whose ids are wanted.
pub(super) fn test(args: &CrsArgs, folder: &Path, paths: &[PathBuf], filter: Option<&str>, json: bool) -> Outcome {
    if args.print_setup {
        terminal::print(SETUP)?;
        return Ok(ExitCode::SUCCESS);
    }
    let files = read_all(paths)?;
    let is_wanted = |test: &&Test| filter.is_none_or(|part| test.id.contains(part));
    let tests: Vec<_> = files
        .iter()
        .flat_map(|file| file.tests.iter().filter(is_wanted).map(|test| Placed { file: &file.source, test }))
        .collect();
    if tests.is_empty() {
        let message = match filter {
            Some(part) => format!("no test has `{part}` in its id"),
            None => "the files hold no tests".to_owned(),
        };
        return Err(Failure::Unusable(Diagnostic::error("no-tests", message).into()));
    }
    let results = match &args.url {
        Some(url) => run_over_http(url, args, &tests)?,
        None => {
            let judging = if args.without_short_cuts { Judging::Both } else { Judging::Prefiltered };
            run(&rules::load(folder, args.paranoia, args.backtracking.steps())?, judging, &tests)
        }
    };
    let reports = tests.iter().zip(results).map(|(placed, result)| TestReport::new(placed.file, placed.test, result));
    let report = Report { tests: reports.collect(), lists_refused: args.refused };
    match json {
        true => terminal::print(&format!("{}\n", report.json()))?,
        false => terminal::print(&report.text(terminal::color_out()))?,
    }
    Ok(if report.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads all files, or says everything that is wrong in any of them.
fn read_all(paths: &[PathBuf]) -> Result<Vec<TestFile>, Diagnostics> {
    let mut problems = Diagnostics::new();
    let mut files = Vec::new();
    for path in folder::test_files(paths)? {
        match read::text(&path).and_then(|source| TestFile::read(&source)) {
            Ok(file) => files.push(file),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

fn run_over_http(url: &str, args: &CrsArgs, tests: &[Placed<'_>]) -> anyhow::Result<Vec<TestResult>> {
    if let Some(address) = args.backend {
        backend::serve(address)?;
    }
    let tests: Vec<_> = tests.iter().map(|placed| placed.test).collect();
    over_http::run(url, &args.data, &tests)
}

/// Runs tests on as many threads as there are processors. The results are in the order of the tests.
fn run(rules: &Arc<PhasedRules>, judging: Judging, tests: &[Placed<'_>]) -> Vec<TestResult> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut runner = Runner::new(Arc::clone(rules), judging);
        let mut results = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(placed) = tests.get(at) else { return results };
            results.push((at, runner.run(placed.test, NOW)));
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut results: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a test that panics says why")).collect()
    });
    results.sort_unstable_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests;
