//! Where in the configuration text a value stands.

use std::ops::Range;

use sekisho_model::{Diagnostic, SourceFile};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One step of the way to a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'k> {
    Key(&'k str),
    Index(usize),
}

impl<'k> From<&'k str> for Step<'k> {
    fn from(key: &'k str) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for Step<'_> {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// Finds the places of values in a configuration text; a value of no text (set on the command line) has none.
pub(super) struct Places<'t> {
    text: Option<(&'t SourceFile, &'t Spanned<DeTable<'t>>)>,
}

impl<'t> Places<'t> {
    pub(super) fn new(source: &'t SourceFile, table: &'t Spanned<DeTable<'t>>) -> Self {
        Self { text: Some((source, table)) }
    }

    pub(super) fn none() -> Self {
        Self { text: None }
    }

    /// Points a diagnostic at the value at the end of `way`, or at the nearest value on it that is written.
    pub(super) fn point(&self, diagnostic: Diagnostic, way: &[Step<'_>]) -> Diagnostic {
        let Some((source, table)) = self.text else { return diagnostic };
        diagnostic.at(source, find(table, way))
    }
}

fn find(table: &Spanned<DeTable<'_>>, way: &[Step<'_>]) -> Range<usize> {
    let Some((Step::Key(key), rest)) = way.split_first() else { return 0..0 };
    let Some(mut value) = table.get_ref().get(*key) else { return 0..0 };
    for step in rest {
        let next = match (step, value.get_ref()) {
            (Step::Key(key), DeValue::Table(table)) => table.get(*key),
            (Step::Index(index), DeValue::Array(array)) => array.get(*index),
            _ => None,
        };
        let Some(next) = next else { break };
        value = next;
    }
    value.span()
}
