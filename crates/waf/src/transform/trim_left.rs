//! `TRIM_LEFT`: white space at the start removed.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", Trim left; ModSecurity Reference Manual, `trimLeft`.

use super::Growth;
use super::white_space::is_space;

pub(super) const GROWTH: Growth = Growth::None;

pub(super) fn touches(input: &[u8]) -> bool {
    input.first().is_some_and(|&byte| is_space(byte))
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(cut(input));
}

/// The input from its first byte that is not white space.
pub(super) fn cut(input: &[u8]) -> &[u8] {
    let start = input.iter().position(|&byte| !is_space(byte)).unwrap_or(input.len());
    &input[start..]
}
