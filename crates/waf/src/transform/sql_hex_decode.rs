//! `SQL_HEX_DECODE`: hexadecimal literals of SQL (`0x414243`) to the bytes they stand for, wherever they occur. A literal
//! ends at the first byte that is no digit; a last digit without partner stays, and so does `0x` without a pair.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", SQL hex decode; ModSecurity Reference Manual,
//! `sqlHexDecode`.

use super::Growth;
use super::digits::hex_byte;
use super::span::{put, rewrite};

pub(super) const GROWTH: Growth = Growth::None;

pub(super) fn touches(input: &[u8]) -> bool {
    find(input).is_some()
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    rewrite(input, out, find, |text, out| {
        let start = out.len();
        out.extend(text[2..].chunks_exact(2).map_while(hex_byte));
        let pairs = out.len() - start;
        if pairs == 0 { put(out, b'0', 1) } else { 2 + 2 * pairs }
    });
}

/// The offset of the next `0x` or `0X`.
fn find(input: &[u8]) -> Option<usize> {
    memchr::memchr2_iter(b'x', b'X', input).filter_map(|mark| mark.checked_sub(1)).find(|&zero| input[zero] == b'0')
}
