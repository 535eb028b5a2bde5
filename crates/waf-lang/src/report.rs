//! The problems found so far, bounded, so that a hostile file cannot fill the memory with them.

use std::ops::Range;

use sekisho_model::{Diagnostic, Diagnostics, SourceFile, closest};

/// How many problems of one load are kept. A person fixes a few at a time; the rest are counted.
const PROBLEMS_MAX: usize = 200;
/// Words longer than this are not slips of a name; looking for the closest one costs their length squared.
const SUGGESTED_WORD_BYTES_MAX: usize = 128;
/// Names whose lengths, in bytes, differ more cannot be a few edits apart.
const SUGGESTED_LENGTHS_APART_MAX: usize = 16;
/// Names that a word is held against.
const SUGGESTIONS_MAX: usize = 500;
/// How much of a foreign word a message repeats, in characters.
const QUOTED_CHARS_MAX: usize = 80;

/// Collects problems in the order found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    diagnostics: Diagnostics,
    kept: usize,
    dropped: usize,
    dropped_errors: bool,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a problem, or counts it if there are too many already.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.kept < PROBLEMS_MAX {
            self.kept += 1;
            self.diagnostics.push(diagnostic);
        } else {
            self.dropped += 1;
            self.dropped_errors |= diagnostic.severity == sekisho_model::Severity::Error;
        }
    }

    /// Adds an error at a place.
    pub(crate) fn error(
        &mut self,
        file: &SourceFile,
        range: Range<usize>,
        code: &'static str,
        message: impl Into<String>,
    ) {
        self.push(Diagnostic::error(code, message).at(file, range));
    }

    /// Whether further problems are only counted.
    pub(crate) fn is_full(&self) -> bool {
        self.kept == PROBLEMS_MAX
    }

    /// Whether any problem is an error.
    pub(crate) fn has_errors(&self) -> bool {
        self.dropped_errors || self.diagnostics.has_errors()
    }

    /// The known name closest to a misspelt one, as a help line. None once nobody would see it.
    pub(crate) fn did_you_mean<'a>(&self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
        if self.kept == PROBLEMS_MAX || word.len() > SUGGESTED_WORD_BYTES_MAX {
            return None;
        }
        let similar = |name: &&str| name.len().abs_diff(word.len()) <= SUGGESTED_LENGTHS_APART_MAX;
        let candidates: Vec<&str> = known.into_iter().filter(similar).take(SUGGESTIONS_MAX).collect();
        // A name in the wrong case is the likeliest slip of all, however many letters that makes.
        let found = candidates.iter().find(|name| name.eq_ignore_ascii_case(word)).copied();
        found.or_else(|| closest(word, candidates)).map(|name| format!("did you mean `{name}`?"))
    }

    /// The problems, with a last one that counts those left out.
    pub(crate) fn into_diagnostics(self) -> Diagnostics {
        let mut diagnostics = self.diagnostics;
        if self.dropped > 0 {
            let message = format!("{} more problems are not shown", self.dropped);
            diagnostics.push(if self.dropped_errors {
                Diagnostic::error("too-many-problems", message)
            } else {
                Diagnostic::warning("too-many-problems", message)
            });
        }
        diagnostics
    }
}

/// A word from a file, in backquotes and cut to a readable length.
pub(crate) fn quoted(word: &str) -> String {
    match word.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("`{}…`", &word[..end]),
        None => format!("`{word}`"),
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::{Diagnostic, Severity};

    use super::{PROBLEMS_MAX, Report, quoted};

    #[test]
    fn keeps_a_bounded_number_of_problems_and_still_fails() {
        let mut report = Report::new();
        for _ in 0..PROBLEMS_MAX {
            report.push(Diagnostic::warning("x", "y"));
        }
        report.push(Diagnostic::error("x", "y"));
        let diagnostics = report.into_diagnostics();
        assert_eq!(diagnostics.count(Severity::Warning), PROBLEMS_MAX);
        assert!(diagnostics.has_errors());
    }

    #[test]
    fn suggests_names_in_another_case_but_never_for_giant_words() {
        let report = Report::new();
        assert_eq!(
            report.did_you_mean("BYTEMATCHSTATEMENT", ["ByteMatchStatement"]).unwrap(),
            "did you mean `ByteMatchStatement`?"
        );
        assert_eq!(report.did_you_mean(&"a".repeat(1_000_000), ["ByteMatchStatement"]), None);
        assert_eq!(quoted(&"é".repeat(100)).chars().count(), 83);
    }
}
