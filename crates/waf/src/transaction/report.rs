//! The rules that matched, as they are kept for logs.

use std::ops::Range;

use super::TransactionLimits;
use crate::ir::phased::Phase;

/// The rules that matched.
#[derive(Debug, Default)]
pub(super) struct Report {
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    /// Of the rule at hand.
    pub(super) pending: Pending,
}

/// A rule that matched.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) rule: usize,
    pub(super) phase: Phase,
    pub(super) message: Range<usize>,
    pub(super) log_data: Range<usize>,
    /// Each followed by a NUL byte; empty if they are as in the rule.
    pub(super) tags: Range<usize>,
    pub(super) variable: Range<usize>,
    /// The names of all values that matched, each followed by a NUL byte; empty if they are not known.
    pub(super) origins: Range<usize>,
    pub(super) value: Range<usize>,
    /// The value after its transformations.
    pub(super) transformed: Range<usize>,
    /// The operator's text, if it has macros.
    pub(super) parameter: Range<usize>,
    /// The status it stopped the transaction with, if it did.
    pub(super) status: Option<u16>,
}

/// What logs say of a rule.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) message: Vec<u8>,
    pub(super) log_data: Vec<u8>,
    pub(super) tags: Vec<u8>,
    pub(super) variable: Vec<u8>,
    pub(super) origins: Vec<u8>,
    pub(super) value: Vec<u8>,
    pub(super) transformed: Vec<u8>,
    pub(super) parameter: Vec<u8>,
}

impl Pending {
    pub(super) fn clear(&mut self) {
        let Self { message, log_data, tags, variable, origins, value, transformed, parameter } = self;
        [message, log_data, tags, variable, origins, value, transformed, parameter].into_iter().for_each(Vec::clear);
    }
}

impl Report {
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.bytes.clear();
        self.pending.clear();
    }

    /// Keeps what is pending, cut at the limits.
    pub(super) fn keep(&mut self, rule: usize, phase: Phase, status: Option<u16>, limits: &TransactionLimits) {
        // The rule that stops a transaction is always told of.
        if self.entries.len() >= limits.matches_max && status.is_none() {
            return;
        }
        let Self { entries, bytes, pending } = self;
        let mut kept = |text: &[u8]| {
            let start = bytes.len();
            let length = text.len().min(limits.log_text_bytes_max);
            if start + length <= limits.log_bytes_max {
                bytes.extend_from_slice(&text[..length]);
            }
            start..bytes.len()
        };
        entries.push(Entry {
            rule,
            phase,
            message: kept(&pending.message),
            log_data: kept(&pending.log_data),
            tags: kept(&pending.tags),
            variable: kept(&pending.variable),
            // No longer than what is kept of a text: all of them, or none.
            origins: kept(&pending.origins),
            value: kept(&pending.value),
            transformed: kept(&pending.transformed),
            parameter: kept(&pending.parameter),
            status,
        });
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn text(&self, range: &Range<usize>) -> &[u8] {
        &self.bytes[range.clone()]
    }
}
