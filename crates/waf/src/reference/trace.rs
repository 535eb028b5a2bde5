//! What the reference evaluator looked at and found, in order.

use std::net::IpAddr;

use crate::ir::{AddressSource, Field, LabelTest, Operator, Oversize};
use crate::transaction::{Matched, Transaction};
use crate::transform::Transform;
use crate::{Judged, LimitedKey, RuleRef};

/// The trace of one evaluation.
#[derive(Debug, Default)]
pub struct Trace {
    /// The rules held against the request, in order; those after the end are not listed.
    ///
    /// A rule that refers to a group comes before its members; its outcome says whether the scope-down held.
    pub rules: Vec<RuleTrace>,
    /// What came of each group of rules in phases that was asked, in the order of the asking.
    pub transactions: Vec<Transaction>,
    /// Conditions judged whose rule is not decided yet.
    pub(super) conditions: Vec<(RuleRef, ConditionTrace)>,
    /// What the rule at hand counted, until it is decided.
    pub(super) counted: Option<CountTrace>,
}

/// What came of one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleTrace {
    /// The rule.
    pub rule: RuleRef,
    /// What came of it.
    pub outcome: Judged,
    /// Its condition or scope-down, if it has one and was applied.
    pub condition: Option<ConditionTrace>,
    /// What the request counts under, if it is a rate-based rule that was applied.
    pub counted: Option<CountTrace>,
}

/// What a request counts under in a rate-based rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CountTrace {
    /// Nothing: it lacks a part of the key.
    Lacking,
    /// This key.
    Under {
        /// The key.
        key: LimitedKey,
        /// Requests in the window, this one included.
        count: u64,
    },
}

/// What came of one condition and its parts. Every part is judged, even where fewer would decide.
#[derive(Debug, Clone, PartialEq)]
pub enum ConditionTrace {
    /// A test on a part of the request.
    Test(TestTrace),
    /// Addresses held against a set.
    Ip {
        /// Which addresses.
        source: AddressSource,
        /// The addresses.
        addresses: Vec<IpAddr>,
        /// The set.
        set: String,
        /// Whether it holds.
        holds: bool,
    },
    /// A country held against a list.
    Geo {
        /// Which address.
        source: AddressSource,
        /// The address's country, if known.
        country: Option<String>,
        /// The list.
        countries: Vec<String>,
        /// Whether it holds.
        holds: bool,
    },
    /// An autonomous system held against a list.
    Asn {
        /// Which address.
        source: AddressSource,
        /// The address's system, if known.
        asn: Option<u32>,
        /// The list.
        asns: Vec<u32>,
        /// Whether it holds.
        holds: bool,
    },
    /// Labels held against a key.
    Label {
        /// The labels looked for.
        test: LabelTest,
        /// The first label that is one of them.
        found: Option<String>,
    },
    /// A rule in phases.
    Phased(PhasedTrace),
    /// All must hold.
    And(Vec<ConditionTrace>),
    /// One must hold.
    Or(Vec<ConditionTrace>),
    /// Must not hold.
    Not(Box<ConditionTrace>),
}

impl ConditionTrace {
    /// Whether the condition holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        match self {
            Self::Test(test) => test.holds,
            Self::Ip { holds, .. } | Self::Geo { holds, .. } | Self::Asn { holds, .. } => *holds,
            Self::Label { found, .. } => found.is_some(),
            Self::Phased(trace) => trace.holds,
            Self::And(parts) => parts.iter().all(Self::holds),
            Self::Or(parts) => parts.iter().any(Self::holds),
            Self::Not(part) => !part.holds(),
        }
    }
}

/// A rule in phases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhasedTrace {
    /// Its group: an index into [`Trace::transactions`].
    pub group: usize,
    /// The rule's number.
    pub rule: u64,
    /// Whether it matched, and stopped the transaction if it must have.
    pub holds: bool,
}

impl PhasedTrace {
    /// What the rule matched; none if it did not, or asks for no log.
    #[must_use]
    pub fn matched<'t>(&self, trace: &'t Trace) -> Option<Matched<'t>> {
        trace.transactions.get(self.group)?.matches().find(|matched| matched.rule.id == self.rule)
    }
}

/// One test: what it looked at and what it found.
#[derive(Debug, Clone, PartialEq)]
pub struct TestTrace {
    /// The part.
    pub field: Field,
    /// The transformations.
    pub transforms: Vec<Transform>,
    /// What values are held against.
    pub operator: Operator,
    /// Whether the request has the part.
    pub present: bool,
    /// Whether there is more of the part than is inspected.
    pub oversize: bool,
    /// What that does to the test.
    pub handling: Oversize,
    /// What came of the test because the part could not be read, if that was decided so.
    pub settled: Option<bool>,
    /// The values, transformed.
    pub values: Vec<ValueTrace>,
    /// Whether the test passes.
    pub holds: bool,
}

/// One value and what was found in it.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueTrace {
    /// Its name (of the header, argument or cookie), if it has one.
    pub name: Vec<u8>,
    /// The value after transformation.
    pub bytes: Vec<u8>,
    /// What the operator found, if the value passes.
    pub finding: Option<Finding>,
}

/// Why a value passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The bytes from `start` to `end` are what was looked for.
    Bytes {
        /// Where they start.
        start: usize,
        /// Where they end.
        end: usize,
    },
    /// The length compares as asked.
    Length,
    /// An injection, with the tokens that make it one.
    Injection {
        /// The tokens, in order.
        tokens: Vec<Vec<u8>>,
    },
}
