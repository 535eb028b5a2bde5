//! Turns an [`ir::Policy`](crate::ir::Policy) into a matcher.
//!
//! Tests are gathered by the part they look at; parts' transformation chains become a trie, so that a step shared by many
//! rules runs once a value; all literals of one part and chain stand in one automaton. Rules keep their conditions as small
//! trees over the tests' results.

mod address;
mod chain;
mod condition;
mod literal;
mod matcher;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::ir::{Field, Policy, Rule, RuleKind};
use crate::transaction::{PhasedCompileError, PhasedRules};
use crate::{Limits, OversizeFields};

pub(crate) use address::{AddressPlan, AddressTestId, Asks, SourceId};
pub(crate) use chain::FieldPlan;
pub(crate) use condition::{Compiled, PhasedTest, RuleConditions, TestPlan};
pub(crate) use matcher::{Marks, TestId};

/// A policy ready to be held against requests. Immutable; shared by all workers.
#[derive(Debug)]
pub struct RuleSet {
    policy: Policy,
    limits: Limits,
    id: u64,
    asks_for_token: bool,
    pub(crate) program: Program,
}

/// Everything that was compiled.
#[derive(Debug)]
pub(crate) struct Program {
    /// One plan for each part that any test looks at.
    pub(crate) fields: Vec<FieldPlan>,
    /// Which of the parts that can be oversize any test looks at.
    pub(crate) looked_at: OversizeFields,
    /// All tests of all rules.
    pub(crate) tests: Vec<TestPlan>,
    /// All conditions on addresses.
    pub(crate) addresses: AddressPlan,
    /// The groups of rules in phases, in the order they are named.
    pub(crate) phased: Vec<Arc<PhasedRules>>,
    /// How many regular expressions there are, over all matchers.
    pub(crate) regexes: usize,
    /// The longest transformation chain.
    pub(crate) chain_depth_max: usize,
    /// Parallel to the policy's rules.
    pub(crate) rules: Vec<RuleConditions>,
}

/// Why a policy could not be compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// A regular expression is not one, or too large.
    #[error("regular expression {pattern:?} of rule {rule:?} does not compile")]
    Regex {
        /// The rule.
        rule: String,
        /// The expression as written.
        pattern: String,
        /// What is wrong with it.
        #[source]
        source: Box<regex_automata::meta::BuildError>,
    },
    /// A regular expression is not one.
    #[error("regular expression {pattern:?} of rule {rule:?} does not parse")]
    RegexSyntax {
        /// The rule.
        rule: String,
        /// The expression as written.
        pattern: String,
        /// What is wrong with it.
        #[source]
        source: Box<regex_syntax::Error>,
    },
    /// A test asks for an empty literal.
    #[error("rule {rule:?} looks for an empty literal")]
    EmptyLiteral {
        /// The rule.
        rule: String,
    },
    /// A transformation chain's literals do not fit an automaton.
    #[error("failed to build the automaton over {literals} literals")]
    Automaton {
        /// How many there are.
        literals: usize,
        /// What the builder says.
        #[source]
        source: aho_corasick::BuildError,
    },
    /// A condition nests too deep.
    #[error("the condition of rule {rule:?} nests deeper than {depth_max}")]
    TooDeep {
        /// The rule.
        rule: String,
        /// The limit.
        depth_max: usize,
    },
    /// Rules in phases do not compile.
    #[error("the rules in phases of rule {rule:?} do not compile")]
    Phased {
        /// The rule.
        rule: String,
        /// What is wrong with them.
        #[source]
        source: Arc<PhasedCompileError>,
    },
    /// A group stands within a group.
    #[error("rule {rule:?} is a group within a group")]
    NestedGroup {
        /// The inner rule.
        rule: String,
    },
}

impl RuleSet {
    /// Compiles a policy.
    ///
    /// # Errors
    ///
    /// If a regular expression does not compile within the limits, or a condition or group nests too deep. Rule languages
    /// check their input, so from a loaded policy only the limits can be met.
    pub fn compile(policy: Policy, limits: Limits) -> Result<Self, CompileError> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let mut builder = condition::Builder::new(&limits);
        let rules =
            policy.rules.iter().map(|rule| conditions_of(rule, &mut builder, true)).collect::<Result<_, _>>()?;
        let program = builder.finish(rules)?;
        let asks_for_token = policy.asks_for_token();
        Ok(Self { policy, limits, id: NEXT_ID.fetch_add(1, Ordering::Relaxed), asks_for_token, program })
    }

    /// The policy as it was loaded.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The limits it was compiled with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether any rule looks at the body, so that it must be held back for inspection.
    #[must_use]
    pub fn inspects_body(&self) -> bool {
        self.holds_phases() || self.program.fields.iter().any(|plan| plan.field.is_of_body())
    }

    /// Whether any group holds rules in phases.
    #[must_use]
    pub fn holds_phases(&self) -> bool {
        !self.groups_in_phases().is_empty()
    }

    /// The groups of rules in phases, in the order they are named.
    #[must_use]
    pub fn groups_in_phases(&self) -> &[Arc<PhasedRules>] {
        &self.program.phased
    }

    /// Whether any rule asks for a token, so that the one a request carries may be looked at.
    #[must_use]
    pub fn asks_for_token(&self) -> bool {
        self.asks_for_token
    }

    /// Whether any rule looks at the fragment, which clients do not usually send.
    #[must_use]
    pub fn inspects_fragment(&self) -> bool {
        self.program.fields.iter().any(|plan| plan.field == Field::UriFragment)
    }

    /// Tells this rule set from all others in the process.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }
}

fn conditions_of(
    rule: &Rule,
    builder: &mut condition::Builder<'_>,
    groups_allowed: bool,
) -> Result<RuleConditions, CompileError> {
    let (when, members) = match &rule.kind {
        RuleKind::Match { when, .. } => (Some(when), Vec::new()),
        RuleKind::Rate { scope_down, .. } => (scope_down.as_ref(), Vec::new()),
        RuleKind::Group { .. } if !groups_allowed => return Err(CompileError::NestedGroup { rule: rule.name.clone() }),
        RuleKind::Group { group, scope_down, .. } => {
            let members = group.rules.iter().map(|rule| conditions_of(rule, builder, false));
            (scope_down.as_ref(), members.collect::<Result<_, _>>()?)
        }
    };
    builder.rule(rule, when, members)
}
