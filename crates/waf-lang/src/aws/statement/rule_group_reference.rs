//! `RuleGroupReferenceStatement`: a rule group of one's own.
//!
//! Source: AWS WAF Developer Guide, "Rule group rule statement".

use super::{GroupUse, Lower, Lowering, StatementKind};
use crate::aws::overrides::{GroupOwner, apply};
use crate::aws::rule::TopLevel;
use crate::aws::shape::{Members, Shape, optional, required};

pub(crate) static KIND: StatementKind = StatementKind {
    shape: Shape {
        name: "RuleGroupReferenceStatement",
        members: &[required("ARN"), optional("ExcludedRules"), optional("RuleActionOverrides")],
    },
    lower: Lower::Group(lower),
};

fn lower(members: Members<'_>, top: &TopLevel<'_>, lowering: &mut Lowering<'_>) -> Option<GroupUse> {
    let own = members.get("ARN").and_then(|arn| top.resources.rule_group(arn, top.immunity, lowering.report));
    let Some(own) = own else {
        lowering.cost.set_unknown();
        return None;
    };
    lowering.cost.add(own.capacity.wcu());
    let group = apply(own.group, members, GroupOwner::Customer(&own.immunity), top, lowering.report)?;
    Some(GroupUse { group, scope_down: None })
}
