//! Regular expressions in PCRE's syntax, over bytes, in linear time.
//!
//! [`parse`] tells what a pattern means; what no linear engine can match is refused with the reason. As in libmodsecurity
//! and Coraza, the dot matches line feeds, `^` and `$` match at lines, and letters match in their own case only unless the
//! pattern says otherwise.

use regex_automata::meta::{Config, Regex};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;

/// Why a pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct PatternError {
    /// What is wrong, as a fragment such as `a look-ahead cannot be matched in linear time`.
    pub reason: String,
    /// Where it begins, in bytes of the pattern, if that is known.
    pub at: Option<usize>,
}

/// What a pattern means.
///
/// # Errors
///
/// If it is broken, or cannot be matched in linear time.
pub fn parse(pattern: &str) -> Result<Hir, PatternError> {
    ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .dot_matches_new_line(true)
        .multi_line(true)
        .build()
        .parse(pattern)
        .map_err(|error| PatternError { reason: error.to_string(), at: None })
}

/// Builds a pattern.
///
/// # Errors
///
/// If it is broken, cannot be matched in linear time, or takes more than `bytes_max` bytes.
pub(crate) fn build(pattern: &str, bytes_max: usize) -> Result<Regex, PatternError> {
    let hir = parse(pattern)?;
    Regex::builder()
        .configure(Config::new().utf8_empty(false).nfa_size_limit(Some(bytes_max)))
        .build_from_hir(&hir)
        .map_err(|error| PatternError { reason: error.to_string(), at: None })
}
