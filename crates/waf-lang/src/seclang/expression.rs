//! Regular expressions, held to what can be run when they are read.

use sekisho_waf::operator::pattern;

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
    checked(part, part.text().to_owned(), report)
}

/// Holds an expression to what can be run; `part` is where it stands.
pub(super) fn checked(part: Part<'_>, pattern: String, report: &mut Report) -> Option<String> {
    let Err(error) = pattern::check(&pattern) else { return Some(pattern) };
    // An expression whose escapes were resolved does not stand in the file byte by byte.
    let at = error.at.filter(|at| part.text() == pattern && pattern.is_char_boundary(*at));
    let place = at.map_or(part, |at| {
        let length = pattern[at..].chars().next().map_or(0, char::len_utf8);
        part.sub(at..at + length)
    });
    let message = format!("the regular expression cannot be used: {}", last_line(&error.reason));
    report.push(place.error("invalid-expression", message).help("see docs/seclang.md on regular expressions"));
    None
}

/// What a multi-line message comes to.
pub(super) fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or(text).trim_start_matches("error: ")
}
