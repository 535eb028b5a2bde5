//! `parityEven7bit`: the eighth bit of each byte set so that the number of ones is even.
//!
//! # Limits
//! The output is as long as the input.
//!
//! Source: ModSecurity Reference Manual, `parityEven7bit`.

use super::parity::with_parity;
use super::{Growth, scan};

pub(super) const GROWTH: Growth = Growth::None;

pub(super) fn touches(input: &[u8]) -> bool {
    scan::any(input, |byte| with_parity(byte, false) != byte)
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    out.extend(input.iter().map(|&byte| with_parity(byte, false)));
}
