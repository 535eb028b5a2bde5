//! `RegexMatchStatement`: one regular expression.
//!
//! Source: AWS WAF Developer Guide, "Regex match rule statement".

use sekisho_waf::ir::{Condition, Operator};

use super::test::with_operator;
use super::{Lower, Lowering, StatementKind};
use crate::aws::pattern;
use crate::aws::shape::{Members, Shape, optional, required};

pub(crate) static KIND: StatementKind = StatementKind {
    shape: Shape {
        name: "RegexMatchStatement",
        members: &[
            required("RegexString"),
            required("FieldToMatch"),
            required("TextTransformations"),
            optional("PreParseTextTransformations"),
        ],
    },
    lower: Lower::Condition(lower),
};

/// Before part and transformations.
const BASE_WCU: u64 = 3;

fn lower(members: Members<'_>, lowering: &mut Lowering<'_>) -> Option<Condition> {
    let read = if lowering.scope.is_content() { pattern::read_of_content } else { pattern::read };
    let regex = members.get("RegexString").and_then(|node| read(node, lowering.report));
    with_operator(members, regex.map(|regex| Operator::Regex(vec![regex])), Some(BASE_WCU), lowering)
}
