//! `hexEncode`: each byte to two hexadecimal digits, in lower case.
//!
//! # Limits
//! The output is twice the input.
//!
//! Source: ModSecurity Reference Manual, `hexEncode`.

use super::Growth;
use super::digits::put_hex;

pub(super) const GROWTH: Growth = Growth::Times(2);

pub(super) fn touches(input: &[u8]) -> bool {
    !input.is_empty()
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    out.reserve(input.len().saturating_mul(2));
    for &byte in input {
        put_hex(byte, out);
    }
}
