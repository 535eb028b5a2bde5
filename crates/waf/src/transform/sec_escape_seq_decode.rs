//! `escapeSeqDecode`: escapes of ANSI C to characters, as ModSecurity has it: like `ESCAPE_SEQ_DECODE`, but of an escape that
//! is none the backslash is dropped (`\8` gives `8`). One at the end stays, and so does `\x` without two digits.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: ModSecurity Reference Manual, `escapeSeqDecode`; ISO C, section 6.4.4.4.

use super::escape_seq_decode::escape;
use super::span::{put, rewrite};
use super::{Growth, escape_seq_decode};

pub(super) const GROWTH: Growth = Growth::None;

pub(super) use escape_seq_decode::touches;

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    rewrite(
        input,
        out,
        |rest| memchr::memchr(b'\\', rest),
        |text, out| match (escape(text), text) {
            (Some((byte, taken)), _) => put(out, byte, taken),
            (None, [_, b'x' | b'X', ..] | [_]) => put(out, b'\\', 1),
            (None, [_, after, ..]) => put(out, *after, 2),
            (None, []) => 1,
        },
    );
}
