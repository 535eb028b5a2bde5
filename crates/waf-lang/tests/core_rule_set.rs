//! The OWASP Core Rule Set as a rule group of a web ACL: what it is told, overrides, what comes of requests. The rules are a few
//! of the same make.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use sekisho_model::{Severity, SourceFile, Timestamp};
use sekisho_waf::ir::Policy;
use sekisho_waf::{
    Body, BodySize, Client, Context, Decision, Header, KnownToken, Limits, NoPlaces, NoRates, Request, RuleSet,
    Scratch, reference,
};
use sekisho_waf_lang::aws::{LoadOptions, Loaded, ManagedCatalogue, load};
use sekisho_waf_lang::seclang::{self, Entry};
use serde_json::{Value, json};

/// As in the Core Rule Set: defaults unless set before, rules that add to a score, one that sums up.
const RULES: &str = r#"
SecRuleEngine On
SecRequestBodyAccess On
SecRequestBodyLimitAction Reject
SecDefaultAction "phase:1,log,pass"
SecDefaultAction "phase:2,log,pass"
SecRule &TX:inbound_anomaly_score_threshold "@eq 0" "id:901100,phase:1,pass,nolog,setvar:tx.inbound_anomaly_score_threshold=5"
SecRule &TX:blocking_paranoia_level "@eq 0" "id:901120,phase:1,pass,nolog,setvar:tx.blocking_paranoia_level=1"
SecRule REQUEST_HEADERS:Content-Type "@contains json" "id:901200,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQBODY_ERROR "!@eq 0" "id:200002,phase:2,deny,status:400,msg:'Unreadable'"
SecRule TX:blocking_paranoia_level "@lt 1" "id:942011,phase:2,pass,nolog,skipAfter:END-942"
SecRule ARGS "@contains evil" "id:942100,phase:2,block,msg:'Evil',setvar:tx.inbound_anomaly_score=+5"
SecRule ARGS "@contains odd" "id:942110,phase:2,block,setvar:tx.first=%{MATCHED_VAR},chain"
  SecRule TX:first "@contains odder" "setvar:tx.inbound_anomaly_score=+5"
SecRule TX:blocking_paranoia_level "@lt 2" "id:942013,phase:2,pass,nolog,skipAfter:END-942"
SecRule ARGS "@contains strange" "id:942200,phase:2,block,setvar:tx.inbound_anomaly_score=+5"
SecMarker END-942
SecRule TX:inbound_anomaly_score "@ge %{tx.inbound_anomaly_score_threshold}" "id:949110,phase:2,deny,msg:'Score'"
SecRule RESPONSE_STATUS "@eq 500" "id:959100,phase:3,deny"
"#;

fn catalogue(rules: &str) -> ManagedCatalogue {
    let files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let loaded = seclang::load(&[Entry::text("rules.conf", rules)], &files, &seclang::LoadOptions::default());
    let policy = loaded.policy.unwrap_or_else(|| panic!("{}", loaded.diagnostics.render(false)));
    let mut catalogue = ManagedCatalogue::new();
    catalogue.set_core_rule_set(Arc::new(policy));
    catalogue
}

fn visibility() -> Value {
    json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m"})
}

/// A web ACL with the group, and behind it a rule on a label of its.
fn loaded(more: Value, override_action: &str, catalogue: &ManagedCatalogue) -> Loaded {
    let mut statement = json!({"VendorName": "OWASP", "Name": "CoreRuleSet"});
    let Value::Object(more) = more else { panic!("{more}") };
    statement.as_object_mut().expect("it is an object").extend(more);
    let acl = json!({
        "Name": "shop", "ARN": "arn:aws:wafv2:ap-northeast-1:111122223333:regional/webacl/shop/a1",
        "DefaultAction": {"Allow": {}}, "VisibilityConfig": visibility(),
        "Rules": [
            {"Name": "crs", "Priority": 0, "OverrideAction": {override_action: {}}, "VisibilityConfig": visibility(),
             "Statement": {"ManagedRuleGroupStatement": statement}},
            {"Name": "seen", "Priority": 1, "Action": {"Count": {}}, "VisibilityConfig": visibility(),
             "Statement": {"LabelMatchStatement":
                {"Scope": "LABEL", "Key": "awswaf:managed:owasp:core-rule-set:942100"}}},
        ],
    });
    load(&SourceFile::new("acl.json", acl.to_string()), &[], catalogue, &LoadOptions::default())
}

fn problems(loaded: &Loaded) -> Vec<(&'static str, Severity, String)> {
    loaded.diagnostics.iter().map(|found| (found.code, found.severity, found.message.clone())).collect()
}

/// What came of a request.
#[derive(Debug, PartialEq)]
struct Outcome {
    decision: Decision,
    status: Option<u16>,
    /// Names of the rules that matched and let it go on, and of the one that ended it.
    matched: Vec<String>,
}

fn outcome(decision: Decision, status: Option<u16>, matched: &[&str]) -> Outcome {
    Outcome { decision, status, matched: matched.iter().map(|&name| name.to_owned()).collect() }
}

fn allowed(matched: &[&str]) -> Outcome {
    outcome(Decision::Allow, None, matched)
}

fn blocked(status: u16, matched: &[&str]) -> Outcome {
    outcome(Decision::Block, Some(status), matched)
}

/// Holds a request against the policy with both evaluators, three times with the same memory.
fn judge(policy: &Policy, query: &str, json: Option<(&[u8], bool)>) -> Outcome {
    let headers = [Header { name: b"host", value: b"a" }, Header { name: b"content-type", value: b"application/json" }];
    let (bytes, truncated) = json.unwrap_or_default();
    let request = Request {
        method: b"POST",
        path: b"/",
        query: query.as_bytes(),
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "http",
        headers: if json.is_some() { &headers } else { &headers[..1] },
        body: Body { bytes, size: BodySize::Exact(bytes.len() as u64 + u64::from(truncated)), truncated },
        client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
    };
    let context =
        Context { now: Timestamp::from_unix_ms(0), rates: &NoRates, places: &NoPlaces, token: &KnownToken::NONE };
    let rules = RuleSet::compile(policy.clone(), Limits::default()).expect("the rules compile");
    assert!(rules.holds_phases() && rules.inspects_body());
    let (expected, _) = reference::evaluate(policy, &Limits::default(), &request, &context);
    let mut scratch = Scratch::new();
    for _ in 0..3 {
        assert_eq!(rules.evaluate(&request, &context, &mut scratch), &expected);
    }
    let ends = expected.terminating;
    let matched = expected.non_terminating.iter().map(|matched| matched.rule).chain(ends);
    let status = match (expected.decision, expected.deciding_action(policy)) {
        (Decision::Block, sekisho_waf::ir::Action::Block(response)) => Some(response.status),
        _ => None,
    };
    Outcome {
        decision: expected.decision,
        status,
        matched: matched.map(|rule| rule.resolve(policy).name.clone()).collect(),
    }
}

fn policy(more: Value) -> Policy {
    let loaded = loaded(more, "None", &catalogue(RULES));
    assert_eq!(problems(&loaded), []);
    loaded.policy.expect("the web ACL loads")
}

fn told(settings: Value) -> Value {
    json!({"ManagedRuleGroupConfigs": [{"OWASPCoreRuleSet": settings}]})
}

fn overridden(name: &str, action: Value) -> Value {
    json!({"RuleActionOverrides": [{"Name": name, "ActionToUse": action}]})
}

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

#[test]
fn what_cannot_be_honoured_is_refused_by_name() {
    let catalogue = catalogue(RULES);
    let all = |more| problems(&loaded(more, "None", &catalogue));
    let error = |code: &'static str, message: &str| (code, Severity::Error, message.to_owned());
    let warning = |message: &str| ("no-effect", Severity::Warning, message.to_owned());
    let no_effect = "`OutboundAnomalyScoreThreshold` has no effect: a rule group sees requests, not responses";
    assert_eq!(all(told(json!({"OutboundAnomalyScoreThreshold": 4}))), [warning(no_effect)]);
    assert_eq!(
        all(told(json!({"Paranoia": 2}))).first().map(|(code, severity, _)| (*code, *severity)),
        Some(("unknown-field", Severity::Error))
    );
    for wrong in
        [json!({"ParanoiaLevel": 5}), json!({"ParanoiaLevel": "2"}), json!({"InboundAnomalyScoreThreshold": 0})]
    {
        assert!(loaded(told(wrong.clone()), "None", &catalogue).policy.is_none(), "{wrong}");
    }
    let twice = json!({"ManagedRuleGroupConfigs": [{"OWASPCoreRuleSet": {}}, {"OWASPCoreRuleSet": {}}]});
    assert_eq!(all(twice), [error("unexpected-field", "`OWASPCoreRuleSet` is given twice")]);
    let other = json!({"ManagedRuleGroupConfigs": [{"LoginPath": "/login"}]});
    assert!(loaded(other, "None", &catalogue).policy.is_none());
    let unknown = all(overridden("901100", json!({"Count": {}})));
    assert_eq!(unknown.len(), 1, "{unknown:?}");
    assert_eq!((unknown[0].0, unknown[0].1), ("unknown-rule", Severity::Warning));
    let dropping = self::catalogue("SecRuleEngine On\nSecAction \"id:1,phase:1,drop\"");
    let refused = problems(&loaded(json!({}), "None", &dropping));
    assert_eq!(refused, [error("not-supported", "rules of a group cannot drop or redirect: `1`")]);
    let none = loaded(json!({}), "None", &ManagedCatalogue::new());
    assert_eq!(problems(&none), [error("unknown-group", "the rule files of the OWASP Core Rule Set were not given")]);
    assert_eq!(none.capacity.map(|capacity| capacity.total), Some(1_701));
}
