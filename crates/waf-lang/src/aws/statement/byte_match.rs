//! `ByteMatchStatement`: a literal at a position.
//!
//! Source: AWS WAF Developer Guide, "String match rule statement".

use sekisho_waf::ir::{Condition, Operator, Position};

use super::test::with_operator;
use super::{Lower, Lowering, StatementKind};
use crate::aws::search_string;
use crate::aws::shape::{Members, Shape, choice, optional, required};

pub(crate) static KIND: StatementKind = StatementKind {
    shape: Shape {
        name: "ByteMatchStatement",
        members: &[
            required("SearchString"),
            required("FieldToMatch"),
            required("TextTransformations"),
            optional("PreParseTextTransformations"),
            required("PositionalConstraint"),
        ],
    },
    lower: Lower::Condition(lower),
};

pub(crate) static POSITIONS: &[(&str, Position)] = &[
    ("EXACTLY", Position::Exactly),
    ("STARTS_WITH", Position::StartsWith),
    ("ENDS_WITH", Position::EndsWith),
    ("CONTAINS", Position::Contains),
    ("CONTAINS_WORD", Position::ContainsWord),
];

/// Before part and transformations.
fn base_wcu(position: Position) -> u64 {
    match position {
        Position::Exactly | Position::StartsWith | Position::EndsWith => 2,
        Position::Contains | Position::ContainsWord => 10,
    }
}

fn lower(members: Members<'_>, lowering: &mut Lowering<'_>) -> Option<Condition> {
    let (encoding, by_choice) = (lowering.scope.search, lowering.scope.is_content());
    let literal =
        members.get("SearchString").and_then(|node| search_string::read(node, encoding, by_choice, lowering.report));
    let position = members
        .get("PositionalConstraint")
        .and_then(|node| choice(node, "positional constraint", POSITIONS, lowering.report));
    if let (Some(literal), Some(Position::ContainsWord), Some(node)) = (&literal, position, members.get("SearchString"))
        && !literal.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    {
        let message = "AWS takes only letters, digits and `_` in the search string of CONTAINS_WORD";
        lowering.report.push(node.warning("not-in-aws", message));
    }
    let operator = literal.zip(position).map(|(literal, position)| Operator::Bytes { literal, position });
    with_operator(members, operator, position.map(base_wcu), lowering)
}
