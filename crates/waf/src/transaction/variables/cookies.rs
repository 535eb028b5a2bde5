//! `REQUEST_COOKIES`: the pieces of the Cookie header fields.
//!
//! Source: RFC 6265 section 4.2.1 and how ModSecurity 3 reads it (version 0); RFC 2109 section 4.4 (version 1).

use memchr::memchr;

use super::super::{Entry, List, Store};
use super::Memory;
use crate::Request;

/// Fills the cookies of a request.
pub(super) fn fill(store: &mut Store, memory: &mut Memory, request: &Request<'_>, is_v1: bool) {
    for header in request.headers.iter().filter(|header| header.is("cookie")) {
        if is_v1 {
            version_1(store, memory, header.value);
        } else {
            version_0(store, memory, header.value);
        }
    }
    store.set(List::RequestCookies, memory.entries.drain(..));
}

/// Name and value as they stand, but for white space before a name and at the end. A cookie without a name is none.
fn version_0(store: &mut Store, memory: &mut Memory, field: &[u8]) {
    let field = field.strip_suffix(b";").unwrap_or(field).trim_ascii_end();
    let span = store.bytes(field);
    let mut start = 0;
    while start < field.len() {
        let end = memchr(b';', &field[start..]).map_or(field.len(), |length| start + length);
        let piece = &field[start..end];
        let name_start = start + piece.len() - piece.trim_ascii_start().len();
        let name_end = memchr(b'=', piece).map_or(end, |equals| start + equals);
        if name_start < name_end {
            let value = (name_end + 1).min(end)..end;
            memory.entries.push(Entry { name: span.part(name_start..name_end), value: span.part(value) });
        }
        start = end + 1;
    }
}

/// Values may be quoted, and then hold separators. An attribute (`$Path`) is named after the cookie it is of
/// (`$name_Path`), as with ModSecurity 2.
fn version_1(store: &mut Store, memory: &mut Memory, field: &[u8]) {
    let mut rest = field;
    let mut cookie: &[u8] = b"";
    loop {
        rest = rest.trim_ascii_start();
        let end = rest.iter().position(|byte| b"=;,".contains(byte)).unwrap_or(rest.len());
        let name = rest[..end].trim_ascii_end();
        rest = &rest[end..];
        let mut value: &[u8] = b"";
        if let Some(after) = rest.strip_prefix(b"=") {
            (value, rest) = value_1(after.trim_ascii_start());
        }
        if !name.is_empty() {
            let value = store.bytes(value);
            let name = match name.strip_prefix(b"$") {
                Some(attribute) if !cookie.is_empty() => store.write(|out| {
                    out.extend([b"$", cookie, b"_", attribute].into_iter().flatten());
                }),
                attribute => {
                    cookie = if attribute.is_none() { name } else { cookie };
                    store.bytes(name)
                }
            };
            memory.entries.push(Entry { name, value });
        }
        match rest.split_first() {
            Some((_, after)) => rest = after,
            None => return,
        }
    }
}

/// A value, quoted or not, and what follows it from the separator on.
fn value_1(text: &[u8]) -> (&[u8], &[u8]) {
    let separator = |text: &[u8]| text.iter().position(|byte| b";,".contains(byte)).unwrap_or(text.len());
    if let Some(quoted) = text.strip_prefix(b"\"")
        && let Some(close) = closing_quote(quoted)
    {
        let after = &quoted[close + 1..];
        return (&quoted[..close], &after[separator(after)..]);
    }
    let end = separator(text);
    (text[..end].trim_ascii_end(), &text[end..])
}

fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}
