//! `removeCommentsChar`: the marks of comments removed, the text between them kept, as ModSecurity has it: like
//! `REMOVE_COMMENTS_CHAR`, and `<!--` and `-->` as well.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: ModSecurity Reference Manual, `removeCommentsChar`.

use super::remove_comments_char::remove;
use super::{Growth, remove_comments_char};

pub(super) const GROWTH: Growth = Growth::None;

/// Longer ones before those they begin with.
const MARKS: &[&[u8]] = &[b"/*", b"*/", b"<!--", b"-->", b"--", b"#"];

// `<!--` and `-->` hold a `--`.
pub(super) use remove_comments_char::touches;

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    remove(input, MARKS, out);
}
