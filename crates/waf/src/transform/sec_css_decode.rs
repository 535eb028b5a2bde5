//! `cssDecode`: escapes of CSS 2 to characters, as SecLang has it: like `CSS_DECODE`, but what lies beyond ASCII becomes
//! UTF-8 and what is no character U+FFFD, as in a browser. Full-width ASCII (FF01 to FF5E) becomes its plain form.
//!
//! Coraza and libmodsecurity differ: the latter keeps the low byte of an escape, and ends the value at its first NUL.
//!
//! # Limits
//! The output is no longer than the input: no escape is shorter than the UTF-8 of what it stands for.
//!
//! Source: ModSecurity Reference Manual, `cssDecode`; Coraza's vectors; CSS 2.1, section 4.1.3.

use super::css_decode::decode;
use super::full_width::narrow;
use super::{Growth, css_decode};

pub(super) const GROWTH: Growth = Growth::None;

pub(super) use css_decode::touches;

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    decode(input, out, |code_point, out| {
        let character = match u16::try_from(code_point) {
            Ok(unit @ 0xff01..=0xff5e) => char::from(narrow(unit)),
            _ => char::from_u32(code_point).unwrap_or(char::REPLACEMENT_CHARACTER),
        };
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    });
}
