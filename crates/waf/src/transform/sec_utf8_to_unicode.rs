//! `utf8toUnicode`: each UTF-8 sequence of two bytes or more to `%uHHHH`, as libmodsecurity has it. Unlike `UTF8_TO_UNICODE` it
//! undoes what hides characters: overlong forms and surrogates are decoded too (their first byte stays behind them), NUL
//! and the first byte of a broken sequence vanish. Bytes that begin no sequence stay.
//!
//! # Limits
//! The output is at most three and a half times the input (an overlong form of two bytes becomes seven).
//!
//! Source: ModSecurity Reference Manual, `utf8toUnicode`; the behaviour of libmodsecurity 3.0.9.

use super::utf8_to_unicode::put_escape;
use super::{Growth, scan};

pub(super) const GROWTH: Growth = Growth::Times(4);

pub(super) fn touches(input: &[u8]) -> bool {
    scan::any(input, |byte| byte == 0 || byte >= 0x80)
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    out.reserve(input.len());
    let mut rest = input;
    while let Some(&first) = rest.first() {
        let length = match first {
            0x01..=0x7f => {
                let ascii = rest.iter().position(|byte| !matches!(byte, 0x01..=0x7f)).unwrap_or(rest.len());
                out.extend_from_slice(&rest[..ascii]);
                rest = &rest[ascii..];
                continue;
            }
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            0 | 0x80..=0xbf | 0xf8..=0xff => 1,
        };
        let is_whole = rest.get(1..length).is_some_and(|tail| tail.iter().all(|byte| byte & 0xc0 == 0x80));
        // Beyond U+13FFFF the first byte stays in any case.
        if length == 1 && first != 0 || first >= 0xf5 {
            out.push(first);
        }
        if length > 1 && is_whole {
            let code_point = decode(&rest[..length]);
            put_escape(code_point, out);
            if is_overlong(code_point, length) || matches!(code_point, 0xd800..=0xdfff) {
                out.push(first);
            }
        }
        rest = &rest[if is_whole { length } else { 1 }..];
    }
}

/// The number in a sequence, whether it is a character or not.
fn decode(sequence: &[u8]) -> u32 {
    let (first, tail) = sequence.split_first().expect("a sequence has two bytes at least");
    let bits = u32::from(first & (0x7f >> sequence.len()));
    tail.iter().fold(bits, |value, byte| value << 6 | u32::from(byte & 0x3f))
}

fn is_overlong(code_point: u32, length: usize) -> bool {
    match length {
        2 => code_point < 0x80,
        3 => code_point < 0x800,
        _ => code_point < 0x1_0000,
    }
}
