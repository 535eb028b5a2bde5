//! Tests of web ACLs that name the Core Rule Set as a rule group.

use std::fs;
use std::path::Path;

use clap::Parser as _;
use sekisho_acl_test::TestFile;
use sekisho_model::SourceFile;

use super::report::Report;
use super::{TestArgs, run_file, test};
use crate::cli::Failure;
use crate::config::SecLangConfig;

const SETUP: &str = "SecRuleEngine On\nSecRequestBodyAccess On\n";
/// A set of the same make as the Core Rule Set, small enough to see through.
const RULES: &str = r#"
SecRule &TX:inbound_anomaly_score_threshold "@eq 0" "id:901100,phase:1,pass,nolog,setvar:tx.inbound_anomaly_score_threshold=5"
SecRule &TX:blocking_paranoia_level "@eq 0" "id:901120,phase:1,pass,nolog,setvar:tx.blocking_paranoia_level=1"
SecRule ARGS "@contains evil" "id:942100,phase:2,pass,log,msg:'Evil',severity:CRITICAL,setvar:tx.inbound_anomaly_score_pl1=+5"
SecRule ARGS "@contains odd" "id:942110,phase:2,pass,log,msg:'Odd',setvar:tx.inbound_anomaly_score_pl1=+3"
SecRule TX:blocking_paranoia_level "@lt 2" "id:942013,phase:2,pass,nolog,skipAfter:END-942"
SecRule ARGS "@contains strange" "id:942200,phase:2,pass,log,setvar:tx.inbound_anomaly_score_pl2=+5"
SecMarker END-942
SecAction "id:949060,phase:2,pass,nolog,setvar:tx.blocking_inbound_anomaly_score=%{tx.inbound_anomaly_score_pl1}"
SecRule TX:blocking_paranoia_level "@ge 2" "id:949061,phase:2,pass,nolog,setvar:tx.blocking_inbound_anomaly_score=+%{tx.inbound_anomaly_score_pl2}"
SecRule TX:blocking_inbound_anomaly_score "@ge %{tx.inbound_anomaly_score_threshold}" "id:949110,phase:2,deny,log,msg:'Score'"
SecRule RESPONSE_STATUS "@ge 200" "id:959100,phase:3,deny,log,msg:'No answer at all'"
"#;
const CASES: &str = include_str!("core_rule_set.yaml");

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::create_dir_all(folder.path().join("crs/rules")).expect("a folder can be made");
    fs::write(folder.path().join("crs/crs-setup.conf"), SETUP).expect("the setup is written");
    fs::write(folder.path().join("crs/rules/all.conf"), RULES).expect("the rules are written");
    fs::write(folder.path().join("own.conf"), "SecRuleRemoveById 942110\n").expect("the file is written");
    fs::write(folder.path().join("cases.yaml"), CASES).expect("the file is written");
    folder
}

/// Runs a text as if it stood in a file of the folder.
fn report(folder: &Path, text: &str, given: &SecLangConfig) -> Report {
    let file =
        TestFile::read(&SourceFile::new("t.yaml", text)).unwrap_or_else(|found| panic!("{}", found.render(false)));
    let mut report = Report::default();
    run_file(&folder.join("t.yaml"), &file, |_| true, given, &mut report);
    report
}

#[test]
fn every_case_of_the_group_passes() {
    let folder = folder();
    let report = report(folder.path(), CASES, &SecLangConfig::default());
    assert!(report.cases.len() > 20 && report.failed() == 0, "{}", report.text(false));
}

const CASE: &str = "
rules:
  - Name: crs
    Statement: {ManagedRuleGroupStatement: {VendorName: OWASP, Name: CoreRuleSet}}
    OverrideAction: {None: {}}
cases: [{name: a, request: /?q=evil+odd, action: allow}]
";

#[test]
fn what_matched_is_explained_with_numbers_and_scores() {
    let folder = folder();
    let text = report(folder.path(), &format!("crs: crs\n{CASE}"), &SecLangConfig::default()).text(false);
    for part in [
        "- 942100  CRITICAL  MATCH → Count",
        "ARGS:q = evil odd",
        "+ label awswaf:managed:owasp:core-rule-set:942110",
        "inbound anomaly score 8 (8 of level 1), stopped from 5\n",
        "BLOCK with status 403 by rule 949110 of crs",
    ] {
        assert!(text.contains(part), "{part:?} is missing:\n{text}");
    }
    assert!(!text.contains("outbound") && !text.contains("942200"), "{text}");
}

#[test]
fn the_command_line_names_the_folder_as_well() {
    let folder = folder();
    let given = SecLangConfig { crs: Some(folder.path().join("crs")), ..SecLangConfig::default() };
    let expected = CASE.replace("allow", "block");
    assert_eq!(report(folder.path(), &expected, &given).failed(), 0);
    // Before what the file says.
    assert_eq!(report(folder.path(), &format!("crs: nowhere\n{expected}"), &given).failed(), 0);
    let paranoid = SecLangConfig { paranoia: Some(2), ..given };
    let strange = CASE.replace("evil+odd", "strange").replace("allow", "block");
    assert_eq!(report(folder.path(), &strange, &paranoid).failed(), 0);
}

#[test]
fn rules_that_cannot_be_used_are_a_failure_that_says_why() {
    let folder = folder();
    let without = "cases: [{name: a, rules: [], crs: crs, request: /, action: allow}]";
    for (text, words) in [
        (CASE.to_owned(), &["were not given", "`crs` of `[seclang]` or of a test file"][..]),
        (format!("crs: nowhere\n{CASE}"), &["cannot read the folder"]),
        (format!("seclang: own.conf\n{CASE}"), &["whose folder nobody names", "--crs DIR"]),
        (format!("crs: crs\nseclang: [nothing.conf]\n{CASE}"), &["nothing.conf"]),
        (without.to_owned(), &["does not name the group `CoreRuleSet`", "t.yaml:1", "go-ftw"]),
    ] {
        let report = report(folder.path(), &text, &SecLangConfig::default());
        assert_eq!(report.failed(), 1, "{text}");
        let shown = report.text(false);
        assert!(words.iter().all(|word| shown.contains(word)), "{words:?}:\n{shown}");
        assert!(!shown.contains("not given") || words[0].contains("not given"), "{shown}");
    }
}

#[derive(Debug, clap::Parser)]
struct Line {
    #[command(flatten)]
    args: TestArgs,
}

#[test]
fn files_of_two_kinds_and_flags_of_the_other_kind_are_refused() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (crs, ours, theirs) = (path("crs"), path("cases.yaml"), path("theirs.yaml"));
    fs::write(&theirs, "meta: {}\nrule_id: 942100\ntests: []\n").expect("the file is written");
    for (arguments, word) in [
        (vec![ours.as_str(), theirs.as_str()], "one run is of one kind"),
        (vec![theirs.as_str(), ours.as_str()], "one run is of one kind"),
        (vec!["--refused", ours.as_str()], "--refused is for files of go-ftw"),
        (vec!["--without-short-cuts", ours.as_str()], "--without-short-cuts is for files of go-ftw"),
    ] {
        let line = Line::try_parse_from([&["test", "--crs", crs.as_str()][..], &arguments].concat());
        match test(&line.expect("the arguments are known").args) {
            Err(Failure::Unusable(problems)) => {
                let shown = problems.render(false);
                assert!(shown.contains(word), "{word}:\n{shown}");
            }
            other => panic!("{arguments:?}: {other:?}"),
        }
    }
}
