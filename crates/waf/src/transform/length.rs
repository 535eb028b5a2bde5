//! `length`: the number of bytes, as decimal digits.
//!
//! # Limits
//! The output is at most 20 bytes, the digits of 2^64.
//!
//! Source: ModSecurity Reference Manual, `length`.

use std::io::Write as _;

use super::Growth;

pub(super) const GROWTH: Growth = Growth::Fixed(20);

pub(super) fn touches(_input: &[u8]) -> bool {
    true
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    write!(out, "{}", input.len()).expect("a vector takes all that is written");
}
