//! Memory kept between requests.

use super::{Answers, Fields};
use crate::phased_run::PhasedRun;
use crate::rate_key::KeyBuffers;
use crate::transaction::Transaction;
use crate::{RuleSet, Verdict};

/// Memory for evaluations, kept between requests; one a worker.
///
/// Fits itself to whichever rule set it is used with, so it survives a change of rules.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The rule set it fits; none yet if zero.
    rule_set: u64,
    pub(super) fields: Fields,
    pub(super) answers: Answers,
    pub(super) keys: KeyBuffers,
    pub(super) phased: Vec<PhasedRun>,
    pub(super) verdict: Verdict,
}

impl Scratch {
    /// Memory that fits no rule set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The verdict of the last evaluation.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// What came of the groups of rules in phases that the last evaluation asked, in the order they are named.
    pub fn transactions(&self) -> impl Iterator<Item = &Transaction> {
        self.phased.iter().filter_map(PhasedRun::transaction)
    }

    pub(super) fn prepare(&mut self, rule_set: &RuleSet) {
        if self.rule_set == rule_set.id() {
            self.fields.clear();
            self.answers.clear();
        } else {
            self.fields.resize(rule_set);
            let addresses = &rule_set.program.addresses;
            self.answers.resize(addresses.sources.len(), addresses.tests.len());
            // A transaction holds on to its rules, and those are gone.
            self.phased.clear();
            self.phased.resize_with(rule_set.program.phased.len(), PhasedRun::default);
            self.rule_set = rule_set.id();
        }
        self.phased.iter_mut().for_each(PhasedRun::clear);
        self.verdict.clear();
    }
}
