//! `COMPRESS_WHITE_SPACE`: form feed, tab, newline, carriage return, vertical tab and non-breaking space (decimal 160)
//! to a space, and several spaces to one.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", Compress whitespace; ModSecurity Reference Manual,
//! `compressWhitespace`.

use super::Growth;
use super::white_space::is_space_or_no_break;
use memchr::memmem;

pub(super) const GROWTH: Growth = Growth::None;

pub(super) fn touches(input: &[u8]) -> bool {
    input.iter().any(|&byte| byte != b' ' && is_space_or_no_break(byte)) || memmem::find(input, b"  ").is_some()
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    out.reserve(input.len());
    let mut after_space = false;
    for &byte in input {
        let space = is_space_or_no_break(byte);
        if !space {
            out.push(byte);
        } else if !after_space {
            out.push(b' ');
        }
        after_space = space;
    }
}
