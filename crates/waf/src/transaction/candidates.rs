//! Which links may match which values of a transaction: found out for all links at once, before a phase's rules run.
//!
//! Every list that rules of the phase look at is gone through once. A value is taken through the chains of transformations
//! that its links ask for, as far as it has any byte that they act on, and each text it becomes is asked once what may
//! match it. What is left are one bit a link for each value, and one for all values together.

use std::ops::Range;

use super::plan::{Chains, FormPlan, LinkCondition, Prefilter};
use super::transformed::{Form, Transformed};
use super::{Store, ValueId};
use crate::ir::phased::Phase;
use crate::prefilter::{FilterMemory, Present};

/// What was found out of a transaction's values.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    /// By list and part: the entries that were gone through.
    looked_at: Vec<Range<u32>>,
    /// By value: where its bits begin, from 1 in answers; 0 if nothing may match it.
    answer_of: Vec<u32>,
    /// Answers, one after the other: a bit a condition.
    answers: Vec<u64>,
    /// All of them together.
    any: Vec<u64>,
    filters: Vec<FilterMemory>,
    scratch: Scratch,
    /// Links that matched values they were ruled out for, if they were held against them all the same.
    missed: Vec<(usize, ValueId)>,
}

/// Memory for one value.
#[derive(Debug, Default)]
struct Scratch {
    /// By step of the plan: what the value is there.
    forms: Vec<(Form, Present)>,
    /// Texts that were asked, and which filters were.
    asked: Vec<(Form, u32)>,
    /// What they answered.
    answers: Vec<u64>,
    bits: Vec<u64>,
}

impl Candidates {
    /// Forgets the transaction before.
    pub(super) fn begin(&mut self, prefilter: &Prefilter, bytes_kept: usize) {
        self.looked_at.clear();
        self.looked_at.resize(prefilter.sources.len(), 0..0);
        self.answer_of.clear();
        self.answer_of.shrink_to(bytes_kept / size_of::<u32>());
        self.answers.clear();
        self.answers.shrink_to(bytes_kept / size_of::<u64>());
        self.missed.clear();
        self.any.clear();
        self.any.resize(prefilter.words, 0);
        self.filters.resize_with(prefilter.filters.len(), FilterMemory::default);
    }

    /// Looks at the values that the rules of a phase look at.
    pub(super) fn look(
        &mut self,
        prefilter: &Prefilter,
        chains: &Chains,
        store: &Store,
        transformed: &mut Transformed,
        phase: Phase,
    ) {
        for &source in &*prefilter.phases[usize::from(phase.number()) - 1] {
            let plan = &prefilter.sources[source as usize];
            let entries = store.list(plan.list);
            if self.looked_at[source as usize] == entries {
                continue;
            }
            self.looked_at[source as usize] = entries.clone();
            self.answer_of.resize(store.values(), 0);
            for entry in entries {
                let value = ValueId::new(entry, plan.part);
                let form_plan = &prefilter.forms[plan.forms_of(store.name(value)) as usize];
                self.look_at(prefilter, form_plan, chains, store, transformed, value);
            }
        }
    }

    fn look_at(
        &mut self,
        prefilter: &Prefilter,
        plan: &FormPlan,
        chains: &Chains,
        store: &Store,
        transformed: &mut Transformed,
        value: ValueId,
    ) {
        let text = store.value(value);
        let present = Present::in_text(text);
        let Self { filters, scratch, .. } = self;
        scratch.bits.clear();
        scratch.bits.resize(prefilter.words, 0);
        if plan.triggers.is_any() || plan.triggers.intersects(present) {
            scratch.look_at_forms(prefilter, plan, chains, store, transformed, (value, present), filters);
        } else {
            scratch.answers.resize(prefilter.words, 0);
            for at in plan.filters() {
                let words = prefilter.words_of(at);
                prefilter.filters[at].ask(text, present, &mut filters[at], &mut scratch.answers[words.clone()]);
                for word in words {
                    scratch.bits[word] |= scratch.answers[word] & plan.all[word];
                }
            }
        }
        if scratch.bits.iter().any(|word| *word != 0) {
            self.any.iter_mut().zip(&scratch.bits).for_each(|(any, word)| *any |= word);
            self.answers.extend_from_slice(&scratch.bits);
            let answer = self.answers.len() / prefilter.words;
            self.answer_of[value.index()] = u32::try_from(answer).expect("fewer values than 2^32");
        }
    }

    /// Whether a link may match any value of the store at all.
    pub(super) fn may_match(&self, condition: LinkCondition) -> bool {
        self.any[condition.word()] & condition.bit() != 0
    }

    /// Whether a link may match a value of a list that was looked at.
    pub(super) fn may_match_value(&self, condition: LinkCondition, value: ValueId) -> bool {
        match self.answer_of.get(value.index()) {
            None | Some(0) => false,
            Some(answer) => {
                self.answers[(*answer as usize - 1) * self.any.len() + condition.word()] & condition.bit() != 0
            }
        }
    }
}

impl Candidates {
    /// Notes that a link matched a value it was ruled out for: a fault of the prefilter.
    pub(super) fn missed(&mut self, link: usize, value: ValueId) {
        debug_assert!(false, "the prefilter ruled out link {link} for value {value:?}, which it matches");
        self.missed.push((link, value));
    }

    /// The links that matched values they were ruled out for.
    pub(super) fn misses(&self) -> &[(usize, ValueId)] {
        &self.missed
    }
}

impl Scratch {
    #[expect(clippy::too_many_arguments, reason = "the parts of one transaction")]
    fn look_at_forms(
        &mut self,
        prefilter: &Prefilter,
        plan: &FormPlan,
        chains: &Chains,
        store: &Store,
        transformed: &mut Transformed,
        (value, present): (ValueId, Present),
        filters: &mut [FilterMemory],
    ) {
        self.forms.clear();
        self.asked.clear();
        self.answers.clear();
        for step in &*plan.steps {
            let (form, present) = match step.from {
                None => (Form::AS_RECEIVED, present),
                Some((before, transform)) => {
                    let (before, present) = self.forms[before as usize];
                    if step.trigger.is_any() || step.trigger.intersects(present) {
                        let form = transformed.step(chains, store, (value, step.node), before, transform);
                        self.known(store, transformed, value, form, (before, present))
                    } else {
                        transformed.set(store, value, step.node, before);
                        (before, present)
                    }
                }
            };
            self.forms.push((form, present));
            if step.filters == 0 {
                continue;
            }
            let answer = self.answer(prefilter, (store, transformed), (value, form, present), step.filters, filters);
            let answers = &self.answers[answer * prefilter.words..];
            for (word, bits) in self.bits.iter_mut().enumerate() {
                *bits |= answers[word] & step.conditions[word];
            }
        }
    }

    /// A form and the bytes in it; the same form as an equal one before.
    fn known(
        &self,
        store: &Store,
        transformed: &Transformed,
        value: ValueId,
        form: Form,
        before: (Form, Present),
    ) -> (Form, Present) {
        if form == before.0 {
            return before;
        }
        let text = transformed.bytes(store, value, form);
        let same = self.forms.iter().find(|(known, _)| transformed.bytes(store, value, *known) == text);
        same.copied().unwrap_or_else(|| (form, Present::in_text(text)))
    }

    /// Where the answer on a form is, after asking as far as it was not.
    fn answer(
        &mut self,
        prefilter: &Prefilter,
        (store, transformed): (&Store, &Transformed),
        (value, form, present): (ValueId, Form, Present),
        filters: u32,
        memory: &mut [FilterMemory],
    ) -> usize {
        let at = self.asked.iter().position(|(asked, _)| *asked == form).unwrap_or_else(|| {
            self.asked.push((form, 0));
            self.answers.resize(self.asked.len() * prefilter.words, 0);
            self.asked.len() - 1
        });
        let mut missing = filters & !self.asked[at].1;
        self.asked[at].1 |= filters;
        while missing != 0 {
            let filter = missing.trailing_zeros() as usize;
            missing &= missing - 1;
            let words = prefilter.words_of(filter);
            let answer = &mut self.answers[at * prefilter.words..][words];
            prefilter.filters[filter].ask(transformed.bytes(store, value, form), present, &mut memory[filter], answer);
        }
        at
    }
}
