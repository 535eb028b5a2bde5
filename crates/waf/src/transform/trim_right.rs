//! `TRIM_RIGHT`: white space at the end removed.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", Trim right; ModSecurity Reference Manual, `trimRight`.

use super::Growth;
use super::white_space::is_space;

pub(super) const GROWTH: Growth = Growth::None;

pub(super) fn touches(input: &[u8]) -> bool {
    input.last().is_some_and(|&byte| is_space(byte))
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(cut(input));
}

/// The input up to its last byte that is not white space.
pub(super) fn cut(input: &[u8]) -> &[u8] {
    let end = input.iter().rposition(|&byte| !is_space(byte)).map_or(0, |last| last + 1);
    &input[..end]
}
