//! A rule that matched, as logs tell of it.

use crate::ir::phased::{Phase, PhasedRule};

/// A rule that matched. All texts are cut at the limits of the transaction.
#[derive(Debug, Clone, Copy)]
pub struct Matched<'a> {
    /// The rule.
    pub rule: &'a PhasedRule,
    /// The phase it matched in.
    pub phase: Phase,
    /// `msg`, expanded; empty if there is none.
    pub message: &'a [u8],
    /// `logdata`, expanded; empty if there is none.
    pub log_data: &'a [u8],
    /// `tag`, expanded: one after the other.
    pub tags: Tags<'a>,
    /// The variable whose value matched last, such as `ARGS:q`; empty for a rule that looks at nothing.
    pub variable: &'a [u8],
    /// Its value, before transformations.
    pub value: &'a [u8],
    /// What matched, in the words of the error log: ``Matched "Operator `Rx' with parameter…``
    pub what: &'a [u8],
    /// Whether it goes to the error log.
    pub log: bool,
    /// Whether it makes the transaction relevant to the audit log.
    pub audit_log: bool,
    /// Whether it stopped the transaction, or would have, had the engine been on.
    pub disrupts: bool,
}

/// The expanded tags of a rule, in order.
#[derive(Debug, Clone, Copy)]
pub struct Tags<'a> {
    /// All of them, each followed by a NUL byte.
    pub(super) bytes: &'a [u8],
}

impl<'a> Iterator for Tags<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let end = self.bytes.iter().position(|byte| *byte == 0)?;
        let tag = &self.bytes[..end];
        self.bytes = &self.bytes[end + 1..];
        Some(tag)
    }
}
