//! `FieldToMatch`: which part of the request a statement looks at.
//!
//! Source: AWS WAF Developer Guide, "Request component options".

use sekisho_waf::ir::{Field, MapMatch, MapPattern, MapScope, OnMissing, Oversize};

use super::address::fallback;
use super::json_body;
use super::shape::{Charset, Members, Shape, choice, empty, items, optional, required, text};
use super::statement::Lowering;
use crate::document::Node;
use crate::report::Report;

/// A field, with what happens if it is too large or missing.
#[derive(Debug)]
pub(crate) struct FieldToMatch {
    pub(crate) field: Field,
    pub(crate) oversize: Oversize,
    pub(crate) on_missing: OnMissing,
}

impl From<Field> for FieldToMatch {
    fn from(field: Field) -> Self {
        Self { field, oversize: Oversize::Continue, on_missing: OnMissing::NoMatch }
    }
}

type Lower = fn(Members<'_>, &mut Report) -> Option<FieldToMatch>;

/// The kinds of field: the shape of each, and how it is lowered.
pub(crate) static FIELDS: &[(Shape, Lower)] = &[
    (Shape { name: "SingleHeader", members: &[required("Name")] }, single_header),
    (Shape { name: "SingleQueryArgument", members: &[required("Name")] }, single_query_argument),
    (empty("AllQueryArguments"), |_, _| Some(Field::AllQueryArguments { pre_parse: Vec::new() }.into())),
    (empty("UriPath"), |_, _| Some(Field::UriPath.into())),
    (empty("QueryString"), |_, _| Some(Field::QueryString.into())),
    (Shape { name: "Body", members: &[optional("OversizeHandling")] }, body),
    (Shape { name: "JsonBody", members: json_body::MEMBERS }, json_body::read),
    (empty("Method"), |_, _| Some(Field::Method.into())),
    (Shape { name: "Headers", members: MAP_MEMBERS }, headers),
    (Shape { name: "Cookies", members: MAP_MEMBERS }, cookies),
    (Shape { name: "HeaderOrder", members: &[required("OversizeHandling")] }, header_order),
    (Shape { name: "JA3Fingerprint", members: &[required("FallbackBehavior")] }, |members, report| {
        or_fallback(Field::Ja3, members, report)
    }),
    (Shape { name: "JA4Fingerprint", members: &[required("FallbackBehavior")] }, |members, report| {
        or_fallback(Field::Ja4, members, report)
    }),
    (Shape { name: "UriFragment", members: &[optional("FallbackBehavior")] }, |members, report| {
        or_fallback(Field::UriFragment, members, report)
    }),
    (Shape { name: "BodyValues", members: &[optional("OversizeHandling")] }, body_values),
];

pub(crate) static FIELD_TO_MATCH: Shape = Shape {
    name: "FieldToMatch",
    members: &[
        optional("SingleHeader"),
        optional("SingleQueryArgument"),
        optional("AllQueryArguments"),
        optional("UriPath"),
        optional("QueryString"),
        optional("Body"),
        optional("Method"),
        optional("JsonBody"),
        optional("Headers"),
        optional("Cookies"),
        optional("HeaderOrder"),
        optional("JA3Fingerprint"),
        optional("JA4Fingerprint"),
        optional("UriFragment"),
    ],
};

/// The rules that ship may look at one part more.
static CONTENT_FIELD_TO_MATCH: Shape = Shape {
    name: "FieldToMatch",
    members: &[
        optional("SingleHeader"),
        optional("SingleQueryArgument"),
        optional("AllQueryArguments"),
        optional("UriPath"),
        optional("QueryString"),
        optional("Body"),
        optional("BodyValues"),
        optional("JsonBody"),
        optional("Method"),
        optional("Headers"),
        optional("Cookies"),
        optional("HeaderOrder"),
        optional("JA3Fingerprint"),
        optional("JA4Fingerprint"),
        optional("UriFragment"),
    ],
};

const MAP_MEMBERS: &[super::shape::Member] =
    &[required("MatchPattern"), required("MatchScope"), required("OversizeHandling")];

pub(crate) static HEADER_MATCH_PATTERN: Shape = Shape {
    name: "HeaderMatchPattern",
    members: &[optional("All"), optional("IncludedHeaders"), optional("ExcludedHeaders")],
};

pub(crate) static COOKIE_MATCH_PATTERN: Shape = Shape {
    name: "CookieMatchPattern",
    members: &[optional("All"), optional("IncludedCookies"), optional("ExcludedCookies")],
};

pub(crate) static ALL: Shape = empty("All");

pub(crate) static OVERSIZE_HANDLINGS: &[(&str, Oversize)] =
    &[("CONTINUE", Oversize::Continue), ("MATCH", Oversize::Match), ("NO_MATCH", Oversize::NoMatch)];

pub(crate) static MAP_SCOPES: &[(&str, MapScope)] =
    &[("ALL", MapScope::All), ("KEY", MapScope::Key), ("VALUE", MapScope::Value)];

/// How many names a pattern for headers or cookies lists at most.
const NAMES_MAX: usize = 199;

/// Reads a `FieldToMatch`.
pub(crate) fn read(node: Node<'_>, lowering: &mut Lowering<'_>) -> Option<FieldToMatch> {
    let union = if lowering.scope.is_content() { &CONTENT_FIELD_TO_MATCH } else { &FIELD_TO_MATCH };
    let report = &mut *lowering.report;
    let (member, value) = union.open_union(node, report)?;
    let (shape, lower) =
        FIELDS.iter().find(|(shape, _)| shape.name == member.name).expect("every supported member has its row");
    lower(shape.open(value, report)?, report)
}

fn single_header(members: Members<'_>, report: &mut Report) -> Option<FieldToMatch> {
    let name = text(members.get("Name")?, 1..=64, Charset::NotBlank, report)?;
    Some(Field::SingleHeader(name.to_ascii_lowercase()).into())
}

fn single_query_argument(members: Members<'_>, report: &mut Report) -> Option<FieldToMatch> {
    let name = text(members.get("Name")?, 1..=64, Charset::NotBlank, report)?;
    Some(Field::SingleQueryArgument { name: name.to_ascii_lowercase(), pre_parse: Vec::new() }.into())
}

fn body(members: Members<'_>, report: &mut Report) -> Option<FieldToMatch> {
    with_oversize(Field::Body, members, report)
}

fn body_values(members: Members<'_>, report: &mut Report) -> Option<FieldToMatch> {
    with_oversize(Field::BodyValues, members, report)
}

fn header_order(members: Members<'_>, report: &mut Report) -> Option<FieldToMatch> {
    with_oversize(Field::HeaderOrder, members, report)
}

fn headers(members: Members<'_>, report: &mut Report) -> Option<FieldToMatch> {
    let names = MapNames { included: "IncludedHeaders", length_max: 64, lowercase: true };
    let map = map_match(members, &HEADER_MATCH_PATTERN, &names, report);
    let field = with_oversize(Field::Body, members, report);
    Some(FieldToMatch { field: Field::Headers(map?), ..field? })
}

fn cookies(members: Members<'_>, report: &mut Report) -> Option<FieldToMatch> {
    let names = MapNames { included: "IncludedCookies", length_max: 60, lowercase: false };
    let map = map_match(members, &COOKIE_MATCH_PATTERN, &names, report);
    let field = with_oversize(Field::Body, members, report);
    Some(FieldToMatch { field: Field::Cookies(map?), ..field? })
}

pub(super) fn with_oversize(field: Field, members: Members<'_>, report: &mut Report) -> Option<FieldToMatch> {
    let oversize = match members.get("OversizeHandling") {
        Some(node) => choice(node, "oversize handling", OVERSIZE_HANDLINGS, report)?,
        None => Oversize::Continue,
    };
    Some(FieldToMatch { oversize, ..field.into() })
}

fn or_fallback(field: Field, members: Members<'_>, report: &mut Report) -> Option<FieldToMatch> {
    let matches = match members.get("FallbackBehavior") {
        Some(node) => fallback(node, report)?,
        None => false,
    };
    let on_missing = if matches { OnMissing::Match } else { OnMissing::NoMatch };
    Some(FieldToMatch { on_missing, ..field.into() })
}

/// How the names of a pattern are written and compared.
struct MapNames {
    included: &'static str,
    length_max: usize,
    lowercase: bool,
}

fn map_match(
    members: Members<'_>,
    pattern_shape: &'static Shape,
    names: &MapNames,
    report: &mut Report,
) -> Option<MapMatch> {
    let scope = members.get("MatchScope").and_then(|node| choice(node, "match scope", MAP_SCOPES, report));
    let pattern = members.get("MatchPattern").and_then(|node| {
        let (member, value) = pattern_shape.open_union(node, report)?;
        if member.name == "All" {
            return ALL.open(value, report).map(|_| MapPattern::All);
        }
        let list: Vec<Option<String>> = items(value, 1..NAMES_MAX + 1, report)?
            .into_iter()
            .map(|item| {
                let name = text(item, 1..=names.length_max, Charset::NotBlank, report)?;
                Some(if names.lowercase { name.to_ascii_lowercase() } else { name.to_owned() })
            })
            .collect();
        let list = list.into_iter().collect::<Option<Vec<_>>>()?;
        Some(if member.name == names.included { MapPattern::Included(list) } else { MapPattern::Excluded(list) })
    });
    Some(MapMatch { pattern: pattern?, scope: scope? })
}
