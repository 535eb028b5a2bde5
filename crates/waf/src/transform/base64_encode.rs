//! `base64Encode`: bytes to Base64, with padding.
//!
//! # Limits
//! The output is four bytes for every three of the input, the last ones rounded up.
//!
//! Source: ModSecurity Reference Manual, `base64Encode`; RFC 4648, section 4.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Growth;

pub(super) const GROWTH: Growth = Growth::Times(4);

pub(super) fn touches(input: &[u8]) -> bool {
    !input.is_empty()
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + input.len().div_ceil(3) * 4, 0);
    STANDARD.encode_slice(input, &mut out[start..]).expect("the room is four bytes for every three");
}
