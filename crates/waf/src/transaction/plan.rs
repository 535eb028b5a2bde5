//! Rules in phases, resolved into numbers: what [`PhasedRules`](super::PhasedRules) runs.
//!
//! Everything that does not depend on a transaction is decided here, once: names of variables, places to skip to, the
//! rules that `ctl` removes, chains of transformations.

mod builder;
mod chain;
mod effect;
mod gate;
mod names;
mod order;
mod prefilter;
mod selection;
mod target;
mod text;

use std::ops::Range;

use super::CompiledOperator;
use crate::ir::Comparison;
use crate::ir::phased::{PhasedPolicy, XmlPath};

pub(super) use builder::compile;
pub(super) use chain::{ChainId, Chains};
pub(super) use effect::{Addend, ChangePlan, ControlPlan, EffectPlan, RuleBits, Selection, TargetRemoval, TextKind};
pub(super) use gate::{Gate, NumberGate};
pub(super) use names::{Names, Slot};
pub(super) use order::Step;
pub(super) use prefilter::{FormPlan, FormStep, LinkCondition, Prefilter, Tier};
pub(super) use target::{PlacePlan, SelectorPlan, TargetPlan};
pub(super) use text::{PiecePlan, TextPlan};

/// Rules in phases, resolved.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) names: Names,
    pub(super) chains: Chains,
    /// In the order of the policy.
    pub(super) rules: Box<[RulePlan]>,
    /// Of all rules, one after the other.
    pub(super) links: Box<[LinkPlan]>,
    /// Which links may match at all.
    pub(super) prefilter: Prefilter,
    /// The rules of each phase, in order.
    pub(super) phases: [Box<[Step]>; 5],
    /// What `ctl:ruleRemoveBy…` removes.
    pub(super) selections: Vec<Selection>,
    /// What `ctl:ruleRemoveTargetBy…` removes.
    pub(super) removals: Vec<TargetRemoval>,
    /// `TX:MSC_PCRE_LIMITS_EXCEEDED`.
    pub(super) limits_exceeded: Slot,
    /// Whether any rule looks at `FULL_REQUEST`.
    pub(super) full_request: bool,
    /// What rules choose of XML, by the numbers that selectors have.
    pub(super) xml_paths: Vec<XmlPath>,
}

/// A rule.
#[derive(Debug)]
pub(super) struct RulePlan {
    /// Its place among the policy's items.
    pub(super) item: usize,
    /// Its links, first to last.
    pub(super) links: Range<usize>,
    /// `ctl`, in the order it happens.
    pub(super) controls: Box<[ControlPlan]>,
    /// Where `redirect` leads.
    pub(super) redirect: Option<TextPlan>,
    pub(super) message: Option<TextPlan>,
    /// Its tags; none if they are the same in every transaction.
    pub(super) tags: Option<Box<[TextPlan]>>,
    /// Whether what logs say of it depends on the transaction.
    pub(super) has_text_macros: bool,
}

/// A link of a rule.
#[derive(Debug)]
pub(super) struct LinkPlan {
    pub(super) rule: usize,
    pub(super) test: Option<TestPlan>,
    /// For each value that matches, in order.
    pub(super) effects: Box<[EffectPlan]>,
    /// Whether what the operator caught is kept. What it does not hold for catches nothing.
    pub(super) capture: bool,
    pub(super) multi_match: bool,
    pub(super) log_data: Option<TextPlan>,
    pub(super) message: Option<TextPlan>,
    /// Whether something after it looks at all values that matched.
    pub(super) keeps_matched: bool,
}

/// Values held against an operator.
#[derive(Debug)]
pub(super) struct TestPlan {
    pub(super) targets: Box<[TargetPlan]>,
    /// One node for each transformation.
    pub(super) chain: Box<[ChainId]>,
    pub(super) operator: CompiledOperator,
    /// The operator's text, if it has macros.
    pub(super) operand: Option<TextPlan>,
    /// The same test without texts, if it compares numbers as received.
    pub(super) number: Option<NumberTest>,
    pub(super) negated: bool,
    /// Whether it fills `GEO`.
    pub(super) locates: bool,
}

/// A number against a number.
#[derive(Debug)]
pub(super) struct NumberTest {
    pub(super) comparison: Comparison,
    pub(super) than: Addend,
}

impl TestPlan {
    /// What a value is after all transformations.
    pub(super) fn last(&self) -> ChainId {
        self.chain.last().copied().unwrap_or(ChainId::ROOT)
    }
}

impl Program {
    /// The rule as it was loaded.
    pub(super) fn rule<'p>(&self, policy: &'p PhasedPolicy, rule: usize) -> &'p crate::ir::phased::PhasedRule {
        match &policy.items[self.rules[rule].item] {
            crate::ir::phased::Item::Rule(rule) => rule,
            crate::ir::phased::Item::Marker(_) => unreachable!("a rule's place is a rule"),
        }
    }
}
