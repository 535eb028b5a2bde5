//! `NORMALIZE_PATH_WIN`: backslashes to slashes, then `NORMALIZE_PATH`.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", Normalize path Windows; ModSecurity Reference Manual,
//! `normalizePathWin`.

use super::{Growth, path};

pub(super) const GROWTH: Growth = Growth::None;

pub(super) fn touches(input: &[u8]) -> bool {
    memchr::memchr(b'\\', input).is_some() || path::touches(input, is_separator)
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    path::normalize(input, out, is_separator);
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'/' | b'\\')
}
