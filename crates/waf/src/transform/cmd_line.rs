//! `CMD_LINE`: a command line with less to hide behind: `\ " ' ^` deleted, `,` and `;` to a space, several spaces to one,
//! spaces before `/` and `(` deleted, `A` to `Z` in lower case. Tabs and line ends stay: the AWS guide does not list
//! them, whereas ModSecurity counts them as spaces.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", Command line; ModSecurity Reference Manual, `cmdLine`.

use super::Growth;
use super::command_line::{Dialect, marks};

pub(super) const GROWTH: Growth = Growth::None;

const DELETED: &[u8] = b"\\\"'^";
const SPACES: &[u8] = b",;";

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
