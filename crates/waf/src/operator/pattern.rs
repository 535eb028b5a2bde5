//! Regular expressions in PCRE's syntax, over bytes, in linear time.
//!
//! [`parse`] tells what a pattern means; what no linear engine can match is refused with the reason, and what one that
//! backtracks could match is marked so: [`check_backtracking`]. As in libmodsecurity
//! and Coraza, the dot matches line feeds, `^` and `$` match at lines, and letters match in their own case only unless the
//! pattern says otherwise. All is about bytes: `\x{c2}` is one, and a character beyond ASCII is those of its UTF-8.
//!
//! Source: PCRE2 manual, pcre2pattern(3). The engine's own syntax, which rules of AWS use, is in [`super::regex`].

mod after_last_line;
mod backtracking;
mod byte_set;
mod class;
mod escape;
mod lower;
mod node;
mod once;
mod parser;
mod reader;
mod reference;

use regex_syntax::hir::Hir;

pub(crate) use backtracking::Written;

/// Why a pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct PatternError {
    /// What is wrong, as a fragment such as `a look-ahead cannot be matched in linear time`.
    pub reason: String,
    /// Where it begins, in bytes of the pattern, if that is known.
    pub at: Option<usize>,
    /// Whether an engine that backtracks could use it, as far as this goes.
    pub may_backtrack: bool,
}

impl PatternError {
    fn at(at: usize, reason: &str) -> Self {
        Self { reason: reason.to_owned(), at: Some(at), may_backtrack: false }
    }

    fn not_linear(at: usize, what: &str) -> Self {
        Self { reason: format!("{what} cannot be matched in linear time"), at: Some(at), may_backtrack: true }
    }
}

/// Whether a pattern can be used: as [`parse`] says, without building what it means.
///
/// # Errors
///
/// If it is broken, or cannot be matched in linear time.
pub fn check(pattern: &str) -> Result<(), PatternError> {
    read(pattern).map(|_| ())
}

/// What a pattern means. Groups beyond the ninth, which rules cannot refer to, are not caught.
///
/// # Errors
///
/// If it is broken, or cannot be matched in linear time.
pub fn parse(pattern: &str) -> Result<Hir, PatternError> {
    read(pattern).map(lower::lower)
}

/// Whether a pattern can be used by an engine that backtracks, if no linear one can match it.
///
/// # Errors
///
/// If it is broken, too large or deep, or has what that engine does not have either.
pub fn check_backtracking(pattern: &str, bytes_max: usize) -> Result<(), PatternError> {
    let node = parser::read(pattern.as_bytes())?;
    if once::check(&node).is_ok() {
        return Ok(());
    }
    Written::of(&node)?.build(1, bytes_max).map(|_| ())
}

/// A pattern for an engine that backtracks, and what it matches at most, for a linear one.
///
/// # Errors
///
/// If it is broken, or has what that engine does not have either.
pub(crate) fn parse_backtracking(pattern: &str) -> Result<(Written, Hir), PatternError> {
    let node = parser::read(pattern.as_bytes())?;
    Ok((Written::of(&node)?, lower::lower(node)))
}

/// What a pattern matches at most, whatever engine it takes. For a pattern that a linear engine can match, what it matches.
///
/// # Errors
///
/// If it is broken.
pub(crate) fn parse_at_most(pattern: &str) -> Result<Hir, PatternError> {
    parser::read(pattern.as_bytes()).map(lower::lower)
}

/// The same as [`parse`], and whether the engine finds an empty match after a line feed that ends the value, where PCRE finds none.
pub(crate) fn parse_with_end(pattern: &str) -> Result<(Hir, bool), PatternError> {
    let node = read(pattern)?;
    let finds_empty_line = after_last_line::is_found(&node);
    Ok((lower::lower(node), finds_empty_line))
}

fn read(pattern: &str) -> Result<node::Node, PatternError> {
    let node = parser::read(pattern.as_bytes())?;
    once::check(&node)?;
    Ok(node)
}

#[cfg(test)]
mod tests;
