//! `REMOVE_WHITESPACE`: all white space removed, the non-breaking space (decimal 160) among it.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", Remove white space; ModSecurity Reference Manual,
//! `removeWhitespace`.

use super::white_space::is_space_or_no_break;
use super::{Growth, scan};

pub(super) const GROWTH: Growth = Growth::None;

pub(super) fn touches(input: &[u8]) -> bool {
    scan::any(input, is_space_or_no_break)
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    out.extend(input.iter().filter(|&&byte| !is_space_or_no_break(byte)));
}
