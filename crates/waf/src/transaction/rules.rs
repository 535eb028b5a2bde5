//! Rules in phases, ready to be held against transactions. Immutable; shared by all workers.

use crate::Limits;
use crate::ir::phased::{PhasedPolicy, PhasedSettings};

/// Rules in phases, ready to be held against transactions. Immutable; shared by all workers.
#[derive(Debug)]
pub struct PhasedRules {
    policy: PhasedPolicy,
    limits: Limits,
}

/// Why rules cannot be compiled.
#[derive(Debug, thiserror::Error)]
pub enum PhasedCompileError {
    /// A rule has no links.
    #[error("rule {rule} has no links")]
    NoLinks {
        /// Its number.
        rule: u64,
    },
}

impl PhasedRules {
    /// Compiles a policy.
    ///
    /// # Errors
    ///
    /// If an operator does not compile within the limits.
    pub fn compile(policy: PhasedPolicy, limits: Limits) -> Result<Self, PhasedCompileError> {
        Ok(Self { policy, limits })
    }

    /// The policy as it was loaded.
    #[must_use]
    pub fn policy(&self) -> &PhasedPolicy {
        &self.policy
    }

    /// What is set once for all transactions.
    #[must_use]
    pub fn settings(&self) -> &PhasedSettings {
        &self.policy.settings
    }

    /// The limits it was compiled with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}
