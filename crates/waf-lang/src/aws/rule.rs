//! Rules of a web ACL or of a rule group: read one by one, put in the order of their priority.
//!
//! Source: AWS WAF Developer Guide, "AWS WAF rules", "Setting rule priority", "Rate-based rule high-level settings in AWS WAF"
//! (any action except Allow).

use std::collections::{BTreeMap, BTreeSet};

use sekisho_waf::ir::{Action, Rule, RuleKind};

use super::action::{ResponseBodies, read_override_action, read_rule_action};
use super::capacity::Cost;
use super::catalogue::ManagedCatalogue;
use super::label::read_rule_labels;
use super::resource::Resources;
use super::scope::Scope;
use super::shape::{Charset, Members, Shape, integer, optional, required, text};
use super::statement::{Lower, Lowering};
use super::token::{Immunity, ImmunityByRule};
use super::visibility;
use crate::document::Node;
use crate::report::{Report, quoted};

pub(crate) static RULE: Shape = Shape {
    name: "Rule",
    members: &[
        required("Name"),
        required("Priority"),
        required("Statement"),
        optional("Action"),
        optional("OverrideAction"),
        optional("RuleLabels"),
        required("VisibilityConfig"),
        optional("CaptchaConfig"),
        optional("ChallengeConfig"),
    ],
};

/// What rules stand in.
#[derive(Debug)]
pub(crate) struct RuleContext<'a> {
    pub(crate) scope: &'a Scope<'a>,
    pub(crate) bodies: &'a ResponseBodies,
    /// The web ACL's times.
    pub(crate) immunity: Immunity,
    /// What only rules of a web ACL may refer to; none within a group.
    pub(crate) top: Option<TopLevel<'a>>,
}

/// What only the rules of a web ACL may refer to.
#[derive(Debug)]
pub(crate) struct TopLevel<'a> {
    pub(crate) resources: &'a Resources<'a>,
    pub(crate) catalogue: &'a ManagedCatalogue,
    pub(crate) bodies: &'a ResponseBodies,
    pub(crate) immunity: Immunity,
}

/// Rules that were read, what they cost, and the times of their own some of them have.
#[derive(Debug, Default)]
pub(crate) struct ReadRules {
    /// Without those that have errors.
    pub(crate) rules: Vec<Rule>,
    /// All of them, by name.
    pub(crate) costs: Vec<(String, Cost)>,
    pub(crate) immunity: ImmunityByRule,
}

impl ReadRules {
    /// These rules, and then others.
    pub(crate) fn before(mut self, others: Self) -> Self {
        self.rules.extend(others.rules);
        self.costs.extend(others.costs);
        self.immunity.extend(others.immunity);
        self
    }
}

/// What tells a rule from the others of its list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity<'d> {
    pub(crate) name: Option<&'d str>,
    pub(crate) priority: Option<i64>,
}

/// The names and priorities of a list so far.
#[derive(Debug, Default)]
pub(crate) struct Seen<'d> {
    names: BTreeSet<&'d str>,
    priorities: BTreeMap<i64, &'d str>,
}

impl<'d> Seen<'d> {
    /// Reads `Name` and `Priority`, which no other rule of the list has.
    pub(crate) fn identify(&mut self, members: Members<'d>, report: &mut Report) -> Identity<'d> {
        let name = members.get("Name").and_then(|node| text(node, 1..=128, Charset::Name, report));
        let priority = members.get("Priority").and_then(|node| integer(node, 0..=i64::from(i32::MAX), report));
        if let (Some(name), Some(node)) = (name, members.get("Name"))
            && !self.names.insert(name)
        {
            let message = format!("two rules are called {}", quoted(name));
            report.push(node.warning("duplicate-name", message).help("records cannot tell the two apart"));
        }
        if let (Some(priority), Some(node)) = (priority, members.get("Priority"))
            && let Some(other) = self.priorities.insert(priority, name.unwrap_or("without name"))
        {
            let message = format!("the rule {} has the priority {priority} too", quoted(other));
            report.push(node.error("duplicate-priority", message));
        }
        Identity { name, priority }
    }
}

/// Reads `Rules`, in evaluation order. Rules with errors are left out: their problems are reported.
pub(crate) fn read_rules(node: Node<'_>, context: &RuleContext<'_>, report: &mut Report) -> ReadRules {
    let mut own = ImmunityByRule::new();
    let mut seen = Seen::default();
    let mut rules: Vec<(i64, Rule)> = Vec::new();
    let mut costs: Vec<(i64, (String, Cost))> = Vec::new();
    for item in node.array(report).unwrap_or_default() {
        let Some(members) = RULE.open(item, report) else { continue };
        let Identity { name, priority } = seen.identify(members, report);
        let immunity = Immunity::read(members, report);
        if let Some(name) = name
            && !immunity.is_empty()
        {
            own.insert(name.to_owned(), immunity);
        }
        let mut cost = Cost::default();
        let rule = read_rule(members, name, immunity, context, &mut cost, report);
        rules.extend(priority.zip(rule));
        costs.push((priority.unwrap_or_default(), (name.unwrap_or_default().to_owned(), cost)));
    }
    rules.sort_by_key(|&(priority, _)| priority);
    costs.sort_by_key(|&(priority, _)| priority);
    let rules = rules.into_iter().map(|(_, rule)| rule).collect();
    ReadRules { rules, costs: costs.into_iter().map(|(_, cost)| cost).collect(), immunity: own }
}

fn read_rule(
    members: Members<'_>,
    name: Option<&str>,
    own: Immunity,
    context: &RuleContext<'_>,
    cost: &mut Cost,
    report: &mut Report,
) -> Option<Rule> {
    let visibility = members.get("VisibilityConfig").and_then(|node| visibility::read(node, report));
    let labels = match members.get("RuleLabels") {
        Some(node) => read_rule_labels(node, context.scope.labels.prefix(), report),
        None => Some(Vec::new()),
    };
    if members.get("Statement").is_none() {
        cost.set_unknown();
    }
    let kind = members.get("Statement").and_then(|statement| read_kind(statement, members, own, context, cost, report));
    Some(Rule { name: name?.to_owned(), visibility: visibility?, labels: labels?, kind: kind? })
}

fn read_kind(
    statement: Node<'_>,
    rule: Members<'_>,
    own: Immunity,
    context: &RuleContext<'_>,
    cost: &mut Cost,
    report: &mut Report,
) -> Option<RuleKind> {
    let immunity = own.or(context.immunity);
    let mut lowering = Lowering::new(context.scope, cost, report);
    let Some((kind, members)) = lowering.open(statement) else {
        lowering.cost.set_unknown();
        // The statement is hopeless, its rule's action need not be.
        rule.get("Action").and_then(|node| read_rule_action(node, context.bodies, immunity, report));
        return None;
    };
    match kind.lower {
        Lower::Condition(lower) => {
            let when = lower(members, &mut lowering);
            let action = read_action(rule, immunity, context, report);
            Some(RuleKind::Match { when: when?, action: action?.into() })
        }
        Lower::Rate(lower) => {
            let rate = lower(members, &mut lowering);
            let action = read_action(rule, immunity, context, report);
            if let (Some(Action::Allow { .. }), Some(node)) = (&action, rule.get("Action")) {
                let help = "a rule that counts requests takes any other action";
                report.push(node.error("rate-allows", "a rate-based rule must not allow").help(help));
            }
            let rate = rate?;
            Some(RuleKind::Rate {
                limit: rate.limit,
                window_s: rate.window_s,
                key: rate.key,
                scope_down: rate.scope_down,
                action: action?.into(),
            })
        }
        Lower::Group(lower) => {
            let Some(top) = &context.top else {
                let message = format!("a {} must not stand in a rule group", kind.shape.name);
                lowering.report.push(statement.error("not-nestable", message));
                lowering.cost.set_unknown();
                return None;
            };
            let used = lower(members, top, &mut lowering);
            let count_only = read_override(rule, report);
            let used = used?;
            Some(RuleKind::Group { group: used.group, scope_down: used.scope_down, count_only: count_only? })
        }
    }
}

/// The action of a rule that does not refer to a group.
fn read_action(
    rule: Members<'_>,
    immunity: Immunity,
    context: &RuleContext<'_>,
    report: &mut Report,
) -> Option<Action> {
    if let Some(node) = rule.get("OverrideAction") {
        let message = "`OverrideAction` is for rules that refer to a group";
        report.push(node.error("unexpected-field", message).help("this rule takes an `Action`"));
    }
    let Some(node) = rule.get("Action") else {
        report.push(rule.node().error("missing-field", "the rule needs an `Action`"));
        return None;
    };
    read_rule_action(node, context.bodies, immunity, report)
}

/// The override of a rule that refers to a group: whether the group's result is only counted.
fn read_override(rule: Members<'_>, report: &mut Report) -> Option<bool> {
    if let Some(node) = rule.get("Action") {
        let message = "a rule that refers to a group has no `Action`: those of the group's rules apply";
        report.push(node.error("unexpected-field", message).help("this rule takes an `OverrideAction`"));
    }
    if let Some(node) = rule.get("RuleLabels")
        && node.as_array().is_some_and(|mut labels| labels.next().is_some())
    {
        report.push(node.error("unexpected-field", "a rule that refers to a group adds no labels of its own"));
    }
    for name in ["CaptchaConfig", "ChallengeConfig"] {
        if let Some(node) = rule.get(name) {
            let message = format!("`{name}` has no effect on a rule that refers to a group");
            let help = "the group's rules have their own times, or the web ACL's";
            report.push(node.warning("no-effect", message).help(help));
        }
    }
    let Some(node) = rule.get("OverrideAction") else {
        let message = "a rule that refers to a group needs an `OverrideAction`";
        report.push(rule.node().error("missing-field", message).help("usually it is `{\"None\": {}}`"));
        return None;
    };
    read_override_action(node, report)
}
