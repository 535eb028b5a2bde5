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

/// All names the API knows. Which of them run is the engine's table to say; `NONE` runs nothing.
pub(crate) static NAMES: &[(&str, &str)] = &[
    ("NONE", "NONE"),
    ("COMPRESS_WHITE_SPACE", "COMPRESS_WHITE_SPACE"),
    ("HTML_ENTITY_DECODE", "HTML_ENTITY_DECODE"),
    ("LOWERCASE", "LOWERCASE"),
    ("CMD_LINE", "CMD_LINE"),
    ("URL_DECODE", "URL_DECODE"),
    ("BASE64_DECODE", "BASE64_DECODE"),
    ("HEX_DECODE", "HEX_DECODE"),
    ("MD5", "MD5"),
    ("REPLACE_COMMENTS", "REPLACE_COMMENTS"),
    ("ESCAPE_SEQ_DECODE", "ESCAPE_SEQ_DECODE"),
    ("SQL_HEX_DECODE", "SQL_HEX_DECODE"),
    ("CSS_DECODE", "CSS_DECODE"),
    ("JS_DECODE", "JS_DECODE"),
    ("NORMALIZE_PATH", "NORMALIZE_PATH"),
    ("NORMALIZE_PATH_WIN", "NORMALIZE_PATH_WIN"),
    ("REMOVE_NULLS", "REMOVE_NULLS"),
    ("REPLACE_NULLS", "REPLACE_NULLS"),
    ("BASE64_DECODE_EXT", "BASE64_DECODE_EXT"),
    ("URL_DECODE_UNI", "URL_DECODE_UNI"),
    ("UTF8_TO_UNICODE", "UTF8_TO_UNICODE"),
    ("REMOVE_WHITESPACE", "REMOVE_WHITESPACE"),
    ("TRIM", "TRIM"),
    ("TRIM_LEFT", "TRIM_LEFT"),
    ("TRIM_RIGHT", "TRIM_RIGHT"),
    ("REMOVE_COMMENTS_CHAR", "REMOVE_COMMENTS_CHAR"),
    ("UPPERCASE", "UPPERCASE"),
    ("CMD_LINE_WIN", "CMD_LINE_WIN"),
    ("CMD_LINE_UNIX", "CMD_LINE_UNIX"),
    ("JS_DECODE_EXT", "JS_DECODE_EXT"),
    ("SHA256", "SHA256"),
];

/// All names of transformations that run before the query string is parsed.
pub(crate) static PRE_PARSE_NAMES: &[(&str, &str)] = &[
    ("NONE", "NONE"),
    ("URL_DECODE", "URL_DECODE"),
    ("URL_DECODE_UNI", "URL_DECODE_UNI"),
    ("COMBINE_DUPLICATE_QUERY_ARGS_BY_COMMA", "COMBINE_DUPLICATE_QUERY_ARGS_BY_COMMA"),
    ("REPLACE_SEMICOLONS_WITH_AMPERSANDS", "REPLACE_SEMICOLONS_WITH_AMPERSANDS"),
];

/// The engine's transformation of an AWS name.
fn engine(name: &str) -> Option<Transform> {
    [Transform::Lowercase].into_iter().find(|transform| transform.name() == name)
}

/// Reads `TextTransformations`, in the order they run.
pub(crate) fn read(node: Node<'_>, report: &mut Report) -> Option<Vec<Transform>> {
    let mut transforms = Vec::new();
    for (item, name) in in_order(node, &TEXT_TRANSFORMATION, 1, NAMES, report)? {
        match engine(name) {
            Some(transform) => transforms.push(transform),
            None if name == "NONE" => {}
            None => {
                report.push(item.error("not-supported", format!("not supported yet: text transformation `{name}`")));
                return None;
            }
        }
    }
    Some(transforms)
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
fn in_order<'d>(
    node: Node<'d>,
    shape: &'static Shape,
    count_min: usize,
    names: &'static [(&str, &'static str)],
    report: &mut Report,
) -> Option<Vec<(Node<'d>, &'static str)>> {
    let mut whole = true;
    let mut found: Vec<(i64, Node<'d>, &'static str)> = Vec::new();
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
