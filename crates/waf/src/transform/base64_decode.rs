//! `BASE64_DECODE`: Base64 to bytes, up to the first byte that is not Base64, padding included. Padding need not be there; ends
//! of lines may stand anywhere.
//!
//! AWS leaves open what happens to a value that is not Base64 to its end; this follows ModSecurity, whose strict form
//! keeps what came before the first bad byte.
//!
//! # Limits
//! The output is at most three quarters of the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", Base64 decode; ModSecurity Reference Manual,
//! `base64Decode`; RFC 4648, section 4.

use super::Growth;

pub(super) const GROWTH: Growth = Growth::None;

pub(super) fn touches(input: &[u8]) -> bool {
    !input.is_empty()
}

pub(super) use super::alphabet64::decode_start as write;
