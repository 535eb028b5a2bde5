//! Percent-decoding, plain or with Microsoft's `%uHHHH`: behind `URL_DECODE` and `URL_DECODE_UNI`.

use super::digits::{hex_byte, hex_unit};
use super::full_width::narrow;
use super::span::{put, rewrite};

/// Whether there is anything to decode.
pub(super) fn touches(input: &[u8]) -> bool {
    memchr::memchr2(b'%', b'+', input).is_some()
}

/// Decodes `%HH` to its byte and `+` to a space; what is no valid encoding stays.
pub(super) fn decode(input: &[u8], out: &mut Vec<u8>) {
    rewrite(input, out, |rest| memchr::memchr2(b'%', b'+', rest), plain);
}

/// Decodes the same and `%uHHHH` or `%UHHHH`, to the byte that `narrow` gives for the code unit.
pub(super) fn decode_unicode(input: &[u8], out: &mut Vec<u8>, narrow_unit: impl Fn(u16) -> u8) {
    rewrite(
        input,
        out,
        |rest| memchr::memchr2(b'%', b'+', rest),
        |text, out| match text {
            [b'%', b'u' | b'U', digits @ ..] => match hex_unit(digits) {
                Some(unit) => put(out, narrow_unit(unit), 6),
                None => put(out, b'%', 1),
            },
            _ => plain(text, out),
        },
    );
}

/// [`decode_unicode`] as AWS defines it: full-width ASCII narrowed, otherwise the low byte.
pub(super) fn decode_unicode_narrow(input: &[u8], out: &mut Vec<u8>) {
    decode_unicode(input, out, narrow);
}

fn plain(text: &[u8], out: &mut Vec<u8>) -> usize {
    if text[0] == b'+' {
        return put(out, b' ', 1);
    }
    match hex_byte(&text[1..]) {
        Some(byte) => put(out, byte, 3),
        None => put(out, b'%', 1),
    }
}
