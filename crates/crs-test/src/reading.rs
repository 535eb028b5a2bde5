//! Reading values as what a test file expects, and reporting what stands there instead.

use sekisho_model::{Diagnostic, Diagnostics, closest};
use sekisho_waf_lang::document::{Key, Node};

/// The problems of one file so far.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) found: Diagnostics,
}

impl Reading {
    /// Reports a problem.
    pub(crate) fn problem(&mut self, problem: Diagnostic) {
        self.found.push(problem);
    }

    fn mismatch(&mut self, node: Node<'_>, expected: &str) {
        self.problem(node.error("wrong-type", format!("expected {expected}, found {}", node.describe())));
    }

    /// The entries of a mapping with these keys and no others.
    pub(crate) fn fields<'d>(&mut self, node: Node<'d>, known: &[&str]) -> Vec<(Key<'d>, Node<'d>)> {
        let entries = self.entries(node);
        for (key, _) in entries.iter().filter(|(key, _)| !known.contains(&key.text())) {
            let help = match closest(key.text(), known.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("the fields here are {}", known.join(", ")),
            };
            self.problem(key.error("unknown-field", format!("unknown field `{}`", key.text())).help(help));
        }
        entries
    }

    /// The entries of a mapping with any keys.
    pub(crate) fn entries<'d>(&mut self, node: Node<'d>) -> Vec<(Key<'d>, Node<'d>)> {
        match node.as_object() {
            Some(entries) => entries.collect(),
            None => {
                self.mismatch(node, "a mapping");
                Vec::new()
            }
        }
    }

    /// The elements of a list.
    pub(crate) fn items<'d>(&mut self, node: Node<'d>) -> Vec<Node<'d>> {
        match node.as_array() {
            Some(items) => items.collect(),
            None => {
                self.mismatch(node, "a list");
                Vec::new()
            }
        }
    }

    /// A field that must be there.
    pub(crate) fn required<'d>(&mut self, node: Node<'d>, field: &str) -> Option<Node<'d>> {
        let found = node.get(field);
        if found.is_none() && node.as_object().is_some() {
            self.problem(node.error("missing-field", format!("`{field}` is missing")));
        }
        found
    }

    /// The text of a scalar: `404` may be meant as text too.
    pub(crate) fn text(&mut self, node: Node<'_>) -> Option<String> {
        if let Some(text) = node.as_str() {
            return Some(text.to_owned());
        }
        match node.describe() {
            "a number" | "a boolean" => Some(node.file().text()[node.range()].to_owned()),
            _ => {
                self.mismatch(node, "text");
                None
            }
        }
    }

    pub(crate) fn truth(&mut self, node: Node<'_>) -> Option<bool> {
        let truth = node.as_bool();
        if truth.is_none() {
            self.mismatch(node, "true or false");
        }
        truth
    }

    /// A whole number of at least 0.
    pub(crate) fn number(&mut self, node: Node<'_>) -> Option<u64> {
        let number = node.as_i64().and_then(|number| u64::try_from(number).ok());
        if number.is_none() {
            self.mismatch(node, "a whole number");
        }
        number
    }
}
