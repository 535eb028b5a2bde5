//! `REPLACE_NULLS`: NUL bytes to spaces.
//!
//! # Limits
//! The output is as long as the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", Replace nulls.

use super::Growth;

pub(super) const GROWTH: Growth = Growth::None;

pub(super) fn touches(input: &[u8]) -> bool {
    memchr::memchr(0, input).is_some()
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    out.extend(input.iter().map(|&byte| if byte == 0 { b' ' } else { byte }));
}
