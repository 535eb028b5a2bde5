//! The conformance suite, `tests/conformance/aws`: what the AWS guide and API reference say, sentence by sentence.

mod enumerations;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use sekisho_acl_test::TestFile;

use super::report::Report;
use super::{read_all, run_file};
use crate::config::SecLangConfig;

/// Documented sentences that the suite shows, tables counted once and countries not at all, at least.
const SENTENCES_MIN: usize = 400;
/// Where a case must come from.
const SOURCES: [&str; 2] = ["AWS WAF Developer Guide, \"", "AWS WAFV2 API Reference, "];

fn files() -> Vec<(PathBuf, TestFile)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/aws");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    let files = read_all(&paths).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    paths.into_iter().zip(files).collect()
}

#[test]
fn every_case_passes() {
    let files = files();
    let reports: Vec<Report> = std::thread::scope(|scope| {
        let run = |path: &'_ PathBuf, file: &'_ TestFile| {
            let mut report = Report::default();
            run_file(path, file, |_| true, &SecLangConfig::default(), &mut report);
            report
        };
        let running: Vec<_> = files.iter().map(|(path, file)| scope.spawn(move || run(path, file))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let failed: String = reports.iter().filter(|report| report.failed() > 0).map(|report| report.text(false)).collect();
    assert!(failed.is_empty(), "{failed}");
}

#[test]
fn every_case_names_its_page_and_there_are_enough() {
    let mut sentences = BTreeSet::new();
    for (path, file) in files() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for case in &file.cases {
            let source = case.source.as_deref().unwrap_or_default();
            assert!(SOURCES.iter().any(|known| source.starts_with(known)), "{name}:{}: {source:?}", case.line);
            if name != "countries.yaml" {
                sentences.insert((name.clone(), case.line));
            }
        }
    }
    assert!(sentences.len() >= SENTENCES_MIN, "only {} cases", sentences.len());
}

#[test]
fn no_two_cases_of_a_file_have_one_name() {
    for (path, file) in files() {
        let mut names = BTreeMap::new();
        for case in &file.cases {
            // Rows of one table stand on one line, and may show the same in other words.
            let line = *names.entry(&case.name).or_insert(case.line);
            assert_eq!(line, case.line, "{}: {:?} stands twice", path.display(), case.name);
        }
    }
}
