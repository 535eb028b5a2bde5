//! `XssMatchStatement`: cross-site scripting.
//!
//! Source: AWS WAF Developer Guide, "Cross-site scripting attack rule statement".

use sekisho_waf::ir::{Condition, Operator};

use super::test::with_operator;
use super::{Lower, Lowering, StatementKind};
use crate::aws::shape::{Members, Shape, optional, required};

pub(crate) static KIND: StatementKind = StatementKind {
    shape: Shape {
        name: "XssMatchStatement",
        members: &[required("FieldToMatch"), required("TextTransformations"), optional("PreParseTextTransformations")],
    },
    lower: Lower::Condition(lower),
};

/// Before part and transformations.
const BASE_WCU: u64 = 40;

fn lower(members: Members<'_>, lowering: &mut Lowering<'_>) -> Option<Condition> {
    with_operator(members, Some(Operator::Xss), Some(BASE_WCU), lowering)
}
