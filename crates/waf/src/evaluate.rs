//! Holds a request against a compiled rule set.
//!
//! A part of the request is taken apart, transformed and matched when the first rule asks for it, once, for all tests on it.

mod addresses;
mod fields;
mod scratch;

use crate::compile::{Compiled, PhasedTest, RuleConditions};
use crate::flow::{self, Judge};
use crate::ir::AddressSource;
use crate::part;
use crate::phased_run::{PhasedAround, PhasedRun};
use crate::transaction::Judging;
use crate::{Context, Request, RuleRef, RuleSet, Verdict};

use addresses::{Answers, Places};
use fields::Fields;
pub use scratch::Scratch;

impl RuleSet {
    /// Holds `request` against the rules.
    ///
    /// `scratch` keeps memory between requests: a request that matches nothing allocates nothing once it is warm. Takes time
    /// linear in the bytes inspected.
    pub fn evaluate<'s>(&self, request: &Request<'_>, context: &Context<'_>, scratch: &'s mut Scratch) -> &'s Verdict {
        scratch.prepare(self);
        let Scratch { fields, answers, keys, phased, verdict, .. } = scratch;
        let around = Surroundings { rule_set: self, request, context };
        let mut judge = Matching { around, fields, answers, phased, places: Places::default() };
        flow::run(self.policy(), request, context, &mut judge, keys, verdict);
        verdict.oversize = part::oversize(self.program.looked_at, request, self.limits());
        verdict
    }
}

/// What one evaluation is about.
#[derive(Clone, Copy)]
struct Surroundings<'e> {
    rule_set: &'e RuleSet,
    request: &'e Request<'e>,
    context: &'e Context<'e>,
}

/// Judges compiled conditions.
struct Matching<'e> {
    around: Surroundings<'e>,
    fields: &'e mut Fields,
    answers: &'e mut Answers,
    phased: &'e mut [PhasedRun],
    places: Places<'e>,
}

impl<'e> Matching<'e> {
    fn conditions(&self, rule: RuleRef) -> &'e RuleConditions {
        let top = &self.around.rule_set.program.rules[rule.rule as usize];
        rule.member.map_or(top, |member| &top.members[member as usize])
    }

    fn condition_holds(&mut self, condition: &Compiled, verdict: &Verdict) -> bool {
        match condition {
            Compiled::Test(test) => self.fields.passes(*test, self.around.rule_set, self.around.request),
            Compiled::And(parts) => parts.iter().all(|part| self.condition_holds(part, verdict)),
            Compiled::Or(parts) => parts.iter().any(|part| self.condition_holds(part, verdict)),
            Compiled::Not(part) => !self.condition_holds(part, verdict),
            Compiled::Address(test) => self.answers.holds(*test, self.around, &mut self.places),
            Compiled::Label(test) => {
                let policy = self.around.rule_set.policy();
                verdict.labels.iter().any(|label| test.holds(label.text(policy)))
            }
            Compiled::Phased(test) => self.phased_holds(*test),
        }
    }
}

impl Matching<'_> {
    fn phased_holds(&mut self, test: PhasedTest) -> bool {
        let Surroundings { rule_set, request, context } = self.around;
        let around = PhasedAround { request, context, judging: Judging::Prefiltered };
        self.phased[test.group].holds(&rule_set.program.phased[test.group], (test.rule, test.stops), around)
    }
}

impl Judge for Matching<'_> {
    fn holds(&mut self, rule: RuleRef, verdict: &Verdict) -> bool {
        let conditions = self.conditions(rule);
        conditions.when.as_ref().is_none_or(|when| self.condition_holds(when, verdict))
    }

    fn locate(&mut self, rule: RuleRef, mut each: impl FnMut(&AddressSource)) {
        for &source in &self.conditions(rule).located {
            if self.answers.begin_labels(source) {
                each(&self.around.rule_set.program.addresses.sources[source.index()]);
            }
        }
    }

    fn forwarded(&self, rule: RuleRef) -> &[AddressSource] {
        &self.conditions(rule).forwarded
    }
}
