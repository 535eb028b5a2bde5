//! Test files, run as a user runs them.

use std::path::{Path, PathBuf};

use sekisho_acl_test::TestFile;
use sekisho_model::SourceFile;

use super::report::Report;
use super::{read_all, run_file};
use crate::config::SecLangConfig;

/// A path from the root of the project.
fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// Runs a text as if it stood in a file of the project's root.
fn report(text: &str) -> Report {
    let file =
        TestFile::read(&SourceFile::new("t.yaml", text)).unwrap_or_else(|found| panic!("{}", found.render(false)));
    let mut report = Report::default();
    run_file(&project("t.yaml"), &file, |_| true, &SecLangConfig::default(), &mut report);
    report
}

#[track_caller]
fn passes(text: &str) {
    let report = report(text);
    assert!(!report.cases.is_empty() && report.failed() == 0, "{}", report.text(false));
}

/// Each case of the text fails, and together they say these words.
#[track_caller]
fn fails(text: &str, words: &[&str]) {
    let report = report(text);
    assert_eq!(report.failed(), report.cases.len(), "{}", report.text(false));
    for word in words {
        assert!(report.text(false).contains(word), "{word:?} is missing:\n{}", report.text(false));
    }
}

const ADMIN: &str = r#"
rules:
  - Name: admin
    Statement:
      ByteMatchStatement:
        FieldToMatch: {UriPath: {}}
        PositionalConstraint: STARTS_WITH
        SearchString: /admin
        TextTransformations: [{Priority: 0, Type: NONE}]
    RuleLabels: [{Name: "area:admin"}]
    Action: {Block: {CustomResponse: {ResponseCode: 404, ResponseHeaders: [{Name: x-why, Value: hidden}]}}}
  - Name: note
    Statement: {GeoMatchStatement: {CountryCodes: [JP]}}
    Action: {Count: {CustomRequestHandling: {InsertHeaders: [{Name: from, Value: japan}]}}}
cases:
"#;

#[test]
fn the_example_that_ships_is_green() {
    let path = project("examples/acl-tests/starter.yaml");
    let files = read_all(std::slice::from_ref(&path)).unwrap();
    let mut report = Report::default();
    run_file(&path, &files[0], |_| true, &SecLangConfig::default(), &mut report);
    assert!(report.cases.len() >= 5 && report.failed() == 0, "{}", report.text(false));
}

#[test]
fn what_is_as_expected_passes() {
    passes(&format!(
        "{ADMIN}
  - name: all there is to expect
    request: GET /admin?x=1
    action: block
    rule: admin
    labels: {{exactly: ['area:admin'], including: [admin], without: [area]}}
    counted: []
    response: {{status: 404, headers: {{X-Why: hidden}}}}
  - name: counted
    request: GET /
    country: JP
    action: count
    rule: note
    counted: [note]
    inserted: {{x-amzn-waf-from: japan}}
  - name: '${{method}} in a table'
    each: {{method: [GET, POST]}}
    request: '${{method}} /admin'
    action: block
  - name: refused
    statement: {{GeoMatchStatement: {{CountryCodes: [XX]}}}}
    refused: unknown-value
"
    ));
}

#[test]
fn whatever_is_not_as_expected_fails_and_says_so() {
    for (case, words) in [
        ("{request: GET /admin, action: allow}", &["expected  allow", "got       block", "why", "MATCH → Block"][..]),
        ("{request: GET /, rule: admin}", &["expected  admin", "got       Default_Action"]),
        (
            "{request: GET /admin, labels: [other]}",
            &["- other  missing", "+ awswaf:111122223333:webacl:test:area:admin"],
        ),
        ("{request: GET /admin, labels: {without: [admin]}}", &["area:admin  not expected"]),
        ("{request: GET /, country: JP, counted: []}", &["+ note  not expected"]),
        ("{request: GET /, action: count}", &["expected  count", "got       allow"]),
        ("{request: GET /admin, response: {status: 403}}", &["response.status", "expected  403", "got       404"]),
        ("{request: GET /, response: {status: 403}}", &["the request goes on"]),
        ("{request: GET /, country: JP, inserted: {}}", &["+ x-amzn-waf-from: japan"]),
        ("{request: GET /, oversize: [REQUEST_BODY]}", &["- REQUEST_BODY  missing"]),
        ("{refused: unknown-value}", &["the rules are refused: unknown-value", "rules without any problem"]),
        ("{warns: no-effect}", &["a warning: no-effect"]),
        ("{statement: {GeoMatchStatement: {CountryCodes: [XX]}}, matches: [GET /]}", &["the rules load", "t.yaml:"]),
    ] {
        fails(&format!("{ADMIN}  - {}", case.replacen('{', "{name: x, ", 1)), words);
    }
}

#[test]
fn time_passes_only_as_a_test_says() {
    let text = "
cases:
  - name: ten in a minute, whatever the pace
    statement: {RateBasedStatement: {Limit: 10, AggregateKeyType: IP, EvaluationWindowSec: 60}}
    steps:
      - {request: GET /, repeat: 10, every: 1s, action: allow}
      - {request: GET /, action: block}
      - {request: GET /, client: 198.51.100.1, action: allow}
      - {request: GET /, after: 52s, repeat: 2, action: allow}
      - {request: GET /, after: 1ms, repeat: 2, action: block}
";
    fails(text, &["line 9", "turn 2"]);
    passes(&text.replace("repeat: 2, action: allow", "action: allow"));
}

#[test]
fn a_document_of_aws_is_taken_as_it_stands() {
    let bare = "
cases:
  - name: bare
    acl: {WebACL: {Name: a}}
    refused: [missing-field]
";
    passes(bare);
}

const SLIPS: &str = r#"
acl: acl.json
rules: []
defaults: {user_agent: x}
places: {nowhere: {country: JP}}
resource_type: ELB
resources: {ipsets/office: [192.0.2.0/24]}
cases:
  - request: GET /
    action: allow
  - name: no request
    action: allow
  - name: nothing expected
    request: GET /
  - name: nothing at all
  - name: bad request
    request: GET
    headers: [no colon]
    body_base64: "?"
    client: localhost
    asn: 4294967296
    token: {captcha: yesterday}
    repeat: 0
    after: 1h
    action: deny
    labels: {only: [x]}
    response: {status: 99}
    logged: maybe
  - name: table
    statement: {}
    each: {a: [1, 2], b: [1]}
    matches: [GET /]
  - name: no statement
    matches: [{reqest: GET /}]
"#;

#[test]
fn every_slip_of_a_test_file_is_reported_at_once_with_its_place() {
    let problems = TestFile::read(&SourceFile::new("t.yaml", SLIPS)).unwrap_err();
    insta::assert_snapshot!(problems.render(false));
}
