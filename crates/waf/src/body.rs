//! The values within a body, by its content type.
//!
//! Parsers here are lenient on purpose: a service behind may accept what a strict reader would not, so whatever a parser
//! cannot place is visited as it stands. Each takes linear time and keeps no tree.

mod form;
pub(crate) mod json;
mod multipart;

use memchr::memchr;

use crate::{Limits, Request};

/// Visits the values within the inspected body: decoded form arguments, JSON strings and scalars, multipart fields and file
/// names; the whole body where none of these applies or a parser found what it could not place.
///
/// Argument names and JSON keys are visited only if they are more than plain identifiers.
pub(crate) fn values(request: &Request<'_>, limits: &Limits, buffer: &mut Vec<u8>, mut each: impl FnMut(&[u8])) {
    let bytes = request.body.bytes;
    if bytes.is_empty() {
        return;
    }
    let content_type = request.header("content-type").unwrap_or_default();
    let mut visitor = Visitor::new(limits.body_values_max, buffer, &mut each);
    let kind = Kind::of(content_type, bytes);
    let placed = match kind {
        Kind::Form => form::visit(bytes, &mut visitor),
        Kind::Json => json::visit(bytes, &mut visitor),
        Kind::Multipart(boundary) => multipart::visit(bytes, boundary, &mut visitor),
        Kind::Other => Placed::NotAll,
    };
    visitor.finish();
    if bytes.contains(&0) && !matches!(kind, Kind::Multipart(_)) {
        // Text in UTF-16 or UTF-32, which some services detect: without its NUL bytes it reads as plain text.
        buffer.clear();
        buffer.extend(bytes.iter().filter(|&&byte| byte != 0));
        each(buffer);
    }
    if placed == Placed::NotAll {
        each(bytes);
        if content_type.is_empty() {
            let mut visitor = Visitor::new(limits.body_values_max, buffer, &mut each);
            form::visit(bytes, &mut visitor);
            visitor.finish();
        }
    }
}

/// Whether a parser understood all of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placed {
    /// Every byte belongs to a value or to the syntax around it.
    All,
    /// Something was left over: the body is also inspected whole.
    NotAll,
}

/// Hands values on: each alone up to a number, those after it joined into one, so that work stays bounded and nothing
/// escapes.
struct Visitor<'v> {
    room: usize,
    buffer: &'v mut Vec<u8>,
    joined: Vec<u8>,
    each: &'v mut dyn FnMut(&[u8]),
}

impl<'v> Visitor<'v> {
    fn new(room: usize, buffer: &'v mut Vec<u8>, each: &'v mut dyn FnMut(&[u8])) -> Self {
        Self { room, buffer, joined: Vec::new(), each }
    }

    /// Hands on a value that stands in the body as it is.
    fn raw(&mut self, value: &[u8]) {
        if self.room == 0 {
            self.join(|out| out.extend_from_slice(value));
            return;
        }
        self.room -= 1;
        (self.each)(value);
    }

    /// Hands on a value that `decode` writes.
    fn decoded(&mut self, decode: impl FnOnce(&mut Vec<u8>)) {
        if self.room == 0 {
            self.join(decode);
            return;
        }
        self.room -= 1;
        self.buffer.clear();
        decode(self.buffer);
        (self.each)(self.buffer);
    }

    fn join(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if !self.joined.is_empty() {
            self.joined.push(b'\n');
        }
        write(&mut self.joined);
    }

    /// Hands on what was joined.
    fn finish(self) {
        if !self.joined.is_empty() {
            (self.each)(&self.joined);
        }
    }
}

/// Whether a name is a plain identifier, in which no attack fits.
fn is_identifier(name: &[u8]) -> bool {
    name.iter().all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']'))
}

/// How a body is read.
enum Kind<'a> {
    Form,
    Json,
    Multipart(&'a [u8]),
    Other,
}

impl<'a> Kind<'a> {
    fn of(content_type: &'a [u8], bytes: &[u8]) -> Self {
        let media_type = &content_type[..memchr(b';', content_type).unwrap_or(content_type.len())];
        let media_type = media_type.trim_ascii();
        let is = |name: &str| media_type.eq_ignore_ascii_case(name.as_bytes());
        let ends = |suffix: &str| {
            let suffix = suffix.as_bytes();
            media_type.len() >= suffix.len()
                && media_type[media_type.len() - suffix.len()..].eq_ignore_ascii_case(suffix)
        };
        if is("application/x-www-form-urlencoded") {
            Self::Form
        } else if ends("/json") || ends("+json") || ends("/x-ndjson") || ends("/jsonl") {
            Self::Json
        } else if media_type.len() >= 10 && media_type[..10].eq_ignore_ascii_case(b"multipart/") {
            multipart::boundary(content_type).map_or(Self::Other, Self::Multipart)
        } else if matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) {
            // Sent under another type, yet many services would read it as JSON.
            Self::Json
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests;
