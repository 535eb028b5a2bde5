//! `NORMALIZE_PATH`: a path without empty segments (`//`), self-references (`.`) and back-references (`..`) that are not
//! at its beginning.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", Normalize path; ModSecurity Reference Manual,
//! `normalizePath`.

use super::{Growth, path};

pub(super) const GROWTH: Growth = Growth::None;

pub(super) fn touches(input: &[u8]) -> bool {
    path::touches(input, is_separator)
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    path::normalize(input, out, is_separator);
}

fn is_separator(byte: u8) -> bool {
    byte == b'/'
}
