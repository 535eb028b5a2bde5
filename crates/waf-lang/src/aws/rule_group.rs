//! Rule groups of one's own, from their `get-rule-group` documents.
//!
//! Source: API reference, `RuleGroup`.

use sekisho_waf::ir::Group;

use super::action::ResponseBodies;
use super::arn::{self, ResourceKind};
use super::capacity::{Cost, GroupCapacity, declared};
use super::label::LabelContext;
use super::resource::Resources;
use super::rule::{ReadRules, RuleContext, read_rules};
use super::scope::Scope;
use super::search_string::SearchEncoding;
use super::shape::{Charset, Shape, no_effect, optional, required, text, unsupported};
use super::token::{Immunity, ImmunityByRule};
use super::visibility;
use super::web_acl::checked_namespace;
use crate::document::Node;
use crate::report::Report;

pub(crate) static RULE_GROUP: Shape = Shape {
    name: "RuleGroup",
    members: &[
        required("Name"),
        no_effect("Id"),
        no_effect("Capacity"),
        required("ARN"),
        no_effect("Description"),
        optional("Rules"),
        required("VisibilityConfig"),
        optional("LabelNamespace"),
        optional("CustomResponseBodies"),
        no_effect("AvailableLabels"),
        no_effect("ConsumedLabels"),
        unsupported("MonetizationConfig", "it is for the action `Monetize`, which does not exist here"),
    ],
};

/// A group of one's own, what it takes, and the times of their own some of its rules have.
#[derive(Debug, Clone)]
pub(crate) struct OwnGroup {
    pub(crate) group: Group,
    pub(crate) capacity: GroupCapacity,
    pub(crate) immunity: ImmunityByRule,
}

/// Reads a group, before overrides. Gives none if a rule has errors: overrides of it would seem to name nothing.
pub(crate) fn read(
    node: Node<'_>,
    whole_answer: bool,
    resources: &Resources<'_>,
    immunity: Immunity,
    report: &mut Report,
) -> Option<OwnGroup> {
    let members = RULE_GROUP.open(node, report)?;
    let name = members.get("Name").and_then(|node| text(node, 1..=128, Charset::Name, report));
    let arn = members.get("ARN").and_then(|node| arn::read(node, ResourceKind::RuleGroup, report));
    let visibility = members.get("VisibilityConfig").and_then(|node| visibility::read(node, report));
    let bodies = ResponseBodies::read(members.get("CustomResponseBodies"), report);
    let from_arn = arn.map(|arn| format!("awswaf:{}:{}:{}:", arn.account, ResourceKind::RuleGroup.word(), arn.name));
    let prefix = checked_namespace(members.get("LabelNamespace"), from_arn, report);
    let labels = LabelContext::of_rules(prefix, members.get("Rules"));
    let scope = Scope::of_aws(labels, SearchEncoding::of(node, whole_answer), resources);
    let context = RuleContext { scope: &scope, bodies: &bodies, immunity, top: None };
    let ReadRules { rules, costs, immunity } =
        members.get("Rules").map(|node| read_rules(node, &context, report)).unwrap_or_default();
    let written = members.get("Rules").and_then(Node::as_array).map_or(0, |rules| rules.len());
    if rules.len() != written {
        return None;
    }
    let name = name?.to_owned();
    let (declared, place) = declared(members, report);
    let computed = Cost::sum(costs.iter().map(|(_, cost)| cost)).wcu()?;
    let capacity = GroupCapacity { name: name.clone(), declared, computed, place: Some(place) };
    let group =
        Group { id: arn?.text.to_owned(), name, managed: false, visibility: visibility?, excluded: Vec::new(), rules };
    Some(OwnGroup { group, capacity, immunity })
}
