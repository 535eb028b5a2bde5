//! The elements of a body that is JSON, and what if it is not.
//!
//! Source: AWS WAF Developer Guide, "Request components in AWS WAF", JSON body.

use super::Extent;
use crate::body::json::{self, Read, Wanted};
use crate::ir::{JsonMatch, OnInvalidJson};
use crate::{Limits, Request};

/// Visits the wanted elements. A request without body has none, which is no error in JSON.
pub(super) fn visit(
    wanted: &JsonMatch,
    request: &Request<'_>,
    limits: &Limits,
    memory: &mut json::Memory,
    mut each: impl FnMut(&[u8], &[u8]),
) -> Extent {
    let JsonMatch { pattern, scope, on_invalid } = wanted;
    let body = &request.body;
    if body.bytes.is_empty() && !body.truncated {
        return Extent::MISSING;
    }
    let wanted = Wanted { pattern, scope: *scope };
    let mut extent = Extent { oversize: body.truncated, ..Extent::WHOLE };
    if *on_invalid == OnInvalidJson::InspectAsText
        && json::visit_elements(body.bytes, wanted, limits, memory, |_, _| {}) == Read::Cut
    {
        each(b"", body.bytes);
        return extent;
    }
    let read = json::visit_elements(body.bytes, wanted, limits, memory, each);
    extent.settled = match (read, on_invalid) {
        (Read::Cut, OnInvalidJson::Match) => Some(true),
        (Read::Cut, OnInvalidJson::NoMatch) => Some(false),
        _ => None,
    };
    extent
}
