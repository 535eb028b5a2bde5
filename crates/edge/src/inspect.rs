//! A request held against the rules in force, and the record of what came of it.
//!
//! Each worker has one [`Inspector`], whose memory serves one request after another. It knows nothing of connections or
//! origins; what it returns is all the phases need.

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Version, request};
use sekisho_waf::ir::{Action, HeaderInsert, Policy, TokenKind};
use sekisho_waf::transaction::{PhasedContext, Transaction};
use sekisho_waf::{
    Body, BodySize, Client, Context, Decision, Header, KnownToken, PlaceSource, Request, RuleSet, Scratch, TokenSource,
    Verdict,
};

use crate::audit::Composer;
use crate::body::{Codings, Held, Part, Source as BodySource, inspect_held};
use crate::connection::Security;
use crate::enforce;
use crate::fingerprint::Fingerprints;
use crate::http1::{Head, TargetForm};
use crate::metrics::{EdgeMetrics, PolicyCounters};
use crate::phased::{MemoryPool, Opened, Opening, Phased, open};
use crate::rate::PolicyRates;
use crate::record::{Details, Occurrence, Recorder, Subject, Terms, details};
use crate::sample::{self, PolicySamples, Sampled};
use crate::settings::{Limits, OnFault};
use crate::token::{Exempt, Presented, Tokens};
use crate::visit::Visit;

/// The rules in force and what belongs to them; swapped whole.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) set: Arc<RuleSet>,
    pub(crate) counters: Arc<PolicyCounters>,
    pub(crate) rates: PolicyRates,
    pub(crate) terms: Terms,
    pub(crate) samples: PolicySamples,
    /// What sees the requests that the web ACL lets through.
    pub(crate) phased: Option<Phased>,
}

impl Rules {
    /// How many body bytes are to be held back; none if no rule looks at bodies.
    pub(crate) fn body_bytes_held(&self, limits: &Limits) -> Option<usize> {
        let bytes_max = self.set.policy().body_inspected_bytes_max.unwrap_or(limits.body_inspected_bytes_max);
        self.set.inspects_body().then_some(bytes_max)
    }
}

/// One request as inspection gets it.
pub(crate) struct Candidate<'a> {
    pub(crate) visit: &'a Visit,
    pub(crate) client: IpAddr,
    pub(crate) security: &'a Security,
    pub(crate) head: &'a request::Parts,
    /// The head as received, where HTTP/1 was spoken.
    pub(crate) raw: Option<&'a Head>,
    pub(crate) held: &'a Held,
    /// Whether it brings the solution of a task, and so is not asked for a token, nor stopped for want of a rule that allows it.
    pub(crate) delivers: bool,
}

impl<'a> Candidate<'a> {
    /// The request target as received, where it is more than a path and a query.
    fn target(&self) -> Option<&'a [u8]> {
        self.raw.filter(|raw| raw.index().target_form() != TargetForm::Origin).map(Head::target)
    }

    /// Whether no rule stops a solution: only the default would, which knows nothing of its path.
    fn is_admitted(&self, verdict: &Verdict) -> bool {
        self.delivers && verdict.terminating.is_none()
    }
}

/// What a worker shares with all others and inspection needs.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) rules: &'a Rules,
    pub(crate) places: &'a dyn PlaceSource,
    pub(crate) tokens: &'a Tokens,
    pub(crate) limits: &'a Limits,
    pub(crate) on_fault: OnFault,
    pub(crate) metrics: &'a EdgeMetrics,
    /// Of rules in phases.
    pub(crate) context: PhasedContext<'a>,
    pub(crate) memories: &'a MemoryPool,
}

/// A request that is none, or not all of one.
pub(crate) struct Unread<'a> {
    pub(crate) client: IpAddr,
    pub(crate) reason: &'a str,
    /// What it is answered with, if it is.
    pub(crate) status: Option<StatusCode>,
    /// What rules in phases saw of it.
    pub(crate) transaction: Option<&'a Transaction>,
}

/// What is to happen to a request.
pub(crate) enum Ruling {
    /// It goes on, with these headers added; with what rules in phases have begun, if there are any.
    Pass(Vec<(HeaderName, HeaderValue)>, Option<Opened>),
    /// It is answered with this.
    Refuse(Response<BodySource>),
}

/// A worker's memory for inspecting.
pub(crate) struct Inspector {
    scratch: Scratch,
    joined: Vec<u8>,
    decoded: Vec<u8>,
    /// Empty between requests; only its memory is kept.
    headers: Vec<Header<'static>>,
    pub(crate) recorder: Recorder,
    /// Of rules in phases.
    pub(crate) composer: Composer,
    /// The record of the last decision, a line; empty if it is not to be recorded.
    pub(crate) line: Vec<u8>,
}

impl Inspector {
    pub(crate) fn new(recorder: Recorder, composer: Composer) -> Self {
        Self {
            scratch: Scratch::new(),
            joined: Vec::new(),
            decoded: Vec::new(),
            headers: Vec::new(),
            recorder,
            composer,
            line: Vec::new(),
        }
    }

    /// Forgets what is of use with the rules only that were in force, and lets go of them.
    pub(crate) fn forget_rules(&mut self) {
        self.scratch = Scratch::new();
    }

    /// Holds a request against the rules. Leaves the record of the decision in `line`, unless `record` is false or the rules'
    /// terms say otherwise.
    pub(crate) fn inspect(
        &mut self,
        candidate: &Candidate<'_>,
        around: Surroundings<'_>,
        record: bool,
    ) -> (Decision, Ruling) {
        self.line.clear();
        let mut joined = std::mem::take(&mut self.joined);
        let mut decoded = std::mem::take(&mut self.decoded);
        let mut headers = recycle(std::mem::take(&mut self.headers));
        fill(&mut headers, candidate);
        let body = body_of(candidate, around, &mut joined, &mut decoded);
        let request = request_of(candidate, &headers, body);
        let outcome = self.evaluate(&request, candidate, around, record);
        let ruling = match outcome {
            Ok(evaluated) => self.judge(&request, candidate, around, &evaluated),
            Err(Faulted) => self.fault(&request, candidate, around, record),
        };
        self.headers = recycle(headers);
        self.joined = joined;
        self.decoded = decoded;
        ruling
    }

    /// Leaves the record of bytes that were no request in `line`, if the rules' terms say so.
    pub(crate) fn record_malformed(&mut self, rules: &Rules, visit: &Visit, unread: &Unread<'_>) {
        let occurrence = Occurrence {
            at: visit.at,
            request_id: visit.name(),
            country: None,
            asn: None,
            response_code_sent: unread.status.map(|status| status.as_u16()),
            inserted: &[],
            match_details: &[],
        };
        self.line.clear();
        let (policy, terms) = (rules.set.policy(), &rules.terms);
        if terms.keep(policy, Decision::Block, None) {
            let subject = Subject::Malformed { client: unread.client, reason: unread.reason };
            self.recorder.write(policy, terms.veil(), &occurrence, subject, &mut self.line);
            if let Some(transaction) = unread.transaction {
                self.recorder.add_phases(terms.veil(), transaction, &mut self.line);
            }
        }
    }

    /// Evaluates; if the decision is to be recorded, with what detectors found.
    fn evaluate(
        &mut self,
        request: &Request<'_>,
        candidate: &Candidate<'_>,
        around: Surroundings<'_>,
        record: bool,
    ) -> Result<Evaluated, Faulted> {
        let (set, terms, scratch) = (&around.rules.set, &around.rules.terms, &mut self.scratch);
        let keys = set.asks_for_token().then(|| around.tokens.keys());
        let presented = keys.as_deref().map(|keys| Presented::new(request, keys, &set.policy().token_domains));
        let token: &dyn TokenSource = match &presented {
            _ if candidate.delivers => &Exempt,
            Some(presented) => presented,
            None => &KnownToken::NONE,
        };
        let context = Context { now: candidate.visit.at, rates: &around.rules.rates, places: around.places, token };
        let begun = Instant::now();
        // A fault in the engine must cost one request, never the worker. What it leaves in the memory is thrown away.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let verdict = set.evaluate(request, &context, scratch);
            let decision = if candidate.is_admitted(verdict) { Decision::Allow } else { verdict.decision };
            let kept = |decision| record && terms.would_keep(set.policy(), decision, Some(verdict));
            let goes_on = decision == Decision::Allow && around.rules.phased.is_some() && !candidate.delivers;
            let kept_if_blocked = kept(if goes_on { Decision::Block } else { decision });
            let (goes_on, kept) = (goes_on.then_some(kept_if_blocked), kept(decision));
            if record && !kept && goes_on.is_none() {
                terms.left_out();
            }
            let details = (kept || goes_on == Some(true)).then(|| Details::of(set, request, verdict));
            Evaluated { details, goes_on, kept }
        }));
        around.metrics.inspected(begun.elapsed());
        outcome.map_err(|_| {
            self.scratch = Scratch::new();
            Faulted
        })
    }

    fn judge(
        &mut self,
        request: &Request<'_>,
        candidate: &Candidate<'_>,
        around: Surroundings<'_>,
        evaluated: &Evaluated,
    ) -> (Decision, Ruling) {
        let policy = around.rules.set.policy();
        let admitted;
        let verdict = match self.scratch.verdict() {
            verdict if candidate.is_admitted(verdict) => {
                admitted = Verdict { decision: Decision::Allow, ..verdict.clone() };
                &admitted
            }
            verdict => verdict,
        };
        let mut opened = match (&around.rules.phased, evaluated.goes_on) {
            (Some(phased), Some(kept_if_blocked)) => {
                let mut memory = around.memories.take();
                memory.draft.begin(evaluated.kept, kept_if_blocked, verdict.terminating);
                around.rules.counters.observe_rules(verdict);
                let context = PhasedContext { target: candidate.target(), ..around.context };
                Some(open(&Opening { phased, request, context }, around.memories, memory))
            }
            _ => {
                around.rules.counters.observe(verdict);
                None
            }
        };
        let inserted: Vec<&HeaderInsert> = verdict.inserted_headers(policy).collect();
        let ruling = ruling(verdict, policy, &inserted, candidate, around.tokens);
        let decision = verdict.decision;
        let recorder = &mut self.recorder;
        let occurrence = || Occurrence {
            at: candidate.visit.at,
            request_id: candidate.visit.name(),
            country: around.places.place(candidate.client).map(|place| place.country),
            asn: around.rules.terms.shows_asn.then(|| around.places.asn(candidate.client)).flatten(),
            response_code_sent: details::custom_status(verdict, policy),
            inserted: &inserted,
            match_details: &[],
        };
        let samples = &around.rules.samples;
        samples.observe(verdict, candidate.visit.at, |rule| {
            let sampled = Sampled { policy, occurrence: &occurrence(), request, verdict, rule };
            sample::write(&sampled, &mut recorder.cloak(samples.veil()))
        });
        if let Some(details) = &evaluated.details {
            let line = &mut self.line;
            details.lend(|match_details| {
                let occurrence = Occurrence { match_details, ..occurrence() };
                let subject = Subject::Evaluated { request, verdict };
                let veil = around.rules.terms.veil();
                match &mut opened {
                    Some(opened) => recorder.draft(policy, veil, &occurrence, subject, opened.draft()),
                    None => {
                        recorder.write(policy, veil, &occurrence, subject, line);
                        // A web ACL that names a group twice tells of the first.
                        if let Some(transaction) = self.scratch.transactions().next() {
                            recorder.add_phases(veil, transaction, line);
                        }
                    }
                }
            });
        }
        match ruling {
            Ruling::Pass(inserted, _) => (decision, Ruling::Pass(inserted, opened)),
            refused => (decision, refused),
        }
    }

    fn fault(
        &mut self,
        request: &Request<'_>,
        candidate: &Candidate<'_>,
        around: Surroundings<'_>,
        record: bool,
    ) -> (Decision, Ruling) {
        let let_through = around.on_fault == OnFault::Open;
        let decision = if let_through { Decision::Allow } else { Decision::Block };
        tracing::error!(request = candidate.visit.name(), let_through, "inspection failed");
        around.rules.counters.observe_undecided(decision);
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        let (counter, ruling) = if let_through {
            (&around.metrics.faults_let_through, Ruling::Pass(Vec::new(), None))
        } else {
            let response = enforce::refuse(status, candidate.head, candidate.visit);
            (&around.metrics.faults_refused, Ruling::Refuse(response))
        };
        counter.inc();
        let (policy, terms) = (around.rules.set.policy(), &around.rules.terms);
        if record && terms.keep(policy, decision, None) {
            // Nothing that may have been the cause is asked again.
            let occurrence = Occurrence {
                at: candidate.visit.at,
                request_id: candidate.visit.name(),
                country: None,
                asn: None,
                response_code_sent: (!let_through).then_some(status.as_u16()),
                inserted: &[],
                match_details: &[],
            };
            let subject = Subject::Fault { request, reason: "evaluation panicked", let_through };
            self.recorder.write(policy, terms.veil(), &occurrence, subject, &mut self.line);
        }
        (decision, ruling)
    }
}

/// What the web ACL's verdict means for a request.
fn ruling(
    verdict: &Verdict,
    policy: &Policy,
    inserted: &[&HeaderInsert],
    candidate: &Candidate<'_>,
    tokens: &Tokens,
) -> Ruling {
    match (verdict.decision, verdict.deciding_action(policy)) {
        (Decision::Allow, _) => Ruling::Pass(inserted.iter().copied().filter_map(enforce::header).collect(), None),
        (Decision::Block, Action::Block(response)) => {
            Ruling::Refuse(enforce::block(response, candidate.head, candidate.visit))
        }
        (Decision::Block, _) => Ruling::Refuse(enforce::refuse(StatusCode::FORBIDDEN, candidate.head, candidate.visit)),
        (Decision::Captcha, _) => Ruling::Refuse(tokens.ask(TokenKind::Captcha, candidate.head, candidate.visit)),
        (Decision::Challenge, _) => Ruling::Refuse(tokens.ask(TokenKind::Challenge, candidate.head, candidate.visit)),
    }
}

/// The web ACL's verdict stands in the scratch.
struct Evaluated {
    /// What detectors found, if the decision may be recorded.
    details: Option<Details>,
    /// Whether rules in phases go on with the request; and then, whether it is recorded if they stop it.
    goes_on: Option<bool>,
    /// Whether the decision is recorded as it is.
    kept: bool,
}

/// The engine failed.
struct Faulted;

/// An empty list with the memory of another. Collecting what was drained reuses the allocation, whatever the lifetimes.
fn recycle<'a>(mut headers: Vec<Header<'_>>) -> Vec<Header<'a>> {
    headers.clear();
    headers.into_iter().map(|_| Header { name: b"", value: b"" }).collect()
}

fn fill<'a>(headers: &mut Vec<Header<'a>>, candidate: &Candidate<'a>) {
    match candidate.raw {
        Some(raw) => headers.extend(raw.fields().map(|(name, value)| Header { name, value })),
        None => {
            // `:authority` comes before all fields, and rules see it as the Host field.
            let fields = &candidate.head.headers;
            headers.extend(received(fields).filter(|field| field.is("host")));
            headers.extend(received(fields).filter(|field| !field.is("host")));
        }
    }
}

fn received(headers: &HeaderMap) -> impl Iterator<Item = Header<'_>> {
    headers.iter().map(|(name, value)| Header { name: name.as_str().as_bytes(), value: value.as_bytes() })
}

fn body_of<'a>(
    candidate: &Candidate<'a>,
    around: Surroundings<'_>,
    joined: &'a mut Vec<u8>,
    decoded: &'a mut Vec<u8>,
) -> Body<'a> {
    let held = candidate.held;
    let size = match held.length() {
        Some(length) => BodySize::Exact(length),
        None => BodySize::AtLeast(held.bytes()),
    };
    let Some(bytes_max) = around.rules.body_bytes_held(around.limits) else {
        return Body { bytes: b"", size, truncated: !held.is_whole() };
    };
    let codings = Codings::of(&candidate.head.headers, around.limits.body_codings_max);
    let bytes = held.contiguous(joined);
    let (part, truncated, undecodable) = inspect_held(bytes, held.is_whole(), &codings, bytes_max, decoded);
    if undecodable {
        around.metrics.malformed("content coding");
        tracing::debug!(request = candidate.visit.name(), "body does not decode; inspected as it came");
    }
    let bytes = match part {
        Part::Raw(bytes) => bytes,
        Part::Decoded => decoded,
    };
    Body { bytes, size, truncated }
}

fn request_of<'a>(candidate: &Candidate<'a>, headers: &'a [Header<'a>], body: Body<'a>) -> Request<'a> {
    let head = candidate.head;
    let (path, query, fragment, version) = match candidate.raw {
        Some(raw) => {
            let parts = raw.target_parts();
            (parts.path_or_root(), parts.query.unwrap_or_default(), parts.fragment, raw.index().version().as_str())
        }
        None => {
            // A fragment in `:path` is dropped by the library, before anybody sees it.
            let query = head.uri.query().unwrap_or_default().as_bytes();
            (head.uri.path().as_bytes(), query, None, version_name(head.version))
        }
    };
    let fingerprints = candidate.security.fingerprints();
    Request {
        method: head.method.as_str().as_bytes(),
        path,
        query,
        fragment,
        version: version.as_bytes(),
        scheme: if candidate.security.is_tls() { "https" } else { "http" },
        headers,
        body,
        client: Client {
            ip: candidate.client,
            country: None,
            asn: None,
            ja3: fingerprints.map(Fingerprints::ja3),
            ja4: fingerprints.map(Fingerprints::ja4),
        },
    }
}

fn version_name(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        _ => "HTTP/1.1",
    }
}
