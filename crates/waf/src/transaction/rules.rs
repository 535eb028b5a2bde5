//! Rules in phases, ready to be held against transactions. Immutable; shared by all workers.

use super::OperatorError;
use super::plan::{self, Program};
use crate::Limits;
use crate::ir::phased::{PhasedPolicy, PhasedSettings};

/// Rules in phases, ready to be held against transactions. Immutable; shared by all workers.
#[derive(Debug)]
pub struct PhasedRules {
    policy: PhasedPolicy,
    limits: Limits,
    program: Program,
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
    /// An operator or a selector does not compile.
    #[error("failed to compile rule {rule}")]
    Operator {
        /// Its number.
        rule: u64,
        /// What is wrong.
        #[source]
        source: Box<OperatorError>,
    },
}

impl PhasedRules {
    /// Compiles a policy.
    ///
    /// # Errors
    ///
    /// If an operator does not compile within the limits.
    pub fn compile(policy: PhasedPolicy, limits: Limits) -> Result<Self, PhasedCompileError> {
        let program = plan::compile(&policy, &limits)?;
        Ok(Self { policy, limits, program })
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

    pub(super) fn program(&self) -> &Program {
        &self.program
    }
}
