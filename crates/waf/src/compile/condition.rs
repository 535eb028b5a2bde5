//! Conditions as small trees over test results, and the gathering of tests by part.

use std::collections::HashMap;
use std::sync::Arc;

use super::address::{AddressPlanBuilder, AddressTestId, Asks, SourceId};
use super::chain::{FieldPlan, FieldPlanBuilder};
use super::{CompileError, Program, TestId};
use crate::ir::phased::{PhasedGroup, PhasedMatch};
use crate::ir::{AddressSource, Condition, Field, LabelTest, OnMissing, Oversize, Rule, RuleKind, Test};
use crate::transaction::PhasedRules;
use crate::{Limits, OversizeFields};

/// A test as the evaluator asks for it: its result is a bit that the part's pass sets.
#[derive(Debug)]
pub(crate) struct TestPlan {
    /// Index into [`Program::fields`].
    pub(crate) field: usize,
    pub(crate) oversize: Oversize,
    pub(crate) on_missing: OnMissing,
}

/// What one rule needs evaluated.
#[derive(Debug)]
pub(crate) struct RuleConditions {
    /// Its condition or scope-down; `None` holds always.
    pub(crate) when: Option<Compiled>,
    /// Sources whose header must be there for the rule to be applied.
    pub(crate) forwarded: Vec<AddressSource>,
    /// Sources that a geographic condition looks at: their labels are added whether or not it holds.
    pub(crate) located: Vec<SourceId>,
    /// The members' conditions, if the rule is a group.
    pub(crate) members: Vec<RuleConditions>,
}

/// A compiled condition.
#[derive(Debug)]
pub(crate) enum Compiled {
    Test(TestId),
    Address(AddressTestId),
    Label(Box<LabelTest>),
    Phased(PhasedTest),
    And(Vec<Compiled>),
    Or(Vec<Compiled>),
    Not(Box<Compiled>),
}

/// A rule in phases as the evaluator asks for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PhasedTest {
    /// Index into [`Program::phased`].
    pub(crate) group: usize,
    pub(crate) rule: u64,
    pub(crate) stops: bool,
}

/// Gathers the tests of all rules.
pub(super) struct Builder<'l> {
    limits: &'l Limits,
    fields: Vec<FieldPlanBuilder>,
    by_field: HashMap<Field, usize>,
    tests: Vec<TestPlan>,
    addresses: AddressPlanBuilder,
    phased: Vec<(Arc<PhasedGroup>, Arc<PhasedRules>)>,
}

impl<'l> Builder<'l> {
    pub(super) fn new(limits: &'l Limits) -> Self {
        Self {
            limits,
            fields: Vec::new(),
            by_field: HashMap::new(),
            tests: Vec::new(),
            addresses: AddressPlanBuilder::default(),
            phased: Vec::new(),
        }
    }

    pub(super) fn rule(
        &mut self,
        rule: &Rule,
        when: Option<&Condition>,
        members: Vec<RuleConditions>,
    ) -> Result<RuleConditions, CompileError> {
        let mut sources = Sources::default();
        if let RuleKind::Rate { key, .. } = &rule.kind {
            key.sources().for_each(|source| sources.need(source));
        }
        let when =
            when.map(|when| self.condition(rule, when, self.limits.condition_depth_max, &mut sources)).transpose()?;
        Ok(RuleConditions { when, forwarded: sources.forwarded, located: sources.located, members })
    }

    fn condition(
        &mut self,
        rule: &Rule,
        condition: &Condition,
        depth_left: usize,
        sources: &mut Sources,
    ) -> Result<Compiled, CompileError> {
        let Some(depth_left) = depth_left.checked_sub(1) else {
            return Err(CompileError::TooDeep { rule: rule.name.clone(), depth_max: self.limits.condition_depth_max });
        };
        let mut all = |parts: &[Condition]| {
            parts.iter().map(|part| self.condition(rule, part, depth_left, sources)).collect::<Result<Vec<_>, _>>()
        };
        Ok(match condition {
            Condition::And(parts) => Compiled::And(all(parts)?),
            Condition::Or(parts) => Compiled::Or(all(parts)?),
            Condition::Not(part) => Compiled::Not(Box::new(self.condition(rule, part, depth_left, sources)?)),
            Condition::Test(test) => Compiled::Test(self.test(rule, test)?),
            Condition::Ip { source, set } => {
                sources.need(source);
                self.address(source, Asks::Ip(Arc::clone(set)))
            }
            Condition::Geo { source, countries } => {
                sources.need(source);
                sources.locate(self.addresses.source(source));
                self.address(source, Asks::Geo(countries.clone()))
            }
            Condition::Asn { source, asns } => {
                sources.need(source);
                let mut asns = asns.clone();
                asns.sort_unstable();
                self.address(source, Asks::Asn(asns))
            }
            Condition::Label(test) => Compiled::Label(Box::new(test.clone())),
            Condition::Phased(test) => Compiled::Phased(self.phased(rule, test)?),
        })
    }

    fn phased(&mut self, rule: &Rule, test: &PhasedMatch) -> Result<PhasedTest, CompileError> {
        // Members of one group stand together.
        let known = self.phased.iter().rposition(|(group, _)| Arc::ptr_eq(group, &test.group));
        let group = match known {
            Some(known) => known,
            None => {
                let failed = |source| CompileError::Phased { rule: rule.name.clone(), source };
                let rules = Arc::clone(test.group.compiled(self.limits).map_err(failed)?);
                self.phased.push((Arc::clone(&test.group), rules));
                self.phased.len() - 1
            }
        };
        Ok(PhasedTest { group, rule: test.rule, stops: test.stops })
    }

    fn address(&mut self, source: &AddressSource, asks: Asks) -> Compiled {
        let source = self.addresses.source(source);
        Compiled::Address(self.addresses.test(source, asks))
    }

    fn test(&mut self, rule: &Rule, test: &Test) -> Result<TestId, CompileError> {
        let id = TestId::new(self.tests.len());
        let field = *self.by_field.entry(test.field.clone()).or_insert_with(|| {
            self.fields.push(FieldPlanBuilder::new(test.field.clone()));
            self.fields.len() - 1
        });
        self.fields[field].add(rule, id, test, self.limits)?;
        self.tests.push(TestPlan { field, oversize: test.oversize, on_missing: test.on_missing });
        Ok(id)
    }

    pub(super) fn finish(self, rules: Vec<RuleConditions>) -> Result<Program, CompileError> {
        let mut regexes = 0;
        let fields: Vec<FieldPlan> =
            self.fields.into_iter().map(|field| field.finish(&mut regexes)).collect::<Result<_, _>>()?;
        let mut looked_at = OversizeFields::default();
        fields.iter().for_each(|plan| looked_at.add(&plan.field));
        if !self.phased.is_empty() {
            looked_at.add(&Field::Body);
        }
        let phased = self.phased.into_iter().map(|(_, rules)| rules).collect();
        let chain_depth_max = fields.iter().map(FieldPlan::depth).max().unwrap_or(0);
        let addresses = self.addresses.finish();
        Ok(Program { fields, looked_at, tests: self.tests, addresses, phased, regexes, chain_depth_max, rules })
    }
}

/// The address sources that one rule uses.
#[derive(Default)]
struct Sources {
    forwarded: Vec<AddressSource>,
    located: Vec<SourceId>,
}

impl Sources {
    fn need(&mut self, source: &AddressSource) {
        if matches!(source, AddressSource::Forwarded { .. }) && !self.forwarded.contains(source) {
            self.forwarded.push(source.clone());
        }
    }

    fn locate(&mut self, source: SourceId) {
        if !self.located.contains(&source) {
            self.located.push(source);
        }
    }
}
