//! The text of JSON strings: their escapes resolved, and how far they are what RFC 8259 allows.
//!
//! Source: RFC 8259, section 7.

/// How much of a string's text is allowed: UTF-8 without raw control characters, escapes only those of JSON.
pub(crate) fn valid_length(text: &[u8]) -> usize {
    // Most strings are plain ASCII, which this finds out many bytes at a time.
    if !text.iter().fold(false, |other, &byte| other | !(0x20..0x80).contains(&byte) | (byte == b'\\')) {
        return text.len();
    }
    let utf8 = match std::str::from_utf8(text) {
        Ok(_) => text.len(),
        Err(error) => error.valid_up_to(),
    };
    let text = &text[..utf8];
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let length = match (byte, text.get(at + 1)) {
            (0..0x20, _) => return at,
            (b'\\', Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')) => 2,
            (b'\\', Some(b'u')) if unit(&text[at + 1..]).is_some() => 6,
            (b'\\', _) => return at,
            _ => 1,
        };
        at += length;
    }
    at
}

/// Appends a string's text with its escapes resolved; invalid ones stay as they are, half a surrogate pair becomes U+FFFD.
pub(crate) fn unescape(text: &[u8], out: &mut Vec<u8>) {
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

/// The code unit of `uXXXX`.
fn unit(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"u")?.get(..4)?;
    digits.iter().try_fold(0, |value, &digit| Some(value << 4 | char::from(digit).to_digit(16)?))
}

/// The character of `uXXXX` (or a surrogate pair) and the length of that text.
fn unicode_escape(text: &[u8]) -> Option<(char, usize)> {
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
