//! Numbers as they come out of the registry, across policies.

use sekisho_model::Timestamp;
use sekisho_waf::ir::{Action, Condition, Group, Rule, TokenAction};
use sekisho_waf::{Label, RuleMatch, TokenResult};

use super::*;
use crate::metrics::Metrics;

fn rule(name: &str, kind: RuleKind) -> Rule {
    Rule { name: name.to_owned(), visibility: name.into(), labels: Vec::new(), kind }
}

fn when(action: Action) -> RuleKind {
    RuleKind::Match { when: Condition::And(Vec::new()), action: action.into() }
}

fn group(name: &str, members: &[&str]) -> Rule {
    let rules = members.iter().map(|&member| rule(member, when(Action::block()))).collect();
    let group = Group {
        id: name.to_owned(),
        name: name.to_owned(),
        managed: true,
        visibility: name.into(),
        excluded: Vec::new(),
        rules,
    };
    rule(&format!("use-{name}"), RuleKind::Group { group, scope_down: None, count_only: false })
}

fn policy(rules: Vec<Rule>) -> Policy {
    Policy {
        name: "shop".to_owned(),
        id: "arn".to_owned(),
        default_action: Action::ALLOW,
        rules,
        body_inspected_bytes_max: None,
        token_domains: Vec::new(),
        visibility: "shop".into(),
        protection: Default::default(),
    }
}

fn value(metrics: &Metrics, series: &str) -> Option<u64> {
    let text = metrics.encode();
    let line = text.lines().find_map(|line| line.strip_prefix(series))?;
    Some(line.trim().parse().unwrap())
}

#[test]
fn a_block_in_a_group_counts_for_rule_group_and_acl() {
    let metrics = Metrics::new("0.0.0");
    let counters = metrics.policy(&policy(vec![rule("watch", when(Action::COUNT)), group("sqli", &["a", "b"])]));
    counters.observe(&Verdict {
        terminating: Some(RuleRef { rule: 1, member: Some(1) }),
        decision: Decision::Block,
        non_terminating: vec![RuleMatch { rule: RuleRef::top(0) }],
        groups: vec![GroupOutcome { rule: 1, terminated_by: Some(1) }],
        ..Verdict::default()
    });
    counters.observe(&Verdict { groups: vec![GroupOutcome { rule: 1, terminated_by: None }], ..Verdict::default() });
    for (series, expected) in [
        (r#"BlockedRequests_total{WebACL="shop",RuleGroup="sqli",Rule="b",ManagedRuleGroup="sqli"}"#, 1),
        (r#"BlockedRequests_total{WebACL="shop",RuleGroup="sqli",Rule="a",ManagedRuleGroup="sqli"}"#, 0),
        (r#"BlockedRequests_total{WebACL="shop",RuleGroup="sqli",Rule="ALL",ManagedRuleGroup="sqli"}"#, 1),
        (r#"BlockedRequests_total{WebACL="shop",Rule="use-sqli"}"#, 1),
        (r#"BlockedRequests_total{WebACL="shop",Rule="ALL"}"#, 1),
        (r#"CountedRequests_total{WebACL="shop",Rule="watch"}"#, 1),
        (r#"AllowedRequests_total{WebACL="shop",Rule="Default_Action"}"#, 1),
        (r#"AllowedRequests_total{WebACL="shop",Rule="ALL"}"#, 1),
        (r#"PassedRequests_total{WebACL="shop",RuleGroup="sqli",Rule="ALL",ManagedRuleGroup="sqli"}"#, 1),
    ] {
        assert_eq!(value(&metrics, series), Some(expected), "{series} in\n{}", metrics.encode());
    }
}

#[test]
fn a_group_that_is_only_counted_blocks_nothing() {
    let metrics = Metrics::new("0.0.0");
    let counters = metrics.policy(&policy(vec![group("sqli", &["a"])]));
    counters.observe(&Verdict {
        non_terminating: vec![RuleMatch { rule: RuleRef::top(0) }],
        groups: vec![GroupOutcome { rule: 0, terminated_by: Some(0) }],
        ..Verdict::default()
    });
    assert_eq!(
        value(&metrics, r#"CountedRequests_total{WebACL="shop",RuleGroup="sqli",Rule="a",ManagedRuleGroup="sqli"}"#),
        Some(1)
    );
    assert_eq!(
        value(&metrics, r#"BlockedRequests_total{WebACL="shop",RuleGroup="sqli",Rule="a",ManagedRuleGroup="sqli"}"#),
        Some(0)
    );
    assert_eq!(value(&metrics, r#"CountedRequests_total{WebACL="shop",Rule="use-sqli"}"#), Some(1));
}

#[test]
fn numbers_go_on_when_the_policy_is_swapped() {
    let metrics = Metrics::new("0.0.0");
    let blocked_by =
        |rule| Verdict { terminating: Some(RuleRef::top(rule)), decision: Decision::Block, ..Verdict::default() };
    metrics.policy(&policy(vec![rule("keep", when(Action::block()))])).observe(&blocked_by(0));
    let swapped = policy(vec![rule("new", when(Action::block())), rule("keep", when(Action::block()))]);
    metrics.policy(&swapped).observe(&blocked_by(1));
    assert_eq!(value(&metrics, r#"BlockedRequests_total{WebACL="shop",Rule="keep"}"#), Some(2));
    assert_eq!(value(&metrics, r#"BlockedRequests_total{WebACL="shop",Rule="new"}"#), Some(0));
}

#[test]
fn a_verdict_of_another_policy_does_no_harm() {
    let metrics = Metrics::new("0.0.0");
    let counters = metrics.policy(&policy(Vec::new()));
    counters.observe(&Verdict {
        terminating: Some(RuleRef { rule: 9, member: Some(9) }),
        non_terminating: vec![RuleMatch { rule: RuleRef::top(7) }],
        groups: vec![GroupOutcome { rule: 8, terminated_by: Some(8) }],
        ..Verdict::default()
    });
    assert_eq!(value(&metrics, r#"AllowedRequests_total{WebACL="shop",Rule="ALL"}"#), Some(1));
}

#[test]
fn actions_that_ask_for_a_token_count_askings_and_good_tokens() {
    let metrics = Metrics::new("0.0.0");
    let asked = || TokenAction { insert: Vec::new(), immunity_s: 300 };
    let rules = vec![rule("puzzle", when(Action::Captcha(asked()))), rule("silent", when(Action::Challenge(asked())))];
    let members = Group {
        id: "g".to_owned(),
        name: "g".to_owned(),
        managed: false,
        visibility: "g".into(),
        excluded: Vec::new(),
        rules,
    };
    let kind = RuleKind::Group { group: members, scope_down: None, count_only: false };
    let counters = metrics.policy(&policy(vec![rule("puzzle", when(Action::Captcha(asked()))), rule("use-g", kind)]));
    let member = |member| RuleRef { rule: 1, member: Some(member) };
    let good = Some(TokenResult { solved_at: Some(Timestamp::from_unix_ms(1)), failure: None });
    counters.observe(&Verdict {
        terminating: Some(member(1)),
        decision: Decision::Challenge,
        non_terminating: vec![RuleMatch { rule: RuleRef::top(0) }, RuleMatch { rule: member(0) }],
        groups: vec![GroupOutcome { rule: 1, terminated_by: Some(1) }],
        captcha: good,
        ..Verdict::default()
    });
    counters.observe(&Verdict {
        captcha: good,
        non_terminating: vec![RuleMatch { rule: member(0) }],
        groups: vec![GroupOutcome { rule: 1, terminated_by: None }],
        ..Verdict::default()
    });
    for (series, expected) in [
        (r#"ChallengeRequests_total{WebACL="shop",RuleGroup="g",Rule="silent"}"#, 1),
        (r#"ChallengeRequests_total{WebACL="shop",RuleGroup="g",Rule="ALL"}"#, 1),
        (r#"ChallengeRequests_total{WebACL="shop",Rule="use-g"}"#, 1),
        (r#"ChallengeRequests_total{WebACL="shop",Rule="ALL"}"#, 1),
        (r#"RequestsWithValidChallengeToken_total{WebACL="shop",Rule="ALL"}"#, 0),
        (r#"CaptchaRequests_total{WebACL="shop",Rule="puzzle"}"#, 1),
        (r#"RequestsWithValidCaptchaToken_total{WebACL="shop",Rule="puzzle"}"#, 1),
        (r#"RequestsWithValidCaptchaToken_total{WebACL="shop",RuleGroup="g",Rule="puzzle"}"#, 2),
        (r#"RequestsWithValidCaptchaToken_total{WebACL="shop",RuleGroup="g",Rule="ALL"}"#, 1),
        (r#"RequestsWithValidCaptchaToken_total{WebACL="shop",Rule="ALL"}"#, 3),
        (r#"CountedRequests_total{WebACL="shop",Rule="ALL"}"#, 0),
        (r#"PassedRequests_total{WebACL="shop",RuleGroup="g",Rule="ALL"}"#, 0),
    ] {
        assert_eq!(value(&metrics, series), Some(expected), "{series} in\n{}", metrics.encode());
    }
}

fn labelled(name: &str, labels: &[&str]) -> Rule {
    Rule { labels: labels.iter().map(|&label| label.to_owned()).collect(), ..rule(name, when(Action::COUNT)) }
}

#[test]
fn labels_count_by_what_was_decided_and_what_their_rule_did() {
    let metrics = Metrics::new("0.0.0");
    let rules =
        vec![labelled("watch", &["awswaf:1:webacl:shop:bot", "awswaf:1:webacl:shop:never"]), group("sqli", &["a"])];
    let counters = metrics.policy(&policy(rules));
    let at = RuleRef::top(0);
    counters.observe(&Verdict {
        terminating: Some(RuleRef { rule: 1, member: Some(0) }),
        decision: Decision::Block,
        non_terminating: vec![RuleMatch { rule: at }],
        labels: vec![
            Label::OfRule { rule: at, index: 0 },
            Label::Made("awswaf:clientip:geo:country:JP".into()),
            Label::OfRule { rule: RuleRef::top(9), index: 9 },
        ],
        ..Verdict::default()
    });
    let own = r#"{WebACL="shop",LabelNamespace="awswaf:1:webacl:shop",Label="bot"}"#;
    let made = r#"{WebACL="shop",LabelNamespace="awswaf:clientip:geo:country",Label="JP"}"#;
    for (series, expected) in [
        (format!("BlockedRequests_total{own}"), 1),
        (format!("CountedRequests_total{own}"), 1),
        (format!("AllowedRequests_total{own}"), 0),
        (format!("BlockedRequests_total{made}"), 1),
        (format!("CountedRequests_total{made}"), 0),
    ] {
        assert_eq!(value(&metrics, &series), Some(expected), "{series} in\n{}", metrics.encode());
    }
    assert!(!metrics.encode().contains("never"), "a label that no request had has no series");
}

#[test]
fn labels_made_from_requests_are_counted_up_to_a_limit() {
    let metrics = Metrics::new("0.0.0");
    let counters = metrics.policy(&policy(Vec::new()));
    for number in 0..1_005 {
        let labels = vec![Label::Made(format!("awswaf:clientip:geo:region:{number}").into())];
        counters.observe(&Verdict { labels, ..Verdict::default() });
    }
    let series = metrics
        .encode()
        .lines()
        .filter(|line| line.starts_with("AllowedRequests_total{") && line.contains("Label="))
        .count();
    assert_eq!((series, value(&metrics, "sekisho_label_metrics_left_out_total")), (1_000, Some(5)));
}

#[test]
fn what_is_switched_off_has_no_series() {
    let metrics = Metrics::new("0.0.0");
    let mut quiet = labelled("quiet", &["awswaf:1:quiet"]);
    quiet.visibility.metrics = false;
    let mut uses = group("sqli", &["a", "b"]);
    if let RuleKind::Group { group, .. } = &mut uses.kind {
        group.rules[0].visibility.metrics = false;
    }
    let at = RuleRef::top(0);
    let verdict = Verdict {
        terminating: Some(RuleRef { rule: 1, member: Some(0) }),
        decision: Decision::Block,
        non_terminating: vec![RuleMatch { rule: at }],
        labels: vec![Label::OfRule { rule: at, index: 0 }],
        ..Verdict::default()
    };
    metrics.policy(&policy(vec![quiet.clone(), uses.clone()])).observe(&verdict);
    let text = metrics.encode();
    assert!(!text.contains("quiet") && !text.contains(r#"Rule="a""#), "{text}");
    assert_eq!(value(&metrics, r#"BlockedRequests_total{WebACL="shop",Rule="use-sqli"}"#), Some(1));
    assert_eq!(value(&metrics, r#"CountedRequests_total{WebACL="shop",Rule="ALL"}"#), Some(1));
    let silent = Metrics::new("0.0.0");
    let mut off = policy(vec![labelled("watch", &["awswaf:1:bot"])]);
    off.visibility.metrics = false;
    silent.policy(&off).observe(&verdict);
    let text = silent.encode();
    assert!(!text.contains("Default_Action") && !text.contains("ALL") && !text.contains("Label="), "{text}");
    assert_eq!(value(&silent, r#"CountedRequests_total{WebACL="shop",Rule="watch"}"#), Some(1));
}
