//! `UTF8_TO_UNICODE`: each UTF-8 sequence of two bytes or more to `%uHHHH`, lowercase, with five or six digits for
//! characters beyond U+FFFF. ASCII and bytes that are not UTF-8 stay.
//!
//! # Limits
//! The output is at most three times the input (two bytes become six).
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", UTF8 to Unicode; ModSecurity Reference Manual,
//! `utf8toUnicode`.

use super::Growth;

pub(super) const GROWTH: Growth = Growth::Times(3);

pub(super) fn touches(input: &[u8]) -> bool {
    !input.is_ascii()
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    out.reserve(input.len());
    for chunk in input.utf8_chunks() {
        for character in chunk.valid().chars() {
            match u8::try_from(character) {
                Ok(byte) if byte.is_ascii() => out.push(byte),
                _ => put_escape(character.into(), out),
            }
        }
        out.extend_from_slice(chunk.invalid());
    }
}

/// Appends `%uHHHH`, with as many digits as it takes but four at least.
pub(super) fn put_escape(code_point: u32, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let significant = (u32::BITS - code_point.leading_zeros()).div_ceil(4).max(4);
    out.extend_from_slice(b"%u");
    for place in (0..significant).rev() {
        out.push(DIGITS[(code_point >> (place * 4) & 0xf) as usize]);
    }
}
