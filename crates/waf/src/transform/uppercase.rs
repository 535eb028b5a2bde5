//! `UPPERCASE`: ASCII lower case to upper case. Bytes outside ASCII stay.
//!
//! # Limits
//! The output is as long as the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", Uppercase.

use super::{Growth, scan};

pub(super) const GROWTH: Growth = Growth::None;

pub(super) fn touches(input: &[u8]) -> bool {
    scan::any(input, |byte| byte.is_ascii_lowercase())
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    out.extend(input.iter().map(u8::to_ascii_uppercase));
}
