//! `TRIM`: white space at both ends removed.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", Trim; ModSecurity Reference Manual, `trim`.

use super::{Growth, trim_left, trim_right};

pub(super) const GROWTH: Growth = Growth::None;

pub(super) fn touches(input: &[u8]) -> bool {
    trim_left::touches(input) || trim_right::touches(input)
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(trim_right::cut(trim_left::cut(input)));
}
