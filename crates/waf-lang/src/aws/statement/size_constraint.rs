//! `SizeConstraintStatement`: the length of a part.
//!
//! Source: AWS WAF Developer Guide, "Size constraint rule statement".

use sekisho_waf::ir::{Comparison, Condition, Operator};

use super::test::with_operator;
use super::{Lower, Lowering, StatementKind};
use crate::aws::shape::{Members, Shape, choice, integer, optional, required};

pub(crate) static KIND: StatementKind = StatementKind {
    shape: Shape {
        name: "SizeConstraintStatement",
        members: &[
            required("FieldToMatch"),
            required("ComparisonOperator"),
            required("Size"),
            required("TextTransformations"),
            optional("PreParseTextTransformations"),
        ],
    },
    lower: Lower::Condition(lower),
};

pub(crate) static COMPARISONS: &[(&str, Comparison)] = &[
    ("EQ", Comparison::Eq),
    ("NE", Comparison::Ne),
    ("LE", Comparison::Le),
    ("LT", Comparison::Lt),
    ("GE", Comparison::Ge),
    ("GT", Comparison::Gt),
];

/// The largest size to compare with, in bytes. Source: API model, `Size`.
const SIZE_BYTES_MAX: i64 = 21_474_836_480;

/// Before part and transformations.
const BASE_WCU: u64 = 1;

fn lower(members: Members<'_>, lowering: &mut Lowering<'_>) -> Option<Condition> {
    let report = &mut *lowering.report;
    let comparison =
        members.get("ComparisonOperator").and_then(|node| choice(node, "comparison operator", COMPARISONS, report));
    let bytes = members.get("Size").and_then(|node| integer(node, 0..=SIZE_BYTES_MAX, report));
    let operator =
        comparison.zip(bytes).map(|(comparison, bytes)| Operator::Size { comparison, bytes: bytes.unsigned_abs() });
    with_operator(members, operator, Some(BASE_WCU), lowering)
}
