//! `RegexPatternSetReferenceStatement`: any regular expression of a set.
//!
//! Source: AWS WAF Developer Guide, "Regex pattern set match rule statement".

use sekisho_waf::ir::{Condition, Operator, RegexSource};

use super::test::with_operator;
use super::{Lower, Lowering, StatementKind};
use crate::aws::scope::References;
use crate::aws::shape::{Members, Shape, optional, required};

pub(crate) static KIND: StatementKind = StatementKind {
    shape: Shape {
        name: "RegexPatternSetReferenceStatement",
        members: &[
            required("ARN"),
            required("FieldToMatch"),
            required("TextTransformations"),
            optional("PreParseTextTransformations"),
        ],
    },
    lower: Lower::Condition(lower),
};

pub(super) static CONTENT_SHAPE: Shape = Shape {
    name: "RegexPatternSetReferenceStatement",
    members: &[
        required("Name"),
        required("FieldToMatch"),
        required("TextTransformations"),
        optional("PreParseTextTransformations"),
    ],
};

/// Before part and transformations.
const BASE_WCU: u64 = 25;

fn lower(members: Members<'_>, lowering: &mut Lowering<'_>) -> Option<Condition> {
    let patterns = patterns(members, lowering);
    let empty = patterns.as_ref().is_some_and(Vec::is_empty);
    let condition = with_operator(members, patterns.map(Operator::Regex), Some(BASE_WCU), lowering)?;
    if empty {
        let message = "the regex pattern set is empty: this statement never matches";
        lowering.report.push(members.node().warning("empty-set", message));
        return Some(Condition::Or(Vec::new()));
    }
    Some(condition)
}

fn patterns(members: Members<'_>, lowering: &mut Lowering<'_>) -> Option<Vec<RegexSource>> {
    match lowering.scope.references {
        References::Arns(resources) => resources.patterns(members.get("ARN")?, lowering.report),
        References::Names(sets) => {
            let node = members.get("Name")?;
            let name = node.string(lowering.report)?;
            let found = sets.patterns.get(name).cloned();
            if found.is_none() {
                let mut diagnostic = node.error("unknown-set", format!("no pattern set is called `{name}`"));
                diagnostic.help = lowering.report.did_you_mean(name, sets.patterns.keys().map(String::as_str));
                lowering.report.push(diagnostic);
            }
            found
        }
    }
}
