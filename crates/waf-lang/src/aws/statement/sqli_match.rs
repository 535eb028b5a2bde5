//! `SqliMatchStatement`: SQL injection.
//!
//! Source: AWS WAF Developer Guide, "SQL injection rule statement": the sensitivity is LOW unless given.

use sekisho_waf::ir::{Condition, Operator, SqliSensitivity};

use super::test::with_operator;
use super::{Lower, Lowering, StatementKind};
use crate::aws::shape::{Members, Shape, choice, optional, required};

pub(crate) static KIND: StatementKind = StatementKind {
    shape: Shape {
        name: "SqliMatchStatement",
        members: &[
            required("FieldToMatch"),
            required("TextTransformations"),
            optional("PreParseTextTransformations"),
            optional("SensitivityLevel"),
        ],
    },
    lower: Lower::Condition(lower),
};

pub(crate) static SENSITIVITIES: &[(&str, SqliSensitivity)] =
    &[("LOW", SqliSensitivity::Low), ("HIGH", SqliSensitivity::High)];

/// Before part and transformations.
fn base_wcu(sensitivity: SqliSensitivity) -> u64 {
    match sensitivity {
        SqliSensitivity::Low => 20,
        SqliSensitivity::High => 30,
    }
}

fn lower(members: Members<'_>, lowering: &mut Lowering<'_>) -> Option<Condition> {
    let sensitivity = match members.get("SensitivityLevel") {
        Some(node) => choice(node, "sensitivity level", SENSITIVITIES, lowering.report),
        None => Some(SqliSensitivity::Low),
    };
    let base_wcu = sensitivity.map(base_wcu);
    with_operator(members, sensitivity.map(Operator::Sqli), base_wcu, lowering)
}
