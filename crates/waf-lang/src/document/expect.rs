//! Reading a node as what the language expects, or reporting what stands there instead.

use super::{Key, Node};
use crate::report::Report;

impl<'d> Node<'d> {
    /// Reports that something else was expected here, unless the reader reported this node already.
    pub(crate) fn mismatch(self, expected: &str, report: &mut Report) {
        if !self.is_invalid() {
            report.push(self.error("wrong-type", format!("expected {expected}, found {}", self.describe())));
        }
    }

    pub(crate) fn string(self, report: &mut Report) -> Option<&'d str> {
        let text = self.as_str();
        if text.is_none() {
            self.mismatch("a string", report);
        }
        text
    }

    pub(crate) fn boolean(self, report: &mut Report) -> Option<bool> {
        let value = self.as_bool();
        if value.is_none() {
            self.mismatch("true or false", report);
        }
        value
    }

    pub(crate) fn array(self, report: &mut Report) -> Option<Vec<Node<'d>>> {
        let items = self.as_array().map(Iterator::collect);
        if items.is_none() {
            self.mismatch("an array", report);
        }
        items
    }

    pub(crate) fn object(self, report: &mut Report) -> Option<Vec<(Key<'d>, Node<'d>)>> {
        let entries = self.as_object().map(Iterator::collect);
        if entries.is_none() {
            self.mismatch("an object", report);
        }
        entries
    }
}
