//! The slow, obvious evaluator: the meaning of a policy, with a trace a person can read.
//!
//! It walks the policy as it is: every test takes its part of the request apart anew, runs its transformations one by one
//! and looks at each value. The compiled matcher is held to its verdicts by property tests; `sekisho check` prints its
//! trace.

mod condition;
mod trace;

use std::cell::RefCell;
use std::sync::Arc;

use crate::flow::{self, Judge, Judged};
use crate::ir::phased::PhasedGroup;
use crate::ir::{AddressSource, Condition, Field, Operator, Policy, Rule, RuleKind};
use crate::part;
use crate::phased_run::PhasedRun;
use crate::rate_key::KeyBuffers;
use crate::{Context, CountedKey, Limits, OversizeFields, Request, RuleRef, Verdict};

pub use trace::{ConditionTrace, CountTrace, Finding, PhasedTrace, RuleTrace, TestTrace, Trace, ValueTrace};

/// Holds `request` against `policy`.
#[must_use]
pub fn evaluate(policy: &Policy, limits: &Limits, request: &Request<'_>, context: &Context<'_>) -> (Verdict, Trace) {
    let mut verdict = Verdict::default();
    let sources: Vec<_> = policy.rules.iter().map(Sources::of_top).collect();
    let mut looked_at = OversizeFields::default();
    sources.iter().for_each(|sources| sources.add_looked_at(&mut looked_at));
    let mut judge =
        Obvious { policy, limits, request, context, sources, phased: RefCell::default(), trace: Trace::default() };
    flow::run(policy, request, context, &mut judge, &mut KeyBuffers::default(), &mut verdict);
    verdict.oversize = part::oversize(looked_at, request, limits);
    let Obvious { mut trace, phased, .. } = judge;
    trace.transactions = phased.into_inner().into_iter().map(|(_, run)| run.into_transaction()).collect();
    (verdict, trace)
}

/// What the detectors of injection find in the parts that the condition of `rule` holds them against, for the record of a
/// match. Other tests are not run, nor what stands under a negation: that is no reason for a match.
#[must_use]
pub fn injections(policy: &Policy, limits: &Limits, request: &Request<'_>, rule: RuleRef) -> Vec<TestTrace> {
    let mut traces = Vec::new();
    if let Some(condition) = condition_of(rule.resolve(policy)) {
        gather_injections(condition, limits, request, &mut traces);
    }
    traces
}

fn gather_injections(condition: &Condition, limits: &Limits, request: &Request<'_>, traces: &mut Vec<TestTrace>) {
    match condition {
        Condition::Test(test) if matches!(test.operator, Operator::Sqli(_) | Operator::Xss) => {
            traces.push(condition::judge_test(test, limits, request));
        }
        Condition::And(parts) | Condition::Or(parts) => {
            parts.iter().for_each(|part| gather_injections(part, limits, request, traces));
        }
        _ => {}
    }
}

/// What a rule or scope-down is about, for one rule.
fn condition_of(rule: &Rule) -> Option<&Condition> {
    match &rule.kind {
        RuleKind::Match { when, .. } => Some(when),
        RuleKind::Rate { scope_down, .. } | RuleKind::Group { scope_down, .. } => scope_down.as_ref(),
    }
}

/// What came of the groups of rules in phases so far.
type PhasedRuns = RefCell<Vec<(Arc<PhasedGroup>, PhasedRun)>>;

struct Obvious<'e> {
    policy: &'e Policy,
    limits: &'e Limits,
    request: &'e Request<'e>,
    context: &'e Context<'e>,
    sources: Vec<Sources>,
    phased: PhasedRuns,
    trace: Trace,
}

impl Obvious<'_> {
    fn sources(&self, rule: RuleRef) -> &Sources {
        let top = &self.sources[rule.rule as usize];
        rule.member.map_or(top, |member| &top.members[member as usize])
    }
}

impl Judge for Obvious<'_> {
    fn holds(&mut self, rule: RuleRef, verdict: &Verdict) -> bool {
        let Some(condition) = condition_of(rule.resolve(self.policy)) else { return true };
        let judging = condition::Judging {
            policy: self.policy,
            limits: self.limits,
            request: self.request,
            context: self.context,
            verdict,
            phased: &self.phased,
        };
        let trace = judging.judge(condition);
        let holds = trace.holds();
        self.trace.conditions.push((rule, trace));
        holds
    }

    fn locate(&mut self, rule: RuleRef, each: impl FnMut(&AddressSource)) {
        self.sources(rule).located.iter().for_each(each);
    }

    fn forwarded(&self, rule: RuleRef) -> &[AddressSource] {
        &self.sources(rule).forwarded
    }

    fn counted(&mut self, _: RuleRef, counted: Option<(CountedKey<'_>, u64)>) {
        let trace = |(key, count): (CountedKey<'_>, u64)| CountTrace::Under { key: key.to_limited(), count };
        self.trace.counted = Some(counted.map_or(CountTrace::Lacking, trace));
    }

    fn judged(&mut self, rule: RuleRef, outcome: Judged) {
        let condition = match self.trace.conditions.pop() {
            Some((of, condition)) if of == rule => Some(condition),
            Some(other) => {
                self.trace.conditions.push(other);
                None
            }
            None => None,
        };
        self.trace.rules.push(RuleTrace { rule, outcome, condition, counted: self.trace.counted.take() });
    }
}

/// The address sources and parts a rule uses.
#[derive(Default)]
struct Sources {
    forwarded: Vec<AddressSource>,
    located: Vec<AddressSource>,
    members: Vec<Sources>,
    fields: Vec<Field>,
}

impl Sources {
    fn of_top(rule: &Rule) -> Self {
        let mut sources = Self::of(rule);
        if let RuleKind::Group { group, .. } = &rule.kind {
            sources.members = group.rules.iter().map(Self::of).collect();
        }
        sources
    }

    fn of(rule: &Rule) -> Self {
        let mut sources = Self::default();
        if let RuleKind::Rate { key, .. } = &rule.kind {
            key.sources().for_each(|source| sources.add(source, false));
        }
        if let Some(condition) = condition_of(rule) {
            sources.gather(condition);
        }
        sources
    }

    fn gather(&mut self, condition: &Condition) {
        match condition {
            Condition::Geo { source, .. } => self.add(source, true),
            Condition::Ip { source, .. } | Condition::Asn { source, .. } => self.add(source, false),
            Condition::And(parts) | Condition::Or(parts) => parts.iter().for_each(|part| self.gather(part)),
            Condition::Not(part) => self.gather(part),
            Condition::Test(test) => self.fields.push(test.field.clone()),
            Condition::Phased(_) => self.fields.push(Field::Body),
            Condition::Label(_) => {}
        }
    }

    fn add_looked_at(&self, looked_at: &mut OversizeFields) {
        self.fields.iter().for_each(|field| looked_at.add(field));
        self.members.iter().for_each(|member| member.add_looked_at(looked_at));
    }

    fn add(&mut self, source: &AddressSource, is_geographic: bool) {
        if matches!(source, AddressSource::Forwarded { .. }) {
            self.forwarded.push(source.clone());
        }
        if is_geographic && !self.located.contains(source) {
            self.located.push(source.clone());
        }
    }
}
