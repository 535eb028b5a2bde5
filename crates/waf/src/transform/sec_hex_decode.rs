//! `hexDecode`: pairs of hexadecimal digits to bytes, as SecLang has it: a value that is not made of them alone gives
//! nothing.
//!
//! Coraza and libmodsecurity differ: the latter makes bytes of any pair of characters.
//!
//! # Limits
//! The output is at most half the input.
//!
//! Source: ModSecurity Reference Manual, `hexDecode`; Coraza's vectors.

use super::digits::hex_byte;
use super::{Growth, hex_decode, scan};

pub(super) const GROWTH: Growth = Growth::None;

pub(super) use hex_decode::touches;

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    if input.len().is_multiple_of(2) && !scan::any(input, |byte| !byte.is_ascii_hexdigit()) {
        out.extend(input.chunks_exact(2).map_while(hex_byte));
    }
}
