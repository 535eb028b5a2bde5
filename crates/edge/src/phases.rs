//! The life of a request, phase by phase.
//!
//! [`serve`] is the whole story; each phase is a function below or a module of its own. A phase that ends the story returns
//! an [`Ending`], so that what was recorded, and what still has to be, is decided in one place.
//!
//! Futures off the usual path are boxed where they are awaited: hyper moves the whole of [`serve`]'s once a request, and it
//! would be as large as its largest branch.

mod admissible;

use std::rc::Rc;
use std::time::Instant;

use http::{HeaderName, HeaderValue, Request, Response, StatusCode, request};
use hyper::body::Incoming;

use crate::body::{Attendance, Held, Reply, Source, UploadFault, hold};
use crate::connection::{OpenStream, Peer};
use crate::enforce;
use crate::forward::{self, Hop};
use crate::http1::{HeadReport, Malformed};
use crate::inspect::{Candidate, Rules, Ruling, Surroundings};
use crate::server::{Counted, Place};
use crate::token::{Delivery, ENDPOINT, POSTED_BYTES_MAX};
use crate::upstream::{self, Cluster, Fault, Means, Message, Outcome};
use crate::visit::Visit;

use admissible::admissible;

/// A request hyper made up, which cannot be answered: the connection is closed.
#[derive(Debug, thiserror::Error)]
#[error("a request the gate knows nothing of")]
pub(crate) struct Unannounced;

/// How a request's way ended before its last phase.
enum Ending {
    /// Not a request, or not all of one: there was nothing to decide on. To be recorded.
    Unread { status: StatusCode, reason: String },
    /// Answered by the edge; recorded already.
    Answered(Response<Source>),
}

/// Serves one request.
pub(crate) async fn serve(peer: Rc<Peer>, request: Request<Incoming>) -> Result<Response<Reply>, Unannounced> {
    let (arrived, attendance) = match &peer.heads {
        Some(heads) => {
            let arrival = heads.next().ok_or(Unannounced)?;
            (Some(arrival.report), Attendance::Http1(arrival.in_service))
        }
        None => (None, Attendance::Http2(OpenStream::new(&peer))),
    };
    let _open = Counted::new(&peer.worker.shared.metrics.edge.requests);
    let visit = peer.worker.names.visit(peer.worker.shared.clock.now());
    let (mut head, body) = request.into_parts();
    let ending = match &arrived {
        Some(HeadReport::Malformed(malformed)) => {
            Err(Ending::Unread { status: malformed.reason.status(), reason: malformed.reason.to_string() })
        }
        _ => go(&peer, &visit, &mut head, arrived.as_ref(), body).await,
    };
    let response = match ending {
        Ok(response) | Err(Ending::Answered(response)) => response,
        Err(Ending::Unread { status, reason }) => {
            peer.worker.record_malformed(&visit, peer.client(&head), &reason, status).await;
            enforce::refuse(status, &head, &visit)
        }
    };
    if let (Some(heads), Some(HeadReport::Well(raw))) = (&peer.heads, arrived) {
        heads.recycle(raw);
    }
    Ok(response.map(|source| Reply::new(source, attendance)))
}

/// The phases, from a head that is well formed to a response.
async fn go(
    peer: &Peer,
    visit: &Visit,
    head: &mut request::Parts,
    arrived: Option<&HeadReport>,
    body: Incoming,
) -> Result<Response<Source>, Ending> {
    // 1. What cannot be forwarded without changing its meaning is refused here, whatever its version.
    let host = admissible(head, &peer.worker.shared.limits)
        .map_err(|refused| Ending::Unread { status: refused.status(), reason: refused.to_string() })?;
    // 2. The body, as far as rules look at it, has to be here before they are asked. The same rules are asked then: others
    //    that come into force meanwhile may look at more of it than was held back.
    let rules = peer.worker.shared.rules.load_full();
    let delivers = rules.set.asks_for_token() && head.uri.path() == ENDPOINT;
    let held = hold_back(peer, &rules, body, delivers).await?;
    // 3. The rules decide, and the decision is recorded before anything is done about it.
    let inserted = decide(peer, &rules, visit, head, arrived, &held, delivers).await?;
    if delivers {
        return Ok(deliver(peer, &rules, visit, head, &held));
    }
    // 4. Where to.
    let Some(place) = peer.worker.shared.routes.load().find(host_text(&host), head.uri.path()).cloned() else {
        return Ok(enforce::refuse(StatusCode::NOT_FOUND, head, visit));
    };
    // 5. There and back.
    match &*place {
        Place::Pages { pages, prefix } => Ok(Box::pin(pages.answer(head, prefix)).await),
        Place::Cluster(cluster) => forward(peer, visit, cluster, head, host, inserted, held).await,
    }
}

/// Holds back what rules look at, and what is brought to the edge itself.
async fn hold_back(peer: &Peer, rules: &Rules, body: Incoming, delivers: bool) -> Result<Held, Ending> {
    let shared = &peer.worker.shared;
    let held = Held::none(body);
    if held.length().is_some_and(|length| length > shared.limits.body_bytes_max) {
        let fault = UploadFault::TooLarge { bytes_max: shared.limits.body_bytes_max };
        return Err(unread(&Fault::Upload(fault)));
    }
    let delivered = delivers.then_some(POSTED_BYTES_MAX + 1);
    match rules.body_bytes_held(&shared.limits).max(delivered) {
        Some(bytes_max) if !held.is_whole() => {
            Box::pin(hold(held, bytes_max, &shared.limits)).await.map_err(|fault| unread(&Fault::Upload(fault)))
        }
        _ => Ok(held),
    }
}

/// The ending of a request whose body came to no good end.
fn unread(fault: &Fault) -> Ending {
    match Malformed::behind(fault) {
        Some(malformed) => Ending::Unread { status: malformed.status(), reason: malformed.to_string() },
        None => {
            let reason = std::error::Error::source(fault).map_or_else(|| fault.to_string(), ToString::to_string);
            Ending::Unread { status: fault.status(), reason }
        }
    }
}

async fn decide(
    peer: &Peer,
    rules: &Rules,
    visit: &Visit,
    head: &request::Parts,
    arrived: Option<&HeadReport>,
    held: &Held,
    delivers: bool,
) -> Result<Vec<(HeaderName, HeaderValue)>, Ending> {
    let worker = &peer.worker;
    let shared = &worker.shared;
    let raw = match arrived {
        Some(HeadReport::Well(raw)) => Some(raw),
        _ => None,
    };
    let candidate = Candidate { visit, client: peer.client(head), security: &peer.security, head, raw, held, delivers };
    let (decision, ruling) = {
        let places = shared.places.load();
        let around = Surroundings {
            rules,
            places: &***places,
            tokens: &shared.tokens,
            limits: &shared.limits,
            on_fault: shared.on_fault,
            metrics: &shared.metrics.edge,
        };
        worker.inspector.borrow_mut().inspect(&candidate, around, worker.records())
    };
    worker.record(decision).await;
    match ruling {
        Ruling::Pass(inserted) => Ok(inserted),
        Ruling::Refuse(response) => Err(Ending::Answered(response)),
    }
}

/// Answers a request for the edge's own path, which the rules let through.
fn deliver(peer: &Peer, rules: &Rules, visit: &Visit, head: &request::Parts, held: &Held) -> Response<Source> {
    let fits = held.is_whole() && held.bytes() <= POSTED_BYTES_MAX as u64;
    let mut joined = Vec::new();
    peer.worker.shared.tokens.answer(&Delivery {
        head,
        body: fits.then(|| held.contiguous(&mut joined)),
        client: peer.client(head),
        secure: peer.security.is_tls() || (peer.trusted && forward::came_by_tls(&head.headers)),
        now: visit.at,
        domains: &rules.set.policy().token_domains,
        metrics: &peer.worker.shared.metrics.edge,
    })
}

fn host_text(host: &HeaderValue) -> &str {
    host.to_str().unwrap_or_default()
}

async fn forward(
    peer: &Peer,
    visit: &Visit,
    cluster: &Cluster,
    head: &mut request::Parts,
    host: HeaderValue,
    inserted: Vec<(HeaderName, HeaderValue)>,
    held: Held,
) -> Result<Response<Source>, Ending> {
    let shared = &peer.worker.shared;
    let hop = Hop {
        peer: peer.address.ip(),
        peer_value: &peer.address_value,
        trusted: peer.trusted,
        tls: peer.security.is_tls(),
    };
    let upgrade = forward::to_origin(head, &host, &hop);
    for (name, value) in inserted {
        head.headers.insert(name, value);
    }
    let means = Means { pools: &peer.worker.pools, limits: &shared.limits, clock: &*shared.clock };
    let begun = Instant::now();
    let mut message = Message { head: take(head), upgrade, upload: held.into_upload(&shared.limits) };
    let outcome = upstream::send(cluster, means, &mut message).await;
    match outcome {
        Ok(Outcome::Response(response)) => {
            shared.metrics.edge.upstream_seconds.observe(begun.elapsed());
            let (mut head, source) = response.into_parts();
            forward::to_client(&mut head);
            Ok(Response::from_parts(head, source))
        }
        Ok(Outcome::Switched(switched)) => Ok(peer.switch(switched)),
        Err(fault) => Err(failed(peer, visit, cluster, head, &fault)),
    }
}

/// Takes what is sent out of a head, leaving what a refusal needs.
fn take(head: &mut request::Parts) -> request::Parts {
    let (mut outgoing, ()) = Request::new(()).into_parts();
    outgoing.method = head.method.clone();
    outgoing.uri = std::mem::take(&mut head.uri);
    let accept = head.headers.get(http::header::ACCEPT).cloned();
    outgoing.headers = std::mem::take(&mut head.headers);
    if let Some(accept) = accept {
        head.headers.insert(http::header::ACCEPT, accept);
    }
    outgoing
}

fn failed(peer: &Peer, visit: &Visit, cluster: &Cluster, head: &request::Parts, fault: &Fault) -> Ending {
    let edge = &peer.worker.shared.metrics.edge;
    let status = Malformed::behind(fault).map_or_else(|| fault.status(), |malformed| malformed.status());
    if fault.is_origins() {
        edge.upstream_error(fault.kind());
        let source = std::error::Error::source(fault).map(tracing::field::display);
        let upstream = &cluster.settings.name;
        tracing::warn!(request = visit.name(), upstream, %fault, source, "request failed");
    } else {
        edge.malformed(fault.kind());
    }
    Ending::Answered(enforce::refuse(status, head, visit))
}
