//! `compressWhitespace`: white space (space, tab, newline, vertical tab, form feed, carriage return) to a space, and
//! several to one, as ModSecurity has it: the byte 160 is no white space here, and so UTF-8 stays whole.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: ModSecurity Reference Manual, `compressWhitespace`; libmodsecurity 3.0.9, where the manual's non-breaking space
//! stays.

use super::white_space::{compress, is_space};
use super::{Growth, scan};

pub(super) const GROWTH: Growth = Growth::None;

pub(super) fn touches(input: &[u8]) -> bool {
    scan::any(input, |byte| matches!(byte, 0x09..=0x0d))
        || scan::any_pair(input, |left, right| left == b' ' && right == b' ')
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    compress(input, out, is_space);
}
