//! Rules in phases as a group of a policy.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::PhasedPolicy;
use crate::Limits;
use crate::transaction::{PhasedCompileError, PhasedRules};

/// Rules in phases that a policy evaluates as one of its groups: those on the request, phases 1 and 2. What the policy says of
/// its members is in the rules already: those it overrides do something else.
pub struct PhasedGroup {
    policy: PhasedPolicy,
    compiled: OnceLock<Result<Arc<PhasedRules>, Arc<PhasedCompileError>>>,
}

impl PhasedGroup {
    /// A group of these rules. They are not compiled yet.
    #[must_use]
    pub fn new(policy: PhasedPolicy) -> Self {
        Self { policy, compiled: OnceLock::new() }
    }

    /// The rules.
    #[must_use]
    pub fn policy(&self) -> &PhasedPolicy {
        &self.policy
    }

    /// The rules ready for use; compiled once, within the limits of whoever asks first.
    ///
    /// # Errors
    ///
    /// As [`PhasedRules::compile`].
    pub fn compiled(&self, limits: &Limits) -> Result<&Arc<PhasedRules>, Arc<PhasedCompileError>> {
        let compile = || PhasedRules::compile(self.policy.clone(), *limits).map(Arc::new).map_err(Arc::new);
        self.compiled.get_or_init(compile).as_ref().map_err(Arc::clone)
    }
}

/// Thousands of rules tell nobody anything.
impl fmt::Debug for PhasedGroup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PhasedGroup({} items)", self.policy.items.len())
    }
}

/// A rule of a group of rules in phases matches.
#[derive(Debug, Clone)]
pub struct PhasedMatch {
    /// The group; all its members share one.
    pub group: Arc<PhasedGroup>,
    /// The rule's number.
    pub rule: u64,
    /// Whether it must have stopped the transaction too: where other rules can keep it from that, it does not count.
    pub stops: bool,
}

/// Matches are the same if they are those of one group, not of two that are alike.
impl PartialEq for PhasedMatch {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.group, &other.group) && (self.rule, self.stops) == (other.rule, other.stops)
    }
}
