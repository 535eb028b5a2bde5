//! `BASE64_DECODE_EXT`: Base64 to bytes, skipping every byte that is not Base64: dots, line ends, and padding wherever it
//! stands, as forgiving decoders do. The URL-safe digits `-` and `_` are skipped too.
//!
//! # Limits
//! The output is at most three quarters of the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", Base64 decode extension; ModSecurity Reference Manual,
//! `base64DecodeExt`.

use super::Growth;

pub(super) const GROWTH: Growth = Growth::None;

pub(super) fn touches(input: &[u8]) -> bool {
    !input.is_empty()
}

pub(super) use super::alphabet64::decode_all as write;
