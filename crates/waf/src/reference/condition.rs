//! Judges one condition, part by part, without shortcuts.

use std::sync::Arc;

use regex_automata::meta::Regex;

use super::PhasedRuns;
use super::trace::{ConditionTrace, Finding, PhasedTrace, TestTrace, ValueTrace};
use crate::ir::phased::PhasedMatch;
use crate::ir::{AddressSource, Condition, IpSet, OnMissing, Operator, Oversize, Policy, Test};
use crate::operator::{bytes_match, regex, sqli, xss};
use crate::part::{self, select_addresses};
use crate::phased_run::{PhasedAround, PhasedRun};
use crate::transaction::Judging as PhasedJudging;
use crate::transform::Outcome;
use crate::{Context, Limits, Request, Verdict};

pub(super) struct Judging<'e> {
    pub(super) policy: &'e Policy,
    pub(super) limits: &'e Limits,
    pub(super) request: &'e Request<'e>,
    pub(super) context: &'e Context<'e>,
    pub(super) verdict: &'e Verdict,
    pub(super) phased: &'e PhasedRuns,
}

impl Judging<'_> {
    pub(super) fn judge(&self, condition: &Condition) -> ConditionTrace {
        match condition {
            Condition::Test(test) => ConditionTrace::Test(judge_test(test, self.limits, self.request)),
            Condition::And(parts) => ConditionTrace::And(parts.iter().map(|part| self.judge(part)).collect()),
            Condition::Or(parts) => ConditionTrace::Or(parts.iter().map(|part| self.judge(part)).collect()),
            Condition::Not(part) => ConditionTrace::Not(Box::new(self.judge(part))),
            Condition::Ip { source, set } => self.ip(source, set),
            Condition::Geo { source, countries } => self.geo(source, countries),
            Condition::Asn { source, asns } => self.asn(source, asns),
            Condition::Label(test) => {
                let mut labels = self.verdict.labels.iter().map(|label| label.text(self.policy));
                let found = labels.find(|label| test.holds(label)).map(str::to_owned);
                ConditionTrace::Label { test: test.clone(), found }
            }
            Condition::Phased(test) => self.rule_in_phases(test),
        }
    }

    /// Rules that do not compile match nothing: nothing is judged by a policy with such.
    fn rule_in_phases(&self, test: &PhasedMatch) -> ConditionTrace {
        let mut runs = self.phased.borrow_mut();
        let known = runs.iter().position(|(group, _)| Arc::ptr_eq(group, &test.group));
        let at = known.unwrap_or_else(|| {
            runs.push((Arc::clone(&test.group), PhasedRun::default()));
            runs.len() - 1
        });
        let around = PhasedAround { request: self.request, context: self.context, judging: PhasedJudging::Plain };
        let rules = test.group.compiled(self.limits);
        let holds = rules.is_ok_and(|rules| runs[at].1.holds(rules, (test.rule, test.stops), around));
        ConditionTrace::Phased(PhasedTrace { group: at, rule: test.rule, holds })
    }

    fn ip(&self, source: &AddressSource, set: &IpSet) -> ConditionTrace {
        let addresses: Vec<_> = select_addresses(source, self.request).iter().collect();
        let contains = |address: &std::net::IpAddr| {
            let address = address.to_canonical();
            set.addresses.ranges().any(|range| range.contains(&address))
        };
        let holds = if addresses.is_empty() { source.invalid_matches() } else { addresses.iter().any(contains) };
        ConditionTrace::Ip { source: source.clone(), addresses, set: set.id.clone(), holds }
    }

    fn geo(&self, source: &AddressSource, countries: &[String]) -> ConditionTrace {
        let address = select_addresses(source, self.request).first();
        let given = self.request.client.country.filter(|_| *source == AddressSource::Client);
        let country = address
            .and_then(|address| given.or_else(|| self.context.places.place(address).map(|place| place.country)))
            .map(str::to_owned);
        let holds = match (address, &country) {
            (None, _) => source.invalid_matches(),
            (Some(_), country) => country.as_ref().is_some_and(|country| countries.contains(country)),
        };
        ConditionTrace::Geo { source: source.clone(), country, countries: countries.to_vec(), holds }
    }

    fn asn(&self, source: &AddressSource, asns: &[u32]) -> ConditionTrace {
        let address = select_addresses(source, self.request).first();
        let given = self.request.client.asn.filter(|_| *source == AddressSource::Client);
        let asn = address.and_then(|address| given.or_else(|| self.context.places.asn(address)));
        let holds =
            if address.is_none() { source.invalid_matches() } else { asn.is_some_and(|asn| asns.contains(&asn)) };
        ConditionTrace::Asn { source: source.clone(), asn, asns: asns.to_vec(), holds }
    }
}

/// Judges one test: takes its part apart, runs its transformations one by one, and looks at each value.
pub(super) fn judge_test(test: &Test, limits: &Limits, request: &Request<'_>) -> TestTrace {
    let finder = Finder::new(&test.operator);
    let mut values = Vec::new();
    let extent = part::visit(&test.field, request, limits, &mut part::Memory::default(), |name, value| {
        let mut bytes = value.to_vec();
        for transform in &test.transforms {
            let mut output = Vec::new();
            if transform.apply(&bytes, &mut output) == Outcome::Changed {
                bytes = output;
            }
        }
        values.push(ValueTrace { name: name.to_vec(), finding: finder.find(&bytes), bytes });
    });
    let holds = match (extent.present, extent.oversize, test.oversize) {
        (_, true, Oversize::Match) => true,
        (_, true, Oversize::NoMatch) => false,
        (false, ..) => test.on_missing == OnMissing::Match,
        _ => extent.settled.unwrap_or_else(|| values.iter().any(|value| value.finding.is_some())),
    };
    TestTrace {
        field: test.field.clone(),
        transforms: test.transforms.clone(),
        operator: test.operator.clone(),
        present: extent.present,
        oversize: extent.oversize,
        settled: extent.settled,
        handling: test.oversize,
        values,
        holds,
    }
}

/// An operator with its expressions built, once for all values of a part.
struct Finder<'o> {
    operator: &'o Operator,
    regexes: Vec<Regex>,
}

impl<'o> Finder<'o> {
    fn new(operator: &'o Operator) -> Self {
        let regexes = match operator {
            Operator::Regex(sources) => {
                sources.iter().filter_map(|source| regex::build(&source.0, usize::MAX).ok()).collect()
            }
            _ => Vec::new(),
        };
        Self { operator, regexes }
    }

    fn find(&self, value: &[u8]) -> Option<Finding> {
        match self.operator {
            Operator::Bytes { literal, position } => {
                bytes_match(value, literal, *position).map(|start| Finding::Bytes { start, end: start + literal.len() })
            }
            Operator::Regex(_) => {
                let found = self.regexes.iter().find_map(|regex| regex.find(value))?;
                Some(Finding::Bytes { start: found.start(), end: found.end() })
            }
            Operator::Size { comparison, bytes } => {
                comparison.holds(value.len() as u64, *bytes).then_some(Finding::Length)
            }
            Operator::Sqli(sensitivity) => sqli::detect(value, *sensitivity)
                .map(|_| Finding::Injection { tokens: sqli::matched_data(value, *sensitivity) }),
            Operator::Xss => xss::detect(value).then(|| Finding::Injection { tokens: xss::matched_data(value) }),
        }
    }
}
