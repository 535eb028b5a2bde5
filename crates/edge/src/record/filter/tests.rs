//! Every behaviour, requirement and condition of filters.

use sekisho_waf::ir::{Condition, Group, Rule, TokenAction};
use sekisho_waf::{GroupOutcome, Label, RuleMatch};

use super::*;

fn rule(name: &str, action: impl Into<ActionInForce>) -> Rule {
    Rule {
        name: name.to_owned(),
        visibility: name.into(),
        labels: vec![format!("awswaf:1:webacl:shop:{name}")],
        kind: RuleKind::Match { when: Condition::And(Vec::new()), action: action.into() },
    }
}

/// 0: counts · 1: a group whose members are overridden by Count, excluded, count by themselves, and block.
fn policy() -> Policy {
    let asks = || TokenAction { insert: Vec::new(), immunity_s: 300 };
    let overridden = || ActionInForce { action: Action::COUNT, overridden: Some(Action::block()) };
    let group = Group {
        id: "arn:group".to_owned(),
        name: "group".to_owned(),
        managed: false,
        visibility: "group".into(),
        excluded: vec!["excluded".to_owned()],
        rules: vec![
            rule("overridden", overridden()),
            rule("excluded", overridden()),
            rule("counts", Action::COUNT),
            rule("blocks", Action::block()),
            rule("puzzles", Action::Captcha(asks())),
            rule("challenges", Action::Challenge(asks())),
        ],
    };
    let kind = RuleKind::Group { group, scope_down: None, count_only: true };
    let uses = Rule { name: "uses".to_owned(), visibility: "uses".into(), labels: Vec::new(), kind };
    Policy {
        name: "shop".to_owned(),
        id: "arn:shop".to_owned(),
        default_action: Action::ALLOW,
        rules: vec![rule("watch", Action::COUNT), uses],
        body_inspected_bytes_max: None,
        token_domains: Vec::new(),
        visibility: "shop".into(),
        protection: Default::default(),
    }
}

fn matched(rules: &[RuleRef]) -> Verdict {
    Verdict { non_terminating: rules.iter().map(|&rule| RuleMatch { rule }).collect(), ..Verdict::default() }
}

fn member(at: u32) -> RuleRef {
    RuleRef { rule: 1, member: Some(at) }
}

fn holds(action: LoggedAction, verdict: &Verdict) -> bool {
    holds_action(action, &policy(), verdict.decision, Some(verdict))
}

#[test]
fn an_action_is_what_became_of_the_request_or_of_a_rule_that_let_it_go_on() {
    use LoggedAction::{Allow, Block, Captcha, Challenge, Count, ExcludedAsCount, Monetize};
    let blocked = Verdict { terminating: Some(RuleRef::top(0)), decision: Decision::Block, ..Verdict::default() };
    let captcha = Verdict { terminating: Some(member(4)), decision: Decision::Captcha, ..Verdict::default() };
    let group_counted =
        Verdict { groups: vec![GroupOutcome { rule: 1, terminated_by: Some(3) }], ..matched(&[RuleRef::top(1)]) };
    for (what, verdict, expected) in [
        ("nothing matched", Verdict::default(), vec![Allow]),
        ("blocked", blocked, vec![Block]),
        ("a rule counted", matched(&[RuleRef::top(0)]), vec![Allow, Count]),
        ("a member counted", matched(&[member(2)]), vec![Allow, Count]),
        ("overridden by Count", matched(&[member(0)]), vec![Allow, Count, ExcludedAsCount]),
        ("excluded", matched(&[member(1)]), vec![Allow, ExcludedAsCount]),
        ("asked for a puzzle", captcha, vec![Captcha]),
        ("a good token", matched(&[member(4), member(5)]), vec![Allow, Captcha, Challenge]),
        ("a group's block only counted", group_counted, vec![Allow, Count]),
    ] {
        let found: Vec<_> = [Allow, Block, Count, Captcha, Challenge, ExcludedAsCount, Monetize]
            .into_iter()
            .filter(|&action| holds(action, &verdict))
            .collect();
        assert_eq!(found, expected, "{what}");
    }
}

fn logging(filters: &[(LogBehavior, LogRequirement, &[LogCondition])], default_behavior: LogBehavior) -> Logging {
    let filter = |&(behavior, requirement, conditions): &(LogBehavior, LogRequirement, &[LogCondition])| LogFilter {
        behavior,
        requirement,
        conditions: conditions.to_vec(),
    };
    Logging { filters: filters.iter().map(filter).collect(), default_behavior, redacted: Vec::new() }
}

fn label(name: &str) -> LogCondition {
    LogCondition::Label(format!("awswaf:1:webacl:shop:{name}"))
}

const COUNT: LogCondition = LogCondition::Action(LoggedAction::Count);
const ALLOW: LogCondition = LogCondition::Action(LoggedAction::Allow);

#[test]
fn a_filter_needs_all_or_any_of_its_conditions() {
    let labelled =
        Verdict { labels: vec![Label::OfRule { rule: RuleRef::top(0), index: 0 }], ..matched(&[RuleRef::top(0)]) };
    let kept = |requirement, conditions: &[LogCondition]| {
        let logging = logging(&[(LogBehavior::Keep, requirement, conditions)], LogBehavior::Drop);
        keeps(&logging, &policy(), labelled.decision, Some(&labelled))
    };
    assert!(kept(LogRequirement::All, &[COUNT, label("watch")]));
    assert!(!kept(LogRequirement::All, &[COUNT, label("other")]));
    assert!(kept(LogRequirement::Any, &[COUNT, label("other")]));
    assert!(!kept(LogRequirement::Any, &[LogCondition::Action(LoggedAction::Block), label("other")]));
    assert!(!kept(LogRequirement::Any, &[LogCondition::Label("watch".to_owned())]), "labels are held as a whole");
}

#[test]
fn the_first_filter_that_is_met_decides_and_the_default_the_rest() {
    let verdict = matched(&[RuleRef::top(0)]);
    let kept = |logging: &Logging| keeps(logging, &policy(), verdict.decision, Some(&verdict));
    let any = LogRequirement::Any;
    let keep_then_drop = [(LogBehavior::Keep, any, &[COUNT][..]), (LogBehavior::Drop, any, &[ALLOW][..])];
    assert!(kept(&logging(&keep_then_drop, LogBehavior::Drop)));
    let drop_then_keep = [(LogBehavior::Drop, any, &[ALLOW][..]), (LogBehavior::Keep, any, &[COUNT][..])];
    assert!(!kept(&logging(&drop_then_keep, LogBehavior::Keep)));
    let other = [(LogBehavior::Drop, any, &[label("other")][..])];
    assert!(kept(&logging(&other, LogBehavior::Keep)));
    assert!(!kept(&logging(&other, LogBehavior::Drop)));
    assert!(kept(&Logging::default()));
}

#[test]
fn requests_without_verdict_have_an_action_and_no_labels() {
    let blocks = logging(
        &[(LogBehavior::Keep, LogRequirement::All, &[LogCondition::Action(LoggedAction::Block)])],
        LogBehavior::Drop,
    );
    assert!(keeps(&blocks, &policy(), Decision::Block, None));
    assert!(!keeps(&blocks, &policy(), Decision::Allow, None));
}
