//! Holds a request against a compiled rule set.
//!
//! A part of the request is taken apart, transformed and matched when the first rule asks for it, once, for all tests on it.

mod fields;
mod scratch;

use crate::compile::{Compiled, RuleConditions};
use crate::flow::{self, Judge};
use crate::ir::AddressSource;
use crate::part::{self, select_addresses};
use crate::{Context, Request, RuleRef, RuleSet, Verdict};

use fields::Fields;
pub use scratch::Scratch;

impl RuleSet {
    /// Holds `request` against the rules.
    ///
    /// `scratch` keeps memory between requests: a request that matches nothing allocates nothing once it is warm. Takes time
    /// linear in the bytes inspected.
    pub fn evaluate<'s>(&self, request: &Request<'_>, context: &Context<'_>, scratch: &'s mut Scratch) -> &'s Verdict {
        scratch.prepare(self);
        let Scratch { fields, keys, verdict, .. } = scratch;
        let mut judge = Matching { rule_set: self, request, context, fields };
        flow::run(self.policy(), request, context, &mut judge, keys, verdict);
        verdict.oversize = part::oversize(self.program.looked_at, request, self.limits());
        verdict
    }
}

/// Judges compiled conditions.
struct Matching<'e> {
    rule_set: &'e RuleSet,
    request: &'e Request<'e>,
    context: &'e Context<'e>,
    fields: &'e mut Fields,
}

impl<'e> Matching<'e> {
    fn conditions(&self, rule: RuleRef) -> &'e RuleConditions {
        let top = &self.rule_set.program.rules[rule.rule as usize];
        rule.member.map_or(top, |member| &top.members[member as usize])
    }

    fn condition_holds(&mut self, condition: &Compiled, verdict: &Verdict) -> bool {
        match condition {
            Compiled::Test(test) => self.fields.passes(*test, self.rule_set, self.request),
            Compiled::And(parts) => parts.iter().all(|part| self.condition_holds(part, verdict)),
            Compiled::Or(parts) => parts.iter().any(|part| self.condition_holds(part, verdict)),
            Compiled::Not(part) => !self.condition_holds(part, verdict),
            Compiled::Ip { source, set } => {
                let addresses = select_addresses(source, self.request);
                if addresses.first().is_none() {
                    source.invalid_matches()
                } else {
                    addresses.iter().any(|one| set.addresses.contains(one))
                }
            }
            Compiled::Geo { source, countries } => {
                let Some(address) = select_addresses(source, self.request).first() else {
                    return source.invalid_matches();
                };
                let given = self.request.client.country.filter(|_| *source == AddressSource::Client);
                let country = given.or_else(|| self.context.places.place(address).map(|place| place.country));
                country.is_some_and(|country| countries.iter().any(|listed| listed == country))
            }
            Compiled::Asn { source, asns } => {
                let Some(address) = select_addresses(source, self.request).first() else {
                    return source.invalid_matches();
                };
                let given = self.request.client.asn.filter(|_| *source == AddressSource::Client);
                let asn = given.or_else(|| self.context.places.asn(address));
                asn.is_some_and(|asn| asns.binary_search(&asn).is_ok())
            }
            Compiled::Label(test) => {
                let policy = self.rule_set.policy();
                verdict.labels.iter().any(|label| test.holds(label.text(policy)))
            }
        }
    }
}

impl Judge for Matching<'_> {
    fn holds(&mut self, rule: RuleRef, verdict: &Verdict) -> bool {
        let conditions = self.conditions(rule);
        conditions.when.as_ref().is_none_or(|when| self.condition_holds(when, verdict))
    }

    fn located(&self, rule: RuleRef) -> &[AddressSource] {
        &self.conditions(rule).located
    }

    fn forwarded(&self, rule: RuleRef) -> &[AddressSource] {
        &self.conditions(rule).forwarded
    }
}
