//! The life of a transaction: its phases, in order.

use std::sync::Arc;

use super::plan::Names;
use super::run::Run;
use super::state::State;
use super::variables::{self, Filling, ReceivedBody};
use super::{Intervention, InterventionKind, List, Matched, OperatorMemory, PhasedContext, PhasedRules, Store};
use crate::ir::phased::{AuditEngine, AuditParts, BodyProcessor, EngineMode, OverLimit, Phase, PhasedSettings};
use crate::{Header, Request};

/// The status of a refusal because of a body larger than is inspected.
///
/// Source: ModSecurity Reference Manual, `SecRequestBodyLimit`.
const STATUS_TOO_LARGE: u16 = 413;

/// The status of a refusal because of a response larger than is inspected.
const STATUS_RESPONSE_TOO_LARGE: u16 = 403;

/// One request and its response. Keeps its memory from one to the next; one a request in flight.
///
/// [`Self::begin`] starts anew; then the phases are called in their order, each once. A phase that does not happen (no
/// response, for instance) is left out, but [`Self::logging`] always comes last. After an [`Intervention`] the others do
/// nothing.
#[derive(Debug, Default)]
pub struct Transaction {
    rules: Option<Arc<PhasedRules>>,
    state: State,
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

    /// Works with these buffers of searches from now on, and hands back those it had. Transactions that take turns can share
    /// one: what an automaton has built stays for all of them, and is in memory once. What is left of its budget stays with it.
    pub fn exchange_searches(&mut self, searches: &mut OperatorMemory) {
        self.state.operators.exchange(searches);
    }

    /// The bytes that values and what was made of them take up.
    #[must_use]
    pub fn bytes_used(&self) -> usize {
        self.state.store.used() + self.state.transformed.used() + self.state.candidates.used()
    }

    /// The bytes it keeps hold of, used or not.
    #[must_use]
    pub fn bytes_kept(&self) -> usize {
        self.state.store.capacity() + self.state.transformed.capacity() + self.state.candidates.capacity()
    }

    /// Lets go of the rules. Their memory is given back when nothing else holds on to them, however long it takes until the
    /// next request.
    pub fn leave_rules(&mut self) {
        self.rules = None;
    }

    /// Starts anew with a request. Its body is not looked at here: see [`Self::request_body`].
    pub fn begin(&mut self, rules: &Arc<PhasedRules>, request: &Request<'_>, context: &PhasedContext<'_>) {
        let state = &mut self.state;
        state.begin(rules.program(), rules.settings(), context, &rules.limits().transaction);
        if state.controls.engine != EngineMode::Off {
            variables::request_head(&mut state.store, &mut state.filling, request, context, filling(rules));
        }
        if !self.rules.as_ref().is_some_and(|known| Arc::ptr_eq(known, rules)) {
            self.rules = Some(Arc::clone(rules));
        }
    }

    /// Phase 1: the rules on the request's head.
    pub fn request_headers(&mut self, context: &PhasedContext<'_>) -> Option<Intervention> {
        self.run(Phase::RequestHeaders, context)
    }

    /// After phase 1: how much of the request's body is to be handed to [`Self::request_body`]; none if no rule wants it.
    #[must_use]
    pub fn request_body_wanted(&self) -> Option<BodyWanted> {
        let controls = &self.state.controls;
        let wanted = self.goes_on() && controls.request_body_access;
        wanted.then_some(BodyWanted { bytes_max: controls.request_body_bytes_max })
    }

    /// Phase 2: the rules on the request's body. Called for requests without a body too, with an empty one.
    pub fn request_body(&mut self, body: InspectedBody<'_>, context: &PhasedContext<'_>) -> Option<Intervention> {
        let rules = self.rules.as_ref()?;
        if !self.goes_on() {
            return None;
        }
        let state = &mut self.state;
        let access = state.controls.request_body_access;
        if access && body.over_limit && self.refuses(rules.settings().request_body.over_limit) {
            return Some(self.refuse(STATUS_TOO_LARGE));
        }
        let state = &mut self.state;
        let body = ReceivedBody {
            bytes: if access { body.bytes } else { b"" },
            is_over_limit: access && body.over_limit,
            processor: processor(&state.store).filter(|_| access),
            is_forced: state.controls.forces_request_body,
            xml_into_args: state.controls.xml_into_args,
        };
        variables::request_body(&mut state.store, &mut state.filling, body, filling(rules));
        self.run(Phase::RequestBody, context)
    }

    /// Phase 3: the rules on the response's head.
    pub fn response_headers(
        &mut self,
        response: &ResponseHead<'_>,
        context: &PhasedContext<'_>,
    ) -> Option<Intervention> {
        if !self.goes_on() {
            return None;
        }
        let State { store, filling, .. } = &mut self.state;
        variables::response_head(store, filling, response.status, response.protocol, response.headers);
        self.run(Phase::ResponseHeaders, context)
    }

    /// After phase 3: how much of the response's body is to be handed to [`Self::response_body`]; none if no rule wants it,
    /// or its content type is not one that is looked at.
    #[must_use]
    pub fn response_body_wanted(&self) -> Option<BodyWanted> {
        let State { controls, store, .. } = &self.state;
        let content_type = store.scalar(List::ResponseContentType);
        let types = &self.settings()?.response_body.content_types;
        let is_looked_at = types.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(content_type));
        let wanted = self.goes_on() && controls.response_body_access && is_looked_at;
        wanted.then_some(BodyWanted { bytes_max: controls.response_body_bytes_max })
    }

    /// Phase 4: the rules on the response's body. Called without one too, if the response went on to the client unseen.
    pub fn response_body(&mut self, body: InspectedBody<'_>, context: &PhasedContext<'_>) -> Option<Intervention> {
        let rules = self.rules.as_ref()?;
        if !self.goes_on() {
            return None;
        }
        if body.over_limit && self.refuses(rules.settings().response_body.over_limit) {
            return Some(self.refuse(STATUS_RESPONSE_TOO_LARGE));
        }
        if self.state.controls.response_body_access {
            variables::response_body(&mut self.state.store, body.bytes, body.over_limit);
        }
        self.run(Phase::ResponseBody, context)
    }

    /// Phase 5: all is over. Collections are handed back.
    pub fn logging(&mut self, context: &PhasedContext<'_>) {
        self.run(Phase::Logging, context);
        let Some(rules) = &self.rules else { return };
        let timeout_s = rules.settings().collection_timeouts.seconds;
        self.state.changing.collections.save(context.collections, timeout_s, context.now);
    }

    fn run(&mut self, phase: Phase, context: &PhasedContext<'_>) -> Option<Intervention> {
        let rules = self.rules.as_ref()?;
        Run { rules, context, phase, state: &mut self.state }.phase()
    }

    /// Whether there is anything left to do but logging.
    fn goes_on(&self) -> bool {
        self.rules.is_some() && !self.state.is_stopped && self.state.controls.engine != EngineMode::Off
    }

    fn refuses(&self, over_limit: OverLimit) -> bool {
        over_limit == OverLimit::Reject && self.state.controls.engine == EngineMode::On
    }

    fn refuse(&mut self, status: u16) -> Intervention {
        self.state.is_stopped = true;
        Intervention { kind: InterventionKind::Deny, status, rule: None }
    }

    /// The rules that matched, in order, but for those that ask for no log.
    pub fn matches(&self) -> impl Iterator<Item = Matched<'_>> {
        let rules = self.rules.as_deref();
        let entries = self.state.report.entries().iter();
        entries.filter_map(move |entry| Some(Matched::new(rules?, &self.state, entry)))
    }

    /// The rules it was held against; none before it began.
    #[must_use]
    pub fn rules(&self) -> Option<&Arc<PhasedRules>> {
        self.rules.as_ref()
    }

    /// Whether the rules run, as set or as a rule changed it.
    #[must_use]
    pub fn engine(&self) -> EngineMode {
        self.state.controls.engine
    }

    /// Whether the transaction goes to the audit log, as set or as a rule changed it.
    #[must_use]
    pub fn audit_engine(&self) -> AuditEngine {
        let set = self.settings().map_or(AuditEngine::Off, |settings| settings.audit.engine);
        self.state.controls.audit_engine.unwrap_or(set)
    }

    /// What of it goes there, as set or as a rule changed it.
    #[must_use]
    pub fn audit_parts(&self) -> AuditParts {
        let set = self.settings().map_or(AuditParts::default(), |settings| settings.audit.parts);
        self.state.controls.audit_parts.unwrap_or(set)
    }

    /// The numbers of the rules of which a search for an expression was given up, which counts as no match: the first few.
    #[must_use]
    pub fn gave_up(&self) -> &[u64] {
        &self.state.gave_up
    }

    /// Appends the value of a `TX` variable, by its name in any ASCII case; whether there is one.
    pub fn write_tx(&self, name: &str, out: &mut Vec<u8>) -> bool {
        let tx = &self.state.changing.tx;
        let value = tx.find(self.names(), &name.to_ascii_lowercase().into_bytes()).map(|place| tx.get(place));
        value.filter(|value| value.is_set()).map(|value| value.write(out)).is_some()
    }

    /// The number a `TX` variable holds, such as an anomaly score; none if there is no such variable.
    #[must_use]
    pub fn tx_number(&self, name: &str) -> Option<i64> {
        let tx = &self.state.changing.tx;
        tx.get(tx.find(self.names(), &name.to_ascii_lowercase().into_bytes())?).number()
    }

    /// With [`Judging::Both`](super::Judging::Both): the numbers of the rules that were ruled out for a value that they match,
    /// and the value; none where a whole rule was ruled out. Anything here is a fault.
    pub fn short_cut_misses(&self) -> impl Iterator<Item = (u64, Option<&[u8]>)> {
        let rules = self.rules.as_deref();
        self.state.candidates.misses().iter().filter_map(move |(link, value)| {
            let rules = rules?;
            let rule = rules.program().rule(rules.policy(), rules.program().links[*link].rule);
            Some((rule.id, value.map(|value| self.state.store.value(value))))
        })
    }

    /// The values of the request and the response, as rules see them.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.state.store
    }

    fn settings(&self) -> Option<&PhasedSettings> {
        self.rules.as_ref().map(|rules| rules.settings())
    }

    fn names(&self) -> Option<&Names> {
        self.rules.as_ref().map(|rules| &rules.program().names)
    }
}

fn filling(rules: &PhasedRules) -> Filling<'_> {
    Filling {
        settings: rules.settings(),
        full_request: rules.program().full_request,
        xml_paths: &rules.program().xml_paths,
    }
}

/// What reads the body: what `REQBODY_PROCESSOR` says.
fn processor(store: &Store) -> Option<BodyProcessor> {
    use BodyProcessor::{Json, Multipart, UrlEncoded, Xml};
    let name = store.scalar(List::ReqbodyProcessor);
    [UrlEncoded, Multipart, Json, Xml].into_iter().find(|processor| processor.name().as_bytes() == name)
}
