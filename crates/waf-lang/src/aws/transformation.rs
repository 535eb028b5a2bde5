//! Text transformations: read, put in the order of their priority, and looked up in the engine's table.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations in AWS WAF".

use sekisho_waf::transform::Transform;

use super::shape::{Shape, choice, integer, items, required};
use crate::document::Node;
use crate::report::Report;

pub(crate) static TEXT_TRANSFORMATION: Shape =
    Shape { name: "TextTransformation", members: &[required("Priority"), required("Type")] };

pub(crate) static PRE_PARSE_TEXT_TRANSFORMATION: Shape =
    Shape { name: "PreParseTextTransformation", members: &[required("Priority"), required("Type")] };

/// All names of transformations that run before the query string is parsed.
pub(crate) static PRE_PARSE_NAMES: &[(&str, &str)] = &[
    ("NONE", "NONE"),
    ("URL_DECODE", "URL_DECODE"),
    ("URL_DECODE_UNI", "URL_DECODE_UNI"),
    ("COMBINE_DUPLICATE_QUERY_ARGS_BY_COMMA", "COMBINE_DUPLICATE_QUERY_ARGS_BY_COMMA"),
    ("REPLACE_SEMICOLONS_WITH_AMPERSANDS", "REPLACE_SEMICOLONS_WITH_AMPERSANDS"),
];

/// Reads `TextTransformations`, in the order they run.
pub(crate) fn read(node: Node<'_>, report: &mut Report) -> Option<Vec<Transform>> {
    let known: Vec<_> = names().collect();
    let chain = in_order(node, &TEXT_TRANSFORMATION, 1, &known, report)?;
    Some(chain.into_iter().filter_map(|(_, transform)| transform).collect())
}

/// The transformations by name: those of the engine, and `NONE`, which has no place in a chain.
pub(crate) fn names() -> impl Iterator<Item = (&'static str, Option<Transform>)> {
    [("NONE", None)].into_iter().chain(Transform::ALL.iter().map(|&transform| (transform.name(), Some(transform))))
}

/// Reads `PreParseTextTransformations`, of which only those that change nothing are supported.
pub(crate) fn read_pre_parse(node: Node<'_>, report: &mut Report) {
    for (item, name) in in_order(node, &PRE_PARSE_TEXT_TRANSFORMATION, 0, PRE_PARSE_NAMES, report).unwrap_or_default() {
        if name != "NONE" {
            let message = format!("not supported yet: pre-parse text transformation `{name}`");
            report.push(item.error("not-supported", message));
        }
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
    for item in items(node, count_min..usize::MAX, report)? {
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
