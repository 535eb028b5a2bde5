//! Files as they are written, and every slip in them.

use sekisho_model::SourceFile;

use crate::{Difference, Logged, Outcome, Response, TestFile};

fn read(text: &str) -> TestFile {
    TestFile::read(&SourceFile::new("t.yaml", text)).unwrap_or_else(|found| panic!("{}", found.render(false)))
}

#[track_caller]
fn refused(text: &str, lines: &[&str]) {
    let found = TestFile::read(&SourceFile::new("t.yaml", text)).unwrap_err();
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, lines);
}

/// What differs from an output, if these rules matched with a 200.
fn differences(output: &str, rules: &[u64]) -> Vec<Difference> {
    let file = read(&format!("rule_id: 1\ntests:\n  - stages:\n      - input: {{}}\n        output: {output}\n"));
    let logged = |rule: &u64| Logged { rule: *rule, line: format!("[id \"{rule}\"] [msg \"m\"]") };
    let response = Response { status: 200, headers: Vec::new(), body: b"welcome".to_vec() };
    let outcome = Outcome { response: Some(response), log: rules.iter().map(logged).collect(), ..Outcome::default() };
    file.tests[0].stages[0].expectation.differences(&outcome)
}

#[test]
fn a_file_of_comments_has_no_tests() {
    assert!(read("# nothing\n---\n  # more\n").tests.is_empty());
}

#[test]
fn tests_are_named_by_rule_and_number() {
    let file = read(
        "meta:\nauthor: a\nrule_id: 942100\ntests:\n  - desc: x\n    stages: [{input: {}, output: {}}]\n  - test_id: 7\n    \
         stages: [{input: {uris: [/a, /b]}, output: {}}]\n",
    );
    let ids: Vec<_> = file.tests.iter().map(|test| (test.id.as_str(), test.line, test.stages.len())).collect();
    assert_eq!(ids, [("942100-1", 5, 1), ("942100-7", 7, 2)]);
}

#[test]
fn every_slip_is_told_with_its_place() {
    refused(
        "rule_id: 1\ntests:\n  - stages:\n      - input:\n          methd: GET\n          data: '{{ env \"A\" }}'\n          port: a\n        \
         output:\n          isolated: true\n          log: {match_regex: '(', expect_id: [1]}\n  - test_id: 2\n",
        &[
            "t.yaml:5:11: error[unknown-field]: unknown field `methd`",
            "t.yaml:6:17: error[bad-template]: cannot expand the template: `env` is no function that tests may use",
            "t.yaml:7:17: error[wrong-type]: expected a whole number, found a string",
            "t.yaml:10:35: error[unknown-field]: unknown field `expect_id`",
            "t.yaml:10:30: error[bad-regex]: not a regular expression: error: unclosed group",
            "t.yaml:9:11: error[not-isolated]: `isolated` needs exactly one of `expect_ids`",
            "t.yaml:11:5: error[no-stages]: a test needs `stages`",
        ],
    );
}

#[test]
fn expectations_are_compared_as_they_are_written() {
    assert_eq!(differences("{log: {expect_ids: [1, 2], no_expect_ids: [3]}}", &[1, 2]), []);
    assert_eq!(
        differences("{status: 403, log: {expect_ids: [1, 2], no_expect_ids: [3]}}", &[1, 3]),
        [Difference::Status { expected: 403, got: 200 }, Difference::Missing(vec![2]), Difference::Unexpected(vec![3])]
    );
    assert_eq!(differences("{isolated: true, log: {expect_ids: [1]}}", &[1, 1]), []);
    assert_eq!(differences("{isolated: true, log: {expect_ids: [1]}}", &[1, 2]), [Difference::NotAlone(1)]);
    assert_eq!(differences("{log: {match_regex: 'id \"1\".*msg'}}", &[1]), []);
    assert_eq!(differences("{log: {no_match_regex: 'id'}}", &[1]), [Difference::NoLog("id".to_owned())]);
    assert_eq!(differences("{response_contains: '200.*(?s:.*)wel'}", &[]), []);
    assert_eq!(differences("{expect_error: true}", &[1]), [Difference::Answered { status: 200 }]);
}

#[test]
fn where_an_error_is_expected_nothing_else_is_compared() {
    let text = "rule_id: 1\ntests: [{stages: [{input: {}, output: {expect_error: true, log: {expect_ids: [1]}}}]}]";
    let expectation = read(text).tests[0].stages[0].expectation.clone();
    assert_eq!(expectation.differences(&Outcome::default()), []);
}
