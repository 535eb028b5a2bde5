//! Rules and tests in a folder, run as a user runs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use sekisho_crs_test::grown::Stock;
use sekisho_crs_test::{Runner, TestResult};
use sekisho_waf::transaction::{Judging, PhasedRules};

use super::report::{Report, TestReport};
use super::{NOW, Placed, folder, read_all, rules, run};

/// A folder with rules and tests; the rules stand alone, or with a setup of their own.
fn crs(rules: &str, own_setup: Option<&str>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("modsecurity.conf", "SecRuleEngine On\nSecRequestBodyAccess On\n");
    write("crs-setup.conf.example", "");
    if let Some(text) = own_setup {
        write("crs-setup.conf", text);
    }
    write("rules/1.conf", rules);
    folder
}

fn results(folder: &Path, test: &str) -> Report {
    let path = folder.join("tests/deeper/1.yml");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, test).unwrap();
    let files = read_all(&[folder.join("tests")]).unwrap_or_else(|found| panic!("{}", found.render(false)));
    let tests: Vec<_> =
        files.iter().flat_map(|file| file.tests.iter().map(|test| Placed { file: &file.source, test })).collect();
    let rules = rules::load(folder, Some(2), None).unwrap_or_else(|found| panic!("{}", found.render(false)));
    let results: Vec<TestResult> = run(&rules, Judging::Both, &tests);
    let reports = tests.iter().zip(results).map(|(placed, result)| TestReport::new(placed.file, placed.test, result));
    Report { tests: reports.collect(), lists_refused: true }
}

/// The Core Rule Set in the shared folder; `None`, said aloud, where it is not there and may be missing.
fn core_rule_set() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "where the shared folder lies is the environment's to say")]
    let (shared, ci) = (std::env::var_os("SEKISHO_SHARED"), std::env::var_os("CI"));
    let shared = shared.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("data/crs");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(ci.is_none(), "{} is missing", folder.display());
    println!("skipped: {} is missing", folder.display());
    None
}

#[test]
fn the_whole_suite_of_the_core_rule_set_passes() {
    let Some(folder) = core_rule_set() else { return };
    let files = read_all(&[folder.join("regression")]).unwrap_or_else(|found| panic!("{}", found.render(false)));
    let tests: Vec<_> =
        files.iter().flat_map(|file| file.tests.iter().map(|test| Placed { file: &file.source, test })).collect();
    assert_eq!(tests.len(), 5_082);
    let rules = rules::load(&folder, Some(4), None).unwrap_or_else(|found| panic!("{}", found.render(false)));
    let results = run(&rules, Judging::Prefiltered, &tests);
    let reports = tests.iter().zip(results).map(|(placed, result)| TestReport::new(placed.file, placed.test, result));
    let report = Report { tests: reports.collect(), lists_refused: false };
    assert_eq!(report.failed(), 0, "{}", report.text(false));
}

/// All rules of the Core Rule Set, and what its suite sends.
static AT_PARANOIA_4: LazyLock<Option<(Arc<PhasedRules>, Stock)>> = LazyLock::new(|| {
    let folder = core_rule_set()?;
    let files = read_all(&[folder.join("regression")]).unwrap_or_else(|found| panic!("{}", found.render(false)));
    let rules = rules::load(&folder, Some(4), None).unwrap_or_else(|found| panic!("{}", found.render(false)));
    Some((rules, Stock::of(files.iter().flat_map(|file| &file.tests))))
});

proptest! {
    // A request takes milliseconds here; the fuzz target `core_rule_set` searches on.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(500), ..ProptestConfig::default() })]

    #[test]
    fn grown_requests_are_judged_alike_with_and_without_short_cuts(
        inputs in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 1..3),
    ) {
        let Some((rules, stock)) = &*AT_PARANOIA_4 else { return Ok(()) };
        let mut runner = Runner::new(Arc::clone(rules), Judging::Both);
        for input in &inputs {
            let request = stock.request(input);
            let outcome = runner.request(&request, "u", NOW);
            prop_assert!(outcome.short_cuts.is_empty(), "{:#?}\n{}", outcome.short_cuts, request.escape_ascii());
        }
    }
}

const RULE: &str = r#"SecRule ARGS:a "@streq x" "id:1,phase:2,deny,status:418,t:none,log,msg:'m'""#;

#[test]
fn rules_as_they_come_only_detect_and_those_with_a_setup_do_as_it_says() {
    let test = |status: u16| {
        format!(
            "rule_id: 1\ntests:\n  - stages:\n      - input: {{uri: '/?a=x', headers: {{Host: h}}}}\n        \
             output: {{status: {status}, log: {{expect_ids: [1]}}}}\n"
        )
    };
    let folder = crs(RULE, None);
    let report = results(folder.path(), &test(200));
    assert_eq!(report.failed(), 0, "{}", report.text(false));
    let folder = crs(RULE, Some("SecAction \"id:2,phase:1,pass,nolog\"\n"));
    let report = results(folder.path(), &test(418));
    assert_eq!(report.failed(), 0, "{}", report.text(false));
}

#[test]
fn a_failure_says_what_was_expected_and_which_rules_matched() {
    let folder = crs(RULE, None);
    let test = "rule_id: 1\ntests:\n  - desc: no a\n    stages:\n      - input: {uri: '/?a=x', headers: {Host: h}}\n        \
                output: {log: {no_expect_ids: [1]}}\n      - input: {version: HTTP/4.0, headers: {Host: h}}\n        \
                output: {status: 200}\n";
    let text = results(folder.path(), test).text(false);
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    assert!(lines[0].starts_with("FAIL 1-1  ") && lines[0].ends_with("tests/deeper/1.yml:3"), "{text}");
    assert_eq!(
        lines[1..],
        [
            "no a",
            "GET /?a=x HTTP/1.1",
            "expected 1 not to match",
            "rules that matched: 1",
            "GET / HTTP/4.0",
            "expected status 200, got 400",
            "rules that matched: none",
            "refused by HTTP: protocol version HTTP/4.0 is not spoken here",
            "",
            "refused by HTTP: 1-1  protocol version HTTP/4.0 is not spoken here",
            "0 passed, 1 failed",
        ]
    );
}

#[test]
fn folders_are_searched_for_tests_and_files_are_taken_as_named() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b/2.yml", "a/1.yaml", "a/1.conf", "3.txt"] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let found = folder::test_files(&[folder.path().to_owned(), folder.path().join("3.txt")]).unwrap();
    let names: Vec<_> = found.iter().map(|path| path.strip_prefix(folder.path()).unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["a/1.yaml", "b/2.yml", "3.txt"]);
}
