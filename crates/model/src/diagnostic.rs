//! What is wrong in a file a person wrote, where, and the way out.
//!
//! A parser collects every problem into [`Diagnostics`] and goes on; the binary renders them all at once.

mod render;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// How bad a diagnostic is. Errors make the file unusable; warnings do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The file is usable, but probably not what was meant.
    Warning,
    /// The file cannot be used.
    Error,
}

/// A file's name and text, shared by all diagnostics that point into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile(Arc<SourceInner>);

#[derive(Debug, PartialEq, Eq)]
struct SourceInner {
    name: String,
    text: String,
}

impl SourceFile {
    /// A source file with the name a person knows it by (usually its path).
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self(Arc::new(SourceInner { name: name.into(), text: text.into() }))
    }

    /// The name to print.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// One-based line and column (in characters) of a byte offset; offsets past the end give the end.
    #[must_use]
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let text = self.text();
        let mut at = offset.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let before = &text[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// A byte range of a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The file pointed into.
    pub file: SourceFile,
    /// Byte offsets into its text.
    pub range: Range<usize>,
}

/// One problem, with its place and the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable kebab-case identifier, such as `unknown-field`.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong: a lowercase fragment without a full stop.
    pub message: String,
    /// Where, if the problem has a place in a file.
    pub span: Option<Span>,
    /// A few words beside the caret.
    pub label: Option<String>,
    /// The way out.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, message: message.into(), span: None, label: None, help: None }
    }

    /// A warning without a place.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Points the diagnostic at a byte range of `file`.
    #[must_use]
    pub fn at(mut self, file: &SourceFile, range: Range<usize>) -> Self {
        self.span = Some(Span { file: file.clone(), range });
        self
    }

    /// Adds the words beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds the way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// One line, `file:line:column: error[code]: message`: for logs. People get [`Diagnostics::render`].
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(span) = &self.span {
            let (line, column) = span.file.line_column(span.range.start);
            write!(f, "{}:{line}:{column}: ", span.file.name())?;
        }
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "{severity}[{}]: {}", self.code, self.message)
    }
}

/// All the problems of one load, in the order found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// No problems yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds all problems of another load.
    pub fn extend(&mut self, other: Diagnostics) {
        self.0.extend(other.0);
    }

    /// Puts the problems in the order of their places, file by file; those without a place come first.
    pub fn sort_by_place(&mut self) {
        self.0.sort_by(|left, right| {
            let place =
                |one: &Diagnostic| one.span.as_ref().map(|span| (span.file.name().to_owned(), span.range.start));
            place(left).cmp(&place(right))
        });
    }

    /// Whether any problem is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// How many there are of one severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// Whether there is no problem at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problems in the order found.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// The problems as a person reads them: snippet, caret, help; with ANSI colour if `color`.
    ///
    /// Control characters of the source are shown escaped, so a hostile file cannot drive the terminal.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        render::render(&self.0, color)
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(problems: I) -> Self {
        Self(problems.into_iter().collect())
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{Diagnostic, Diagnostics, SourceFile};

    #[test]
    fn sorts_by_file_and_place() {
        let (a, b) = (SourceFile::new("a", "xxxx"), SourceFile::new("b", "xxxx"));
        let mut problems = Diagnostics::new();
        problems.push(Diagnostic::error("4", "").at(&b, 0..1));
        problems.push(Diagnostic::error("3", "").at(&a, 2..3));
        problems.push(Diagnostic::error("1", ""));
        problems.push(Diagnostic::error("2", "").at(&a, 1..2));
        problems.sort_by_place();
        assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["1", "2", "3", "4"]);
    }
}
