//! The rule groups that Firewall Manager puts before and after a web ACL's own rules.
//!
//! Each is what a rule that refers to a group is: a group, an override, a name for its metrics. Within each of the two
//! lists the order is that of priorities; the first list stands before the web ACL's rules, whatever theirs are.
//!
//! Source: API reference, `WebACL`, `FirewallManagerRuleGroup`; AWS WAF Developer Guide, "Rule groups that are managed by
//! other services".

use sekisho_waf::ir::{Rule, RuleKind};

use super::action::read_override_action;
use super::capacity::Cost;
use super::rule::{Identity, ReadRules, RuleContext, Seen};
use super::shape::{Members, Shape, optional, required};
use super::statement::{KINDS, Lower, Lowering};
use super::visibility;
use crate::document::Node;
use crate::report::Report;

pub(crate) static FIREWALL_MANAGER_RULE_GROUP: Shape = Shape {
    name: "FirewallManagerRuleGroup",
    members: &[
        required("Name"),
        required("Priority"),
        required("FirewallManagerStatement"),
        required("OverrideAction"),
        required("VisibilityConfig"),
    ],
};

/// The union of the two statements that refer to a group.
pub(crate) static FIREWALL_MANAGER_STATEMENT: Shape = Shape {
    name: "FirewallManagerStatement",
    members: &[optional("ManagedRuleGroupStatement"), optional("RuleGroupReferenceStatement")],
};

/// Reads one of the two lists, in evaluation order.
pub(crate) fn read(node: Node<'_>, context: &RuleContext<'_>, report: &mut Report) -> ReadRules {
    let mut read = ReadRules::default();
    let mut seen = Seen::default();
    let mut groups = Vec::new();
    for item in node.array(report).unwrap_or_default() {
        let Some(members) = FIREWALL_MANAGER_RULE_GROUP.open(item, report) else { continue };
        let Identity { name, priority } = seen.identify(members, report);
        let mut cost = Cost::default();
        let rule = read_group(members, name, context, &mut cost, report);
        groups.push((priority.unwrap_or_default(), rule, (name.unwrap_or_default().to_owned(), cost)));
    }
    groups.sort_by_key(|&(priority, ..)| priority);
    for (_, rule, cost) in groups {
        read.rules.extend(rule);
        read.costs.push(cost);
    }
    read
}

fn read_group(
    members: Members<'_>,
    name: Option<&str>,
    context: &RuleContext<'_>,
    cost: &mut Cost,
    report: &mut Report,
) -> Option<Rule> {
    let visibility = members.get("VisibilityConfig").and_then(|node| visibility::read(node, report));
    let count_only = members.get("OverrideAction").and_then(|node| read_override_action(node, report));
    // None if the group was not even looked for.
    let found = members.get("FirewallManagerStatement").and_then(|node| {
        let (member, value) = FIREWALL_MANAGER_STATEMENT.open_union(node, report)?;
        let kind = KINDS.iter().find(|kind| kind.shape.name == member.name)?;
        let (Lower::Group(lower), Some(top)) = (kind.lower, &context.top) else { return None };
        let mut lowering = Lowering::new(context.scope, cost, report);
        let opened = kind.shape.open(value, lowering.report)?;
        Some(lower(opened, top, &mut lowering))
    });
    if found.is_none() {
        cost.set_unknown();
    }
    let (used, name) = (found??, name?.to_owned());
    let kind = RuleKind::Group { group: used.group, scope_down: used.scope_down, count_only: count_only? };
    Some(Rule { name, visibility: visibility?, labels: Vec::new(), kind })
}
