//! One request's way through rules in phases, from its head to the end of its response.
//!
//! [`open`] runs phase 1 where the web ACL has just let the request through. A [`Passage`] does the rest, phase by phase, and
//! ends itself: its last phase runs, and its record is written, as soon as no rule has anything left to look at, or when the
//! client goes away. Rules run between two awaits, never across one.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::SERVER;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version, request, response};
use sekisho_model::Timestamp;
use sekisho_waf::transaction::{
    BodyWanted, InspectedBody, Intervention, InterventionKind, Judging, PhasedContext, ResponseHead, Transaction,
};
use sekisho_waf::{Decision, Header, PlaceSource, Request};

use super::{Faulted, Memory, MemoryPool, Phased, audit};
use crate::audit::Ended;
use crate::body::{COPIES, Codings, Held, Part, Reach, Source, Taken, UploadFault, gather, hold_whole, inspect_held};
use crate::connection::Peer;
use crate::enforce;
use crate::inspect::Rules;
use crate::record::{Completion, Draft};
use crate::server::Worker;
use crate::settings::OnFault;
use crate::upstream::Fault;
use crate::visit::Visit;

/// What opening a passage needs.
pub(crate) struct Opening<'a> {
    pub(crate) phased: &'a Phased,
    pub(crate) request: &'a Request<'a>,
    pub(crate) context: PhasedContext<'a>,
}

/// A passage whose first phase is over.
pub(crate) struct Opened {
    memory: Box<Memory>,
    state: State,
    spent: Duration,
}

impl Opened {
    /// Where the record of the web ACL's decision is written, to be completed.
    pub(crate) fn draft(&mut self) -> &mut Draft {
        &mut self.memory.draft
    }
}

/// What has become of a request.
enum State {
    /// No rule has stopped it.
    Open,
    /// A rule has.
    Stopped(Intervention),
    /// The engine failed.
    Faulted,
}

/// The surroundings of a request in phases.
pub(crate) fn context<'a>(
    peer: &'a Peer,
    visit: &'a Visit,
    places: &'a dyn PlaceSource,
    now: Timestamp,
) -> PhasedContext<'a> {
    PhasedContext {
        now,
        places,
        collections: &peer.worker.shared.collections,
        unique_id: visit.name(),
        server_address: peer.local.map(|local| local.ip().to_canonical()),
        server_port: peer.local.map_or(0, |local| local.port()),
        target: None,
        remote_port: peer.address.port(),
        judging: Judging::Prefiltered,
    }
}

/// Begins a transaction and runs phase 1.
pub(crate) fn open(opening: &Opening<'_>, memories: &MemoryPool, mut memory: Box<Memory>) -> Opened {
    let mut spent = Duration::ZERO;
    let state = run(memories, &mut memory, &mut spent, |transaction| {
        transaction.begin(&opening.phased.rules, opening.request, &opening.context);
        transaction.request_headers(&opening.context)
    });
    Opened { memory, state: state.unwrap_or(State::Open), spent }
}

/// Runs a phase.
fn run(
    memories: &MemoryPool,
    memory: &mut Memory,
    spent: &mut Duration,
    phase: impl FnOnce(&mut Transaction) -> Option<Intervention>,
) -> Option<State> {
    let begun = Instant::now();
    let outcome = memories.run(memory, phase);
    *spent += begun.elapsed();
    match outcome {
        Ok(intervention) => intervention.map(State::Stopped),
        Err(Faulted) => Some(State::Faulted),
    }
}

/// One request's way through the phases.
pub(crate) struct Passage {
    worker: Rc<Worker>,
    peer: Rc<Peer>,
    rules: Arc<Rules>,
    visit: Visit,
    /// None once it has ended.
    memory: Option<Box<Memory>>,
    state: State,
    spent: Duration,
    /// The room that bodies take as rules look at them, and what was made of them.
    made: Taken,
    /// Whether its last phase has run.
    is_over: bool,
    /// Whether a record of it is written elsewhere, or none is wanted.
    unrecorded: bool,
}

/// What the client of a stopped request gets; if nothing, its connection is closed.
pub(crate) struct Stop(pub(crate) Option<Response<Source>>);

impl Passage {
    pub(crate) fn new(peer: &Rc<Peer>, rules: &Arc<Rules>, visit: &Visit, opened: Opened) -> Self {
        Self {
            worker: Rc::clone(&peer.worker),
            peer: Rc::clone(peer),
            rules: Arc::clone(rules),
            visit: *visit,
            memory: Some(opened.memory),
            state: opened.state,
            spent: opened.spent,
            made: peer.worker.shared.room.share(),
            is_over: false,
            unrecorded: false,
        }
    }

    /// What the client gets if a rule has stopped the request.
    pub(crate) fn stop(&self, head: &request::Parts) -> Option<Stop> {
        let answer = match &self.state {
            State::Open => return None,
            State::Faulted if self.worker.shared.on_fault == OnFault::Open => return None,
            State::Faulted => Some(enforce::refuse(StatusCode::INTERNAL_SERVER_ERROR, head, &self.visit)),
            State::Stopped(Intervention { kind: InterventionKind::Drop, .. }) => None,
            State::Stopped(intervention) => Some(enforce::intervene(intervention, head, &self.visit)),
        };
        let signed = |mut answer: Response<Source>| {
            if let Some(server) = self.server() {
                answer.headers_mut().insert(SERVER, server);
            }
            answer
        };
        Some(Stop(answer.map(signed)))
    }

    /// What responses call the server, if rules say.
    fn server(&self) -> Option<HeaderValue> {
        self.rules.phased.as_ref()?.server.clone()
    }

    /// Whether rules may ask for the response's body.
    pub(crate) fn reads_responses(&self) -> bool {
        matches!(self.state, State::Open) && self.rules.phased.as_ref().is_some_and(|phased| phased.reads_responses)
    }

    /// Holds the request's body as far as rules want to see it.
    ///
    /// # Errors
    ///
    /// If it comes to no good end.
    pub(crate) async fn hold_back(&self, held: &mut Held) -> Result<Reach, UploadFault> {
        let shared = &self.worker.shared;
        match self.body_wanted() {
            Some(wanted) if !held.is_whole() || held.bytes() > 0 => {
                hold_whole(held, wanted.bytes_max, shared.room.share(), &shared.limits).await
            }
            _ => Ok(Reach::Whole),
        }
    }

    fn body_wanted(&self) -> Option<BodyWanted> {
        let memory = self.memory.as_ref().filter(|_| matches!(self.state, State::Open))?;
        memory.transaction.request_body_wanted()
    }

    /// Phase 2.
    pub(crate) fn request_body(&mut self, head: &HeaderMap, held: &mut Held, reach: Reach) {
        let Some(wanted) = self.body_wanted() else {
            return self.judge(|transaction, context| {
                transaction.request_body(InspectedBody { bytes: b"", over_limit: false }, context)
            });
        };
        let mut joined = Vec::new();
        let bytes = held.contiguous(&mut joined);
        self.with_decoded(head, bytes, reach, wanted, |passage, body| {
            passage.judge(|transaction, context| transaction.request_body(body, context));
        });
        held.give_up_copy();
    }

    /// Phases 3 and 4, and the end. What the client gets is the response, if no rule stops it.
    ///
    /// # Errors
    ///
    /// If the response's body comes to no good end while it is held back.
    pub(crate) async fn response(
        mut self,
        request: &request::Parts,
        response: Response<Source>,
    ) -> Result<Result<Response<Source>, Stop>, Fault> {
        let (mut head, source) = response.into_parts();
        self.response_head(&head);
        let wanted = self.memory.as_ref().and_then(|memory| memory.transaction.response_body_wanted());
        let wanted = wanted.filter(|_| matches!(self.state, State::Open) && has_body(&request.method, head.status));
        let source = match wanted {
            None => {
                self.judge(|transaction, context| {
                    transaction.response_body(InspectedBody { bytes: b"", over_limit: false }, context)
                });
                source
            }
            Some(wanted) => {
                let mut gathered = match gather(source, wanted.bytes_max, self.worker.shared.room.share()).await {
                    Ok(gathered) => gathered,
                    Err(fault) => {
                        self.end(None).await;
                        return Err(fault);
                    }
                };
                self.with_decoded(&head.headers, gathered.bytes(), gathered.reach(), wanted, |passage, body| {
                    passage.judge(|transaction, context| transaction.response_body(body, context));
                });
                gathered.give_up_copy();
                gathered.into_source()
            }
        };
        self.run_last_phase();
        let stop = self.stop(request);
        if let Some(server) = self.server() {
            head.headers.insert(SERVER, server);
        }
        self.end(Some(head.status)).await;
        Ok(match stop {
            Some(stop) => Err(stop),
            None => Ok(Response::from_parts(head, source)),
        })
    }

    /// Phase 3.
    pub(crate) fn response_head(&mut self, head: &response::Parts) {
        if !matches!(self.state, State::Open) {
            return;
        }
        let fields = head.headers.iter();
        let headers: Vec<_> =
            fields.map(|(name, value)| Header { name: name.as_str().as_bytes(), value: value.as_bytes() }).collect();
        let protocol = protocol(head.version);
        let head = ResponseHead { status: head.status.as_u16(), protocol, headers: &headers };
        self.judge(|transaction, context| transaction.response_headers(&head, context));
    }

    /// Lends the part of a body that rules see, its content codings undone.
    fn with_decoded(
        &mut self,
        headers: &HeaderMap,
        bytes: &[u8],
        reach: Reach,
        wanted: BodyWanted,
        then: impl FnOnce(&mut Self, InspectedBody<'_>),
    ) {
        let shared = &self.worker.shared;
        let codings = Codings::of(headers, shared.limits.body_codings_max);
        let bytes_max = usize::try_from(wanted.bytes_max).unwrap_or(usize::MAX);
        let mut decoded = Vec::new();
        let made = self.made.bytes();
        let whole = reach == Reach::Whole;
        let (part, truncated, undecodable) = inspect_held(bytes, whole, &codings, bytes_max, &mut decoded);
        if undecodable {
            shared.metrics.edge.malformed("content coding");
            tracing::debug!(request = self.visit.name(), "body does not decode; inspected as it came");
        }
        // What no one can decode is all there, as it came, if it has room behind what could be decoded.
        let is_all = |inspected: &[u8]| undecodable && whole && inspected.len() < bytes_max;
        let body = match part {
            Part::Raw(raw) => InspectedBody { bytes: raw, over_limit: truncated && !(undecodable && whole) },
            // A small body may become a large one.
            Part::Decoded if self.made.grow(decoded.len() * COPIES) => {
                InspectedBody { bytes: &decoded, over_limit: truncated && !is_all(&decoded) }
            }
            Part::Decoded => InspectedBody { bytes: &decoded[..decoded.len().min(bytes.len())], over_limit: true },
        };
        let before = self.bytes_used();
        then(self, body);
        self.made.settle(made + self.bytes_used().saturating_sub(before));
    }

    /// The bytes that values and what rules made of them take up.
    fn bytes_used(&self) -> usize {
        self.memory.as_ref().map_or(0, |memory| memory.transaction.bytes_used())
    }

    fn judge(&mut self, phase: impl FnOnce(&mut Transaction, &PhasedContext<'_>) -> Option<Intervention>) {
        if !matches!(self.state, State::Open) {
            return;
        }
        let Some(memory) = &mut self.memory else { return };
        let shared = &self.worker.shared;
        let places = shared.places.load();
        let context = context(&self.peer, &self.visit, &***places, shared.clock.now());
        let memories = &self.worker.memories;
        if let Some(state) = run(memories, memory, &mut self.spent, |transaction| phase(transaction, &context)) {
            self.state = state;
        }
    }

    /// The request is recorded elsewhere: it was not read to its end.
    pub(crate) fn leave_unrecorded(&mut self) {
        self.unrecorded = true;
    }

    /// Runs the last phase, once. It stops nothing, but a fault in it is answered as any other as long as there is no answer.
    pub(crate) fn run_last_phase(&mut self) {
        if std::mem::replace(&mut self.is_over, true) || matches!(self.state, State::Faulted) {
            return;
        }
        let Some(memory) = &mut self.memory else { return };
        let shared = &self.worker.shared;
        let places = shared.places.load();
        let context = context(&self.peer, &self.visit, &***places, shared.clock.now());
        let fault = run(&self.worker.memories, memory, &mut self.spent, |transaction| {
            transaction.logging(&context);
            None
        });
        match (&self.state, fault) {
            (_, None) => {}
            (State::Open, Some(fault)) => self.state = fault,
            (_, Some(_)) => {
                tracing::error!(request = self.visit.name(), "the last phase of a refused request failed");
                shared.metrics.edge.faults_refused.inc();
            }
        }
    }

    /// Runs the last phase and writes the record. `status`: of the response, unless a rule stopped it.
    pub(crate) async fn end(mut self, status: Option<StatusCode>) {
        if let Some((line, decision)) = self.close(status) {
            self.worker.record_line(decision, line).await;
        }
    }

    /// The last phase, and the record to be written.
    fn close(&mut self, status: Option<StatusCode>) -> Option<(Vec<u8>, Decision)> {
        self.run_last_phase();
        let mut memory = self.memory.take()?;
        let shared = Arc::clone(&self.worker.shared);
        let let_through = shared.on_fault == OnFault::Open;
        let completion = match &self.state {
            State::Open => Completion::Passed { status },
            State::Stopped(intervention) => Completion::Stopped(intervention),
            State::Faulted => Completion::Faulted { let_through },
        };
        if let Completion::Faulted { .. } = completion {
            tracing::error!(request = self.visit.name(), let_through, "inspection in phases failed");
            let edge = &shared.metrics.edge;
            if let_through { &edge.faults_let_through } else { &edge.faults_refused }.inc();
        }
        shared.metrics.edge.judged_in_phases(self.spent);
        let decision = completion.decision();
        let recorded = self.settle(&mut memory, &completion, decision);
        self.audit(&memory, &completion);
        self.worker.memories.put_back(memory);
        recorded.map(|line| (line, decision))
    }

    fn audit(&self, memory: &Memory, completion: &Completion<'_>) {
        if !matches!(self.state, State::Faulted) {
            let ended = Ended { transaction: &memory.transaction, at: self.visit.at, status: completion.status() };
            audit(&self.worker, &self.rules, &ended);
        }
    }

    /// Counts the decision, and completes its record if one is to be kept.
    fn settle(&self, memory: &mut Memory, completion: &Completion<'_>, decision: Decision) -> Option<Vec<u8>> {
        let rules = &self.rules;
        if let Some(phased) = &rules.phased {
            phased.counters.observe(memory.transaction.matches(), completion.rule());
        }
        match completion {
            Completion::Passed { .. } => rules.counters.settle(memory.draft.terminating, decision),
            _ => rules.counters.observe_undecided(decision),
        }
        if self.unrecorded || !memory.draft.is_kept(decision) {
            if !self.unrecorded && self.worker.records() {
                rules.terms.left_out();
            }
            return None;
        }
        let mut line = self.worker.spare_line();
        let Memory { transaction, draft } = memory;
        let mut inspector = self.worker.inspector.borrow_mut();
        inspector.recorder.complete(draft, rules.terms.veil(), transaction, completion, &mut line);
        Some(line)
    }
}

impl Drop for Passage {
    /// The client went away before the end.
    fn drop(&mut self) {
        if let Some((line, decision)) = self.close(None) {
            self.worker.record_line_now(decision, &line);
        }
    }
}

fn protocol(version: Version) -> &'static [u8] {
    match version {
        Version::HTTP_10 => b"HTTP/1.0",
        Version::HTTP_2 => b"HTTP/2.0",
        _ => b"HTTP/1.1",
    }
}

/// Source: RFC 9110, section 6.4.1.
fn has_body(method: &Method, status: StatusCode) -> bool {
    *method != Method::HEAD && !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}
