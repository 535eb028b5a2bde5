//! Takes a request apart: which values a [`Field`] has in it.
//!
//! Stands between the request and both evaluators. Values are visited in wire order, borrowed where they stand in the
//! request as they are; nothing is stored.

mod address;
mod cookie;
mod json_body;
mod memory;
mod pre_parse;
mod query;

use crate::body;
use crate::ir::{Field, MapMatch, MapPattern, MapScope, OnMissing, Oversize};
use crate::{Limits, OversizeFields, Request};

pub(crate) use address::{Addresses, forwarded_present, select as select_addresses};
pub(crate) use cookie::cookies;
pub(crate) use memory::Memory;
pub(crate) use query::arguments as query_arguments;

/// How much of a part there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Whether the request has the part at all.
    pub(crate) present: bool,
    /// Whether there is more of it than is inspected.
    pub(crate) oversize: bool,
    /// What came of tests on it, if that does not depend on its values.
    pub(crate) settled: Option<bool>,
}

impl Extent {
    const WHOLE: Self = Self { present: true, oversize: false, settled: None };
    const MISSING: Self = Self { present: false, oversize: false, settled: None };

    /// Whether a test on the part passes; `found` says whether a value of it does.
    pub(crate) fn passes(self, oversize: Oversize, on_missing: OnMissing, found: impl FnOnce() -> bool) -> bool {
        // What was asked for may stand in what is not inspected, so the size is looked at first.
        match (self.oversize, oversize) {
            (true, Oversize::Match) => true,
            (true, Oversize::NoMatch) => false,
            _ if !self.present => on_missing == OnMissing::Match,
            _ => self.settled.unwrap_or_else(found),
        }
    }
}

/// Visits the values of `field` in `request`: `each(name, value)`, the name empty where values have none.
///
/// `memory` holds values that must be decoded or joined first; its contents do not matter.
pub(crate) fn visit(
    field: &Field,
    request: &Request<'_>,
    limits: &Limits,
    memory: &mut Memory,
    mut each: impl FnMut(&[u8], &[u8]),
) -> Extent {
    match field {
        Field::Method => one(Some(request.method), each),
        Field::UriPath => one(Some(request.path), each),
        Field::QueryString => one(Some(request.query), each),
        Field::UriFragment => one(request.fragment, each),
        Field::Ja3 => one(request.client.ja3.map(str::as_bytes), each),
        Field::Ja4 => one(request.client.ja4.map(str::as_bytes), each),
        Field::SingleHeader(name) => {
            let mut extent = Extent::MISSING;
            for header in request.headers.iter().filter(|header| header.is(name)) {
                each(header.name, header.value);
                extent.present = true;
            }
            extent
        }
        Field::SingleQueryArgument { name, pre_parse } => {
            let query = memory.pre_parse.apply(pre_parse, request.query);
            let mut extent = Extent::MISSING;
            for (_, value) in query_arguments(query).filter(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())) {
                each(name.as_bytes(), value);
                extent.present = true;
            }
            extent
        }
        Field::AllQueryArguments { pre_parse } => {
            let mut extent = Extent::MISSING;
            for (name, value) in query_arguments(memory.pre_parse.apply(pre_parse, request.query)) {
                each(name, value);
                extent.present = true;
            }
            extent
        }
        Field::Headers(wanted) => headers(request, limits, wanted, each),
        Field::Cookies(wanted) => cookie_entries(request, limits, wanted, each),
        Field::HeaderOrder => header_order(request, limits, &mut memory.text, each),
        Field::Body => {
            each(b"", request.body.bytes);
            Extent { oversize: request.body.truncated, ..Extent::WHOLE }
        }
        Field::JsonBody(wanted) => json_body::visit(wanted, request, limits, &mut memory.json, each),
        Field::BodyValues => {
            body::values(request, limits, &mut memory.text, |value| each(b"", value));
            Extent { present: !request.body.bytes.is_empty(), oversize: request.body.truncated, settled: None }
        }
    }
}

fn one(value: Option<&[u8]>, mut each: impl FnMut(&[u8], &[u8])) -> Extent {
    let Some(value) = value else { return Extent::MISSING };
    each(b"", value);
    Extent::WHOLE
}

fn headers(request: &Request<'_>, limits: &Limits, wanted: &MapMatch, each: impl FnMut(&[u8], &[u8])) -> Extent {
    let all = request.headers.iter().map(|header| (header.name, header.value));
    entries(all, limits.headers_max, limits.headers_bytes_max, wanted, true, each)
}

fn cookie_entries(request: &Request<'_>, limits: &Limits, wanted: &MapMatch, each: impl FnMut(&[u8], &[u8])) -> Extent {
    entries(cookies(request), limits.cookies_max, limits.cookies_bytes_max, wanted, false, each)
}

/// Visits name-to-value entries as far as they are inspected; an entry that straddles the limit is cut there.
fn entries<'a>(
    all: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    entries_max: usize,
    bytes_max: usize,
    wanted: &MapMatch,
    any_case: bool,
    mut each: impl FnMut(&[u8], &[u8]),
) -> Extent {
    let mut extent = Extent::MISSING;
    let mut room_bytes = bytes_max;
    for (index, (name, value)) in all.enumerate() {
        if index == entries_max || room_bytes == 0 {
            extent.oversize = true;
            break;
        }
        let shown_name = &name[..name.len().min(room_bytes)];
        let shown_value = &value[..value.len().min(room_bytes - shown_name.len())];
        extent.oversize |= shown_name.len() + shown_value.len() < name.len() + value.len();
        room_bytes -= shown_name.len() + shown_value.len();
        if !is_wanted(name, &wanted.pattern, any_case) {
            continue;
        }
        extent.present = true;
        if matches!(wanted.scope, MapScope::Key | MapScope::All) {
            each(name, shown_name);
        }
        if matches!(wanted.scope, MapScope::Value | MapScope::All) {
            each(name, shown_value);
        }
    }
    extent
}

fn is_wanted(name: &[u8], pattern: &MapPattern, any_case: bool) -> bool {
    let same = |wanted: &String| {
        if any_case { name.eq_ignore_ascii_case(wanted.as_bytes()) } else { name == wanted.as_bytes() }
    };
    match pattern {
        MapPattern::All => true,
        MapPattern::Included(names) => names.iter().any(same),
        MapPattern::Excluded(names) => !names.iter().any(same),
    }
}

/// Header names as received, joined by `:`, as far as headers are inspected.
///
/// Source: AWS WAF Developer Guide, "Request components in AWS WAF", Header order.
fn header_order(
    request: &Request<'_>,
    limits: &Limits,
    buffer: &mut Vec<u8>,
    mut each: impl FnMut(&[u8], &[u8]),
) -> Extent {
    buffer.clear();
    let extent = headers(request, limits, &ALL_NAMES, |_, name| {
        if !buffer.is_empty() {
            buffer.push(b':');
        }
        buffer.extend_from_slice(name);
    });
    each(b"", buffer);
    Extent { present: true, ..extent }
}

/// Which of the parts in `looked_at` are larger than is inspected.
///
/// Source: AWS WAF Developer Guide, "Log fields for web ACL traffic" (`oversizeFields`): parts that the rules inspect.
pub(crate) fn oversize(looked_at: OversizeFields, request: &Request<'_>, limits: &Limits) -> OversizeFields {
    OversizeFields {
        body: looked_at.body && request.body.truncated,
        json_body: looked_at.json_body && request.body.truncated,
        headers: looked_at.headers && headers(request, limits, &ALL_NAMES, |_, _| {}).oversize,
        cookies: looked_at.cookies && cookie_entries(request, limits, &ALL_NAMES, |_, _| {}).oversize,
    }
}

/// The names of all entries.
const ALL_NAMES: MapMatch = MapMatch { pattern: MapPattern::All, scope: MapScope::Key };

#[cfg(test)]
mod tests;
