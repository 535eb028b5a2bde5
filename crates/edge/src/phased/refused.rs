//! Rules in phases and requests that HTTP refuses: whatever becomes of such a request is settled, but where its head can still be
//! told, the rules look at it, so that its record says what was tried.

use std::time::Instant;

use sekisho_waf::transaction::{InspectedBody, PhasedContext, Transaction};
use sekisho_waf::{Body, Client, Header, Request};

use super::passage::context;
use super::{Memory, Phased};
use crate::connection::Peer;
use crate::http1::MalformedHead;
use crate::http1::read::{RawRequest, refused};
use crate::visit::Visit;

/// Runs the phases of the request and the last one over a head that was refused. None if nobody can tell what it was, or the engine
/// fails on it.
pub(crate) fn judge(peer: &Peer, phased: &Phased, visit: &Visit, malformed: &MalformedHead) -> Option<Box<Memory>> {
    let raw = refused(&malformed.raw, malformed.reason)?;
    let shared = &peer.worker.shared;
    let places = shared.places.load();
    let target = (!raw.target.starts_with(b"/")).then_some(raw.target);
    let context = PhasedContext { target, ..context(peer, visit, &***places, visit.at) };
    let mut memory = peer.worker.memories.take();
    let begun = Instant::now();
    let memories = &peer.worker.memories;
    let outcome = memories.run(&mut memory, |transaction| run(transaction, phased, peer, &raw, &context));
    shared.metrics.edge.judged_in_phases(begun.elapsed());
    if outcome.is_err() {
        tracing::error!(request = visit.name(), "inspection of a refused head in phases failed");
        return None;
    }
    phased.counters.observe(memory.transaction.matches(), None);
    Some(memory)
}

fn run(transaction: &mut Transaction, phased: &Phased, peer: &Peer, raw: &RawRequest<'_>, context: &PhasedContext<'_>) {
    let headers: Vec<_> = raw.headers.iter().map(|header| Header { name: header.name, value: &header.value }).collect();
    let request = Request {
        method: raw.method,
        path: raw.parts.path_or_root(),
        query: raw.parts.query.unwrap_or_default(),
        fragment: raw.parts.fragment,
        version: raw.version,
        scheme: if peer.security.is_tls() { "https" } else { "http" },
        headers: &headers,
        body: Body::EMPTY,
        // Its fields are not to be trusted, so the client is whoever sent it.
        client: Client { ip: peer.address.ip().to_canonical(), country: None, asn: None, ja3: None, ja4: None },
    };
    transaction.begin(&phased.rules, &request, context);
    // What a rule would do about it is of no consequence any more.
    let _ = transaction.request_headers(context);
    let _ = transaction.request_body(InspectedBody { bytes: b"", over_limit: false }, context);
    transaction.logging(context);
}
