//! The rules of one phase, in order.
//!
//! Source: ModSecurity Reference Manual (`skip`, `skipAfter`, `allow`, `SecRuleEngine`), and the behaviour of
//! libmodsecurity 3.0.9: what a `ctl` changes happens when the whole rule has matched, before it stops the transaction;
//! in `DetectionOnly` neither a refusal nor `allow` happens.

mod act;
mod control;
mod judge;

use super::candidates::Look;
use super::plan::{Gate, Program, Selection, TextKind, Tier};
use super::state::State;
use super::view::View;
use super::{Intervention, Judging, PhasedContext, PhasedRules, TransactionLimits};
use crate::ir::phased::{AllowScope, EngineMode, Phase, PhasedPolicy};

/// One phase of a transaction.
pub(super) struct Run<'r> {
    pub(super) rules: &'r PhasedRules,
    pub(super) context: &'r PhasedContext<'r>,
    pub(super) phase: Phase,
    pub(super) state: &'r mut State,
}

impl<'r> Run<'r> {
    fn program(&self) -> &'r Program {
        self.rules.program()
    }

    fn policy(&self) -> &'r PhasedPolicy {
        self.rules.policy()
    }

    fn limits(&self) -> &'r TransactionLimits {
        &self.rules.limits().transaction
    }

    /// Runs the phase's rules.
    pub(super) fn phase(mut self) -> Option<Intervention> {
        if !self.is_due() {
            return None;
        }
        let is_prefiltered = self.context.judging != Judging::Plain;
        let are_gates_kept = self.context.judging == Judging::Prefiltered;
        let steps = &self.program().phases[usize::from(self.phase.number()) - 1];
        let mut at = 0;
        while let Some(step) = steps.get(at) {
            at += 1;
            let rule = step.rule as usize;
            if is_prefiltered && let Some(tier) = self.program().prefilter.tier(rule) {
                self.look_for_candidates(tier);
            }
            let is_shut = is_prefiltered && self.is_shut(step.gate);
            if is_shut && are_gates_kept {
                self.leave(rule);
                continue;
            }
            if self.is_removed(rule) || !self.rule_matches(rule, is_shut) {
                continue;
            }
            at = step.next as usize;
            if let Some(intervention) = self.matched(rule) {
                return Some(intervention);
            }
            if self.state.allowed.is_some() && self.phase != Phase::Logging
                || self.state.controls.engine == EngineMode::Off
            {
                break;
            }
        }
        if self.state.allowed == Some(AllowScope::Phase) {
            self.state.allowed = None;
        }
        None
    }

    /// Finds out which values the phase's rules need to be held against.
    fn look_for_candidates(&mut self, tier: Tier) {
        let Program { prefilter, chains, .. } = self.program();
        let State { candidates, store, transformed, .. } = &mut *self.state;
        candidates.look(&mut Look { prefilter, chains, store, transformed }, self.phase, tier);
    }

    /// Whether a rule cannot match.
    fn is_shut(&self, gate: Gate) -> bool {
        match gate {
            Gate::Open => false,
            Gate::Values(condition) => !self.state.candidates.may_match(condition),
            Gate::Number(gate) => !self.state.changing.tx.passes(gate),
        }
    }

    /// Leaves a rule that cannot match, as after a link that matches nothing; one that was removed changes nothing.
    fn leave(&mut self, rule: usize) {
        if self.state.changing.matched.last().is_some() && !self.is_removed(rule) {
            self.state.changing.matched.clear();
        }
    }

    /// Whether the phase takes place.
    fn is_due(&self) -> bool {
        if self.state.controls.engine == EngineMode::Off {
            return false;
        }
        if self.phase == Phase::Logging {
            return true;
        }
        let allowed = match self.state.allowed {
            Some(AllowScope::Transaction) => true,
            Some(AllowScope::Request) => self.phase <= Phase::RequestBody,
            Some(AllowScope::Phase) | None => false,
        };
        !allowed && !self.state.is_stopped
    }

    fn is_removed(&mut self, rule: usize) -> bool {
        let controls = &self.state.controls;
        if controls.removed.contains(rule) {
            return true;
        }
        !controls.removed_by_text.is_empty()
            && self.program().rules[rule].has_text_macros
            && (0..controls.removed_by_text.len()).any(|at| {
                let selection = self.state.controls.removed_by_text[at];
                let selection = &self.program().selections[selection];
                selection.may_choose_by_text(rule) && self.is_chosen_by_text(selection, rule)
            })
    }

    /// Whether a rule's texts, as they are now, are among those a selection asks for.
    fn is_chosen_by_text(&mut self, selection: &Selection, rule: usize) -> bool {
        let Some(chosen) = &selection.chosen else { return false };
        let plan = &self.program().rules[rule];
        let texts = match chosen.of {
            TextKind::Tag => plan.tags.as_deref().unwrap_or_default(),
            TextKind::Message => plan.message.as_slice(),
        };
        let State { store, changing, transformed, operators, scratch, .. } = &mut *self.state;
        let view = View::new(self.rules, self.context.now, (store, changing, transformed), rule);
        texts.iter().any(|text| {
            scratch.text.clear();
            view.write_text(text, operators, &mut scratch.text);
            chosen.pattern.chooses(&scratch.text, operators)
        })
    }

    /// Holds a rule against the transaction, link by link. The first link of one whose gate is shut must not match.
    fn rule_matches(&mut self, rule: usize, is_shut: bool) -> bool {
        let links = self.program().rules[rule].links.clone();
        let first = links.start;
        links.into_iter().all(|link| {
            let matches = self.link_matches(link);
            if matches && is_shut && link == first {
                self.state.candidates.missed(link, None);
            }
            matches
        })
    }
}
