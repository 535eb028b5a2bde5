//! What the statements that hold a part of the request against an operator have in common.

use sekisho_waf::ir::{Condition, Operator, Test};

use super::Lowering;
use crate::aws::shape::Members;
use crate::aws::{field, transformation};

/// Reads the part and its transformations, and puts the operator to them; problems of both are reported either way.
/// `base_wcu` is what the statement costs before part and transformations, if what decides it could be read.
pub(super) fn with_operator(
    members: Members<'_>,
    operator: Option<Operator>,
    base_wcu: Option<u64>,
    lowering: &mut Lowering<'_>,
) -> Option<Condition> {
    let mut field = members.get("FieldToMatch").and_then(|node| field::read(node, lowering));
    let transforms = members.get("TextTransformations").and_then(|node| transformation::read(node, lowering.report));
    if let Some(node) = members.get("PreParseTextTransformations") {
        transformation::read_pre_parse(node, field.as_mut().map(|read| &mut read.field), lowering.report);
    }
    match (base_wcu, &field, &transforms) {
        (Some(base_wcu), Some(field), Some(_)) => lowering.cost.add_test(base_wcu, members, &field.field),
        _ => lowering.cost.set_unknown(),
    }
    let field = field?;
    Some(Condition::Test(Test {
        field: field.field,
        transforms: transforms?,
        operator: operator?,
        oversize: field.oversize,
        on_missing: field.on_missing,
    }))
}
