//! `SHA256`: the SHA-256 digest of the value, raw.
//!
//! # Limits
//! The output is 32 bytes.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", SHA256; FIPS 180-4.

use super::Growth;
use sha2::{Digest, Sha256};

pub(super) const GROWTH: Growth = Growth::Fixed(32);

pub(super) fn touches(_input: &[u8]) -> bool {
    true
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&Sha256::digest(input));
}
