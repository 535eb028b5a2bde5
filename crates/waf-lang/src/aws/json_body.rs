//! `JsonBody`: which elements of a JSON body a statement looks at.
//!
//! Source: AWS WAF Developer Guide, "Request components in AWS WAF", JSON body.

use sekisho_waf::ir::{Field, JsonMatch, JsonPattern, JsonPointer, JsonPointers, MapScope, OnInvalidJson};

use super::field::{ALL, FieldToMatch, with_oversize};
use super::shape::{Charset, Member, Members, Shape, choice, items, optional, required, text};
use crate::document::Node;
use crate::report::{Report, quoted};

pub(super) const MEMBERS: &[Member] = &[
    required("MatchPattern"),
    required("MatchScope"),
    optional("InvalidFallbackBehavior"),
    optional("OversizeHandling"),
];

pub(crate) static JSON_MATCH_PATTERN: Shape =
    Shape { name: "JsonMatchPattern", members: &[optional("All"), optional("IncludedPaths")] };

pub(crate) static JSON_SCOPES: &[(&str, MapScope)] =
    &[("ALL", MapScope::All), ("KEY", MapScope::Key), ("VALUE", MapScope::Value)];

pub(crate) static INVALID_FALLBACKS: &[(&str, OnInvalidJson)] = &[
    ("MATCH", OnInvalidJson::Match),
    ("NO_MATCH", OnInvalidJson::NoMatch),
    ("EVALUATE_AS_STRING", OnInvalidJson::InspectAsText),
];

/// The longest path, in characters. Source: API model, `JsonPointerPath`.
const PATH_CHARS_MAX: usize = 512;

pub(super) fn read(members: Members<'_>, report: &mut Report) -> Option<FieldToMatch> {
    let pattern = members.get("MatchPattern").and_then(|node| read_pattern(node, report));
    let scope = members.get("MatchScope").and_then(|node| choice(node, "match scope", JSON_SCOPES, report));
    let on_invalid = match members.get("InvalidFallbackBehavior") {
        Some(node) => choice(node, "body parsing fallback behavior", INVALID_FALLBACKS, report),
        None => Some(OnInvalidJson::InspectParsed),
    };
    let field = with_oversize(Field::Body, members, report);
    let wanted = JsonMatch { pattern: pattern?, scope: scope?, on_invalid: on_invalid? };
    Some(FieldToMatch { field: Field::JsonBody(wanted), ..field? })
}

fn read_pattern(node: Node<'_>, report: &mut Report) -> Option<JsonPattern> {
    let (member, value) = JSON_MATCH_PATTERN.open_union(node, report)?;
    if member.name == "All" {
        return ALL.open(value, report).map(|_| JsonPattern::All);
    }
    let paths: Vec<_> = items(value, 1..usize::MAX, report)?.into_iter().map(|item| read_path(item, report)).collect();
    Some(JsonPattern::Included(JsonPointers::new(paths.into_iter().collect::<Option<_>>()?)))
}

/// A JSON pointer, the root excepted: AWS has `All` for that.
fn read_path(node: Node<'_>, report: &mut Report) -> Option<JsonPointer> {
    let path = text(node, 1..=PATH_CHARS_MAX, Charset::Any, report)?;
    if path == "/" {
        let message = format!("{} is the member with the empty name, not the whole body", quoted(path));
        report.push(node.warning("empty-name", message).help("to inspect the whole body, write `\"All\": {}`"));
    }
    JsonPointer::parse(path)
        .map_err(|error| {
            let message = format!("{} is no JSON pointer: {error}", quoted(path));
            report.push(node.error("bad-json-pointer", message).help("write it like `/dogs/0/name`"));
        })
        .ok()
}
