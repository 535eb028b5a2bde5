//! Overrides of the actions of a group's rules, and the old form that only excluded them.
//!
//! An override that names no rule of a managed group is ignored by AWS, silently; here it is warned of. AWS refuses it
//! for a group of one's own, and so does this.
//!
//! Source: AWS WAF Developer Guide, "Overriding rule group actions in AWS WAF".

use sekisho_model::{Diagnostic, Severity};
use sekisho_waf::ir::phased::PhasedPolicy;
use sekisho_waf::ir::{Action, ActionInForce, Group, Rule, RuleKind};

use super::rule::TopLevel;
use super::shape::{Charset, Members, Shape, items, required, text};
use super::token::ImmunityByRule;
use super::{action, core_rule_set};
use crate::document::Node;
use crate::report::{Report, quoted};

pub(crate) static RULE_ACTION_OVERRIDE: Shape =
    Shape { name: "RuleActionOverride", members: &[required("Name"), required("ActionToUse")] };

pub(crate) static EXCLUDED_RULE: Shape = Shape { name: "ExcludedRule", members: &[required("Name")] };

/// Overrides and exclusions of one statement, each. Source: API model.
const OVERRIDES_MAX: usize = 100;
/// A group of more rules does not have all of them named to whoever misspells one.
const NAMED_MAX: usize = 12;

/// Whose group it is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum GroupOwner<'a> {
    Vendor,
    /// The Core Rule Set, with all of its rules.
    CoreRuleSet(&'a PhasedPolicy),
    /// With the times of their own some of its rules have.
    Customer(&'a ImmunityByRule),
}

/// Applies `ExcludedRules` and `RuleActionOverrides` of a statement to its group.
pub(crate) fn apply(
    mut group: Group,
    members: Members<'_>,
    owner: GroupOwner<'_>,
    top: &TopLevel<'_>,
    report: &mut Report,
) -> Option<Group> {
    let excluded = match members.get("ExcludedRules") {
        Some(node) => read_excluded(node, report)?,
        None => Vec::new(),
    };
    let overrides = match members.get("RuleActionOverrides") {
        Some(node) => read_overrides(node, top, report)?,
        None => Vec::new(),
    };
    for (place, name) in excluded {
        if overrides.iter().any(|(_, overridden, _)| *overridden == name) {
            let message = format!("the rule {} is overridden too: the override holds", quoted(&name));
            report.push(place.warning("no-effect", message).help("`ExcludedRules` is the old form: remove it here"));
            continue;
        }
        if replace_action(&mut group, place, &name, &Action::COUNT, owner, report) {
            group.excluded.push(name);
        }
    }
    for (place, name, mut action) in overrides {
        if let GroupOwner::Customer(immunity) = owner
            && let Some(own) = immunity.get(&name)
        {
            own.refine(&mut action);
        }
        replace_action(&mut group, place, &name, &action, owner, report);
    }
    Some(group)
}

fn read_excluded<'d>(node: Node<'d>, report: &mut Report) -> Option<Vec<(Node<'d>, String)>> {
    let mut read: Vec<Option<(Node<'d>, String)>> = Vec::new();
    for item in items(node, 0..OVERRIDES_MAX + 1, report)? {
        read.push(EXCLUDED_RULE.open(item, report).and_then(|members| {
            let place = members.get("Name")?;
            let name = text(place, 1..=128, Charset::Name, report)?;
            if read.iter().flatten().any(|(_, other)| other == name) {
                report.push(place.error("duplicate-override", format!("the rule {} is excluded twice", quoted(name))));
            }
            Some((place, name.to_owned()))
        }));
    }
    read.into_iter().collect()
}

fn read_overrides<'d>(
    node: Node<'d>,
    top: &TopLevel<'_>,
    report: &mut Report,
) -> Option<Vec<(Node<'d>, String, Action)>> {
    let mut read: Vec<Option<(Node<'d>, String, Action)>> = Vec::new();
    for item in items(node, 0..OVERRIDES_MAX + 1, report)? {
        read.push(RULE_ACTION_OVERRIDE.open(item, report).and_then(|members| {
            let name_node = members.get("Name");
            let name = name_node.and_then(|node| text(node, 1..=128, Charset::Name, report));
            let action = members
                .get("ActionToUse")
                .and_then(|node| action::read_rule_action(node, top.bodies, top.immunity, report));
            if let (Some(node), Some(name)) = (name_node, name)
                && read.iter().flatten().any(|(_, other, _)| other == name)
            {
                report.push(node.error("duplicate-override", format!("two overrides name the rule {}", quoted(name))));
            }
            Some((name_node?, name?.to_owned(), action?))
        }));
    }
    read.into_iter().collect()
}

/// Puts an action in force for the rules of a name; false if there is none.
fn replace_action(
    group: &mut Group,
    place: Node<'_>,
    name: &str,
    action: &Action,
    owner: GroupOwner<'_>,
    report: &mut Report,
) -> bool {
    let mut found = false;
    for rule in group.rules.iter_mut().filter(|rule| rule.name == name) {
        found = true;
        if let Some(in_force) = in_force(rule) {
            let before = std::mem::replace(&mut in_force.action, action.clone());
            in_force.overridden.get_or_insert(before);
        }
    }
    if !found {
        let problem = names_nothing(group, place, name, owner, report);
        report.push(problem);
    }
    found
}

fn in_force(rule: &mut Rule) -> Option<&mut ActionInForce> {
    match &mut rule.kind {
        RuleKind::Match { action, .. } | RuleKind::Rate { action, .. } => Some(action),
        RuleKind::Group { .. } => None,
    }
}

fn names_nothing(group: &Group, place: Node<'_>, name: &str, owner: GroupOwner<'_>, report: &Report) -> Diagnostic {
    let message = format!("the group {} has no rule {}", quoted(&group.name), quoted(name));
    let mut diagnostic = place.error("unknown-rule", message);
    let rules = || group.rules.iter().map(|rule| rule.name.as_str());
    let why = match owner {
        GroupOwner::CoreRuleSet(policy) => core_rule_set::why_no_member(policy, name),
        GroupOwner::Vendor | GroupOwner::Customer(_) => None,
    };
    diagnostic.help = why.or_else(|| report.did_you_mean(name, rules())).or_else(|| {
        let few = (1..=NAMED_MAX).contains(&group.rules.len());
        few.then(|| format!("its rules are {}", rules().collect::<Vec<_>>().join(", ")))
    });
    match owner {
        GroupOwner::Customer(_) => diagnostic,
        GroupOwner::Vendor | GroupOwner::CoreRuleSet(_) => {
            diagnostic.severity = Severity::Warning;
            diagnostic.label("has no effect")
        }
    }
}
