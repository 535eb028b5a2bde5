//! The forgiving reader behind `sekisho check`: a request from a file, as a person wrote or captured it. [`refused`] reads
//! heads that the gate refused, so that rules can tell what was tried.
//!
//! It makes sense of bare line feeds, missing fields, wrong lengths and raw spaces, so that a rule set can be tried on any
//! request. What the gate would have said of the same bytes comes with it, from the same [`Framer`]: the two cannot disagree.

use std::borrow::Cow;

use super::chunked::{Chunked, PieceKind};
use super::framer::{Framer, Step};
use super::limits::Limits;
use super::malformed::Malformed;
use super::target::TargetParts;

/// A request as it was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRequest<'a> {
    /// The first word.
    pub method: &'a [u8],
    /// Everything between method and version, spaces included.
    pub target: &'a [u8],
    /// The target cut at its delimiters.
    pub parts: TargetParts<'a>,
    /// The last word of the request line if it looks like a version; otherwise empty.
    pub version: &'a [u8],
    /// The field lines in order. A line without a colon is a name without a value.
    pub headers: Vec<RawHeader<'a>>,
    /// Everything after the empty line, its chunks joined if it is well-formed chunked.
    pub body: Cow<'a, [u8]>,
    /// What a person should know: first what the gate would have said.
    pub notes: Vec<Note>,
}

/// One field line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawHeader<'a> {
    /// The name as written, without white space around it.
    pub name: &'a [u8],
    /// The value without white space around it; folded lines are joined by a space.
    pub value: Cow<'a, [u8]>,
}

/// A remark on a request that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Note {
    /// The gate would refuse it and answer [`Malformed::status`].
    #[error("the gate answers {status} to this request: {0}", status = .0.status().as_u16())]
    Refused(Malformed),
    /// The gate would wait for the rest of the head.
    #[error("the head does not end with an empty line")]
    HeadIncomplete,
    /// The gate would wait for more of the body.
    #[error("the body is shorter than announced; the gate would wait for the rest")]
    BodyIncomplete,
    /// The gate would take what follows for the next request.
    #[error("{bytes} bytes after the request; the gate would read them as another request")]
    More {
        /// How many bytes.
        bytes: usize,
    },
    /// The body is said to be chunked, but is not; it is taken as it is.
    #[error("the body is not well-formed chunked; it is taken as it is")]
    ChunksUnread,
}

/// There is nothing to make a request of: no line with a method and a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no request line: expected a method, a target and a version")]
pub struct NoRequestLine;

/// Reads `bytes`, whatever they are.
///
/// # Errors
///
/// [`NoRequestLine`] if the first line that is not empty has fewer than two words.
///
/// # Limits
///
/// Linear in `bytes`; `limits` only bear on the notes.
pub fn read<'a>(bytes: &'a [u8], limits: Limits) -> Result<RawRequest<'a>, NoRequestLine> {
    let mut lines = Lines { rest: bytes };
    let request_line = lines.by_ref().find(|line| !line.is_empty()).ok_or(NoRequestLine)?;
    let (method, target, version) = cut_request_line(request_line).ok_or(NoRequestLine)?;
    let headers = read_headers(&mut lines);
    let mut notes = notes_of_the_gate(bytes, limits);
    let body = read_body(&headers, lines.rest, &mut notes);
    Ok(RawRequest { method, target, parts: TargetParts::of(target), version, headers, body, notes })
}

/// The head that the gate refused for `reason`, of which `bytes` are the first: what it meant, for the record alone. None if that
/// is anybody's guess, because its lines can be cut differently.
///
/// # Limits
///
/// Linear in `bytes`.
#[must_use]
pub fn refused(bytes: &[u8], reason: Malformed) -> Option<RawRequest<'_>> {
    let head_end = memchr::memmem::find(bytes, b"\r\n\r\n").map_or(bytes.len(), |at| at + 2);
    let head = &bytes[..head_end];
    let ends_lines = |at: usize| head[at] == b'\r' && head.get(at + 1).is_none_or(|next| *next == b'\n');
    let is_line_end = |at: usize| ends_lines(at) || (head[at] == b'\n' && at > 0 && head[at - 1] == b'\r');
    let lines_are_whole = memchr::memchr3_iter(b'\r', b'\n', 0, head).all(is_line_end);
    if !reason.is_of_meaning() || !lines_are_whole {
        return None;
    }
    let mut lines = Lines { rest: head };
    let (method, target, version) = cut_request_line(lines.by_ref().find(|line| !line.is_empty())?)?;
    let headers = read_headers(&mut lines);
    Some(RawRequest {
        method,
        target,
        parts: TargetParts::of(target),
        version,
        headers,
        body: Cow::Borrowed(b""),
        notes: vec![Note::Refused(reason)],
    })
}

/// Lines ending in LF, without it and without one CR before it.
struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', self.rest);
        let line = &self.rest[..end.unwrap_or(self.rest.len())];
        self.rest = end.map_or(&[], |end| &self.rest[end + 1..]);
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

fn cut_request_line(line: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let line = trim(line);
    let (method, rest) = line.split_at(line.iter().position(|octet| is_blank(*octet))?);
    let rest = trim(rest);
    let last_word = rest.iter().rposition(|octet| is_blank(*octet)).map_or(0, |blank| blank + 1);
    let (target, version) = match rest.split_at(last_word) {
        (target, version) if looks_like_version(version) => (trim(target), version),
        _ => (rest, &rest[rest.len()..]),
    };
    (!target.is_empty()).then_some((method, target, version))
}

fn looks_like_version(word: &[u8]) -> bool {
    word.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"HTTP/"))
        && word.get(5).is_some_and(u8::is_ascii_digit)
}

fn read_headers<'a>(lines: &mut Lines<'a>) -> Vec<RawHeader<'a>> {
    let mut headers: Vec<RawHeader<'a>> = Vec::new();
    for line in lines {
        if line.is_empty() {
            break;
        }
        if is_blank(line[0])
            && let Some(folded) = headers.last_mut()
        {
            let value = folded.value.to_mut();
            value.push(b' ');
            value.extend_from_slice(trim(line));
            continue;
        }
        let (name, value) = match memchr::memchr(b':', line) {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &line[line.len()..]),
        };
        headers.push(RawHeader { name: trim(name), value: Cow::Borrowed(trim(value)) });
    }
    headers
}

fn read_body<'a>(headers: &[RawHeader<'a>], after_head: &'a [u8], notes: &mut Vec<Note>) -> Cow<'a, [u8]> {
    let is_chunked = headers.iter().any(|header| {
        let mut codings = header.value.rsplit(|octet| *octet == b',');
        header.name.eq_ignore_ascii_case(b"transfer-encoding")
            && codings.next().is_some_and(|coding| trim(coding).eq_ignore_ascii_case(b"chunked"))
    });
    if !is_chunked {
        return Cow::Borrowed(after_head);
    }
    match join_chunks(after_head) {
        Some(body) => Cow::Owned(body),
        None => {
            notes.push(Note::ChunksUnread);
            Cow::Borrowed(after_head)
        }
    }
}

/// The content of a complete chunked body at the start of `bytes`.
fn join_chunks(bytes: &[u8]) -> Option<Vec<u8>> {
    let limits = Limits {
        headers_max: usize::MAX,
        chunk_line_bytes_max: usize::MAX,
        chunk_extension_bytes_max: usize::MAX,
        trailer_bytes_max: usize::MAX,
        ..Limits::default()
    };
    let mut chunked = Chunked::default();
    let mut rest = bytes;
    let mut content = Vec::new();
    while !rest.is_empty() {
        let piece = chunked.advance(rest, &limits).ok()?;
        let (run, after) = rest.split_at(piece.bytes);
        match piece.kind {
            PieceKind::Framing => {}
            PieceKind::Content => content.extend_from_slice(run),
            PieceKind::End => return Some(content),
        }
        rest = after;
    }
    None
}

/// What the gate would say of `bytes` as the first request on a connection.
fn notes_of_the_gate(bytes: &[u8], limits: Limits) -> Vec<Note> {
    match length_to_the_gate(bytes, limits) {
        Ok(length) if length == bytes.len() => Vec::new(),
        Ok(length) => vec![Note::More { bytes: bytes.len() - length }],
        Err(note) => vec![note],
    }
}

/// How many of `bytes` the gate takes for the first request.
fn length_to_the_gate(bytes: &[u8], limits: Limits) -> Result<usize, Note> {
    let mut framer = Framer::new(limits);
    let mut length = 0;
    loop {
        let (taken, ends) = match framer.step(&bytes[length..]).map_err(Note::Refused)? {
            Step::Drop { bytes } => (bytes, false),
            Step::Head { bytes } => (bytes, !framer.is_in_body()),
            Step::Body { bytes, ends } => (bytes, ends),
            Step::More if framer.is_in_head() => return Err(Note::HeadIncomplete),
            Step::More => return Err(Note::BodyIncomplete),
            Step::AwaitUpgrade | Step::Closed | Step::Tunnel { .. } => (0, true),
        };
        length += taken;
        if ends {
            return Ok(length);
        }
    }
}

fn trim(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|octet| !is_blank(*octet)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|octet| !is_blank(*octet)).map_or(start, |last| last + 1);
    &bytes[start..end]
}

fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the gate refuses `bytes` for, and the head it can still be told to have been.
    fn refusal(bytes: &str) -> (Malformed, Option<RawRequest<'_>>) {
        let mut framer = Framer::new(Limits::default());
        let reason = framer.step(bytes.as_bytes()).unwrap_err();
        (reason, refused(bytes.as_bytes(), reason))
    }

    #[test]
    fn a_refused_head_is_told_where_its_lines_are_plain() {
        let (reason, head) = refusal("GET /a?b=<c> HTTP/1.1\r\nHost: h\r\nX: y z\r\n\r\nbody");
        assert_eq!(reason, Malformed::TargetOctet { byte: b'<' });
        let head = head.unwrap();
        assert_eq!((head.method, head.parts.query, head.version), (&b"GET"[..], Some(&b"b=<c>"[..]), &b"HTTP/1.1"[..]));
        let fields: Vec<_> = head.headers.iter().map(|field| (field.name, &*field.value)).collect();
        assert_eq!(fields, [(&b"Host"[..], &b"h"[..]), (&b"X"[..], &b"y z"[..])]);
        assert!(head.body.is_empty());
        let (_, head) = refusal("GET / HTTP/4.0\r\nHost: h\r\n\r\n");
        assert_eq!(head.unwrap().version, b"HTTP/4.0");
    }

    #[test]
    fn a_refused_head_is_not_guessed_at() {
        for bytes in [
            "GET /< HTTP/1.1\r\nHost: h\rX: y\r\n\r\n",
            "GET /< HTTP/1.1\r\nHost: h\nX: y\r\n\r\n",
            "GET /< HTTP/1.1\r\nHost: \0h\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
            "\tGET / HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(refusal(bytes).1, None, "{bytes:?}");
        }
    }
}
