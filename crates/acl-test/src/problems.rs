//! Reading values as what a test file expects, and reporting what stands there instead.

use std::ops::Range;

use sekisho_model::{Diagnostic, Diagnostics, SourceFile, closest};

use crate::tree::{Entry, Tree, Value};

/// The problems of one file so far.
#[derive(Debug)]
pub(crate) struct Problems<'f> {
    pub(crate) file: &'f SourceFile,
    pub(crate) found: Diagnostics,
}

impl<'f> Problems<'f> {
    pub(crate) fn new(file: &'f SourceFile) -> Self {
        Self { file, found: Diagnostics::new() }
    }

    /// How many problems were found so far.
    pub(crate) fn count(&self) -> usize {
        self.found.iter().count()
    }

    /// Reports a problem at a place.
    pub(crate) fn at(&mut self, range: Range<usize>, code: &'static str, message: impl Into<String>) {
        self.found.push(Diagnostic::error(code, message).at(self.file, range));
    }

    /// Reports a problem at a place, with a way out.
    pub(crate) fn with_help(&mut self, range: Range<usize>, code: &'static str, message: String, help: &str) {
        self.found.push(Diagnostic::error(code, message).at(self.file, range).help(help));
    }

    /// Reports that something else was expected.
    pub(crate) fn mismatch(&mut self, tree: &Tree, expected: &str) {
        self.at(tree.place(), "wrong-type", format!("expected {expected}, found {}", tree.describe()));
    }

    /// The entries of a mapping with these keys and no others.
    pub(crate) fn mapping<'t>(&mut self, tree: &'t Tree, known: &[&str]) -> Option<&'t [Entry]> {
        let Some(entries) = tree.entries() else {
            self.mismatch(tree, "a mapping");
            return None;
        };
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            self.unknown(entry, known);
        }
        Some(entries)
    }

    /// Reports a key that means nothing here.
    pub(crate) fn unknown(&mut self, entry: &Entry, known: &[&str]) {
        let message = format!("unknown field `{}`", entry.key);
        let help = match closest(&entry.key, known.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("the fields here are {}", known.join(", ")),
        };
        self.with_help(entry.key_range.clone(), "unknown-field", message, &help);
    }

    pub(crate) fn text(&mut self, tree: &Tree) -> Option<String> {
        let text = tree.scalar();
        if text.is_none() {
            self.mismatch(tree, "text");
        }
        text
    }

    pub(crate) fn list<'t>(&mut self, tree: &'t Tree) -> Option<&'t [Tree]> {
        let items = tree.items();
        if items.is_none() {
            self.mismatch(tree, "a list");
        }
        items
    }

    /// A list of texts; a text alone is a list of one.
    pub(crate) fn texts(&mut self, tree: &Tree) -> Option<Vec<String>> {
        match tree.items() {
            Some(items) => items.iter().map(|item| self.text(item)).collect(),
            None => self.text(tree).map(|text| vec![text]),
        }
    }

    pub(crate) fn number(&mut self, tree: &Tree, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        let Value::Number(text) = &tree.value else {
            self.mismatch(tree, "a number");
            return None;
        };
        let number = text.parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            let message = format!("expected a whole number from {} to {}", range.start(), range.end());
            self.at(tree.place(), "out-of-range", message);
        }
        number
    }

    /// Text that is read by its type's own rules.
    pub(crate) fn parsed<T: std::str::FromStr>(&mut self, tree: &Tree, expected: &str) -> Option<T> {
        let text = self.text(tree)?;
        let value = text.parse().ok();
        if value.is_none() {
            self.at(tree.place(), "bad-value", format!("`{text}` is not {expected}"));
        }
        value
    }

    /// A word of a table.
    pub(crate) fn choice<T: Copy>(&mut self, tree: &Tree, what: &str, table: &[(&str, T)]) -> Option<T> {
        let word = self.text(tree)?;
        let found = table.iter().find(|(name, _)| *name == word).map(|&(_, value)| value);
        if found.is_none() {
            let names: Vec<_> = table.iter().map(|(name, _)| *name).collect();
            let help = format!("expected one of {}", names.join(", "));
            self.with_help(tree.place(), "unknown-value", format!("`{word}` is no {what}"), &help);
        }
        found
    }
}
