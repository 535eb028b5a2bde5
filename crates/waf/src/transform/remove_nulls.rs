//! `REMOVE_NULLS`: NUL bytes removed.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", Remove nulls.

use super::Growth;

pub(super) const GROWTH: Growth = Growth::None;

pub(super) fn touches(input: &[u8]) -> bool {
    memchr::memchr(0, input).is_some()
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    out.extend(input.iter().filter(|&&byte| byte != 0));
}
