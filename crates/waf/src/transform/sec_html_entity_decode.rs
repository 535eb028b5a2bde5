//! `htmlEntityDecode`: character references of HTML to bytes, once, as ModSecurity has it: numeric ones to the low byte of
//! their number, and of named ones only `&quot; &amp; &lt; &gt; &nbsp;`, in any case. The semicolon may be missing.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: ModSecurity Reference Manual, `htmlEntityDecode`.

use super::Growth;
use super::digits::hex;
use super::html_entity_decode::{self, open_name};
use super::span::{put, rewrite};

pub(super) const GROWTH: Growth = Growth::None;

/// Bytes of the longest name.
const NAME_BYTES_MAX: usize = 4;

pub(super) use html_entity_decode::touches;

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    rewrite(
        input,
        out,
        |rest| memchr::memchr(b'&', rest),
        |text, out| {
            let reference = match text {
                [_, b'#', b'x' | b'X', digits @ ..] => numeric(digits, 16).map(|(byte, digits)| (byte, 3 + digits)),
                [_, b'#', digits @ ..] => numeric(digits, 10).map(|(byte, digits)| (byte, 2 + digits)),
                [_, letters @ ..] => named(letters).map(|(byte, letters)| (byte, 1 + letters)),
                [] => None,
            };
            match reference {
                Some((byte, taken)) => put(out, byte, taken + usize::from(text.get(taken) == Some(&b';'))),
                None => put(out, b'&', 1),
            }
        },
    );
}

/// The byte that the digits at the start of `text` number, and how many digits there are.
fn numeric(text: &[u8], radix: u8) -> Option<(u8, usize)> {
    let mut number = 0_i64;
    let mut digits = 0;
    for value in text.iter().map_while(|&byte| hex(byte).filter(|&value| value < radix)) {
        // As C's `strtol`: what is beyond 64 bits is the largest number.
        number = number.saturating_mul(radix.into()).saturating_add(value.into());
        digits += 1;
    }
    let [.., low] = number.to_be_bytes();
    (digits > 0).then_some((low, digits))
}

/// The byte that the letters and digits at the start of `text` name, and how many they are.
fn named(text: &[u8]) -> Option<(u8, usize)> {
    let length = text.iter().take(NAME_BYTES_MAX + 1).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    open_name(&text[..length]).map(|byte| (byte, length))
}
