//! What the statements that hold a part of the request against an operator have in common.

use sekisho_waf::ir::{Condition, Field, Operator, Position, Test};

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
    if let (Some(read), Some(operator)) = (&field, &operator) {
        warn_of_fingerprint(&read.field, operator, members, lowering);
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

/// AWS takes a fingerprint only to be compared with another. Source: API reference, `JA3Fingerprint`, `JA4Fingerprint`.
fn warn_of_fingerprint(field: &Field, operator: &Operator, members: Members<'_>, lowering: &mut Lowering<'_>) {
    let name = match field {
        Field::Ja3 => "JA3Fingerprint",
        Field::Ja4 => "JA4Fingerprint",
        _ => return,
    };
    if !matches!(operator, Operator::Bytes { position: Position::Exactly, .. }) {
        let message = format!("AWS takes `{name}` only in a ByteMatchStatement with EXACTLY");
        lowering.report.push(members.node().warning("not-in-aws", message));
    }
}
