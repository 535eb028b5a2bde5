//! `CMD_LINE_UNIX`: a command line as a Unix shell reads it: `\ " '` deleted, white space to a space, several spaces to
//! one, none at the ends, `A` to `Z` in lower case. Commas, semicolons and carets stay.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", Command line Unix.

use super::Growth;
use super::command_line::{Dialect, LINE_SPACES, marks};

pub(super) const GROWTH: Growth = Growth::None;

const DELETED: &[u8] = b"\\\"'";

static DIALECT: Dialect = Dialect {
    deleted: DELETED,
    spaces: LINE_SPACES,
    closing: *b"  ",
    trimmed: true,
    caret_continues: false,
    backslashes_joined: false,
    marks: marks(DELETED, LINE_SPACES),
};

pub(super) fn touches(input: &[u8]) -> bool {
    DIALECT.touches(input)
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    DIALECT.write(input, out);
}
