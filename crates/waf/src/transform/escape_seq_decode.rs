//! `ESCAPE_SEQ_DECODE`: escapes of ANSI C to characters: `\a \b \f \n \r \t \v \\ \? \' \"`, `\xHH` with exactly two
//! digits, and one to three octal digits, of whose value the low byte counts. Other escapes stay as they are, backslash
//! included, as the AWS guide says; ModSecurity drops their backslash.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", Escape sequence decode; ModSecurity Reference Manual,
//! `escapeSeqDecode`; ISO C, section 6.4.4.4.

use super::Growth;
use super::digits::{hex_byte, octal_byte, octal_run};
use super::script_escape::control;
use super::span::{put, rewrite};

pub(super) const GROWTH: Growth = Growth::None;

pub(super) fn touches(input: &[u8]) -> bool {
    memchr::memchr(b'\\', input).is_some()
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    rewrite(
        input,
        out,
        |rest| memchr::memchr(b'\\', rest),
        |text, out| match escape(text) {
            Some((byte, taken)) => put(out, byte, taken),
            None => put(out, b'\\', 1),
        },
    );
}

/// The byte that the escape at the start of `text` stands for, and the escape's length.
pub(super) fn escape(text: &[u8]) -> Option<(u8, usize)> {
    match *text.get(1)? {
        byte @ (b'\\' | b'?' | b'\'' | b'"') => Some((byte, 2)),
        b'x' | b'X' => hex_byte(&text[2..]).map(|byte| (byte, 4)),
        b'0'..=b'7' => {
            let digits = octal_run(&text[1..], 3);
            Some((octal_byte(&text[1..1 + digits]), 1 + digits))
        }
        letter => control(letter).map(|byte| (byte, 2)),
    }
}
