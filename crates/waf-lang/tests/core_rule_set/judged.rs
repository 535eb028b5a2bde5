//! What comes of requests: overrides, labels, scope-down statements, and rules before and after the group.

use sekisho_waf::Decision;
use serde_json::json;

use super::{RULES, allowed, blocked, catalogue, judge, loaded, outcome, overridden, policy, told};

#[test]
fn the_group_blocks_where_its_rules_do_and_labels_what_matched() {
    let policy = policy(json!({}));
    assert_eq!(judge(&policy, "q=cat", None), allowed(&[]));
    assert_eq!(judge(&policy, "q=evil", None), blocked(403, &["942100", "949110"]));
    assert_eq!(judge(&policy, "q=strange", None), allowed(&[]), "that takes paranoia level 2");
    assert_eq!(judge(&policy, "", Some((b"{\"q\":\"evil\"}", false))), blocked(403, &["942100", "949110"]));
    assert_eq!(judge(&policy, "", Some((b"{\"q\":", false))), blocked(400, &["200002"]));
}

#[test]
fn members_are_the_rules_on_requests_that_tell_of_something() {
    let policy = policy(json!({}));
    let sekisho_waf::ir::RuleKind::Group { group, .. } = &policy.rules[0].kind else { panic!() };
    let names: Vec<_> = group.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["200002", "942100", "942110", "942200", "949110"]);
    assert_eq!((group.id.as_str(), group.managed), ("OWASP#CoreRuleSet", true));
}

#[test]
fn the_group_is_told_of_paranoia_and_threshold() {
    let paranoid = policy(told(json!({"ParanoiaLevel": 2})));
    assert_eq!(judge(&paranoid, "q=strange", None), blocked(403, &["942200", "949110"]));
    let patient = policy(told(json!({"InboundAnomalyScoreThreshold": 6})));
    assert_eq!(judge(&patient, "q=evil", None), allowed(&["942100", "seen"]));
    assert_eq!(judge(&patient, "q=evil+odder", None), blocked(403, &["942100", "942110", "949110"]));
}

#[test]
fn a_rule_overridden_to_count_adds_nothing() {
    let counted = policy(overridden("942100", json!({"Count": {}})));
    assert_eq!(judge(&counted, "q=evil", None), allowed(&["942100", "seen"]));
    assert_eq!(judge(&counted, "q=evil+odder", None), blocked(403, &["942100", "942110", "949110"]));
    // What the first link of a chain sets, the second looks at.
    let chain = policy(overridden("942110", json!({"Count": {}})));
    assert_eq!(judge(&chain, "q=odder", None), allowed(&["942110"]));
    let excluded = policy(json!({"ExcludedRules": [{"Name": "942100"}]}));
    assert_eq!(judge(&excluded, "q=evil", None), allowed(&["942100", "seen"]));
    let never = policy(overridden("949110", json!({"Count": {}})));
    assert_eq!(judge(&never, "q=evil", None), allowed(&["942100", "949110", "seen"]));
}

#[test]
fn other_overrides_act_where_the_rule_matches() {
    let block = policy(overridden("942100", json!({"Block": {"CustomResponse": {"ResponseCode": 418}}})));
    assert_eq!(judge(&block, "q=evil", None), blocked(418, &["942100"]));
    let sum = policy(overridden("949110", json!({"Block": {"CustomResponse": {"ResponseCode": 429}}})));
    assert_eq!(judge(&sum, "q=evil", None), blocked(429, &["942100", "949110"]));
    let allow = policy(overridden("942100", json!({"Allow": {}})));
    assert_eq!(judge(&allow, "q=evil", None), allowed(&["942100"]));
    let captcha = policy(overridden("949110", json!({"Captcha": {}})));
    assert_eq!(judge(&captcha, "q=evil", None), outcome(Decision::Captcha, None, &["942100", "949110"]));
}

#[test]
fn the_group_as_a_whole_is_counted_and_narrowed() {
    let counted = loaded(json!({}), "Count", &catalogue(RULES)).policy.unwrap();
    assert_eq!(judge(&counted, "q=evil", None), allowed(&["942100", "crs", "seen"]));
    let narrowed = policy(json!({"ScopeDownStatement": {"SizeConstraintStatement": {
        "FieldToMatch": {"QueryString": {}}, "ComparisonOperator": "GT", "Size": 6,
        "TextTransformations": [{"Priority": 0, "Type": "NONE"}]}}}));
    assert_eq!(judge(&narrowed, "q=evil", None), allowed(&[]));
    assert_eq!(judge(&narrowed, "q=evil+", None), blocked(403, &["942100", "949110"]));
}

#[test]
fn rules_that_only_detect_count() {
    let rules = RULES.replace("SecRuleEngine On", "SecRuleEngine DetectionOnly");
    let policy = loaded(json!({}), "None", &catalogue(&rules)).policy.unwrap();
    assert_eq!(judge(&policy, "q=evil", None), allowed(&["942100", "949110", "seen"]));
}

#[test]
fn a_body_that_the_web_acl_cuts_is_no_error() {
    let policy = policy(json!({}));
    let whole = "{\"a\":[1.5e3,true,\"caf\u{e9} \\u00e9\",null,{\"b\":-7}],\"c\":\"x\"}".as_bytes();
    for end in 1..whole.len() {
        assert_eq!(judge(&policy, "", Some((&whole[..end], true))), allowed(&[]), "cut at {end}");
    }
    assert_eq!(judge(&policy, "", Some((b"{\"a\":\"evil\",\"b\":[", true))), blocked(403, &["942100", "949110"]));
    assert_eq!(judge(&policy, "", Some((b"{\"a\";1,\"b\":[", true))), blocked(400, &["200002"]), "that no cut makes");
}
