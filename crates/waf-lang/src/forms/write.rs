//! What the writers have in common: the order of members, names for resources, references between them, and what is
//! left out because AWS or Terraform makes it.

mod labels;
pub(super) mod yaml;

pub(super) use self::labels::{Labels, Style};
use super::schema::{Kind as Shape, Member, Structure};
use crate::aws::is_core_rule_set;
use crate::document::{Kind, Node};
use crate::report::Report;

/// Members that AWS makes, and no form but its own has.
const MADE_BY_AWS: [&str; 10] = [
    "ARN",
    "Id",
    "LabelNamespace",
    "ManagedByFirewallManager",
    "RetrofittedByFirewallManager",
    "AvailableLabels",
    "ConsumedLabels",
    "LogType",
    "LogScope",
    "ApplicationConfig",
];

/// The members of a structure that a node has, in the order in which people read them: what it is, what it does, when,
/// and how it is counted.
pub(super) fn members<'d>(structure: &'static Structure, node: Node<'d>) -> Vec<(&'static Member, Node<'d>)> {
    let mut found: Vec<_> =
        structure.members.iter().filter_map(|member| Some((member, node.get(member.name)?))).collect();
    found.sort_by_key(|(member, _)| rank(member));
    found
}

fn rank(member: &Member) -> u8 {
    match (member.name, member.kind) {
        ("VisibilityConfig", _) => 5,
        ("Rules", _) => 4,
        ("Statement" | "ScopeDownStatement", _) => 3,
        (_, Shape::Many(_) | Shape::Map(_) | Shape::One(_)) => 2,
        (_, Shape::Texts | Shape::Wholes) => 1,
        _ => 0,
    }
}

/// Whether a member that a form does not have may be left out: AWS makes it, or it holds nothing.
pub(super) fn is_made_by_aws(structure: &Structure, member: &Member, node: Node<'_>, report: &mut Report) -> bool {
    if node.as_array().is_some_and(|items| items.len() == 0) {
        return true;
    }
    let capacity = (structure.name, member.name) == ("WebACL", "Capacity");
    let found = capacity || MADE_BY_AWS.contains(&member.name);
    let settings = ["ApplicationConfig", "LogType", "LogScope"];
    if settings.contains(&member.name) {
        let message = format!("`{}` is left out: this form has no word for it", member.name);
        report.push(node.warning("left-out", message).help("it changes no decision"));
    }
    if found && node.as_bool() == Some(true) {
        let message = format!("`{}` is left out: AWS sets it", member.name);
        report.push(node.warning("left-out", message));
    }
    found
}

/// Warns of the group that only Sekisho knows, in a form that other tools take to AWS.
pub(super) fn mention_own(structure: &Structure, node: Node<'_>, form: &str, report: &mut Report) {
    let text_of = |name| node.get(name).and_then(Node::as_str).unwrap_or_default();
    if structure.name == "ManagedRuleGroupStatement" && is_core_rule_set(text_of("VendorName"), text_of("Name")) {
        let message = format!("AWS has no group `CoreRuleSet` of `OWASP`: of all that take {form}, only Sekisho does");
        let place = node.get("Name").unwrap_or(node);
        report.push(place.warning("unknown-to-aws", message).help("remove the rule from what goes to AWS"));
    }
}

/// Refuses what a form cannot say.
pub(super) fn refuse(node: Node<'_>, form: &str, what: &str, report: &mut Report) {
    report.push(node.error("not-expressible", format!("{form} cannot express {what}")));
}

/// The text of bytes, if they are text.
pub(super) fn as_text(node: Node<'_>) -> Option<&str> {
    match &node.value().kind {
        Kind::String(text) => Some(text),
        Kind::Blob(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}
