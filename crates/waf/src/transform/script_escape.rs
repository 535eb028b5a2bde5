//! Escapes of JavaScript strings: behind `JS_DECODE` and `JS_DECODE_EXT`.

use super::digits::{hex_byte, hex_unit, octal_byte, octal_run};
use super::full_width::narrow;
use super::span::{put, rewrite};

/// The control character that C and JavaScript write as a backslash and `letter`.
pub(super) fn control(letter: u8) -> Option<u8> {
    match letter {
        b'a' => Some(0x07),
        b'b' => Some(0x08),
        b't' => Some(b'\t'),
        b'n' => Some(b'\n'),
        b'v' => Some(0x0b),
        b'f' => Some(0x0c),
        b'r' => Some(b'\r'),
        _ => None,
    }
}

/// Whether there is anything to decode.
pub(super) fn touches(input: &[u8]) -> bool {
    memchr::memchr(b'\\', input).is_some()
}

/// Decodes `\uHHHH`, `\xHH` and octal escapes to one byte each, and other escapes as `single` says: it gets the byte
/// after the backslash and returns what the two stand for, or nothing where they stay.
pub(super) fn decode(input: &[u8], out: &mut Vec<u8>, single: impl Fn(u8) -> Option<u8>) {
    rewrite(
        input,
        out,
        |rest| memchr::memchr(b'\\', rest),
        |text, out| {
            let Some(&after) = text.get(1) else { return put(out, b'\\', 1) };
            if let Some((byte, taken)) = numeric(text) {
                return put(out, byte, taken);
            }
            if let Some(byte) = single(after) {
                return put(out, byte, 2);
            }
            out.extend_from_slice(&text[..2]);
            2
        },
    );
}

/// The byte that the numeric escape at the start of `text` stands for, and the escape's length.
fn numeric(text: &[u8]) -> Option<(u8, usize)> {
    match *text.get(1)? {
        b'u' => hex_unit(&text[2..]).map(|unit| (narrow(unit), 6)),
        b'x' => hex_byte(&text[2..]).map(|byte| (byte, 4)),
        // `\377` is the largest: three digits only where the value fits a byte.
        first @ b'0'..=b'7' => {
            let digits = octal_run(&text[1..], if first <= b'3' { 3 } else { 2 });
            Some((octal_byte(&text[1..1 + digits]), 1 + digits))
        }
        _ => None,
    }
}
