//! Text of XML: encodings, characters, references, line ends.
//!
//! Source: XML 1.0, sections 2.2, 2.11, 3.3.3, 4.1 and 4.3.3.

use memchr::{memchr, memchr2};

use super::XmlError;

/// What becomes of white space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// Line ends become line feeds.
    Kept,
    /// Each tab and line end becomes a space, as in attributes.
    Replaced,
}

/// Encodings, besides UTF-8, in which markup is made of the same bytes as in ASCII. Their text is left as it is.
const OTHER_ENCODINGS: [&str; 8] =
    ["iso-8859-", "windows-125", "shift_jis", "euc-jp", "euc-kr", "gb2312", "gbk", "big5"];

/// Whether an encoding is UTF-8 rather than one that is left as it is.
pub(super) fn is_utf8(name: &[u8]) -> Result<bool, XmlError> {
    let name = name.to_ascii_lowercase();
    match name.as_slice() {
        b"utf-8" | b"utf8" | b"us-ascii" | b"ascii" => Ok(true),
        _ if OTHER_ENCODINGS.iter().any(|other| name.starts_with(other.as_bytes())) => Ok(false),
        _ => Err(XmlError::Encoding),
    }
}

/// How much of a document has characters that are allowed.
pub(super) fn allowed_length(bytes: &[u8], is_utf8: bool) -> usize {
    let text = match std::str::from_utf8(bytes) {
        Err(error) if is_utf8 => &bytes[..error.valid_up_to()],
        _ => bytes,
    };
    // Most documents have no control characters, which this finds out many bytes at a time.
    if !text.iter().fold(false, |seen, &byte| seen | is_control(byte)) {
        return text.len();
    }
    text.iter().position(|&byte| is_control(byte)).unwrap_or(text.len())
}

const fn is_control(byte: u8) -> bool {
    byte < 0x20 && byte != b'\t' && byte != b'\n' && byte != b'\r'
}

/// Appends text with its references resolved, up to the first that cannot be.
pub(super) fn append(text: &[u8], space: Space, out: &mut Vec<u8>) -> Result<(), XmlError> {
    let mut rest = text;
    while let Some(at) = memchr(b'&', rest) {
        append_space(&rest[..at], space, out);
        rest = &rest[at + 1..];
        // The longest valid one is `&#x10FFFF;`, but zeros may stand in front.
        let length =
            rest.iter().take_while(|&&byte| byte.is_ascii_alphanumeric() || b"#_:-.".contains(&byte) || byte >= 0x80);
        let length = length.count();
        if rest.get(length) != Some(&b';') || length == 0 {
            return Err(XmlError::Reference);
        }
        let character = character(&rest[..length])?;
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        rest = &rest[length + 1..];
    }
    append_space(rest, space, out);
    Ok(())
}

/// Appends text in which there are no references.
pub(super) fn append_lines(text: &[u8], out: &mut Vec<u8>) {
    append_space(text, Space::Kept, out);
}

fn append_space(text: &[u8], space: Space, out: &mut Vec<u8>) {
    let mut rest = text;
    match space {
        Space::Kept => {
            while let Some(at) = memchr(b'\r', rest) {
                out.extend_from_slice(&rest[..at]);
                out.push(b'\n');
                rest = &rest[at + 1..];
                rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            }
            out.extend_from_slice(rest);
        }
        Space::Replaced => {
            let start = out.len();
            while let Some(at) = memchr2(b'\r', b'\n', rest) {
                out.extend_from_slice(&rest[..at]);
                out.push(b' ');
                let is_pair = rest[at..].starts_with(b"\r\n");
                rest = &rest[at + 1 + usize::from(is_pair)..];
            }
            out.extend_from_slice(rest);
            out[start..].iter_mut().filter(|byte| **byte == b'\t').for_each(|byte| *byte = b' ');
        }
    }
}

/// The character that a reference without `&` and `;` stands for.
fn character(reference: &[u8]) -> Result<char, XmlError> {
    let number = match reference {
        b"amp" => return Ok('&'),
        b"lt" => return Ok('<'),
        b"gt" => return Ok('>'),
        b"quot" => return Ok('"'),
        b"apos" => return Ok('\''),
        [b'#', b'x', digits @ ..] => number(digits, 16),
        [b'#', digits @ ..] => number(digits, 10),
        _ => return Err(XmlError::Entity),
    };
    number.and_then(char::from_u32).filter(|&character| is_allowed(character)).ok_or(XmlError::Reference)
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits
        .iter()
        .try_fold(0_u32, |number, &digit| number.checked_mul(radix)?.checked_add(char::from(digit).to_digit(radix)?))
}

fn is_allowed(character: char) -> bool {
    !matches!(character, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}
