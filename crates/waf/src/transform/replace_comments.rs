//! `REPLACE_COMMENTS`: each C comment (`/* … */`) to one space, an unterminated one up to the end of the value. Several
//! in a row give several spaces; an end mark on its own stays.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", Replace comments; ModSecurity Reference Manual,
//! `replaceComments`.

use super::Growth;
use super::scan::find_pair;
use super::span::{put, rewrite};

pub(super) const GROWTH: Growth = Growth::None;

pub(super) fn touches(input: &[u8]) -> bool {
    find_pair(input, *b"/*").is_some()
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    rewrite(
        input,
        out,
        |rest| find_pair(rest, *b"/*"),
        |comment, out| {
            let taken = find_pair(&comment[2..], *b"*/").map_or(comment.len(), |end| 2 + end + 2);
            put(out, b' ', taken)
        },
    );
}
