//! `REMOVE_COMMENTS_CHAR`: the marks of comments removed, the text between them kept: `/*`, `*/`, `--` and `#`.
//!
//! One pass from left to right, as ModSecurity does it: marks that only meet once others are gone stay
//! (`-/**/-` gives `--`). ModSecurity removes `<!--` and `-->` as well, which the AWS guide does not list.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", Remove comments char; ModSecurity Reference Manual,
//! `removeCommentsChar`.

use super::{Growth, scan};
use memchr::memchr;

pub(super) const GROWTH: Growth = Growth::None;

const MARKS: &[&[u8]] = &[b"/*", b"*/", b"--", b"#"];

pub(super) fn touches(input: &[u8]) -> bool {
    let is_mark = |left, right| {
        (left == b'/') & (right == b'*') | (left == b'*') & (right == b'/') | (left == b'-') & (right == b'-')
    };
    memchr(b'#', input).is_some() || scan::any_pair(input, is_mark)
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    remove(input, MARKS, out);
}

/// Appends `input` without the `marks`. Of marks that start at one place, the first of the list counts.
pub(super) fn remove(input: &[u8], marks: &[&[u8]], out: &mut Vec<u8>) {
    out.reserve(input.len());
    let mut rest = input;
    while let Some((&first, after)) = rest.split_first() {
        rest = marks.iter().find_map(|mark| rest.strip_prefix(*mark)).unwrap_or_else(|| {
            out.push(first);
            after
        });
    }
}
