//! What is recorded, and what records show, follows the logging configuration and the data protection of the rules.

use std::net::IpAddr;
use std::sync::Arc;

use sekisho_waf::ir::{
    Action, AddressSource, Condition, LogBehavior, LogCondition, LogFilter, LogRequirement, LoggedAction, Logging,
    Policy, ProtectedPart, Protection, ProtectionMethod, RedactedPart, RequestPart, Rule, RuleKind,
};
use sekisho_waf::{Place, PlaceSource, RuleSet};

use crate::support::{Origin, Setup, TestEdge, block_query, get, rule_set, status_of};

/// Keeps records of blocked requests only.
fn blocked_only() -> Logging {
    let filter = LogFilter {
        behavior: LogBehavior::Keep,
        requirement: LogRequirement::Any,
        conditions: vec![LogCondition::Action(LoggedAction::Block)],
    };
    Logging { filters: vec![filter], default_behavior: LogBehavior::Drop, redacted: vec![RedactedPart::UriPath] }
}

fn filtered(edge: &TestEdge) -> bool {
    edge.metrics.encode().contains("sekisho_records_filtered_total 1\n")
}

#[test]
fn a_filter_keeps_records_away_and_counts_them() {
    let origin = Origin::start();
    let mut setup = Setup::to(&[origin.address]).rules(block_query());
    setup.logging = blocked_only();
    let edge = setup.start();
    assert_eq!(get(edge.address(), "/path?q=attack").status, 403);
    assert_eq!(get(edge.address(), "/path?q=fine").status, 200);
    assert_eq!(status_of(edge.address(), "GET / HTTP/1.1\r\n\r\n"), Some(400));
    let records = edge.records();
    let ids: Vec<_> = records.iter().map(|(_, record)| record["terminatingRuleId"].as_str().unwrap()).collect();
    assert_eq!(ids, ["block", "Malformed_Request"]);
    assert_eq!(records[0].1["httpRequest"]["uri"], "REDACTED");
    assert_eq!(records[0].1["httpRequest"]["args"], "q=attack");
    assert!(filtered(&edge), "{}", edge.metrics.encode());
    edge.running.reload_rules(block_query(), None, Logging::default());
    assert_eq!(get(edge.address(), "/path?q=fine").status, 200);
    assert_eq!(edge.records()[2].1["httpRequest"]["uri"], "/path");
    assert!(filtered(&edge), "{}", edge.metrics.encode());
}

#[test]
fn protected_parts_never_reach_a_record() {
    let origin = Origin::start();
    let protected =
        |part, method| ProtectedPart { part, method, shown_in_match_details: false, shown_in_rate_details: false };
    let protection = Protection {
        hash_prefix: "111122223333".to_owned(),
        parts: vec![
            protected(RequestPart::QueryArgument("pass".to_owned()), ProtectionMethod::Substitute),
            protected(RequestPart::Header("x-key".to_owned()), ProtectionMethod::Hash),
        ],
    };
    let policy = Policy { protection, ..block_query().policy().clone() };
    let rules = Arc::new(RuleSet::compile(policy, sekisho_waf::Limits::default()).unwrap());
    let edge = Setup::to(&[origin.address]).rules(rules).start();
    let request = "GET /?q=1&p%61ss=hunter2 HTTP/1.1\r\nhost: a\r\nX-Key: hunter2\r\n\r\n";
    assert_eq!(status_of(edge.address(), request), Some(200));
    let record = &edge.records()[0].1;
    assert!(!record.to_string().contains("hunter2"), "{record}");
    assert_eq!(record["httpRequest"]["args"], "q=1&p%61ss=REDACTED");
    let expected = "Njzd8SO7BJ4fChmi1sYnGXwzfgXyw6tlN3amEBOXaxs=";
    assert_eq!(record["httpRequest"]["headers"][1]["value"], expected);
    // The service gets what the client sent.
    assert_eq!(origin.seen()[0].all("x-key"), ["hunter2"]);
}

/// Everybody is in one autonomous system.
struct OneSystem;

impl PlaceSource for OneSystem {
    fn place(&self, _: IpAddr) -> Option<Place<'_>> {
        None
    }

    fn asn(&self, _: IpAddr) -> Option<u32> {
        Some(64_496)
    }
}

#[test]
fn the_autonomous_system_is_recorded_only_where_a_rule_asks_for_one() {
    let when = Condition::Not(Box::new(Condition::Asn { source: AddressSource::Client, asns: vec![64_496] }));
    let rule = Rule {
        name: "asn".to_owned(),
        visibility: "asn".into(),
        labels: Vec::new(),
        kind: RuleKind::Match { when, action: Action::block().into() },
    };
    for (rules, expected) in [(rule_set(vec![rule]), Some(64_496)), (block_query(), None)] {
        let origin = Origin::start();
        let mut setup = Setup::to(&[origin.address]).rules(rules);
        setup.places = Arc::new(OneSystem);
        let edge = setup.start();
        assert_eq!(get(edge.address(), "/").status, 200);
        let record = &edge.records()[0].1;
        assert_eq!(record.get("clientAsn").and_then(serde_json::Value::as_u64), expected, "{record}");
    }
}
