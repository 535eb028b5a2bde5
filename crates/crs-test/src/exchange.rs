//! One request through the gate and the phases in this process.
//!
//! The bytes are judged by the gate's own [`Framer`]. What passes goes through all phases, answered by [`crate::reflect`];
//! what HTTP refuses is answered with the gate's status, after the rules have looked at its head where it can be told what
//! that was.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use sekisho_edge::http1::read::{RawHeader, RawRequest, read, refused};
use sekisho_edge::http1::{BodyFraming, FieldSpan, Framer, Limits, Malformed, Step};
use sekisho_model::Timestamp;
use sekisho_waf::transaction::{
    InspectedBody, Intervention, InterventionKind, Judging, LocalCollections, Matched, PhasedContext, PhasedRules,
    ResponseHead, Transaction,
};
use sekisho_waf::{Body, Client, Header, Request};

use crate::outcome::{Logged, Outcome, Response};
use crate::reflect;

/// Where requests come from, and where they are received.
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The gate as the suite of the Core Rule Set needs it: two of its tests want answers to what the gate refuses by default.
fn gate() -> Limits {
    Limits { length_beside_chunked: true, connect: true, ..Limits::default() }
}

/// Takes requests through rules, one after another.
#[derive(Debug)]
pub(crate) struct Exchange {
    rules: Arc<PhasedRules>,
    judging: Judging,
    collections: LocalCollections,
    transaction: Transaction,
}

/// What came of a request.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) outcome: Outcome,
    /// All matches in order, also those no log tells of: their lines in the error log.
    pub(crate) matched: Vec<String>,
    /// Matches that were ruled out, if rules were held against values all the same.
    pub(crate) missed: Vec<String>,
}

impl Exchange {
    pub(crate) fn new(rules: Arc<PhasedRules>, judging: Judging) -> Self {
        Self { rules, judging, collections: LocalCollections::default(), transaction: Transaction::new() }
    }

    /// Empties the collections.
    pub(crate) fn forget(&mut self) {
        self.collections = LocalCollections::default();
    }

    /// What comes of the first request in `bytes`.
    pub(crate) fn run(&mut self, bytes: &[u8], unique_id: &str, now: Timestamp) -> Seen {
        let collections = std::mem::take(&mut self.collections);
        let context = PhasedContext {
            collections: &collections,
            unique_id,
            server_address: Some(LOOPBACK),
            judging: self.judging,
            ..PhasedContext::at(now)
        };
        let seen = self.exchange(bytes, &context);
        self.collections = collections;
        seen
    }

    fn exchange(&mut self, bytes: &[u8], context: &PhasedContext<'_>) -> Seen {
        let framed = match Framed::read(bytes, gate()) {
            Ok(framed) => framed,
            Err(reason) => return self.refuse(bytes, reason, context),
        };
        let Ok(mut raw) = read(bytes, gate()) else { return Seen::default() };
        let body = match framed.content {
            Some(content) => Cow::Borrowed(content),
            None => raw.body.clone(),
        };
        raw.headers = framed.headers;
        let response = self.phases(&raw, &body, context);
        self.seen(Outcome { response, ..Outcome::default() })
    }

    /// A request that HTTP refuses: the rules see its head, for the record, where it can be told what that is.
    fn refuse(&mut self, bytes: &[u8], reason: Malformed, context: &PhasedContext<'_>) -> Seen {
        let mut outcome = Outcome { refused: Some(reason.to_string()), ..Outcome::default() };
        if reason.is_answered() {
            outcome.response = Some(Response { status: reason.status().as_u16(), ..Response::default() });
        }
        let Some(raw) = refused(bytes, reason) else { return Seen { outcome, ..Seen::default() } };
        let context = &of_target(&raw, context);
        with_request(&raw, |request| self.transaction.begin(&self.rules, request, context));
        self.transaction.request_headers(context);
        self.transaction.request_body(InspectedBody { bytes: b"", over_limit: false }, context);
        self.transaction.logging(context);
        self.seen(outcome)
    }

    /// All phases, and the response that comes of them; none if the connection is dropped.
    fn phases(&mut self, raw: &RawRequest<'_>, body: &[u8], context: &PhasedContext<'_>) -> Option<Response> {
        let context = &of_target(raw, context);
        let transaction = &mut self.transaction;
        with_request(raw, |request| transaction.begin(&self.rules, request, context));
        let stop = transaction.request_headers(context);
        let stop = stop.or_else(|| {
            let wanted = transaction.request_body_wanted().map_or(0, |wanted| wanted.bytes_max);
            transaction.request_body(first(body, wanted), context)
        });
        let response = match stop {
            Some(stop) => answer(stop),
            None => {
                let response = reflect::respond(raw.method, raw.parts.path_or_root(), body);
                self.answered(&response, context).map_or(Some(response), answer)
            }
        };
        self.transaction.logging(context);
        response
    }

    /// The phases of the response.
    fn answered(&mut self, response: &Response, context: &PhasedContext<'_>) -> Option<Intervention> {
        let header = |(name, value): &'_ (String, String)| (name.clone(), value.clone());
        let fields: Vec<(String, String)> = response.headers.iter().map(header).collect();
        let headers: Vec<_> =
            fields.iter().map(|(name, value)| Header { name: name.as_bytes(), value: value.as_bytes() }).collect();
        let head = ResponseHead { status: response.status, protocol: b"HTTP/1.1", headers: &headers };
        if let Some(stop) = self.transaction.response_headers(&head, context) {
            return Some(stop);
        }
        let wanted = self.transaction.response_body_wanted().map_or(0, |wanted| wanted.bytes_max);
        self.transaction.response_body(first(&response.body, wanted), context)
    }

    /// What the transaction tells of, besides what came of its request.
    fn seen(&self, outcome: Outcome) -> Seen {
        let line = |matched: &Matched<'_>| {
            let mut line = Vec::new();
            matched.write_error_log_line(&mut line);
            String::from_utf8_lossy(&line).into_owned()
        };
        let transaction = &self.transaction;
        let logged = transaction.matches().filter(|matched| matched.log);
        let log = logged.map(|matched| Logged { rule: matched.rule.id, line: line(&matched) }).collect();
        let missed = transaction.short_cut_misses().map(|(rule, value)| match value {
            Some(value) => format!("rule {rule} matches a value it was ruled out for: {}", value.escape_ascii()),
            None => format!("rule {rule} was ruled out and matches"),
        });
        Seen {
            outcome: Outcome { log, ..outcome },
            matched: transaction.matches().map(|matched| line(&matched)).collect(),
            missed: missed.collect(),
        }
    }
}

/// What the gate lets pass of the first request.
struct Framed<'b> {
    /// Its fields as rules see them.
    headers: Vec<RawHeader<'b>>,
    /// Its body; none if it is chunked, and well formed.
    content: Option<&'b [u8]>,
}

impl<'b> Framed<'b> {
    /// Shows `bytes` to the gate, as the first on a connection.
    fn read(bytes: &'b [u8], limits: Limits) -> Result<Self, Malformed> {
        let mut framer = Framer::new(limits);
        let mut at = 0;
        let head = loop {
            match framer.step(&bytes[at..])? {
                Step::Drop { bytes } => at += bytes,
                Step::Head { bytes: length } => {
                    at += length;
                    break &bytes[at - length..at];
                }
                _ => return Ok(Self { headers: Vec::new(), content: Some(b"") }),
            }
        };
        let fields = framer.index().fields().iter();
        let header = |span: &FieldSpan| RawHeader { name: &head[span.name()], value: head[span.value()].into() };
        let headers = fields.map(header).collect();
        let content = match framer.index().framing() {
            BodyFraming::None => Some(&bytes[at..at]),
            BodyFraming::Length(length) => {
                let end = usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len() - at);
                Some(&bytes[at..][..end])
            }
            BodyFraming::Chunked => {
                while let Step::Body { bytes, ends: false } = framer.step(&bytes[at..])? {
                    at += bytes;
                }
                None
            }
        };
        Ok(Self { headers, content })
    }
}

/// The surroundings of a request, with its target where that is more than a path and a query.
fn of_target<'a>(raw: &RawRequest<'a>, context: &PhasedContext<'a>) -> PhasedContext<'a> {
    PhasedContext { target: (!raw.target.starts_with(b"/")).then_some(raw.target), ..*context }
}

fn with_request(raw: &RawRequest<'_>, then: impl FnOnce(&Request<'_>)) {
    let headers: Vec<_> = raw.headers.iter().map(|header| Header { name: header.name, value: &header.value }).collect();
    then(&Request {
        method: raw.method,
        path: raw.parts.path_or_root(),
        query: raw.parts.query.unwrap_or_default(),
        fragment: raw.parts.fragment,
        version: raw.version,
        scheme: "http",
        headers: &headers,
        body: Body::EMPTY,
        client: Client { ip: LOOPBACK, country: None, asn: None, ja3: None, ja4: None },
    });
}

fn first(body: &[u8], bytes_max: u64) -> InspectedBody<'_> {
    let end = usize::try_from(bytes_max).unwrap_or(usize::MAX).min(body.len());
    InspectedBody { bytes: &body[..end], over_limit: bytes_max > 0 && end < body.len() }
}

/// What the client gets of a stop; nothing if its connection is dropped.
fn answer(stop: Intervention) -> Option<Response> {
    let headers = match stop.kind {
        InterventionKind::Drop => return None,
        InterventionKind::Deny => Vec::new(),
        InterventionKind::Redirect(location) => vec![("Location".to_owned(), location)],
    };
    Some(Response { status: stop.status, headers, body: Vec::new() })
}
