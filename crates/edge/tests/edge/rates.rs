//! Rate-based rules before a service: what is limited, what is told of it, what a reload changes.

use std::net::SocketAddr;
use std::sync::Arc;

use sekisho_waf::RuleSet;
use sekisho_waf::ir::{
    Action, AddressSource, ForwardedPosition, Group, Logging, Policy, ProtectedPart, Protection, ProtectionMethod,
    RateKey, RateKeyPart, RequestPart, Rule, RuleKind,
};
use serde_json::{Value, json};

use crate::support::{Origin, Raw, Setup, TestEdge, get, rule_set, status_of};

pub(crate) fn rate(name: &str, limit: u64, key: RateKey) -> Rule {
    let kind = RuleKind::Rate { limit, window_s: 600, key, scope_down: None, action: Action::block().into() };
    Rule { name: name.to_owned(), visibility: name.into(), labels: Vec::new(), kind }
}

fn by_address(limit: u64) -> Arc<RuleSet> {
    rule_set(vec![rate("rate", limit, RateKey::Address(AddressSource::Client))])
}

fn with_header(address: SocketAddr, line: &str) -> u16 {
    let mut raw = Raw::connect(address);
    raw.send(format!("GET / HTTP/1.1\r\nhost: a\r\n{line}\r\n"));
    raw.response().unwrap().status
}

fn start(origin: &Origin, rules: Arc<RuleSet>) -> TestEdge {
    let mut setup = Setup::to(&[origin.address]).rules(rules);
    setup.settings.admin = Some(([127, 0, 0, 1], 0).into());
    setup.start()
}

fn listing(edge: &TestEdge, query: &str) -> Value {
    let response = get(edge.running.admin_address().unwrap(), &format!("/rate-keys{query}"));
    assert_eq!(response.field("content-type"), Some("application/json"));
    serde_json::from_slice(&response.body).unwrap()
}

#[test]
fn the_request_over_the_limit_is_blocked_and_its_key_listed() {
    let origin = Origin::start();
    let edge = start(&origin, by_address(10));
    assert_eq!(listing(&edge, "")["ManagedKeysIPV4"]["Addresses"], json!([]));
    let statuses: Vec<_> = (0..12).map(|_| get(edge.address(), "/").status).collect();
    assert_eq!(statuses, [[200; 10].as_slice(), &[403; 2]].concat());
    let listing = listing(&edge, "?rule=rate");
    let expected = json!({ "IPAddressVersion": "IPV4", "Addresses": ["127.0.0.1/32"] });
    assert_eq!(listing["ManagedKeysIPV4"], expected);
    assert_eq!((&listing["ManagedKeysIPV6"]["Addresses"], &listing["Sharing"]), (&json!([]), &json!("OWN")));
    let rule = &listing["Rules"][0];
    assert_eq!((&rule["RuleName"], &rule["Limit"], &rule["LimitKey"]), (&json!("rate"), &json!(10), &json!("IP")));
    let key = &rule["Keys"][0];
    assert_eq!((&key["Values"], &key["Count"]), (&json!([{ "Key": "IP", "Value": "127.0.0.1" }]), &json!(12)));
    let remaining_s = key["RemainingSec"].as_u64().unwrap();
    assert!((590..=600).contains(&remaining_s), "{key}");
    let record = edge.records().last().unwrap().1["rateBasedRuleList"][0].clone();
    assert_eq!((&record["limitValue"], &record["maxRateAllowed"]), (&json!("127.0.0.1"), &json!(10)));
}

#[test]
fn counts_survive_a_reload_unless_the_rule_changed() {
    let origin = Origin::start();
    let edge = start(&origin, by_address(10));
    (0..10).for_each(|_| assert_eq!(get(edge.address(), "/").status, 200));
    edge.running.reload_rules(by_address(10), None, Logging::default());
    assert_eq!(get(edge.address(), "/").status, 403);
    edge.running.reload_rules(by_address(11), None, Logging::default());
    assert_eq!(get(edge.address(), "/").status, 200);
}

#[test]
fn a_group_used_twice_counts_twice() {
    let member = rate("shared", 10, RateKey::Constant);
    let group = |name: &str| {
        let id = "arn:group".to_owned();
        let group = Group {
            id,
            name: "g".to_owned(),
            visibility: "g".into(),
            managed: false,
            excluded: Vec::new(),
            rules: vec![member.clone()],
        };
        let kind = RuleKind::Group { group, scope_down: None, count_only: true };
        Rule { name: name.to_owned(), visibility: name.into(), labels: Vec::new(), kind }
    };
    let origin = Origin::start();
    let edge = start(&origin, rule_set(vec![group("first"), group("second")]));
    (0..11).for_each(|_| _ = get(edge.address(), "/"));
    let both = listing(&edge, "?rule=shared");
    let counts: Vec<_> = both["Rules"].as_array().unwrap().iter().map(|rule| &rule["Keys"][0]["Count"]).collect();
    assert_eq!(counts, [11, 11]);
    assert_eq!(both["Rules"][0]["Keys"][0]["Values"], json!([]));
    let second = listing(&edge, "?rule=shared&group=second");
    assert_eq!((&second["Rules"][0]["RuleGroupRuleName"], &second["Rules"][1]), (&json!("second"), &Value::Null));
}

#[test]
fn custom_keys_are_limited_apart_and_secrets_stay_hidden() {
    let parts = ["x-key", "authorization"]
        .map(|name| RateKeyPart::Header { name: name.to_owned(), transforms: Vec::new() })
        .to_vec();
    let origin = Origin::start();
    let edge = start(&origin, rule_set(vec![rate("custom", 1, RateKey::Custom(parts))]));
    let ask = |key: &str| with_header(edge.address(), &format!("X-Key: {key}\r\nAuthorization: s3cret\r\n"));
    assert_eq!([ask("a"), ask("b"), ask("a"), ask("b")], [200, 200, 403, 403]);
    assert_eq!([(); 3].map(|()| with_header(edge.address(), "X-Key: a\r\n")), [200; 3]);
    let listing = listing(&edge, "?rule=custom").to_string();
    assert!(!listing.contains("s3cret") && listing.contains("REDACTED") && listing.contains("x-key"), "{listing}");
}

#[test]
fn a_rule_that_is_not_there_is_said_so() {
    let origin = Origin::start();
    let edge = start(&origin, by_address(10));
    let response = get(edge.running.admin_address().unwrap(), "/rate-keys?rule=other");
    assert_eq!(response.status, 404);
    assert_eq!(serde_json::from_slice::<Value>(&response.body).unwrap()["RuleNames"], json!(["rate"]));
}

#[test]
fn an_address_from_a_protected_header_is_not_listed() {
    let source = AddressSource::Forwarded {
        header: "x-real-ip".to_owned(),
        position: ForwardedPosition::First,
        invalid_matches: false,
    };
    let part = ProtectedPart {
        part: RequestPart::Header("x-real-ip".to_owned()),
        method: ProtectionMethod::Substitute,
        shown_in_match_details: false,
        shown_in_rate_details: false,
    };
    let policy = Policy {
        protection: Protection { hash_prefix: String::new(), parts: vec![part] },
        ..rule_set(vec![rate("forwarded", 1, RateKey::Address(source))]).policy().clone()
    };
    let origin = Origin::start();
    let edge = start(&origin, Arc::new(RuleSet::compile(policy, sekisho_waf::Limits::default()).unwrap()));
    let statuses = [(); 2].map(|()| with_header(edge.address(), "X-Real-IP: 203.0.113.9\r\n"));
    assert_eq!(statuses, [200, 403]);
    let listing = listing(&edge, "");
    assert_eq!(listing["Rules"][0]["Keys"][0]["Values"], json!([{ "Key": "FORWARDED_IP", "Value": "REDACTED" }]));
    assert_eq!(listing["ManagedKeysIPV4"]["Addresses"], json!([]));
}

/// What people may see is not for pages of other sites whose name was made to lead to the admin address.
#[test]
fn other_sites_names_do_not_lead_to_what_is_limited() {
    let origin = Origin::start();
    let edge = start(&origin, by_address(10));
    let admin = edge.running.admin_address().unwrap();
    let asked = |target: &str, host: &str| status_of(admin, format!("GET {target} HTTP/1.1\r\nhost: {host}\r\n\r\n"));
    for target in ["/rate-keys", "/samples", "/samples/names"] {
        for host in ["evil.example:9180", "localhost.evil.example", "127.0.0.1.evil.example", "1.1.1.1."] {
            assert_eq!(asked(target, host), Some(403), "{target} {host}");
        }
        for host in ["127.0.0.1:9180", "127.0.0.1", "[::1]:9180", "localhost:9180", "sekisho"] {
            assert_eq!(asked(target, host), Some(200), "{target} {host}");
        }
    }
    assert_eq!(asked("/metrics", "metrics.example"), Some(200));
}
