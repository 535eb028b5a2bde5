//! Regular expressions as rules give them.

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
    is_sound(part, report).then(|| part.text().to_owned())
}

/// Whether the engine can match it; says why if not.
pub(super) fn is_sound(part: Part<'_>, report: &mut Report) -> bool {
    let Err(error) = pattern::check(part.text()) else { return true };
    let place = error.at.filter(|at| part.text().is_char_boundary(*at)).map_or(part, |at| part.from(at));
    let help = "patterns are those of PCRE that can be matched in time linear in the value";
    report
        .push(place.error("bad-regex", format!("the regular expression cannot be used: {}", error.reason)).help(help));
    false
}

/// What a multi-line message comes to.
pub(super) fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or(text).trim_start_matches("error: ")
}
