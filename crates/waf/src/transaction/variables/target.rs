//! The request line and what is in it: method, target, path, query string.
//!
//! ModSecurity 3 decodes `REQUEST_URI`, `REQUEST_FILENAME` and `REQUEST_BASENAME` once, and cuts off fragments;
//! `REQUEST_URI_RAW`, `REQUEST_LINE` and `QUERY_STRING` are as received.

use std::ops::Range;

use memchr::{memchr, memrchr2};

use super::super::{List, Span, Store};
use super::percent::{Plus, decode, touches};
use crate::Request;

/// Fills the variables of the request line. Returns the query string.
///
/// `received` is the target as received where it is more than a path and a query: `REQUEST_LINE` and `REQUEST_URI_RAW` have it.
pub(super) fn fill(store: &mut Store, request: &Request<'_>, received: Option<&[u8]>) -> Span {
    let query_span = fill_parts(store, request);
    if let Some(received) = received {
        let &Request { method, version, .. } = request;
        let line = store.write(|out| out.extend([method, b" ", received, b" ", version].into_iter().flatten()));
        let start = method.len() + 1;
        store.set_scalar_span(List::RequestLine, line);
        store.set_scalar_span(List::RequestUriRaw, line.part(start..start + received.len()));
    }
    query_span
}

fn fill_parts(store: &mut Store, request: &Request<'_>) -> Span {
    let &Request { method, path, query, version, .. } = request;
    let line = store.write(|out| {
        out.extend_from_slice(method);
        out.push(b' ');
        out.extend_from_slice(path);
        if !query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(query);
        }
        if let Some(fragment) = request.fragment {
            out.push(b'#');
            out.extend_from_slice(fragment);
        }
        out.push(b' ');
        out.extend_from_slice(version);
    });
    let start = method.len() + 1;
    let end = line.len() - 1 - version.len();
    let path_end = start + path.len();
    let uri_end = path_end + if query.is_empty() { 0 } else { 1 + query.len() };
    store.set_scalar_span(List::RequestLine, line);
    store.set_scalar_span(List::RequestMethod, line.part(0..start - 1));
    store.set_scalar_span(List::RequestProtocol, line.part(end + 1..line.len()));
    store.set_scalar_span(List::RequestUriRaw, line.part(start..end));
    let query_span = line.part(uri_end - query.len()..uri_end);
    store.set_scalar_span(List::QueryString, query_span);

    let (uri, path) = if touches(path, Plus::Itself) || touches(query, Plus::Itself) {
        decoded(store, path, query)
    } else {
        (line.part(start..uri_end), line.part(start..path_end))
    };
    store.set_scalar_span(List::RequestFilename, path);
    store.set_scalar_span(List::PathInfo, path);
    if let Some(base) = base_name(store.slice(path)) {
        store.set_scalar_span(List::RequestBasename, path.part(base));
    }
    let origin = origin(store.slice(uri));
    store.set_scalar_span(List::RequestUri, uri.part(origin..uri.len()));
    query_span
}

/// The target and its path, decoded.
fn decoded(store: &mut Store, path: &[u8], query: &[u8]) -> (Span, Span) {
    let mut path_bytes = 0;
    let uri = store.write(|out| {
        let start = out.len();
        decode(path, Plus::Itself, out);
        path_bytes = out.len() - start;
        if !query.is_empty() {
            out.push(b'?');
            decode(query, Plus::Itself, out);
        }
    });
    (uri, uri.part(0..path_bytes))
}

/// What follows the last slash, unless nothing does.
fn base_name(path: &[u8]) -> Option<Range<usize>> {
    let slash = memrchr2(b'/', b'\\', path)?;
    (slash + 1 < path.len()).then_some(slash + 1..path.len())
}

/// Where the path of a target begins: behind scheme and host, if it has any.
fn origin(uri: &[u8]) -> usize {
    if uri.is_empty() || uri[0] == b'/' {
        return 0;
    }
    let Some(colon) = memchr(b':', uri) else { return 0 };
    if !uri[colon + 1..].starts_with(b"//") {
        return 0;
    }
    let host = colon + 3;
    memchr(b'/', &uri[host..]).map_or(0, |slash| host + slash)
}
