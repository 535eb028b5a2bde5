//! Rules in phases at work in the proxy.
//!
//! A web ACL judges a request once; rules in phases follow it to the end of its response. What it takes is here: [`Phased`] is
//! what is in force, [`Memory`] what one request works with, [`Passage`] its way through the phases, [`refused`] what rules see of
//! requests that never set out on it, [`Collections`] what
//! rules keep from one request to the next.

mod audited;
mod collections;
mod memory;
mod passage;
pub(crate) mod refused;

use std::sync::Arc;

use http::HeaderValue;
use sekisho_waf::ir::phased::{Item, Phase};
use sekisho_waf::transaction::PhasedRules;

use crate::audit::Plan;
use crate::metrics::PhasedCounters;

pub(crate) use audited::audit;
pub(crate) use collections::{CollectionLimits, Collections};
pub(crate) use memory::{Faulted, Memory, MemoryPool};
pub(crate) use passage::{Opened, Opening, Passage, Stop, context, open};

/// Rules in phases that are in force, and what belongs to them.
#[derive(Debug)]
pub(crate) struct Phased {
    pub(crate) rules: Arc<PhasedRules>,
    pub(crate) counters: PhasedCounters,
    /// Whether a rule looks at the bodies of responses.
    pub(crate) reads_responses: bool,
    /// What responses call the server, if rules say.
    pub(crate) server: Option<HeaderValue>,
    /// What is audited, and where to; nothing if none.
    pub(crate) audit: Option<Plan>,
}

impl Phased {
    pub(crate) fn new(rules: Arc<PhasedRules>, counters: PhasedCounters) -> Self {
        let on_bodies = |item: &Item| matches!(item, Item::Rule(rule) if rule.phase == Phase::ResponseBody);
        let reads_responses = rules.settings().response_body.access && rules.policy().items.iter().any(on_bodies);
        let audit = Plan::new(&rules.settings().audit).unwrap_or_else(|error| {
            tracing::error!(%error, "nothing is audited");
            None
        });
        let server = rules.settings().server_signature.as_deref().map(HeaderValue::from_str);
        let server = server.and_then(|value| {
            value.inspect_err(|_| tracing::error!("SecServerSignature has bytes that no header field can hold")).ok()
        });
        Self { rules, counters, reads_responses, server, audit }
    }
}
