//! `MD5`: the MD5 digest of the value, raw. For matching known content, never for security.
//!
//! # Limits
//! The output is 16 bytes.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", MD5; RFC 1321.

use super::Growth;
use md5::{Digest, Md5};

pub(super) const GROWTH: Growth = Growth::Fixed(16);

pub(super) fn touches(_input: &[u8]) -> bool {
    true
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&Md5::digest(input));
}
