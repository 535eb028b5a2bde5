//! `CSS_DECODE`: escapes of CSS 2 to characters. A backslash and one to six hexadecimal digits give one byte, the low one
//! (full-width ASCII, FF01 to FF5E, its plain form), together with one white space that ends them. A backslash before a
//! newline vanishes with it, one before any other byte vanishes alone (`ja\vascript`), one at the end too.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", CSS decode; ModSecurity Reference Manual, `cssDecode`;
//! CSS 2.1, section 4.1.3.

use super::Growth;
use super::digits::{hex, hex_run};
use super::full_width::narrow;
use super::span::{put, rewrite};
use super::white_space::is_space;

pub(super) const GROWTH: Growth = Growth::None;

/// Hexadecimal digits an escape can have.
const DIGITS_MAX: usize = 6;

pub(super) fn touches(input: &[u8]) -> bool {
    memchr::memchr(b'\\', input).is_some()
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    decode(input, out, |code_point, out| {
        let [_, _, _, low] = code_point.to_be_bytes();
        out.push(u16::try_from(code_point).map_or(low, narrow));
    });
}

/// Decodes escapes; `put_character` appends what a code point stands for.
pub(super) fn decode(input: &[u8], out: &mut Vec<u8>, put_character: impl Fn(u32, &mut Vec<u8>)) {
    rewrite(
        input,
        out,
        |rest| memchr::memchr(b'\\', rest),
        |text, out| match text {
            [_] => 1,
            [_, b'\n', ..] => 2,
            [_, after, ..] => match hex_run(&text[1..], DIGITS_MAX) {
                0 => put(out, *after, 2),
                digits => {
                    let end = 1 + digits;
                    let ended_by_space = text.get(end).is_some_and(|&byte| is_space(byte));
                    put_character(code_point(&text[1..end]), out);
                    end + usize::from(ended_by_space)
                }
            },
            [] => 1,
        },
    );
}

/// What one to six hexadecimal digits number.
fn code_point(digits: &[u8]) -> u32 {
    digits.iter().filter_map(|&digit| hex(digit)).fold(0, |value, digit| value << 4 | u32::from(digit))
}
