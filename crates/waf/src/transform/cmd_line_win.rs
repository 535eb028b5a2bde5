//! `CMD_LINE_WIN`: a command line as the Windows shells read it: carets deleted, with the line end after them if there is
//! one; `" '` and the backtick deleted; several backslashes to one, white space to a space, several spaces to one, none
//! at the ends, `A` to `Z` in lower case. Commas and semicolons stay.
//!
//! Not confirmed against AWS itself: that the backtick, the escape of PowerShell, is among the deleted bytes.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", Command line Windows.

use super::Growth;
use super::command_line::{Dialect, LINE_SPACES, marks};

pub(super) const GROWTH: Growth = Growth::None;

const DELETED: &[u8] = b"^\"'`";

static DIALECT: Dialect = Dialect {
    deleted: DELETED,
    spaces: LINE_SPACES,
    closing: *b"  ",
    trimmed: true,
    caret_continues: true,
    backslashes_joined: true,
    marks: marks(DELETED, LINE_SPACES),
};

pub(super) fn touches(input: &[u8]) -> bool {
    DIALECT.touches(input)
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    DIALECT.write(input, out);
}
