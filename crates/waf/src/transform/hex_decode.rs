//! `HEX_DECODE`: pairs of hexadecimal digits to bytes, as far as they go: decoding ends at the first byte that is no
//! digit, and a last digit without partner is dropped.
//!
//! AWS leaves open what happens to other bytes. Ending there keeps the decoded beginning in sight of the rules, where a
//! refusal of the whole value would let one stray byte hide it.
//!
//! # Limits
//! The output is at most half the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", Hex decode; ModSecurity Reference Manual, `hexDecode`.

use super::Growth;
use super::digits::hex_byte;

pub(super) const GROWTH: Growth = Growth::None;

pub(super) fn touches(input: &[u8]) -> bool {
    !input.is_empty()
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    out.extend(input.chunks_exact(2).map_while(hex_byte));
}
