//! Percent-decoding of the request target and of forms.
//!
//! Source: WHATWG URL Standard, section 5.1; what is no valid encoding stays as it is, as with ModSecurity.

use memchr::{memchr, memchr2};

/// What else stands for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::transaction) enum Plus {
    /// `+` is a space.
    Space,
    /// `+` is itself.
    Itself,
}

/// Texts up to this length, in bytes, are quicker gone through byte by byte than searched.
const SHORT_BYTES: usize = 32;

/// Whether there is anything to decode.
pub(in crate::transaction) fn touches(text: &[u8], plus: Plus) -> bool {
    place(text, plus).is_some()
}

/// Appends `text` decoded. Returns whether all encoding in it is valid.
pub(in crate::transaction) fn decode(text: &[u8], plus: Plus, out: &mut Vec<u8>) -> bool {
    out.reserve(text.len());
    let mut is_valid = true;
    let mut rest = text;
    while let Some(at) = place(rest, plus) {
        out.extend_from_slice(&rest[..at]);
        let taken = match rest[at..] {
            [b'+', ..] => {
                out.push(b' ');
                1
            }
            [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(digit(high) << 4 | digit(low));
                3
            }
            _ => {
                is_valid = false;
                out.push(b'%');
                1
            }
        };
        rest = &rest[at + taken..];
    }
    out.extend_from_slice(rest);
    is_valid
}

/// Where the first is that stands for something else.
fn place(text: &[u8], plus: Plus) -> Option<usize> {
    let is_place = |&byte: &u8| byte == b'%' || (byte == b'+' && plus == Plus::Space);
    let near = &text[..text.len().min(SHORT_BYTES)];
    if let Some(at) = near.iter().position(is_place) {
        return Some(at);
    }
    let far = &text[near.len()..];
    let found = match plus {
        _ if far.is_empty() => None,
        Plus::Space => memchr2(b'%', b'+', far),
        Plus::Itself => memchr(b'%', far),
    };
    found.map(|at| near.len() + at)
}

/// The value of a hexadecimal digit.
const fn digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_encoding_stays_and_is_told_of() {
        let check = |text: &str, plus, expect: &[u8], valid| {
            let mut out = b"x".to_vec();
            assert_eq!(decode(text.as_bytes(), plus, &mut out), valid, "{text}");
            assert_eq!(&out[1..], expect, "{text}");
        };
        check("", Plus::Space, b"", true);
        check("a+b%41%zz%4", Plus::Space, b"a bA%zz%4", false);
        check("a+b%2B%00", Plus::Itself, b"a+b+\0", true);
        check("%%41", Plus::Space, b"%A", false);
        check("%fF", Plus::Space, b"\xff", true);
    }
}
