//! One link held against the values it looks at.
//!
//! Every value that matches counts: its effects happen once each, as in libmodsecurity 3.0.9. Where a rule asks to see the
//! value after each transformation (`multiMatch`), each form of it that matches counts.

use super::Run;
use crate::ir::phased::Variable;
use crate::operator::number::compares;
use crate::transaction::matched_values::Seen;
use crate::transaction::number::write_number;
use crate::transaction::plan::{
    ChainId, LinkCondition, LinkPlan, NumberTest, PlacePlan, SelectorPlan, Slot, TargetPlan, TestPlan,
};
use crate::transaction::state::{GAVE_UP_TOLD_MAX, Scratch, State};
use crate::transaction::tx::{TxPlace, TxVariables};
use crate::transaction::view::View;
use crate::transaction::{Captures, Judging, OperatorMemory, Store, Tested, TransactionLimits, ValueId};
use crate::transform::Outcome;

/// A link and its test.
#[derive(Clone, Copy)]
struct Judged<'p> {
    index: usize,
    link: &'p LinkPlan,
    test: &'p TestPlan,
    /// How the prefilter judges it, if it does.
    condition: Option<LinkCondition>,
}

impl<'r> Run<'r> {
    /// Whether a link matches; what happens for each value that does has happened then.
    pub(super) fn link_matches(&mut self, index: usize) -> bool {
        let link = &self.program().links[index];
        let Some(test) = &link.test else {
            self.act(link);
            return true;
        };
        let judged = Judged { index, link, test, condition: self.condition(index) };
        self.state.scratch.is_operand_stale = true;
        let mut matched = false;
        for (at, target) in test.targets.iter().enumerate() {
            matched |= self.target_matches(judged, at, target);
        }
        if self.state.operators.take_gave_up() {
            self.give_up(link.rule);
        }
        if !matched {
            self.state.changing.matched.clear();
        }
        matched
    }

    /// A search was given up: whether the rule would have matched is not known.
    fn give_up(&mut self, rule: usize) {
        let id = self.program().rule(self.policy(), rule).id;
        let State { changing, gave_up, .. } = &mut *self.state;
        changing.gave_up = true;
        changing.tx.set_number(TxPlace::Slot(self.rules.program().limits_exceeded), 1);
        if gave_up.len() < GAVE_UP_TOLD_MAX && !gave_up.contains(&id) {
            gave_up.push(id);
        }
    }

    fn condition(&self, link: usize) -> Option<LinkCondition> {
        if self.context.judging == Judging::Plain { None } else { self.program().prefilter.condition(link) }
    }

    /// Expands the operator's text, which a value is held against next, if something may have changed it.
    fn expand_operand(&mut self, judged: Judged<'_>) {
        let Some(operand) = judged.test.operand.as_ref().filter(|_| self.state.scratch.is_operand_stale) else {
            return;
        };
        self.state.scratch.is_operand_stale = false;
        let State { store, changing, transformed, operators, scratch, .. } = &mut *self.state;
        let view = View::new(self.rules, self.context.now, (store, changing, transformed), judged.link.rule);
        scratch.operand.clear();
        view.write_text(operand, operators, &mut scratch.operand);
    }

    fn target_matches(&mut self, judged: Judged<'r>, at: usize, target: &'r TargetPlan) -> bool {
        if target.count {
            let State { store, changing, transformed, operators, .. } = &mut *self.state;
            let view = View::new(self.rules, self.context.now, (store, changing, transformed), judged.link.rule);
            let count = view.count(target, operators);
            return self.count_matches(judged, target, count);
        }
        match target.place {
            PlacePlan::Slot(slot) => self.slot_matches(judged, target, slot),
            PlacePlan::Store(source) => {
                let mut matched = false;
                for list in source.lists {
                    for entry in self.state.store.list(*list) {
                        matched |= self.stored_matches(judged, at, target, ValueId::new(entry, source.part));
                    }
                }
                matched
            }
            PlacePlan::Changing => self.changing_matches(judged, target),
        }
    }

    /// Whether the test leaves a member of the target out, as written or because of a `ctl` before.
    fn is_left_out(&mut self, judged: Judged<'_>, target: &TargetPlan, name: Name<'_>) -> bool {
        if target.exclusions.is_empty() && self.state.controls.removed_targets.is_empty() {
            return false;
        }
        let State { store, operators, .. } = &mut *self.state;
        let excluded = |exclusion: &SelectorPlan| exclusion.chooses(name.bytes(store), operators);
        if target.exclusions.iter().any(excluded) {
            return true;
        }
        let rule = judged.link.rule;
        (0..self.state.controls.removed_targets.len()).any(|at| {
            let removal = &self.program().removals[self.state.controls.removed_targets[at]];
            let State { store, operators, .. } = &mut *self.state;
            let is_meant = removal.target.variable == target.variable
                && (target.variable != Variable::Xml || removal.target.place == target.place)
                && removal.target.selector.chooses(name.bytes(store), operators);
            is_meant
                && (removal.selection.rules.contains(rule)
                    || removal.selection.may_choose_by_text(rule) && self.is_chosen_by_text(&removal.selection, rule))
        })
    }

    /// Holds a `TX` variable against the test, if it is set.
    fn slot_matches(&mut self, judged: Judged<'r>, target: &'r TargetPlan, slot: Slot) -> bool {
        let value = self.state.changing.tx.slot(slot);
        let Some(number) = value.number() else { return false };
        let name = match &target.selector {
            SelectorPlan::Name(name) => &**name,
            _ => self.program().names.name(slot),
        };
        if self.is_left_out(judged, target, Name::Of(name)) {
            return false;
        }
        if let Some(test) = &judged.test.number
            && !self.number_holds(judged, test, number)
        {
            return false;
        }
        let State { changing, scratch: Scratch { listed, .. }, .. } = &mut *self.state;
        listed.clear();
        listed.push(target, name, |out| changing.tx.slot(slot).write(out));
        self.listed_match(judged)
    }

    /// Holds a number against the test: how many values a target has.
    fn count_matches(&mut self, judged: Judged<'r>, target: &TargetPlan, count: i64) -> bool {
        if let Some(test) = &judged.test.number
            && !self.number_holds(judged, test, count)
        {
            return false;
        }
        let listed = &mut self.state.scratch.listed;
        listed.clear();
        listed.push(target, b"", |out| write_number(count, out));
        self.listed_match(judged)
    }

    fn number_holds(&mut self, judged: Judged<'_>, test: &NumberTest, value: i64) -> bool {
        let State { store, changing, transformed, operators, .. } = &mut *self.state;
        let view = View::new(self.rules, self.context.now, (store, changing, transformed), judged.link.rule);
        compares(test.comparison, value, view.number(&test.than, operators)) != judged.test.negated
    }

    /// Holds values against the test that rules may change: as they were before the first of them matched.
    fn changing_matches(&mut self, judged: Judged<'r>, target: &'r TargetPlan) -> bool {
        let mut listed = std::mem::take(&mut self.state.scratch.listed);
        listed.clear();
        let State { store, changing, transformed, operators, .. } = &mut *self.state;
        let view = View::new(self.rules, self.context.now, (store, changing, transformed), judged.link.rule);
        view.each(target, operators, &mut |name, value| {
            listed.push(target, name, |out| out.extend_from_slice(value));
            true
        });
        let has_exceptions = !target.exclusions.is_empty() || !self.state.controls.removed_targets.is_empty();
        if has_exceptions {
            let prefix = target.label.len() + 1;
            listed.retain(|name| !self.is_left_out(judged, target, Name::Of(name.get(prefix..).unwrap_or_default())));
        }
        self.state.scratch.listed = listed;
        self.listed_match(judged)
    }

    /// Holds the values of [`Scratch::listed`] against the test.
    fn listed_match(&mut self, judged: Judged<'r>) -> bool {
        let listed = std::mem::take(&mut self.state.scratch.listed);
        let mut steps = std::mem::take(&mut self.state.scratch.steps);
        let mut matched = false;
        for (name, received) in listed.iter() {
            matched |= self.copy_matches(judged, name, received, &mut steps);
        }
        self.state.scratch.listed = listed;
        self.state.scratch.steps = steps;
        matched
    }

    /// Holds a value that is not in the store against the test.
    fn copy_matches(&mut self, judged: Judged<'r>, name: &[u8], received: &[u8], steps: &mut [Vec<u8>; 2]) -> bool {
        let multi_match = judged.link.multi_match;
        let [value, next] = steps;
        value.clear();
        value.extend_from_slice(received);
        let mut matched = multi_match && self.form_matches(judged, name, received, value);
        for node in &judged.test.chain {
            let Some((_, transform)) = self.program().chains.step(*node) else { continue };
            next.clear();
            if self.program().chains.apply(transform, value, next) == Outcome::Changed {
                std::mem::swap(value, next);
                matched |= multi_match && self.form_matches(judged, name, received, value);
            }
        }
        matched || !multi_match && self.form_matches(judged, name, received, value)
    }

    fn form_matches(&mut self, judged: Judged<'r>, name: &[u8], received: &[u8], value: &[u8]) -> bool {
        self.expand_operand(judged);
        let State { operators, captures, scratch, .. } = &mut *self.state;
        let tested = Tested { value, expanded: Some(&scratch.operand), places: self.context.places };
        if !holds(judged, tested, operators, captures) {
            return false;
        }
        let (changing, limits) = (&mut self.state.changing, &self.rules.limits().transaction);
        if judged.link.capture {
            keep_captures(&mut changing.tx, &self.state.captures, value, limits);
        }
        if judged.test.locates {
            changing.geo.locate(value, self.context.places);
        }
        let keep = judged.link.keeps_matched;
        changing.matched.add_copy(keep, name, received, value, limits.matched_bytes_max);
        self.act_on_value(judged);
        true
    }

    /// Holds a value of the store against the test.
    fn stored_matches(&mut self, judged: Judged<'r>, at: usize, target: &'r TargetPlan, value: ValueId) -> bool {
        let State { store, operators, candidates, .. } = &mut *self.state;
        if let Some(condition) = judged.condition
            && self.context.judging == Judging::Prefiltered
            && !candidates.may_match_value(condition, value)
        {
            return false;
        }
        let is_meant = match &target.selector {
            SelectorPlan::All => true,
            selector => selector.chooses(store.name(value), operators),
        };
        if !is_meant || self.is_left_out(judged, target, Name::Stored(value)) {
            return false;
        }
        if !judged.link.multi_match {
            return self.stored_form_matches(judged, at, value, judged.test.last());
        }
        let mut matched = self.stored_form_matches(judged, at, value, ChainId::ROOT);
        let mut before = ChainId::ROOT;
        for node in judged.test.chain.iter().copied() {
            let State { store, transformed, .. } = &mut *self.state;
            transformed.compute(&self.rules.program().chains, store, value, node);
            if transformed.get(store, value, node) != transformed.get(store, value, before) {
                matched |= self.stored_form_matches(judged, at, value, node);
            }
            before = node;
        }
        matched
    }

    fn stored_form_matches(&mut self, judged: Judged<'r>, at: usize, value: ValueId, node: ChainId) -> bool {
        self.expand_operand(judged);
        let program = self.program();
        let State { store, transformed, operators, captures, scratch, changing, candidates, .. } = &mut *self.state;
        transformed.compute(&program.chains, store, value, node);
        let bytes = transformed.get(store, value, node);
        let tested = Tested { value: bytes, expanded: Some(&scratch.operand), places: self.context.places };
        if !holds(judged, tested, operators, captures) {
            return false;
        }
        if judged.condition.is_some_and(|condition| !candidates.may_match_value(condition, value)) {
            candidates.missed(judged.index, Some(value));
        }
        if judged.link.capture {
            keep_captures(&mut changing.tx, captures, bytes, &self.rules.limits().transaction);
        }
        if judged.test.locates {
            changing.geo.locate(bytes, self.context.places);
        }
        let seen = Seen::Stored { link: judged.index, target: at, value, node };
        changing.matched.add_stored(judged.link.keeps_matched, seen);
        self.act_on_value(judged);
        true
    }

    fn act_on_value(&mut self, judged: Judged<'r>) {
        if judged.link.effects.is_empty() {
            return;
        }
        self.act(judged.link);
        // What the next value is held against may have changed.
        self.state.scratch.is_operand_stale = true;
    }
}

/// The name of a member.
#[derive(Clone, Copy)]
enum Name<'n> {
    Stored(ValueId),
    Of(&'n [u8]),
}

impl<'n> Name<'n> {
    fn bytes(self, store: &'n Store) -> &'n [u8] {
        match self {
            Self::Stored(value) => store.name(value),
            Self::Of(name) => name,
        }
    }
}

fn holds(judged: Judged<'_>, tested: Tested<'_>, memory: &mut OperatorMemory, captures: &mut Captures) -> bool {
    let captures = judged.link.capture.then_some(captures);
    judged.test.operator.holds(tested, memory, captures) != judged.test.negated
}

/// `TX:0` to `TX:9`. Groups that took no part in the match leave what was there before, as in libmodsecurity 3.0.9.
fn keep_captures(tx: &mut TxVariables, captures: &Captures, value: &[u8], limits: &TransactionLimits) {
    for (group, captured) in captures.iter() {
        tx.set_text(TxPlace::Slot(Slot::of_capture(group)), captured.bytes(value), limits);
    }
}
