//! Regular expressions, held to what can be run when they are read.

use sekisho_waf::Limits;
use sekisho_waf::ir::phased::{PhasedOperator, Piece};
use sekisho_waf::operator::pattern::{self, PatternError};

use super::macros;
use super::reading::Reading;
use super::word::Part;

/// What stands in place of a macro while an expression is checked.
const PLACEHOLDER: &str = "x";

/// What to do about an expression that no linear engine can match.
const BACKTRACKING_HELP: &str =
    "write it otherwise, or let it run under a limit: `--backtracking STEPS`, or `backtracking` under `[seclang]`";

/// Reads an expression of `@rx`, which may hold macros.
pub(super) fn operator(part: Part<'_>, global: bool, reading: &mut Reading<'_>) -> Option<PhasedOperator> {
    if !macros::any(part.text()) {
        let pattern = checked(part, part.text().to_owned(), reading)?;
        return Some(PhasedOperator::Regex { pattern, global });
    }
    let pattern = macros::in_expression(part, &mut reading.report)?;
    let written = pattern.0.iter().map(|piece| match piece {
        Piece::Literal(literal) => literal.as_str(),
        Piece::Value(_) => PLACEHOLDER,
    });
    checked(part, written.collect(), reading)?;
    Some(PhasedOperator::RegexWithMacros { pattern, global })
}

/// Reads an expression that holds no macros.
pub(super) fn read(part: Part<'_>, reading: &mut Reading<'_>) -> Option<String> {
    if macros::any(part.text()) {
        let problem = part.error("macro-in-expression", "this regular expression cannot hold a macro");
        reading.report.push(problem.help("only those of `@rx` and `@rxGlobal` can"));
        return None;
    }
    checked(part, part.text().to_owned(), reading)
}

/// Holds an expression to what can be run; `part` is where it stands.
pub(super) fn checked(part: Part<'_>, pattern: String, reading: &mut Reading<'_>) -> Option<String> {
    let Err(error) = check(&pattern, reading.backtracks) else { return Some(pattern) };
    // An expression whose escapes were resolved does not stand in the file byte by byte.
    let at = error.at.filter(|at| part.text() == pattern && pattern.is_char_boundary(*at));
    let place = at.map_or(part, |at| {
        let length = pattern[at..].chars().next().map_or(0, char::len_utf8);
        part.sub(at..at + length)
    });
    let message = format!("the regular expression cannot be used: {}", last_line(&error.reason));
    let could_run = error.may_backtrack && !reading.backtracks && check(&pattern, true).is_ok();
    let help = if could_run { BACKTRACKING_HELP } else { "see docs/seclang.md on regular expressions" };
    reading.report.push(place.error("invalid-expression", message).help(help));
    None
}

fn check(pattern: &str, backtracks: bool) -> Result<(), PatternError> {
    match backtracks {
        true => pattern::check_backtracking(pattern, Limits::default().regex_bytes_max),
        false => pattern::check(pattern),
    }
}

/// What a multi-line message comes to.
pub(super) fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or(text).trim_start_matches("error: ")
}
