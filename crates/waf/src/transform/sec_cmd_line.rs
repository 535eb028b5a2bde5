//! `cmdLine`: a command line with less to hide behind, as ModSecurity has it: like `CMD_LINE`, and tab, newline and
//! carriage return count as spaces too.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: ModSecurity Reference Manual, `cmdLine`.

use super::Growth;
use super::command_line::{Dialect, marks};

pub(super) const GROWTH: Growth = Growth::None;

const DELETED: &[u8] = b"\\\"'^";
const SPACES: &[u8] = b",;\t\r\n";

static DIALECT: Dialect = Dialect {
    deleted: DELETED,
    spaces: SPACES,
    closing: *b"/(",
    trimmed: false,
    caret_continues: false,
    backslashes_joined: false,
    marks: marks(DELETED, SPACES),
};

pub(super) fn touches(input: &[u8]) -> bool {
    DIALECT.touches(input)
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    DIALECT.write(input, out);
}
