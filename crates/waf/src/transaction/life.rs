//! The life of a transaction: its phases, in order.

use std::sync::Arc;

use super::{Intervention, Matched, PhasedContext, PhasedRules, Store};
use crate::ir::phased::{AuditEngine, AuditParts, EngineMode, PhasedSettings};
use crate::{Header, Request};

/// One request and its response. Keeps its memory from one to the next; one a request in flight.
///
/// [`Self::begin`] starts anew; then the phases are called in their order, each once. A phase that does not happen (no
/// response, for instance) is left out, but [`Self::logging`] always comes last. After an [`Intervention`] the others do
/// nothing.
#[derive(Debug, Default)]
pub struct Transaction {
    rules: Option<Arc<PhasedRules>>,
    store: Store,
}

/// A body, as far as it is held against rules.
#[derive(Debug, Clone, Copy)]
pub struct InspectedBody<'a> {
    /// Its first bytes: all, or as many as [`BodyWanted::bytes_max`] says.
    pub bytes: &'a [u8],
    /// Whether there is more.
    pub over_limit: bool,
}

/// How much of a body is to be held back and inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyWanted {
    /// This many bytes at most.
    pub bytes_max: u64,
}

/// The head of a response.
#[derive(Debug, Clone, Copy)]
pub struct ResponseHead<'a> {
    /// The status.
    pub status: u16,
    /// The protocol version, such as `HTTP/1.1`.
    pub protocol: &'a [u8],
    /// Header fields in wire order.
    pub headers: &'a [Header<'a>],
}

impl Transaction {
    /// Memory that no rules have used yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts anew with a request. Its body is not looked at here: see [`Self::request_body`].
    pub fn begin(&mut self, rules: &Arc<PhasedRules>, _request: &Request<'_>, _context: &PhasedContext<'_>) {
        self.rules = Some(Arc::clone(rules));
        self.store.clear(rules.limits().transaction.bytes_kept_max);
    }

    /// Phase 1: the rules on the request's head.
    pub fn request_headers(&mut self, _context: &PhasedContext<'_>) -> Option<Intervention> {
        None
    }

    /// After phase 1: how much of the request's body is to be handed to [`Self::request_body`]; none if no rule wants it.
    #[must_use]
    pub fn request_body_wanted(&self) -> Option<BodyWanted> {
        let body = &self.settings()?.request_body;
        body.access.then_some(BodyWanted { bytes_max: body.bytes_max })
    }

    /// Phase 2: the rules on the request's body. Called for requests without a body too, with an empty one.
    pub fn request_body(&mut self, _body: InspectedBody<'_>, _context: &PhasedContext<'_>) -> Option<Intervention> {
        None
    }

    /// Phase 3: the rules on the response's head.
    pub fn response_headers(
        &mut self,
        _response: &ResponseHead<'_>,
        _context: &PhasedContext<'_>,
    ) -> Option<Intervention> {
        None
    }

    /// After phase 3: how much of the response's body is to be handed to [`Self::response_body`]; none if no rule wants it,
    /// or its content type is not one that is looked at.
    #[must_use]
    pub fn response_body_wanted(&self) -> Option<BodyWanted> {
        let body = &self.settings()?.response_body;
        body.access.then_some(BodyWanted { bytes_max: body.bytes_max })
    }

    /// Phase 4: the rules on the response's body. Called without one too, if the response went on to the client unseen.
    pub fn response_body(&mut self, _body: InspectedBody<'_>, _context: &PhasedContext<'_>) -> Option<Intervention> {
        None
    }

    /// Phase 5: all is over. Collections are handed back.
    pub fn logging(&mut self, _context: &PhasedContext<'_>) {}

    /// The rules that matched, in order, but for those that ask for no log.
    pub fn matches(&self) -> impl Iterator<Item = Matched<'_>> {
        std::iter::empty()
    }

    /// Whether the rules run, as set or as a rule changed it.
    #[must_use]
    pub fn engine(&self) -> EngineMode {
        self.settings().map_or(EngineMode::Off, |settings| settings.engine)
    }

    /// Whether the transaction goes to the audit log, as set or as a rule changed it.
    #[must_use]
    pub fn audit_engine(&self) -> AuditEngine {
        self.settings().map_or(AuditEngine::Off, |settings| settings.audit.engine)
    }

    /// What of it goes there, as set or as a rule changed it.
    #[must_use]
    pub fn audit_parts(&self) -> AuditParts {
        self.settings().map_or(AuditParts::default(), |settings| settings.audit.parts)
    }

    /// Appends the value of a `TX` variable, by its name in any ASCII case; whether there is one.
    pub fn write_tx(&self, _name: &str, _out: &mut Vec<u8>) -> bool {
        false
    }

    /// The number a `TX` variable holds, such as an anomaly score; none if there is no such variable.
    #[must_use]
    pub fn tx_number(&self, _name: &str) -> Option<i64> {
        None
    }

    /// The values of the request and the response, as rules see them.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    fn settings(&self) -> Option<&PhasedSettings> {
        self.rules.as_ref().map(|rules| rules.settings())
    }
}
