//! `multipart/…`: fields' values, names and file names. Contents of files are not visited: they are data, not input to a
//! query or a page, and rules that must see them look at the whole body.
//!
//! Source: RFC 2046 section 5.1, RFC 7578.

use memchr::memmem;

use super::{Placed, Visitor, is_identifier};

/// A boundary may be this long. Source: RFC 2046 section 5.1.1.
const BOUNDARY_BYTES_MAX: usize = 70;

/// The boundary that a Content-Type names, if it is usable.
pub(super) fn boundary(content_type: &[u8]) -> Option<&[u8]> {
    let value = parameter(content_type, b"boundary")?;
    (!value.is_empty() && value.len() <= BOUNDARY_BYTES_MAX).then_some(value)
}

pub(super) fn visit(bytes: &[u8], boundary: &[u8], visitor: &mut Visitor<'_>) -> Placed {
    let mut delimiter = [0_u8; BOUNDARY_BYTES_MAX + 2];
    delimiter[..2].copy_from_slice(b"--");
    delimiter[2..2 + boundary.len()].copy_from_slice(boundary);
    let finder = memmem::Finder::new(&delimiter[..2 + boundary.len()]);
    let mut placed = Placed::All;
    let Some(first) = finder.find(bytes) else { return Placed::NotAll };
    if !bytes[..first].trim_ascii().is_empty() {
        placed = Placed::NotAll;
    }
    let mut rest = &bytes[first + boundary.len() + 2..];
    loop {
        if let Some(epilogue) = rest.strip_prefix(b"--") {
            return if epilogue.trim_ascii().is_empty() { placed } else { Placed::NotAll };
        }
        let end = finder.find(rest);
        let part = &rest[..end.unwrap_or(rest.len())];
        if !visit_part(part, visitor) {
            return Placed::NotAll;
        }
        match end {
            Some(end) => rest = &rest[end + boundary.len() + 2..],
            None => return Placed::NotAll,
        }
    }
}

/// Visits one part: its text between two delimiter lines. False when no more values are taken.
fn visit_part(part: &[u8], visitor: &mut Visitor<'_>) -> bool {
    let (head, content) = match memmem::find(part, b"\r\n\r\n") {
        Some(end) => (&part[..end], &part[end + 4..]),
        None => match memmem::find(part, b"\n\n") {
            Some(end) => (&part[..end], &part[end + 2..]),
            None => (part, &part[part.len()..]),
        },
    };
    let disposition = head
        .split(|&byte| byte == b'\n')
        .filter_map(|line| {
            let colon = memchr::memchr(b':', line)?;
            line[..colon].trim_ascii().eq_ignore_ascii_case(b"content-disposition").then(|| &line[colon + 1..])
        })
        .next()
        .unwrap_or_default();
    let name = parameter(disposition, b"name").unwrap_or_default();
    let file_name = parameter(disposition, b"filename").or_else(|| parameter(disposition, b"filename*"));
    if !is_identifier(name) && !visitor.raw(name) {
        return false;
    }
    match file_name {
        Some(file_name) => visitor.raw(file_name),
        None => visitor.raw(content.strip_suffix(b"\r\n").unwrap_or(content)),
    }
}

/// The value of a parameter `; name=value` or `; name="value"`, quotes removed.
fn parameter<'a>(field: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut rest = &field[memchr::memchr(b';', field)? + 1..];
    loop {
        rest = rest.trim_ascii_start();
        let equals = memchr::memchr2(b'=', b';', rest)?;
        let key = rest[..equals].trim_ascii();
        if rest[equals] == b';' {
            rest = &rest[equals + 1..];
            continue;
        }
        let after = rest[equals + 1..].trim_ascii_start();
        let (value, next) = match after.strip_prefix(b"\"") {
            Some(quoted) => {
                let close = memchr::memchr(b'"', quoted).unwrap_or(quoted.len());
                (&quoted[..close], quoted.get(close + 1..).unwrap_or_default())
            }
            None => {
                let end = memchr::memchr(b';', after).unwrap_or(after.len());
                (after[..end].trim_ascii_end(), &after[end..])
            }
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = &next[memchr::memchr(b';', next)? + 1..];
    }
}
