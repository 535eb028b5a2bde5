//! The life of a request, phase by phase.
//!
//! [`serve`] is the whole story; each phase is a function below or a module of its own. A phase that ends the story returns
//! an [`Ending`], so that what was recorded, and what still has to be, is decided in one place.
//!
//! Futures off the usual path are boxed where they are awaited: hyper moves the whole of [`serve`]'s once a request, and it
//! would be as large as its largest branch.

mod admissible;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use http::header::CONTENT_LENGTH;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, request};
use hyper::body::Incoming;

use crate::audit::Ended;
use crate::body::{Attendance, Codings, Held, Reply, Source, UploadFault, hold};
use crate::connection::{OpenStream, Peer};
use crate::enforce;
use crate::forward::{self, Hop};
use crate::http1::{HeadReport, Malformed, MalformedHead};
use crate::inspect::{Candidate, Rules, Ruling, Surroundings, Unread};
use crate::phased::{Opened, Passage, Stop, audit, context, refused};
use crate::server::{Counted, Place};
use crate::token::{Delivery, ENDPOINT, POSTED_BYTES_MAX};
use crate::upstream::{self, Cluster, Fault, Means, Message, Outcome, Switched};
use crate::visit::Visit;

use admissible::admissible;

/// A request that is not answered: the connection is closed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    /// hyper made it up.
    #[error("a request the gate knows nothing of")]
    Unannounced,
    /// A rule says so.
    #[error("a request whose connection a rule closes")]
    Dropped,
    /// Its client would not understand.
    #[error("a request in no version")]
    Versionless,
}

/// How a request's way ended before its last phase.
enum Ending {
    /// Not a request, or not all of one: there was nothing to decide on. To be recorded.
    Unread { status: StatusCode, reason: String },
    /// Answered by the edge; recorded already.
    Answered(Response<Source>),
    /// Not answered at all; recorded already.
    Dropped,
}

/// Serves one request.
pub(crate) async fn serve(peer: Rc<Peer>, request: Request<Incoming>) -> Result<Response<Reply>, Unanswered> {
    let (arrived, attendance) = match &peer.heads {
        Some(heads) => {
            let arrival = heads.next().ok_or(Unanswered::Unannounced)?;
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
        Err(Ending::Dropped) => {
            peer.cut();
            return Err(Unanswered::Dropped);
        }
        Err(Ending::Unread { status, reason }) => {
            let malformed = match &arrived {
                Some(HeadReport::Malformed(malformed)) => Some(malformed),
                _ => None,
            };
            let is_answered = malformed.is_none_or(|malformed| malformed.reason.is_answered());
            record_unread(&peer, &visit, &head, malformed, (&reason, is_answered.then_some(status))).await;
            if !is_answered {
                peer.cut();
                return Err(Unanswered::Versionless);
            }
            enforce::refuse(status, &head, &visit)
        }
    };
    if let (Some(heads), Some(HeadReport::Well(raw))) = (&peer.heads, arrived) {
        heads.recycle(raw);
    }
    Ok(response.map(|source| Reply::new(source, attendance)))
}

/// Records a request that is none, or not all of one: why, what it is answered with if it is, and what rules in phases see of it.
async fn record_unread(
    peer: &Peer,
    visit: &Visit,
    head: &request::Parts,
    malformed: Option<&MalformedHead>,
    (reason, status): (&str, Option<StatusCode>),
) {
    let rules = peer.worker.shared.rules.load_full();
    let judged = rules.phased.as_ref().zip(malformed);
    let memory = judged.and_then(|(phased, malformed)| refused::judge(peer, phased, visit, malformed));
    let transaction = memory.as_ref().map(|memory| &memory.transaction);
    let unread = Unread { client: peer.client(head), reason, status, transaction };
    peer.worker.record_malformed(visit, &unread).await;
    if let Some(memory) = memory {
        let status = status.map_or(0, |status| status.as_u16());
        audit(&peer.worker, &rules, &Ended { transaction: &memory.transaction, at: visit.at, status });
        peer.worker.memories.put_back(memory);
    }
}

/// The phases, from a head that is well formed to a response.
async fn go(
    peer: &Rc<Peer>,
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
    let (inserted, opened) = decide(peer, &rules, visit, head, arrived, &held, delivers).await?;
    if delivers {
        return Ok(deliver(peer, &rules, visit, head, &held));
    }
    let onward = Onward { host, inserted, held, decodable: false };
    // 4. Rules in phases, if there are any, follow it from here to the end of its response.
    if let Some(opened) = opened {
        return Box::pin(in_phases(peer, &rules, visit, head, onward, opened)).await;
    }
    // 5. There and back.
    match there_and_back(peer, visit, head, onward).await? {
        Back::Response(response) => Ok(response),
        Back::Switched(switched) => Ok(peer.switch(switched)),
    }
}

/// What goes on to a service besides a request's head.
struct Onward {
    /// What its `Host` field holds.
    host: HeaderValue,
    /// The fields that rules add.
    inserted: Vec<(HeaderName, HeaderValue)>,
    held: Held,
    /// Whether the response is to come in a form that rules can read.
    decodable: bool,
}

/// What comes back.
enum Back {
    Response(Response<Source>),
    Switched(Switched),
}

/// Where to, there and back.
async fn there_and_back(peer: &Peer, visit: &Visit, head: &mut request::Parts, onward: Onward) -> Result<Back, Ending> {
    let routes = peer.worker.shared.routes.load();
    let Some(place) = routes.find(host_text(&onward.host), head.uri.path()).cloned() else {
        return Ok(Back::Response(enforce::refuse(StatusCode::NOT_FOUND, head, visit)));
    };
    drop(routes);
    match &*place {
        Place::Pages { pages, prefix } => Ok(Back::Response(Box::pin(pages.answer(head, prefix)).await)),
        Place::Cluster(cluster) => forward(peer, visit, cluster, head, onward).await,
    }
}

/// The phases of rules in phases after their first, with the way there and back in between.
async fn in_phases(
    peer: &Rc<Peer>,
    rules: &Arc<Rules>,
    visit: &Visit,
    head: &mut request::Parts,
    mut onward: Onward,
    opened: Opened,
) -> Result<Response<Source>, Ending> {
    let mut passage = Passage::new(peer, rules, visit, opened);
    let reach = match passage.hold_back(&mut onward.held).await {
        Ok(reach) => reach,
        Err(fault) => {
            // Not all of a request: recorded as that, and not once more.
            passage.leave_unrecorded();
            passage.end(None).await;
            return Err(unread(&Fault::Upload(fault)));
        }
    };
    passage.request_body(&head.headers, &mut onward.held, reach);
    if let Some(stop) = passage.stop(head) {
        passage.end(None).await;
        return Err(stop.into());
    }
    onward.decodable = passage.reads_responses();
    let response = match there_and_back(peer, visit, head, onward).await {
        Ok(Back::Response(response)) | Err(Ending::Answered(response)) => response,
        Ok(Back::Switched(switched)) => {
            passage.response_head(&switched.head);
            passage.run_last_phase();
            let stop = passage.stop(head);
            passage.end(Some(switched.head.status)).await;
            return match stop {
                Some(stop) => Err(stop.into()),
                None => Ok(peer.switch(switched)),
            };
        }
        Err(other) => {
            passage.end(None).await;
            return Err(other);
        }
    };
    match passage.response(head, response).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(stop)) => Err(stop.into()),
        Err(fault) => {
            peer.worker.shared.metrics.edge.upstream_error(fault.kind());
            tracing::warn!(request = visit.name(), %fault, "response broke off while rules waited for it");
            Err(Ending::Answered(enforce::refuse(fault.status(), head, visit)))
        }
    }
}

impl From<Stop> for Ending {
    fn from(stop: Stop) -> Self {
        stop.0.map_or(Self::Dropped, Self::Answered)
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
) -> Result<(Vec<(HeaderName, HeaderValue)>, Option<Opened>), Ending> {
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
            context: context(peer, visit, &***places, visit.at),
            memories: &worker.memories,
        };
        worker.inspector.borrow_mut().inspect(&candidate, around, worker.records())
    };
    // Where rules in phases go on, the record is theirs to complete: none stands in the line.
    worker.record(decision).await;
    match ruling {
        Ruling::Pass(inserted, opened) => Ok((inserted, opened)),
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
    onward: Onward,
) -> Result<Back, Ending> {
    let Onward { host, inserted, held, decodable } = onward;
    let shared = &peer.worker.shared;
    let hop = Hop {
        peer: peer.address.ip(),
        peer_value: &peer.address_value,
        trusted: peer.trusted,
        tls: peer.security.is_tls(),
    };
    let upgrade = forward::to_origin(head, &host, &hop);
    if decodable {
        forward::ask_for_codings(&mut head.headers, Codings::is_known);
    }
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
            // The answer to CONNECT, where it is tolerated, has no body and no length; RFC 9110 section 9.3.6.
            let connected = message.head.method == Method::CONNECT && head.status.is_success();
            let source = if connected { Source::Empty } else { source };
            if connected {
                head.headers.remove(CONTENT_LENGTH);
            }
            Ok(Back::Response(Response::from_parts(head, source)))
        }
        Ok(Outcome::Switched(switched)) => Ok(Back::Switched(switched)),
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
