//! Which links may match which values of a transaction: found out for many links at once, before they run.
//!
//! Every list that rules of the phase look at is gone through once. A value is taken through the chains of transformations
//! that its links ask for, as far as it has any byte that they act on, and each text it becomes is asked once what may
//! match it. What is left are one bit a link for each value, and one for all values together.

use std::ops::Range;

use super::plan::{Chains, FormPlan, FormStep, LinkCondition, Prefilter, Tier};
use super::transformed::{Form, Transformed};
use super::{Store, ValueId};
use crate::ir::phased::Phase;
use crate::prefilter::{FilterMemory, Present};

/// A changed text at no more nodes than this is asked their filters, one after the other; at more, the one of all nodes.
const NODE_FILTERS_MAX: usize = 2;

/// What was found out of a transaction's values.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    /// By source: the entries that were gone through.
    looked_at: Vec<Range<u32>>,
    /// By value: its answer, from 1; 0 if nothing may match it.
    answer_of: Vec<u32>,
    /// Answers, one after the other: a bit a condition.
    answers: Vec<u64>,
    /// All of them together.
    any: Vec<u64>,
    /// The phase that was looked at last, and whether its second tier was.
    phase: Option<Phase>,
    has_second: bool,
    /// Whether a rule of the second tier was reached, in this transaction and in the one before: then it is likely that one
    /// will be, and both tiers are asked at once.
    reached_second: bool,
    expects_second: bool,
    scratch: Scratch,
    /// Links that matched values they were ruled out for, if they were held against them all the same; no value if the
    /// whole rule was ruled out.
    missed: Vec<(usize, Option<ValueId>)>,
}

/// What values are looked at with.
pub(super) struct Look<'l> {
    pub(super) prefilter: &'l Prefilter,
    pub(super) chains: &'l Chains,
    pub(super) store: &'l Store,
    pub(super) transformed: &'l mut Transformed,
}

/// Memory for one value.
#[derive(Debug, Default)]
struct Scratch {
    filter: FilterMemory,
    /// By step of the plan: what the value is there, as an index into `texts`.
    forms: Vec<u32>,
    /// What the value is at any step, each once; first the value as received.
    texts: Vec<(Form, Present)>,
    /// The conditions that are asked.
    wanted: Vec<u64>,
    answer: Vec<u64>,
    /// What may match the value.
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
        self.any.clear();
        self.any.resize(prefilter.words, 0);
        self.phase = None;
        self.expects_second = std::mem::take(&mut self.reached_second);
        self.missed.clear();
    }

    /// The bytes it takes, used or not.
    pub(super) fn capacity(&self) -> usize {
        self.answer_of.capacity() * size_of::<u32>() + self.answers.capacity() * size_of::<u64>()
    }

    /// The bytes in use.
    pub(super) fn used(&self) -> usize {
        self.answer_of.len() * size_of::<u32>() + self.answers.len() * size_of::<u64>()
    }

    /// Looks at the values that the rules of a phase look at, as far as that was not done.
    pub(super) fn look(&mut self, look: &mut Look<'_>, phase: Phase, tier: Tier) {
        if self.phase != Some(phase) {
            (self.phase, self.has_second) = (Some(phase), self.expects_second);
            self.look_at_sources(look, phase, if self.expects_second { Tier::Both } else { Tier::First });
        }
        if tier == Tier::Second {
            self.reached_second = true;
            if !std::mem::replace(&mut self.has_second, true) {
                self.look_at_sources(look, phase, tier);
            }
        }
    }

    fn look_at_sources(&mut self, look: &mut Look<'_>, phase: Phase, tier: Tier) {
        for source in look.prefilter.sources_of(phase, tier) {
            let plan = &look.prefilter.sources[source];
            let entries = look.store.list(plan.list);
            if self.looked_at[source] == entries {
                continue;
            }
            self.looked_at[source] = entries.clone();
            self.answer_of.resize(look.store.values(), 0);
            for entry in entries {
                let value = ValueId::new(entry, plan.part);
                let forms = &look.prefilter.forms[plan.forms_of(look.store.name(value)) as usize];
                if !forms.is_empty() {
                    self.look_at(look, forms, value);
                }
            }
        }
    }

    fn look_at(&mut self, look: &mut Look<'_>, plan: &FormPlan, value: ValueId) {
        let text = look.store.value(value);
        let present = Present::in_text(text);
        let words = look.prefilter.words;
        let Scratch { filter: memory, answer, bits, .. } = &mut self.scratch;
        bits.clear();
        bits.resize(words, 0);
        answer.resize(words, 0);
        if plan.triggers.is_any() || plan.triggers.intersects(present) {
            self.scratch.look_at_forms(look, plan, value, present);
        } else {
            look.prefilter.filter(plan.filter).ask(text, present, &plan.all, memory, answer);
            take(bits, answer, &plan.all);
        }
        let bits = &self.scratch.bits;
        if bits.iter().any(|word| *word != 0) {
            self.any.iter_mut().zip(bits).for_each(|(any, word)| *any |= word);
            let at = &mut self.answer_of[value.index()];
            if *at == 0 {
                self.answers.extend_from_slice(bits);
                *at = u32::try_from(self.answers.len() / words).expect("fewer values than 2^32");
            } else {
                let answer = &mut self.answers[(*at as usize - 1) * words..][..words];
                answer.iter_mut().zip(bits).for_each(|(answer, word)| *answer |= word);
            }
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

    /// Notes that a link matched a value it was ruled out for, or all of them: a fault of the prefilter or of a gate.
    pub(super) fn missed(&mut self, link: usize, value: Option<ValueId>) {
        debug_assert!(false, "link {link} was ruled out for value {value:?} (none: for all) and matches");
        self.missed.push((link, value));
    }

    /// The links that matched values they were ruled out for.
    pub(super) fn misses(&self) -> &[(usize, Option<ValueId>)] {
        &self.missed
    }
}

/// Takes over the answers that are wanted.
fn take(bits: &mut [u64], answer: &[u64], wanted: &[u64]) {
    for (word, bits) in bits.iter_mut().enumerate() {
        *bits |= answer[word] & wanted[word];
    }
}

impl Scratch {
    fn look_at_forms(&mut self, look: &mut Look<'_>, plan: &FormPlan, value: ValueId, present: Present) {
        self.forms.clear();
        self.texts.clear();
        self.texts.push((Form::AS_RECEIVED, present));
        self.wanted.clear();
        self.wanted.extend_from_slice(&plan.all);
        for step in &*plan.steps {
            let at = match step.from {
                None => 0,
                Some((before, transform)) => {
                    let at = self.forms[before as usize];
                    let (form, present) = self.texts[at as usize];
                    if step.trigger.is_any() || step.trigger.intersects(present) {
                        let step = (value, step.node);
                        let next = look.transformed.step(look.chains, look.store, step, form, transform);
                        if next == form { at } else { self.text(look, value, next) }
                    } else {
                        at
                    }
                }
            };
            self.forms.push(at);
            if at != 0 && step.filter.is_some() {
                // Conditions that are asked at several nodes stay.
                let wanted = self.wanted.iter_mut().zip(&*step.conditions).zip(&*plan.several);
                wanted.for_each(|((wanted, word), several)| *wanted &= !word | several);
            }
        }
        let Self { filter: memory, wanted, answer, bits, .. } = self;
        look.prefilter.filter(plan.filter).ask(look.store.value(value), present, wanted, memory, answer);
        take(bits, answer, wanted);
        for at in 1..self.texts.len() {
            self.ask(look, plan, at, value);
        }
    }

    /// Where a form is among the texts: an equal one's place, or its own.
    fn text(&mut self, look: &Look<'_>, value: ValueId, form: Form) -> u32 {
        let bytes = look.transformed.bytes(look.store, value, form);
        let is_same = |(known, _): &(Form, Present)| look.transformed.bytes(look.store, value, *known) == bytes;
        let at = self.texts.iter().position(is_same).unwrap_or_else(|| {
            self.texts.push((form, Present::in_text(bytes)));
            self.texts.len() - 1
        });
        u32::try_from(at).expect("a plan has fewer steps")
    }

    /// Asks what may match a changed text, for all steps at which the value is it.
    fn ask(&mut self, look: &Look<'_>, plan: &FormPlan, at: usize, value: ValueId) {
        let Self { filter: memory, forms, texts, wanted, answer, bits, .. } = self;
        let (form, present) = texts[at];
        let text = look.transformed.bytes(look.store, value, form);
        let is_here = |(_, form): &(&FormStep, &u32)| **form as usize == at;
        let here =
            || plan.steps.iter().zip(forms.iter()).filter(is_here).filter_map(|(step, _)| Some((step, step.filter?)));
        if here().count() <= NODE_FILTERS_MAX {
            for (step, filter) in here() {
                look.prefilter.filter(filter).ask(text, present, &step.conditions, memory, answer);
                take(bits, answer, &step.conditions);
            }
            return;
        }
        wanted.fill(0);
        for (step, _) in here() {
            wanted.iter_mut().zip(&*step.conditions).for_each(|(wanted, word)| *wanted |= word);
        }
        look.prefilter.filter(plan.filter).ask(text, present, wanted, memory, answer);
        take(bits, answer, wanted);
    }
}
