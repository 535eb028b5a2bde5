//! `urlEncode`: bytes other than letters, digits and `*` to `%hh`, in lower case, and a space to `+`.
//!
//! # Limits
//! The output is at most three times the input.
//!
//! Source: ModSecurity Reference Manual, `urlEncode`.

use super::digits::put_hex;
use super::{Growth, scan};

pub(super) const GROWTH: Growth = Growth::Times(3);

pub(super) fn touches(input: &[u8]) -> bool {
    scan::any(input, |byte| !stays(byte))
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    out.reserve(input.len());
    for &byte in input {
        match byte {
            b' ' => out.push(b'+'),
            _ if stays(byte) => out.push(byte),
            _ => {
                out.push(b'%');
                put_hex(byte, out);
            }
        }
    }
}

fn stays(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'*'
}
