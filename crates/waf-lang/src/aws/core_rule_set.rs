//! The OWASP Core Rule Set as a managed rule group: `VendorName` `OWASP`, `Name` `CoreRuleSet`.
//!
//! Its rules come from rule files that are read along with the web ACL. Those on the request that tell of a match, or refuse
//! one, are the group's members, by their numbers; an override changes the rule itself, so that what it no longer does, no other
//! rule sees.
//!
//! Source: CRS documentation, "Anomaly Scoring", "Paranoia Levels".

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sekisho_waf::ir::phased::{
    Change, Disruptive, Effect, EngineMode, Flow, Item, Link, Metadata, OverLimit, Phase, PhasedGroup, PhasedMatch,
    PhasedPolicy, PhasedRule, Place, Store, Text,
};
use sekisho_waf::ir::{Action, BlockResponse, Condition, Group, Rule, RuleKind};

use super::shape::{Shape, integer, optional};
use crate::document::Node;
use crate::report::{Report, quoted};

pub(crate) const VENDOR: &str = "OWASP";
pub(crate) const NAME: &str = "CoreRuleSet";
const LABEL_NAMESPACE: &str = "awswaf:managed:owasp:core-rule-set:";
/// Capacity units. AWS has no such group: this is the sum of its own against the same attacks, of the Common (700), Known Bad
/// Inputs (200), SQL (200), Linux (200), Unix (100), Windows (200) and PHP (100) rule sets.
pub(crate) const WCU: u64 = 1_700;

/// The only thing that the group is told of all that `ManagedRuleGroupConfig` has.
pub(crate) const CONFIG_MEMBER: &str = "OWASPCoreRuleSet";
static SETTINGS: Shape = Shape {
    name: CONFIG_MEMBER,
    members: &[
        optional("ParanoiaLevel"),
        optional("InboundAnomalyScoreThreshold"),
        optional("OutboundAnomalyScoreThreshold"),
    ],
};
/// The largest threshold. A score grows by 5 a match at most, so this one is never reached.
const THRESHOLD_MAX: i64 = 1_000_000;

/// The number of the rule that sets what the group is told. It is beyond those that are reserved for anyone.
const SETTINGS_RULE: u64 = 9_999_999_902;
/// The file that gives every setting its default begins with these numbers; what is set before it holds.
const INITIALIZATION: std::ops::Range<u64> = 901_000..902_000;

/// Whether a vendor's group is this one.
pub(crate) fn is_core_rule_set(vendor: &str, name: &str) -> bool {
    (vendor, name) == (VENDOR, NAME)
}

/// What the group is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    paranoia: Option<i64>,
    inbound_threshold: Option<i64>,
}

/// Reads what the group is told.
pub(crate) fn read_settings(node: Node<'_>, report: &mut Report) -> Settings {
    let mut found = None;
    for config in node.array(report).unwrap_or_default() {
        let Some(entries) = config.object(report) else { continue };
        if entries.is_empty() {
            report.push(config.error("missing-field", format!("`{CONFIG_MEMBER}` is missing")));
        }
        for (key, told) in entries {
            if key.text() != CONFIG_MEMBER {
                let message = format!("the group {} takes no {}", quoted(NAME), quoted(key.text()));
                report.push(
                    key.error("unexpected-field", message).help(format!("what it takes stands in `{CONFIG_MEMBER}`")),
                );
            } else if found.is_some() {
                let message = format!("`{CONFIG_MEMBER}` is given twice");
                report.push(key.error("unexpected-field", message).help("put all of it into one object"));
            } else {
                found = Some(told);
            }
        }
    }
    found.map_or_else(Settings::default, |told| read_told(told, report))
}

fn read_told(told: Node<'_>, report: &mut Report) -> Settings {
    let Some(members) = SETTINGS.open(told, report) else { return Settings::default() };
    let mut number = |name, max, help: &str| {
        let node = members.get(name)?;
        if node.as_i64().is_some_and(|number| !(1..=max).contains(&number)) {
            let message = format!("expected a whole number from 1 to {max}");
            report.push(node.error("out-of-range", message).help(help));
            return None;
        }
        integer(node, 1..=max, report)
    };
    let score = "the score at which requests are blocked: 5 is one critical match, more lets more through";
    let paranoia = number("ParanoiaLevel", 4, "at 1 few honest requests match, at 4 most attacks do");
    let inbound_threshold = number("InboundAnomalyScoreThreshold", THRESHOLD_MAX, score);
    let _checked = number("OutboundAnomalyScoreThreshold", THRESHOLD_MAX, score);
    if let Some(node) = members.get("OutboundAnomalyScoreThreshold") {
        let message = "`OutboundAnomalyScoreThreshold` has no effect: a rule group sees requests, not responses";
        let help = "the rules on responses run where the Core Rule Set stands behind the web ACL, not in it";
        report.push(node.warning("no-effect", message).help(help));
    }
    Settings { paranoia, inbound_threshold }
}

/// The group as a web ACL refers to it, before overrides; its members' conditions come with [`finish`].
pub(crate) fn as_used(policy: &PhasedPolicy, place: Node<'_>, report: &mut Report) -> Group {
    let counts_only = policy.settings.engine != EngineMode::On;
    let of_phase = |phase| rules(policy).filter(move |rule| rule.phase == phase && is_member(rule));
    let members = of_phase(Phase::RequestHeaders).chain(of_phase(Phase::RequestBody));
    let mut unfit = Vec::new();
    let rules = members
        .map(|rule| {
            let action = match &rule.disruptive {
                Disruptive::Pass | Disruptive::Allow(_) => Action::COUNT,
                Disruptive::Deny => block(rule.status),
                Disruptive::Drop | Disruptive::Redirect(_) => {
                    unfit.push(rule.id.to_string());
                    Action::COUNT
                }
            };
            let name = rule.id.to_string();
            Rule {
                visibility: name.as_str().into(),
                labels: vec![format!("{LABEL_NAMESPACE}{name}")],
                name,
                kind: RuleKind::Match {
                    when: Condition::Or(Vec::new()),
                    action: if counts_only { Action::COUNT } else { action }.into(),
                },
            }
        })
        .collect();
    if !unfit.is_empty() {
        let message = format!("rules of a group cannot drop or redirect: {}", quoted(&unfit.join(", ")));
        report.push(place.error("not-supported", message).help("let them deny"));
    }
    Group {
        id: format!("{VENDOR}#{NAME}"),
        name: NAME.to_owned(),
        managed: true,
        visibility: NAME.into(),
        excluded: Vec::new(),
        rules,
    }
}

/// Gives the members of a group, overrides applied, the rules that they stand for.
pub(crate) fn finish(group: &mut Group, policy: &PhasedPolicy, settings: Settings) {
    let mut policy = policy.clone();
    // How much of a body is seen is up to the web ACL.
    policy.settings.request_body.over_limit = OverLimit::InspectPart;
    tell(&mut policy, settings);
    let actions: HashMap<&str, _> =
        group.rules.iter().filter_map(|rule| Some((rule.name.as_str(), rule.action()?))).collect();
    for item in &mut policy.items {
        let Item::Rule(rule) = item else { continue };
        let Some(in_force) = actions.get(rule.id.to_string().as_str()) else { continue };
        if in_force.overridden.is_none() {
            continue;
        }
        if matches!(in_force.action, Action::Count { .. }) {
            forget_effects(rule);
        }
        // Whatever else it does now, the rules after it run.
        if rule.disruptive == Disruptive::Deny && !matches!(in_force.action, Action::Block(_)) {
            rule.disruptive = Disruptive::Pass;
        }
    }
    let denying: HashSet<u64> =
        rules(&policy).filter(|rule| rule.disruptive == Disruptive::Deny).map(|rule| rule.id).collect();
    let shared = Arc::new(PhasedGroup::new(policy));
    for rule in &mut group.rules {
        let RuleKind::Match { when, action } = &mut rule.kind else { continue };
        let Ok(number) = rule.name.parse() else { continue };
        let stops = denying.contains(&number) && action.action.terminates();
        *when = Condition::Phased(PhasedMatch { group: Arc::clone(&shared), rule: number, stops });
    }
}

/// Why a rule that an override names is none of the group's; none if there is no such rule at all.
pub(crate) fn why_no_member(policy: &PhasedPolicy, name: &str) -> Option<String> {
    let Ok(number) = name.parse::<u64>() else {
        return Some("rules of the Core Rule Set go by their numbers, such as \"942100\"".to_owned());
    };
    let rule = rules(policy).find(|rule| rule.id == number)?;
    Some(match rule.phase {
        Phase::RequestHeaders | Phase::RequestBody => {
            format!("the rule {name} ({}:{}) neither logs nor refuses anything", rule.place.file, rule.place.line)
        }
        phase => {
            format!("the rule {name} runs in phase {}, and the group sees requests: phases 1 and 2", phase.number())
        }
    })
}

fn rules(policy: &PhasedPolicy) -> impl Iterator<Item = &PhasedRule> {
    policy.items.iter().filter_map(|item| match item {
        Item::Rule(rule) => Some(&**rule),
        Item::Marker(_) => None,
    })
}

/// Whether a rule tells of a match or refuses one; others only keep the books.
fn is_member(rule: &PhasedRule) -> bool {
    rule.log || rule.audit_log || !matches!(rule.disruptive, Disruptive::Pass | Disruptive::Allow(_))
}

fn block(status: Option<u16>) -> Action {
    let default = BlockResponse::default();
    Action::Block(BlockResponse { status: status.unwrap_or(default.status), ..default })
}

/// Takes away what a match adds to scores. In a chain only the last link does; what links before it set, those after them look
/// at.
fn forget_effects(rule: &mut PhasedRule) {
    if let Some(link) = rule.links.last_mut() {
        link.effects.retain(|effect| matches!(effect, Effect::Control(_) | Effect::Initialize { .. }));
    }
}

/// Puts in what the group is told, before the rules that give settings their defaults.
fn tell(policy: &mut PhasedPolicy, settings: Settings) {
    let Settings { paranoia, inbound_threshold } = settings;
    let told = [
        ("blocking_paranoia_level", paranoia),
        ("detection_paranoia_level", paranoia),
        ("inbound_anomaly_score_threshold", inbound_threshold),
    ];
    let set = |(name, value): (&str, Option<i64>)| {
        let change = Change::To(Text::literal(value?.to_string()));
        Some(Effect::Set { store: Store::Tx, name: Text::literal(name), change })
    };
    let effects: Vec<_> = told.into_iter().filter_map(set).collect();
    if effects.is_empty() {
        return;
    }
    let rule = PhasedRule {
        id: SETTINGS_RULE,
        phase: Phase::RequestHeaders,
        links: vec![Link { test: None, effects, capture: false, multi_match: false, log_data: None, message: None }],
        disruptive: Disruptive::Pass,
        status: None,
        flow: Flow::Next,
        metadata: Metadata::default(),
        log: false,
        audit_log: false,
        place: Place { file: "<web ACL>".into(), line: 1 },
    };
    let is_default = |item: &Item| matches!(item, Item::Rule(rule) if INITIALIZATION.contains(&rule.id));
    let at = policy.items.iter().position(is_default).unwrap_or(0);
    policy.items.insert(at, Item::Rule(Box::new(rule)));
}
