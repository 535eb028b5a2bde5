//! What must hold for a rule to match at all, told without a look at the rule: most rules of a phase are left here.

use super::effect::Addend;
use super::names::Slot;
use super::prefilter::{LinkCondition, Prefilter};
use super::{LinkPlan, PlacePlan, RulePlan};
use crate::ir::Comparison;

/// What must hold for a rule to match at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::transaction) enum Gate {
    /// Nothing is known.
    Open,
    /// The prefilter does not rule out all values that the first link looks at.
    Values(LinkCondition),
    /// A `TX` variable compares so to a number.
    Number(NumberGate),
}

/// How a `TX` variable compares to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::transaction) struct NumberGate {
    pub(in crate::transaction) slot: Slot,
    /// Whether it is asked if the variable is set, instead of what it is.
    pub(in crate::transaction) count: bool,
    pub(in crate::transaction) comparison: Comparison,
    pub(in crate::transaction) than: i64,
    pub(in crate::transaction) negated: bool,
}

impl Gate {
    pub(super) fn of(rule: &RulePlan, links: &[LinkPlan], prefilter: &Prefilter) -> Self {
        let first = rule.links.start;
        if let Some(condition) = prefilter.condition(first).filter(|condition| condition.is_whole) {
            return Self::Values(condition);
        }
        links[first].test.as_ref().and_then(NumberGate::of).map_or(Self::Open, Self::Number)
    }
}

impl NumberGate {
    fn of(test: &super::TestPlan) -> Option<Self> {
        let [target] = &*test.targets else { return None };
        let number = test.number.as_ref()?;
        match (target.place, &number.than) {
            (PlacePlan::Slot(slot), Addend::Number(than)) => Some(Self {
                slot,
                count: target.count,
                comparison: number.comparison,
                than: *than,
                negated: test.negated,
            }),
            _ => None,
        }
    }
}
