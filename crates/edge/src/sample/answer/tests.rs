//! Questions, and answers against the API model.

use sekisho_waf::ir::phased::SanitisedPart;
use sekisho_waf::ir::{Action, Condition, Group, Policy, ProtectedPart, ProtectionMethod, RequestPart, Rule, RuleKind};
use sekisho_waf::{RuleMatch, RuleRef, Verdict};
use serde_json::Value;

use super::super::PolicySamples;
use super::*;

const NOW_MS: u64 = 1_795_299_944_123;

fn rule(name: &str, metric: &str) -> Rule {
    let kind = RuleKind::Match { when: Condition::And(Vec::new()), action: Action::COUNT.into() };
    Rule { name: name.to_owned(), visibility: metric.into(), labels: Vec::new(), kind }
}

fn policy() -> Policy {
    let group = Group {
        id: "arn:group".to_owned(),
        name: "own".to_owned(),
        managed: false,
        visibility: "own-metric".into(),
        excluded: Vec::new(),
        rules: vec![rule("member", "member"), rule("unseen", "unseen")],
    };
    let mut unsampled = rule("quiet", "quiet");
    unsampled.visibility.samples = false;
    let mut uses =
        Rule { kind: RuleKind::Group { group, scope_down: None, count_only: false }, ..rule("uses", "uses") };
    if let RuleKind::Group { group, .. } = &mut uses.kind {
        group.rules[1].visibility.samples = false;
    }
    Policy {
        name: "shop".to_owned(),
        id: "arn:shop".to_owned(),
        default_action: Action::ALLOW,
        rules: vec![rule("watch", "watch-metric"), uses, unsampled],
        body_inspected_bytes_max: None,
        token_domains: Vec::new(),
        visibility: "shop-metric".into(),
        protection: Default::default(),
    }
}

fn now() -> Timestamp {
    Timestamp::from_unix_ms(NOW_MS)
}

fn observe(samples: &PolicySamples, matched: &[RuleRef], times: u64) {
    let verdict =
        Verdict { non_terminating: matched.iter().map(|&rule| RuleMatch { rule }).collect(), ..Verdict::default() };
    for before in 0..times {
        let at = Timestamp::from_unix_ms(NOW_MS - before);
        samples.observe(&verdict, at, |rule| format!("{{\"of\":\"{rule:?}\"").into_bytes().into());
    }
}

fn ask(samples: &Samples, query: &str) -> Result<Value, Unanswerable> {
    let answer = samples.answer(&Ask::parse(query)?, now())?;
    Ok(serde_json::from_slice(&answer).unwrap())
}

fn population(samples: &Samples, name: &str) -> u64 {
    let answer = ask(samples, &format!("rule-metric-name={name}")).unwrap();
    answer["PopulationSize"].as_u64().unwrap()
}

#[test]
fn a_question_is_read_or_refused_with_the_reason() {
    let asked =
        Ask::parse("rule-metric-name=a%23b&max-items=500&start-time=1795299944.5&end-time=2026-11-22T10:00:00%2B09:00");
    let expected = Ask {
        name: "a#b".to_owned(),
        items_max: 500,
        start: Some(Timestamp::from_unix_ms(1_795_299_944_500)),
        end: Some(Timestamp::from_unix_ms(1_795_309_200_000)),
    };
    assert_eq!(asked.unwrap(), expected);
    assert_eq!(Ask::parse("").unwrap(), Ask { name: "ALL".to_owned(), items_max: 100, start: None, end: None });
    for (query, said) in [
        ("rule=a", "unknown parameter \"rule\""),
        ("max-items=0", "from 1 to 500"),
        ("max-items=501", "from 1 to 500"),
        ("max-items=ten", "max-items is \"ten\""),
        ("max-items=1&max-items=2", "max-items is given twice"),
        ("start-time=yesterday", "start-time is \"yesterday\""),
        ("end-time=-1", "end-time is \"-1\""),
        ("end-time=NaN", "end-time is \"NaN\""),
    ] {
        let error = Ask::parse(query).unwrap_err().to_string();
        assert!(error.contains(said), "{query}: {error}");
    }
}

#[test]
fn samples_go_by_the_names_of_rules_groups_and_the_default_action() {
    let samples = Samples::new();
    let of_policy = samples.resolve(&policy(), &[]);
    let member = |member| RuleRef { rule: 1, member: Some(member) };
    observe(&of_policy, &[RuleRef::top(0)], 3);
    observe(&of_policy, &[member(0), RuleRef::top(2)], 2);
    observe(&of_policy, &[member(1)], 1);
    let names = ["watch-metric", "watch", "uses", "own-metric", "own", "quiet", "shop-metric", "Default_Action", "ALL"];
    assert_eq!(names.map(|name| population(&samples, name)), [3, 3, 2, 2, 2, 0, 6, 6, 11]);
    let error = ask(&samples, "rule-metric-name=wach").unwrap_err();
    assert!(matches!(&error, Unanswerable::Name { .. }) && error.to_string().contains("watch-metric"), "{error}");
    let listed: Value = serde_json::from_slice(&samples.answer_names()).unwrap();
    assert_eq!(listed["RuleMetricNames"], serde_json::json!(["quiet", "shop-metric", "uses", "watch-metric"]));
}

#[test]
fn samples_outlive_the_rules_they_are_of() {
    let samples = Samples::new();
    observe(&samples.resolve(&policy(), &[]), &[RuleRef::top(0)], 3);
    let mut other = policy();
    other.rules.truncate(1);
    observe(&samples.resolve(&other, &[]), &[RuleRef::top(0)], 1);
    assert_eq!(population(&samples, "watch-metric"), 4);
    assert!(ask(&samples, "rule-metric-name=uses").is_err());
}

#[test]
fn samples_that_show_what_is_protected_now_are_gone() {
    let samples = Samples::new();
    observe(&samples.resolve(&policy(), &[]), &[RuleRef::top(0)], 3);
    let mut protecting = policy();
    protecting.protection.parts.push(ProtectedPart {
        part: RequestPart::Header("x-key".to_owned()),
        method: ProtectionMethod::Substitute,
        shown_in_match_details: true,
        shown_in_rate_details: true,
    });
    observe(&samples.resolve(&protecting, &[]), &[], 1);
    assert_eq!((population(&samples, "watch-metric"), population(&samples, "ALL")), (0, 1));
    observe(&samples.resolve(&protecting, &[]), &[], 1);
    assert_eq!(population(&samples, "ALL"), 2);
    let sanitised = [SanitisedPart::RequestHeader("x-key".to_owned())];
    for population_now in [1, 2] {
        observe(&samples.resolve(&protecting, &sanitised), &[], 1);
        assert_eq!(population(&samples, "ALL"), population_now);
    }
}

#[test]
fn as_many_are_given_as_asked_for_the_latest_first_and_their_weights_add_up() {
    let samples = Samples::new();
    observe(&samples.resolve(&policy(), &[]), &[], 1_000);
    let answer = ask(&samples, "rule-metric-name=Default_Action&max-items=10").unwrap();
    let sampled = answer["SampledRequests"].as_array().unwrap();
    assert_eq!((sampled.len(), answer["PopulationSize"].as_u64()), (10, Some(1_000)));
    let weights: u64 = sampled.iter().map(|sample| sample["Weight"].as_u64().unwrap()).sum();
    assert_eq!(weights, 1_000);
    let answer = ask(&samples, "rule-metric-name=Default_Action&max-items=500").unwrap();
    assert_eq!(answer["SampledRequests"].as_array().unwrap().len(), 500);
}

#[test]
fn the_time_window_is_the_one_asked_for_within_three_hours() {
    let samples = Samples::new();
    let of_policy = samples.resolve(&policy(), &[]);
    observe(&of_policy, &[], 1);
    let window = |query: &str| ask(&samples, query).unwrap()["TimeWindow"].clone();
    assert_eq!(
        window("start-time=0"),
        serde_json::json!({"StartTime": (NOW_MS - KEPT_MS) as f64 / 1000.0, "EndTime": NOW_MS as f64 / 1000.0})
    );
    assert_eq!(ask(&samples, "start-time=1795299944&end-time=1795299943"), Err(Unanswerable::Range));
    assert_eq!(ask(&samples, "end-time=1"), Err(Unanswerable::Range));
    let answer = ask(&samples, "end-time=1795299900").unwrap();
    assert_eq!(answer["SampledRequests"].as_array().unwrap().len(), 0);
}

proptest::proptest! {
    #[test]
    fn any_question_is_read_or_refused(query in "[ -~]{0,80}") {
        if let Ok(ask) = Ask::parse(&query) {
            proptest::prop_assert!((1..=500).contains(&ask.items_max));
        }
    }
}
