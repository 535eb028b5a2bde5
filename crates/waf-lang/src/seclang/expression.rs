//! Regular expressions as rules give them.

use super::macros;
use super::word::Part;
use crate::report::Report;

/// Reads an expression of `@rx` and the like.
pub(super) fn read(part: Part<'_>, report: &mut Report) -> Option<String> {
    if macros::any(part.text()) {
        let message = "a regular expression cannot hold a macro";
        let help = "compare with `@streq`, `@contains`, `@within`, `@beginsWith` or `@endsWith` instead";
        report.push(part.error("macro-in-expression", message).help(help));
        return None;
    }
    Some(part.text().to_owned())
}

/// What a multi-line message comes to.
pub(super) fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or(text).trim_start_matches("error: ")
}
