//! Text transformations: read, put in the order of their priority, and looked up in the engine's table.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations in AWS WAF".

use sekisho_waf::ir::{Field, PreParse};
use sekisho_waf::transform::Transform;

use super::shape::{Shape, choice, integer, items, required};
use crate::document::Node;
use crate::report::Report;

pub(crate) static TEXT_TRANSFORMATION: Shape =
    Shape { name: "TextTransformation", members: &[required("Priority"), required("Type")] };

pub(crate) static PRE_PARSE_TEXT_TRANSFORMATION: Shape =
    Shape { name: "PreParseTextTransformation", members: &[required("Priority"), required("Type")] };

/// All names of transformations that run before the query string is parsed.
pub(crate) static PRE_PARSE_NAMES: &[(&str, Option<PreParse>)] = &[
    ("NONE", None),
    ("URL_DECODE", Some(PreParse::UrlDecode)),
    ("URL_DECODE_UNI", Some(PreParse::UrlDecodeUni)),
    ("COMBINE_DUPLICATE_QUERY_ARGS_BY_COMMA", Some(PreParse::CombineDuplicates)),
    ("REPLACE_SEMICOLONS_WITH_AMPERSANDS", Some(PreParse::SemicolonsToAmpersands)),
];

/// How many transformations of each kind a statement takes. Source: AWS WAF quotas; AWS WAF Developer Guide, "Using
/// pre-parse text transformations in AWS WAF".
const CHAIN_MAX: usize = 10;

/// Reads `TextTransformations`, in the order they run.
pub(crate) fn read(node: Node<'_>, report: &mut Report) -> Option<Vec<Transform>> {
    let known: Vec<_> = names().collect();
    let chain = in_order(node, &TEXT_TRANSFORMATION, 1, &known, report)?;
    Some(chain.into_iter().filter_map(|(_, transform)| transform).collect())
}

/// The transformations by name: those of the engine, and `NONE`, which has no place in a chain.
pub(crate) fn names() -> impl Iterator<Item = (&'static str, Option<Transform>)> {
    let known = Transform::ALL.iter().filter_map(|&transform| Some((transform.aws_name()?, Some(transform))));
    [("NONE", None)].into_iter().chain(known)
}

/// Reads `PreParseTextTransformations` into the query arguments they are for.
pub(crate) fn read_pre_parse(node: Node<'_>, field: Option<&mut Field>, report: &mut Report) {
    let chain = in_order(node, &PRE_PARSE_TEXT_TRANSFORMATION, 0, PRE_PARSE_NAMES, report).unwrap_or_default();
    match field {
        Some(Field::SingleQueryArgument { pre_parse, .. } | Field::AllQueryArguments { pre_parse }) => {
            *pre_parse = chain.into_iter().filter_map(|(_, step)| step).collect();
        }
        Some(_) if !chain.is_empty() => {
            let message = "pre-parse text transformations are for query arguments only";
            let help = "use SingleQueryArgument or AllQueryArguments, or leave them out";
            report.push(node.error("not-for-this-field", message).help(help));
        }
        _ => {}
    }
}

/// Reads the list and sorts it by priority; none if any of it is wrong.
fn in_order<'d, T: Copy>(
    node: Node<'d>,
    shape: &'static Shape,
    count_min: usize,
    names: &[(&str, T)],
    report: &mut Report,
) -> Option<Vec<(Node<'d>, T)>> {
    let mut whole = true;
    let mut found: Vec<(i64, Node<'d>, T)> = Vec::new();
    for item in items(node, count_min..CHAIN_MAX + 1, report)? {
        let read = shape.open(item, report).and_then(|members| {
            let priority = members.get("Priority");
            let kind = members.get("Type");
            let read_priority = priority.and_then(|node| integer(node, 0..=i64::from(i32::MAX), report));
            let name = kind.and_then(|node| choice(node, "text transformation", names, report));
            Some((read_priority?, priority?, kind?, name?))
        });
        match read {
            Some((priority, place, _, _)) if found.iter().any(|&(other, ..)| other == priority) => {
                let message = format!("two text transformations have the priority {priority}");
                report.push(place.error("duplicate-priority", message));
                whole = false;
            }
            Some((priority, _, kind, name)) => found.push((priority, kind, name)),
            None => whole = false,
        }
    }
    found.sort_by_key(|&(priority, ..)| priority);
    whole.then(|| found.into_iter().map(|(_, node, name)| (node, name)).collect())
}
