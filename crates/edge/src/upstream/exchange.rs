//! One request to a cluster: a connection found or made, the request sent, and sent again where that is safe.
//!
//! Safe means: no byte of it was sent (no connection came about), or it is idempotent, has no body, and an old connection
//! closed before one byte of a response. Anything else could be done twice.
//!
//! Source: RFC 9110 section 9.2.2, RFC 9113 section 8.7.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Response, request, response};
use hyper::client::conn::http2::SendRequest;
use sekisho_model::Clock;

use super::http1::{Answer, Connection, Exchange, ResponseBody};
use super::pool::Slot;
use super::{Cluster, Endpoint, Fault, Pools, connect, http2};
use crate::body::{Source, Upload};
use crate::settings::{HostField, Limits, Protocol};
use crate::stream::Stream;

/// What sending needs from the worker.
#[derive(Clone, Copy)]
pub(crate) struct Means<'a> {
    pub(crate) pools: &'a Pools,
    pub(crate) limits: &'a Limits,
    pub(crate) clock: &'a dyn Clock,
}

/// What came back.
pub(crate) enum Outcome {
    /// A response.
    Response(Response<Source>),
    /// The origin switched protocols.
    Switched(Switched),
}

/// A connection that speaks another protocol from now on.
pub(crate) struct Switched {
    /// The head that says so.
    pub(crate) head: response::Parts,
    /// The connection to the origin.
    pub(crate) stream: Stream,
    /// What it sent behind the head.
    pub(crate) early: Bytes,
}

/// A way to an endpoint.
enum Way {
    Http1(Box<Connection>),
    Http2(SendRequest<Upload>),
}

/// What is to be sent. Lent from attempt to attempt, so that it is neither copied nor moved.
pub(crate) struct Message {
    pub(crate) head: request::Parts,
    pub(crate) upgrade: Option<HeaderValue>,
    pub(crate) upload: Upload,
}

impl Message {
    /// Whether it may be sent again once bytes of it were.
    fn is_repeatable(&self) -> bool {
        self.head.method.is_idempotent() && self.upload.length() == Some(0)
    }
}

/// How an attempt failed.
struct Failure {
    fault: Fault,
    /// Whether the message is whole, and sending it again is safe.
    again: bool,
}

/// Sends a request to one endpoint of the cluster, or in turn to several.
///
/// # Errors
///
/// With the fault of the last attempt.
pub(crate) async fn send(cluster: &Cluster, means: Means<'_>, message: &mut Message) -> Result<Outcome, Fault> {
    let mut attempt = 0;
    loop {
        let endpoint = cluster.pick(means.clock);
        if cluster.settings.host == HostField::Origin {
            message.head.headers.insert(HOST, endpoint.host_value.clone());
        }
        let failure = match attempt_once(endpoint, means, message, attempt > 0).await {
            Ok(outcome) => {
                endpoint.health.answered();
                return Ok(outcome);
            }
            Err(failure) => failure,
        };
        cluster.failed(endpoint, &failure.fault, means.clock.now(), means.limits);
        attempt += 1;
        if !failure.again || attempt > means.limits.retries_max {
            return Err(failure.fault);
        }
    }
}

async fn attempt_once(
    endpoint: &Endpoint,
    means: Means<'_>,
    message: &mut Message,
    anew: bool,
) -> Result<Outcome, Failure> {
    let slot = means.pools.slot(endpoint);
    match way(endpoint, means, &slot, anew, message.upgrade.is_some()).await {
        Ok(Way::Http1(connection)) => over_http1(connection, slot, message).await,
        Ok(Way::Http2(sender)) => Box::pin(over_http2(sender, endpoint, means, message)).await,
        Err(fault) => Err(Failure { fault, again: true }),
    }
}

/// Finds a connection, or makes one. `anew`: connections kept from before have proven stale.
async fn way(endpoint: &Endpoint, means: Means<'_>, slot: &Slot, anew: bool, upgrade: bool) -> Result<Way, Fault> {
    let response_timeout = Duration::from_millis(means.limits.upstream_response_timeout_ms);
    let over_http1 = |stream| Way::Http1(Box::new(Connection::new(stream, response_timeout)));
    if !anew {
        if let Some(connection) = slot.take() {
            return Ok(Way::Http1(connection));
        }
        if !upgrade && let Some(sender) = slot.http2() {
            return Ok(Way::Http2(sender));
        }
    }
    // Only HTTP/1.1 upgrades.
    if upgrade && endpoint.protocol != Protocol::Http1 {
        return Box::pin(connect::http1_only(endpoint, means.limits)).await.map(over_http1);
    }
    let (stream, speaks_http2) = Box::pin(connect::connect(endpoint, means.limits)).await?;
    if !speaks_http2 {
        return Ok(over_http1(stream));
    }
    let sender = Box::pin(http2::begin(stream)).await?;
    slot.keep_http2(sender.clone());
    Ok(Way::Http2(sender))
}

async fn over_http1(connection: Box<Connection>, slot: Rc<Slot>, message: &mut Message) -> Result<Outcome, Failure> {
    let again = connection.reused && message.is_repeatable();
    let upload = std::mem::take(&mut message.upload);
    match Exchange::run(connection, &message.head, message.upgrade.as_ref(), upload).await {
        Ok(Answer::Response(answer, exchange)) => {
            let body = ResponseBody::new(exchange, answer.body, answer.persists, slot);
            Ok(Outcome::Response(Response::from_parts(answer.head, Source::Http1(body))))
        }
        Ok(Answer::Switched(answer, stream, early)) => {
            Ok(Outcome::Switched(Switched { head: answer.head, stream, early }))
        }
        Err(fault) => Err(Failure { again: again && matches!(fault, Fault::Closed(_)), fault }),
    }
}

async fn over_http2(
    sender: SendRequest<Upload>,
    endpoint: &Endpoint,
    means: Means<'_>,
    message: &mut Message,
) -> Result<Outcome, Failure> {
    let (head, upload) = (take_head(&mut message.head), std::mem::take(&mut message.upload));
    let Some(request) = http2::into_request(head, upload, endpoint.origin.tls()) else {
        return Err(Failure { fault: Fault::Malformed("no authority to ask for"), again: false });
    };
    let response_timeout = Duration::from_millis(means.limits.upstream_response_timeout_ms);
    match http2::send(sender, request, response_timeout).await {
        Ok(response) => Ok(Outcome::Response(response.map(Source::Http2))),
        Err((fault, None)) => Err(Failure { fault, again: false }),
        Err((fault, Some(unsent))) => {
            (message.head, message.upload) = http2::into_message(unsent);
            Err(Failure { fault, again: true })
        }
    }
}

fn take_head(head: &mut request::Parts) -> request::Parts {
    let (empty, ()) = http::Request::new(()).into_parts();
    std::mem::replace(head, empty)
}
