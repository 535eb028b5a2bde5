//! `multipart/…`: fields' values, names and file names. Contents of files are not visited: they are data, not input to a
//! query or a page, and rules that must see them look at the whole body.
//!
//! Servers differ in how they read anything but the plainest multipart body, and an attacker picks the reading that hides
//! most. So whatever two servers could read differently makes the body be seen whole as well.
//!
//! Source: RFC 2046 section 5.1, RFC 7578.

use memchr::{memchr, memmem};

use super::{Placed, Visitor, is_identifier};

/// A boundary may be this long. Source: RFC 2046 section 5.1.1.
const BOUNDARY_BYTES_MAX: usize = 70;

/// The boundary that a Content-Type names, if it is usable: there is one, it is plain, and there is no other.
pub(super) fn boundary(content_type: &[u8]) -> Option<&[u8]> {
    let parameters = Parameters::of(content_type);
    let value = parameters.take(b"boundary")?;
    let usable = !value.is_empty() && value.len() <= BOUNDARY_BYTES_MAX && !parameters.is_ambiguous();
    usable.then_some(value)
}

pub(super) fn visit(bytes: &[u8], boundary: &[u8], visitor: &mut Visitor<'_>) -> Placed {
    let delimiters = Delimiters::new(boundary);
    let Some(first) = delimiters.find(bytes, 0) else { return Placed::NotAll };
    let mut placed = if bytes[..first.start].trim_ascii().is_empty() { Placed::All } else { Placed::NotAll };
    let mut open = first;
    loop {
        if open.closes {
            let is_rest_empty = bytes[open.end..].trim_ascii().is_empty();
            return if is_rest_empty { placed } else { Placed::NotAll };
        }
        let next = delimiters.find(bytes, open.end);
        let part = &bytes[open.end..next.as_ref().map_or(bytes.len(), |next| next.start)];
        if visit_part(part, visitor) == Placed::NotAll {
            placed = Placed::NotAll;
        }
        match next {
            Some(next) => open = next,
            None => return Placed::NotAll,
        }
    }
}

/// Finds delimiter lines: `--boundary` at the start of a line, with nothing behind it but `--` and white space.
struct Delimiters {
    finder: memmem::Finder<'static>,
    length: usize,
}

/// One delimiter line: from the line end before it to where the part begins.
struct Delimiter {
    start: usize,
    end: usize,
    closes: bool,
}

impl Delimiters {
    fn new(boundary: &[u8]) -> Self {
        let text = [b"--", boundary].concat();
        Self { length: text.len(), finder: memmem::Finder::new(&text).into_owned() }
    }

    fn find(&self, bytes: &[u8], from: usize) -> Option<Delimiter> {
        let mut at = from;
        loop {
            let found = at + self.finder.find(&bytes[at..])?;
            let after = found + self.length;
            at = found + 1;
            if found != 0 && bytes[found - 1] != b'\n' {
                continue;
            }
            let closes = bytes[after..].starts_with(b"--");
            let rest = &bytes[after + if closes { 2 } else { 0 }..];
            let line = memchr(b'\n', rest).unwrap_or(rest.len());
            if !rest[..line].trim_ascii().is_empty() {
                continue;
            }
            let before = &bytes[..found];
            let start = before.strip_suffix(b"\r\n").or(before.strip_suffix(b"\n")).map_or(found, <[u8]>::len);
            let end = bytes.len() - rest.len() + (line + 1).min(rest.len());
            return Some(Delimiter { start: start.max(from), end: end.max(from), closes });
        }
    }
}

/// Visits one part: its text between two delimiter lines.
fn visit_part(part: &[u8], visitor: &mut Visitor<'_>) -> Placed {
    let cut = |at: usize, length: usize| (&part[..at], &part[at + length..]);
    let split = memmem::find(part, b"\r\n\r\n").map(|at| cut(at, 4));
    let Some((head, content)) = split.or_else(|| memmem::find(part, b"\n\n").map(|at| cut(at, 2))) else {
        visitor.raw(part);
        return Placed::NotAll;
    };
    let mut placed = Placed::All;
    let mut disposition = None;
    for line in head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end).filter(|line| !line.is_empty()) {
        let (name, value) = match memchr(b':', line) {
            Some(colon) => (&line[..colon], line[colon + 1..].trim_ascii()),
            None => (line, &line[line.len()..]),
        };
        if name.eq_ignore_ascii_case(b"content-disposition") && disposition.is_none() {
            disposition = Some(value);
        } else if !is_plain_field(name, value) {
            placed = Placed::NotAll;
        }
    }
    let parameters = Parameters::of(disposition.unwrap_or_default());
    let name = parameters.take(b"name").unwrap_or_default();
    let file_name = parameters.take(b"filename");
    if disposition.is_none() || parameters.is_ambiguous() || file_name.is_some_and(<[u8]>::is_empty) {
        placed = Placed::NotAll;
    }
    if !is_identifier(name) {
        visitor.raw(name);
    }
    visitor.raw(match file_name {
        Some(file_name) if placed == Placed::All => file_name,
        _ => content,
    });
    placed
}

/// Whether a header of a part, other than its disposition, cannot change how the part is read and holds nothing to hide in.
fn is_plain_field(name: &[u8], value: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/.+-_=; ".contains(byte);
    if name.eq_ignore_ascii_case(b"content-transfer-encoding") {
        return [b"7bit".as_slice(), b"8bit", b"binary"].iter().any(|known| value.eq_ignore_ascii_case(known));
    }
    (name.eq_ignore_ascii_case(b"content-type") || name.eq_ignore_ascii_case(b"content-length"))
        && value.iter().all(plain)
}

/// The parameters `; name=value` and `; name="value"` of a field.
struct Parameters<'a> {
    all: Vec<(&'a [u8], &'a [u8])>,
    /// Whether servers could read them differently: escapes, extended or repeated names, text that is no parameter.
    odd: bool,
}

/// More parameters than this no honest field has.
const PARAMETERS_MAX: usize = 8;

impl<'a> Parameters<'a> {
    fn of(field: &'a [u8]) -> Self {
        let mut parameters = Self { all: Vec::new(), odd: field.contains(&b'\\') };
        let Some(mut at) = memchr(b';', field) else { return parameters };
        loop {
            let rest = field[at + 1..].trim_ascii_start();
            let offset = field.len() - rest.len();
            if rest.is_empty() {
                return parameters;
            }
            let Some(equals) = memchr(b'=', rest) else {
                parameters.odd = true;
                return parameters;
            };
            let key = rest[..equals].trim_ascii();
            let (value, end) = match rest[equals + 1..].strip_prefix(b"\"") {
                Some(quoted) => {
                    let close = memchr(b'"', quoted).unwrap_or_else(|| {
                        parameters.odd = true;
                        quoted.len()
                    });
                    (&quoted[..close], offset + equals + 2 + (close + 1).min(quoted.len()))
                }
                None => {
                    let plain = &rest[equals + 1..];
                    let close = memchr(b';', plain).unwrap_or(plain.len());
                    (plain[..close].trim_ascii(), offset + equals + 1 + close)
                }
            };
            let is_token = !key.is_empty() && key.iter().all(u8::is_ascii_alphanumeric);
            let is_known = parameters.all.iter().any(|(known, _)| known.eq_ignore_ascii_case(key));
            parameters.odd |= !is_token || is_known || parameters.all.len() == PARAMETERS_MAX;
            parameters.all.push((key, value));
            let gap = &field[end..];
            let next = memchr(b';', gap);
            parameters.odd |= !gap[..next.unwrap_or(gap.len())].trim_ascii().is_empty();
            match next {
                Some(next) if parameters.all.len() <= PARAMETERS_MAX => at = end + next,
                _ => return parameters,
            }
        }
    }

    fn take(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.all.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    fn is_ambiguous(&self) -> bool {
        self.odd
    }
}
