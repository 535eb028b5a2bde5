//! Samples over the admin address, shaped like the response of `GetSampledRequests`.

use std::net::SocketAddr;
use std::sync::Arc;

use sekisho_waf::RuleSet;
use sekisho_waf::ir::{
    Action, ActionInForce, BlockResponse, Condition, Group, HeaderInsert, Policy, ProtectedPart, Protection,
    ProtectionMethod, RequestPart, Rule, RuleKind,
};
use serde_json::{Value, json};

use crate::support::{Origin, Setup, TestEdge, block_query, get, status_of};

fn watched(setup: Setup) -> (TestEdge, SocketAddr) {
    let mut setup = setup;
    setup.settings.admin = Some(([127, 0, 0, 1], 0).into());
    let edge = setup.start();
    let admin = edge.running.admin_address().unwrap();
    (edge, admin)
}

fn samples(admin: SocketAddr, query: &str) -> Value {
    let response = get(admin, &format!("/samples?{query}"));
    assert_eq!((response.status, response.field("content-type")), (200, Some("application/json")));
    serde_json::from_str(response.text()).unwrap()
}

#[test]
fn a_rule_has_samples_of_what_it_matched() {
    let origin = Origin::start();
    let (edge, admin) = watched(Setup::to(&[origin.address]).rules(block_query()));
    assert_eq!(get(edge.address(), "/one?q=attack").status, 403);
    assert_eq!(status_of(edge.address(), "GET /two HTTP/1.1\r\nhost: a\r\ncookie: s=secret\r\n\r\n"), Some(200));
    let blocked = samples(admin, "rule-metric-name=block");
    assert_eq!(blocked["PopulationSize"], 1);
    let sample = &blocked["SampledRequests"][0];
    assert_eq!((&sample["Action"], &sample["Weight"]), (&json!("BLOCK"), &json!(1)));
    assert_eq!(sample["Request"]["URI"], "/one");
    let window = &blocked["TimeWindow"];
    let at = sample["Timestamp"].as_f64().unwrap();
    assert!((window["StartTime"].as_f64().unwrap()..=window["EndTime"].as_f64().unwrap()).contains(&at));
    let allowed = samples(admin, "rule-metric-name=Default_Action&max-items=1");
    let expected = json!({
        "ClientIP": "127.0.0.1", "Country": "-", "URI": "/two", "Method": "GET", "HTTPVersion": "HTTP/1.1",
        "Headers": [{"Name": "host", "Value": "a"}, {"Name": "cookie", "Value": "REDACTED"}],
    });
    assert_eq!(allowed["SampledRequests"][0]["Request"], expected);
    assert_eq!(allowed["SampledRequests"][0]["Action"], "ALLOW");
    assert_eq!(samples(admin, "")["PopulationSize"], 2);
}

#[test]
fn a_question_that_cannot_be_answered_says_why() {
    let origin = Origin::start();
    let (_edge, admin) = watched(Setup::to(&[origin.address]).rules(block_query()));
    for (query, status, said) in [
        ("rule-metric-name=other", 404, "known are ALL, Default_Action, acl, block"),
        ("max-items=0", 400, "from 1 to 500"),
        ("limit=1", 400, "unknown parameter"),
        ("start-time=2&end-time=1", 400, "time range"),
    ] {
        let response = get(admin, &format!("/samples?{query}"));
        assert_eq!(response.status, status, "{query}");
        assert!(response.text().contains(said), "{}", response.text());
    }
}

/// A group of one rule whose Block is overridden by Count, then a rule that blocks with a response of its own.
fn rules() -> Arc<RuleSet> {
    let rule = |name: &str, action: ActionInForce| Rule {
        name: name.to_owned(),
        visibility: name.into(),
        labels: vec![format!("awswaf:1:{name}")],
        kind: RuleKind::Match { when: Condition::And(Vec::new()), action },
    };
    let insert = vec![HeaderInsert { name: "x-amzn-waf-seen".to_owned(), value: "yes".to_owned() }];
    let overridden = ActionInForce { action: Action::Count { insert }, overridden: Some(Action::block()) };
    let group = Group {
        id: "AWS#Managed".to_owned(),
        name: "Managed".to_owned(),
        managed: true,
        visibility: "Managed".into(),
        excluded: Vec::new(),
        rules: vec![rule("member", overridden)],
    };
    let uses = Rule {
        kind: RuleKind::Group { group, scope_down: None, count_only: false },
        ..rule("uses", Action::COUNT.into())
    };
    let response = BlockResponse { status: 451, ..BlockResponse::default() };
    let mut quiet = rule("quiet", Action::COUNT.into());
    quiet.visibility.samples = false;
    let part = ProtectedPart {
        part: RequestPart::Header("x-key".to_owned()),
        method: ProtectionMethod::Substitute,
        shown_in_match_details: true,
        shown_in_rate_details: true,
    };
    let policy = Policy {
        rules: vec![uses, quiet, rule("block", Action::Block(response).into())],
        protection: Protection { hash_prefix: String::new(), parts: vec![part] },
        ..block_query().policy().clone()
    };
    Arc::new(RuleSet::compile(policy, sekisho_waf::Limits::default()).unwrap())
}

#[test]
fn a_sample_tells_what_each_rule_did_and_hides_what_is_protected() {
    let origin = Origin::start();
    let (edge, admin) = watched(Setup::to(&[origin.address]).rules(rules()));
    assert_eq!(status_of(edge.address(), "GET / HTTP/1.1\r\nhost: a\r\nx-key: k\r\n\r\n"), Some(451));
    let counted = &samples(admin, "rule-metric-name=uses")["SampledRequests"][0];
    assert_eq!(counted["Action"], "COUNT");
    assert_eq!(counted["OverriddenAction"], "BLOCK");
    assert_eq!(counted["RuleNameWithinRuleGroup"], "AWS#Managed#member");
    assert_eq!(counted["Labels"][0], json!({"Name": "awswaf:1:member"}));
    assert_eq!(counted["Request"]["Headers"][1], json!({"Name": "x-key", "Value": "REDACTED"}));
    let blocked = &samples(admin, "rule-metric-name=block")["SampledRequests"][0];
    assert_eq!((&blocked["Action"], &blocked["ResponseCodeSent"]), (&json!("BLOCK"), &json!(451)));
    assert_eq!(blocked.get("RuleNameWithinRuleGroup"), None);
    assert_eq!(samples(admin, "rule-metric-name=quiet")["PopulationSize"], 0);
    let names: Value = serde_json::from_str(get(admin, "/samples/names").text()).unwrap();
    assert_eq!(names["RuleMetricNames"], json!(["acl", "block", "quiet", "uses"]));
}
