//! JSON: its strings unescaped, its scalars, and whatever stands where neither should.
//!
//! A scanner, not a parser: it follows no nesting, so depth costs nothing, and it finds the strings of text that is cut
//! off or only nearly JSON. Source of the token grammar: RFC 8259.

use memchr::memchr2;

use super::{Placed, Visitor, is_identifier};

pub(super) fn visit(bytes: &[u8], visitor: &mut Visitor<'_>) -> Placed {
    let mut placed = Placed::All;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'}' | b'[' | b']' | b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' => {
                at += 1;
                continue;
            }
            b'"' => {
                let start = at + 1;
                let (end, escaped, closed) = string_end(bytes, start);
                at = if closed { end + 1 } else { end };
                if !closed {
                    placed = Placed::NotAll;
                }
                let text = &bytes[start..end];
                let is_key = bytes[at..].trim_ascii_start().first() == Some(&b':');
                if is_key && is_identifier(text) {
                    continue;
                }
                if escaped {
                    visitor.decoded(|out| unescape(text, out));
                } else {
                    visitor.raw(text);
                }
            }
            _ => {
                let length = bytes[at..].iter().position(|byte| b"{}[],:\"".contains(byte));
                let token = bytes[at..at + length.unwrap_or(bytes.len() - at)].trim_ascii_end();
                at += token.len().max(1);
                if is_scalar(token) {
                    continue;
                }
                placed = Placed::NotAll;
                visitor.raw(token);
            }
        }
    }
    placed
}

/// Where the string that starts at `start` ends, whether it holds escapes, and whether a quote closes it.
fn string_end(bytes: &[u8], start: usize) -> (usize, bool, bool) {
    let mut at = start;
    let mut escaped = false;
    while let Some(found) = memchr2(b'"', b'\\', &bytes[at..]) {
        at += found;
        if bytes[at] == b'"' {
            return (at, escaped, true);
        }
        escaped = true;
        at = (at + 2).min(bytes.len());
    }
    (bytes.len(), escaped, false)
}

/// Numbers and literals: no attack fits in one.
fn is_scalar(token: &[u8]) -> bool {
    matches!(token, b"true" | b"false" | b"null")
        || token.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'))
}

/// Appends a string's text with its escapes resolved; invalid ones stay as they are.
fn unescape(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let (b'\\', Some((&escape, after_escape))) = (byte, after.split_first()) else {
            out.push(byte);
            continue;
        };
        let plain = match escape {
            b'"' | b'\\' | b'/' => escape,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                if let Some((character, length)) = unicode_escape(after) {
                    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                    rest = &after[length..];
                } else {
                    out.push(b'\\');
                }
                continue;
            }
            _ => {
                out.push(b'\\');
                continue;
            }
        };
        out.push(plain);
        rest = after_escape;
    }
}

/// The character of `uXXXX` (or a surrogate pair) and the length of that text.
fn unicode_escape(text: &[u8]) -> Option<(char, usize)> {
    let unit = |text: &[u8]| -> Option<u32> {
        let digits = text.strip_prefix(b"u")?.get(..4)?;
        digits.iter().try_fold(0, |value, &digit| Some(value << 4 | char::from(digit).to_digit(16)?))
    };
    let first = unit(text)?;
    if let Some(character) = char::from_u32(first) {
        return Some((character, 5));
    }
    let pair = text[5..].strip_prefix(b"\\").and_then(unit).filter(|low| (0xdc00..0xe000).contains(low));
    match pair {
        Some(low) if (0xd800..0xdc00).contains(&first) => {
            let code = 0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00);
            Some((char::from_u32(code)?, 11))
        }
        _ => Some((char::REPLACEMENT_CHARACTER, 5)),
    }
}
