//! `sha1`: the SHA-1 digest of the value, raw. For matching known content, never for security.
//!
//! # Limits
//! The output is 20 bytes.
//!
//! Source: ModSecurity Reference Manual, `sha1`; FIPS 180-4.

use super::Growth;
use sha1::{Digest, Sha1};

pub(super) const GROWTH: Growth = Growth::Fixed(20);

pub(super) fn touches(_input: &[u8]) -> bool {
    true
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&Sha1::digest(input));
}
