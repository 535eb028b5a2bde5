//! A tree as JSON text, and the way back: problems found in that text are shown where the value stands in the test file.

use std::fmt::Write as _;
use std::ops::Range;

use sekisho_model::{Diagnostic, Diagnostics, SourceFile, Span};

use crate::tree::{Tree, Value};

/// JSON written from a tree.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    /// The text, under a name that no file has.
    pub(crate) text: SourceFile,
    /// Where each value and key stands: in the text, and in the test file. Inner ones come before outer ones.
    places: Vec<(Range<usize>, Range<usize>)>,
}

impl Written {
    /// Writes a tree.
    pub(crate) fn new(tree: &Tree, name: String) -> Self {
        let mut writer = Writer { text: String::new(), places: Vec::new() };
        writer.value(tree);
        Self { text: SourceFile::new(name, writer.text), places: writer.places }
    }

    /// Where a range of the text comes from.
    fn origin(&self, range: &Range<usize>) -> Range<usize> {
        let around = self.places.iter().find(|(written, _)| written.start <= range.start && range.end <= written.end);
        around.map_or(0..0, |(_, origin)| origin.clone())
    }
}

/// A tree as a JSON value.
pub(crate) fn value(tree: &Tree) -> serde_json::Value {
    let written = Written::new(tree, String::new());
    serde_json::from_str(written.text.text()).expect("what is written is JSON")
}

/// Points problems that were found in written texts at the test file.
pub(crate) fn relocated(problems: Diagnostics, written: &[Written], file: &SourceFile) -> Diagnostics {
    let mut moved = Diagnostics::new();
    for problem in problems {
        let place = problem.span.as_ref().and_then(|span| {
            let from = written.iter().find(|one| one.text == span.file)?;
            Some(Span { file: file.clone(), range: from.origin(&span.range) })
        });
        moved.push(match place {
            Some(span) => Diagnostic { span: Some(span), ..problem },
            None => problem,
        });
    }
    moved
}

struct Writer {
    text: String,
    places: Vec<(Range<usize>, Range<usize>)>,
}

impl Writer {
    fn value(&mut self, tree: &Tree) {
        let start = self.text.len();
        match &tree.value {
            Value::Null => self.text.push_str("null"),
            Value::Bool(truth) => _ = write!(self.text, "{truth}"),
            Value::Number(number) => match serde_json::from_str::<serde_json::Number>(number) {
                Ok(_) => self.text.push_str(number),
                Err(_) => self.string(number),
            },
            Value::Text(text) => self.string(text),
            Value::List(items) => {
                self.text.push('[');
                for (index, item) in items.iter().enumerate() {
                    self.separate(index);
                    self.value(item);
                }
                self.text.push(']');
            }
            Value::Map(entries) => {
                self.text.push('{');
                for (index, entry) in entries.iter().enumerate() {
                    self.separate(index);
                    let key_start = self.text.len();
                    self.string(&entry.key);
                    self.places.push((key_start..self.text.len(), entry.key_range.clone()));
                    self.text.push_str(": ");
                    self.value(&entry.tree);
                }
                self.text.push('}');
            }
        }
        self.places.push((start..self.text.len(), tree.place()));
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.text.push_str(", ");
        }
    }

    fn string(&mut self, text: &str) {
        let _ = write!(self.text, "{}", serde_json::Value::from(text));
    }
}

#[cfg(test)]
mod tests {
    use sekisho_waf_lang::document::Document;

    use super::*;

    #[test]
    fn a_problem_in_the_json_is_shown_in_the_yaml() {
        let file = SourceFile::new("t.yaml", "rules:\n  - Name: a\n    Colour: \"re\\u00e9d\"\n");
        let (document, problems) = Document::from_yaml(&file);
        assert!(problems.is_empty());
        let written = Written::new(&Tree::of(document.unwrap().root()), "t.yaml (inline)".to_owned());
        assert_eq!(written.text.text(), r#"{"rules": [{"Name": "a", "Colour": "reéd"}]}"#);
        let at = written.text.text().find("\"Colour\"").unwrap();
        let found = Diagnostic::error("unknown-field", "").at(&written.text, at..at + 8);
        let moved = relocated(found.into(), &[written], &file);
        assert_eq!(moved.iter().next().unwrap().to_string(), "t.yaml:3:5: error[unknown-field]: ");
    }
}
