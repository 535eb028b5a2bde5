//! The record of a web ACL's decision while rules in phases go on with the request: written at once, as the request will not
//! be there later, and completed when they are done.

use std::ops::Range;

use sekisho_waf::transaction::{Intervention, InterventionKind};
use sekisho_waf::{Decision, RuleRef};

/// Where a record says what became of the request.
#[derive(Debug, Clone, Default)]
pub(super) struct Seams {
    /// From the name of the rule that decided to the details of its match.
    pub(super) decision: Range<usize>,
    /// The status sent.
    pub(super) status: Range<usize>,
    /// The end of its last field.
    pub(super) end: usize,
}

/// A record to be completed, and what else of the decision is needed then.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(super) line: Vec<u8>,
    pub(super) seams: Seams,
    kept_if_allowed: bool,
    kept_if_blocked: bool,
    /// The web ACL's rule that let the request through, if it was one.
    pub(crate) terminating: Option<RuleRef>,
}

impl Draft {
    /// Starts anew.
    pub(crate) fn begin(&mut self, kept_if_allowed: bool, kept_if_blocked: bool, terminating: Option<RuleRef>) {
        self.line.clear();
        *self = Self {
            line: std::mem::take(&mut self.line),
            seams: Seams::default(),
            kept_if_allowed,
            kept_if_blocked,
            terminating,
        };
    }

    /// Whether the request is recorded if this becomes of it.
    pub(crate) fn is_kept(&self, decision: Decision) -> bool {
        if decision == Decision::Allow { self.kept_if_allowed } else { self.kept_if_blocked }
    }

    /// Gives memory back.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        self.line.clear();
        self.line.shrink_to(bytes);
    }
}

/// What rules in phases made of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Completion<'a> {
    /// They let it through; the response had this status, if there was one.
    Passed { status: Option<http::StatusCode> },
    /// One stopped it.
    Stopped(&'a Intervention),
    /// They failed.
    Faulted { let_through: bool },
}

impl Completion<'_> {
    pub(crate) fn decision(&self) -> Decision {
        match self {
            Self::Passed { .. } | Self::Faulted { let_through: true } => Decision::Allow,
            Self::Stopped(_) | Self::Faulted { .. } => Decision::Block,
        }
    }

    /// The rule that stopped the request.
    pub(crate) fn rule(&self) -> Option<u64> {
        match self {
            Self::Stopped(intervention) => intervention.rule,
            Self::Passed { .. } | Self::Faulted { .. } => None,
        }
    }

    /// The status of the response, whoever it is from; that of the rule for a connection that it closed, 0 for none at all.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Passed { status } => status.map_or(0, |status| status.as_u16()),
            Self::Stopped(intervention) => crate::enforce::status_of(intervention).as_u16(),
            Self::Faulted { .. } => 500,
        }
    }

    /// The status the edge itself answered with; none for a response of the service and for none at all.
    pub(super) fn status_sent(&self) -> Option<u16> {
        match self {
            Self::Stopped(Intervention { kind: InterventionKind::Drop, .. }) => None,
            Self::Stopped(intervention) => Some(crate::enforce::status_of(intervention).as_u16()),
            Self::Faulted { let_through: false } => Some(500),
            Self::Passed { .. } | Self::Faulted { .. } => None,
        }
    }
}
