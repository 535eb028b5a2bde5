//! A rule that matched, as logs tell of it.

use super::matched_values::names;
use super::report::Entry;
use super::state::State;
use super::{List, PhasedRules, Store, error_log};
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
    /// The variable whose value matched last, such as `ARGS:q`; empty for a rule that looks at nothing.
    pub variable: &'a [u8],
    /// Its value, before transformations.
    pub value: &'a [u8],
    /// Its value as it matched, if transformations changed it; empty if not.
    pub transformed: &'a [u8],
    /// What the last link's operator held it against, if that depends on the transaction.
    pub parameter: Option<&'a [u8]>,
    /// Whether it goes to the error log.
    pub log: bool,
    /// Whether it makes the transaction relevant to the audit log.
    pub audit_log: bool,
    /// The status it stopped the transaction with, if it did.
    pub stopped_with: Option<u16>,
    tags: &'a [u8],
    origins: &'a [u8],
    store: &'a Store,
}

impl<'a> Matched<'a> {
    pub(super) fn new(rules: &'a PhasedRules, state: &'a State, entry: &Entry) -> Self {
        let program = rules.program();
        let rule = program.rule(rules.policy(), entry.rule);
        let text = |range| state.report.text(range);
        let test = program.links[program.rules[entry.rule].links.end - 1].test.as_ref();
        Self {
            rule,
            phase: entry.phase,
            message: text(&entry.message),
            log_data: text(&entry.log_data),
            variable: text(&entry.variable),
            value: text(&entry.value),
            transformed: text(&entry.transformed),
            parameter: test.and_then(|test| test.operand.as_ref()).map(|_| text(&entry.parameter)),
            log: rule.log,
            audit_log: rule.audit_log,
            stopped_with: entry.status,
            tags: text(&entry.tags),
            origins: text(&entry.origins),
            store: &state.store,
        }
    }

    /// The names of all values that matched any of its links, where the rule looks at them again (`MATCHED_VARS`) and all of them
    /// are known. One that has a NUL byte within comes in pieces.
    #[must_use]
    pub fn origins(&self) -> Option<impl Iterator<Item = &'a [u8]>> {
        (!self.origins.is_empty()).then(|| names(self.origins))
    }

    /// `tag`, expanded, in order.
    pub fn tags(&self) -> impl Iterator<Item = &'a [u8]> {
        let rule = self.rule;
        let as_written = self.tags.is_empty().then(|| rule.metadata.tags.iter().filter_map(|tag| tag.as_literal()));
        as_written.into_iter().flatten().map(str::as_bytes).chain(Tags { bytes: self.tags })
    }

    /// What matched, in the words of the error log: ``Matched "Operator `Rx' with parameter…``
    pub fn write_what(&self, out: &mut Vec<u8>) {
        error_log::write_what(self, out);
    }

    /// Appends the line ModSecurity writes to its error log, without a line end.
    pub fn write_error_log_line(&self, out: &mut Vec<u8>) {
        let scalar = |list| self.store.scalar(list);
        let around = error_log::Around {
            host: scalar(List::ServerAddr),
            uri: scalar(List::RequestFilename),
            unique_id: scalar(List::UniqueId),
        };
        error_log::write_line(self, around, out);
    }
}

/// The expanded tags of a rule, in order.
#[derive(Debug, Clone, Copy)]
struct Tags<'a> {
    /// All of them, each followed by a NUL byte.
    bytes: &'a [u8],
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
