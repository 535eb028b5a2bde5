//! `COMPRESS_WHITE_SPACE`: form feed, tab, newline, carriage return, vertical tab and non-breaking space (decimal 160)
//! to a space, and several spaces to one.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", Compress whitespace; ModSecurity Reference Manual,
//! `compressWhitespace`.

use super::white_space::{NO_BREAK_SPACE, compress, is_space_or_no_break};
use super::{Growth, scan};

pub(super) const GROWTH: Growth = Growth::None;

pub(super) fn touches(input: &[u8]) -> bool {
    scan::any(input, |byte| matches!(byte, 0x09..=0x0d | NO_BREAK_SPACE))
        || scan::any_pair(input, |left, right| left == b' ' && right == b' ')
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    compress(input, out, is_space_or_no_break);
}
