//! On which terms the requests of one rule set are recorded: which at all, and what their records show.
//!
//! Made when rules come into force, from the policy's data protection and its logging configuration.

use prometheus_client::metrics::counter::Counter;
use sekisho_waf::ir::phased::SanitisedPart;
use sekisho_waf::ir::{Logging, Policy};
use sekisho_waf::{Decision, Verdict};

use super::filter;
use super::veil::Veil;

/// The terms of one rule set.
///
/// Source: AWS WAF Developer Guide, "Log fields for protection pack (web ACL) traffic": `clientAsn` is logged only when an ASN
/// match statement is used.
#[derive(Debug)]
pub(crate) struct Terms {
    logging: Logging,
    veil: Veil,
    filtered: Counter,
    /// Whether the client's autonomous system is recorded: only where a rule asks for one.
    pub(crate) shows_asn: bool,
}

impl Terms {
    /// The terms of a policy and of what rules in phases leave out of logs; `filtered` counts the decisions that a filter keeps out of the records.
    pub(crate) fn new(policy: &Policy, logging: Logging, sanitised: &[SanitisedPart], filtered: Counter) -> Self {
        let veil = Veil::of(policy, &logging.redacted).and_sanitised(sanitised);
        Self { logging, veil, filtered, shows_asn: policy.asks_for_asn() }
    }

    /// What records do not show.
    pub(crate) fn veil(&self) -> &Veil {
        &self.veil
    }

    /// Whether a decision is recorded; counted if it is not.
    pub(crate) fn keep(&self, policy: &Policy, decision: Decision, verdict: Option<&Verdict>) -> bool {
        let kept = self.would_keep(policy, decision, verdict);
        if !kept {
            self.left_out();
        }
        kept
    }

    /// Whether a decision is recorded if it comes to that.
    pub(crate) fn would_keep(&self, policy: &Policy, decision: Decision, verdict: Option<&Verdict>) -> bool {
        filter::keeps(&self.logging, policy, decision, verdict)
    }

    /// Counts a decision that is not recorded.
    pub(crate) fn left_out(&self) {
        self.filtered.inc();
    }
}
