//! The admin address: metrics and health, for machines that watch; samples and what is limited now, for people.

mod rate_keys;
mod samples;

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::shared::Shared;
use crate::body::{Attendance, Reply, Source};
use crate::rate::Sharing;

const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT_TYPE: &str = "text/plain; charset=utf-8";
/// Connections at a time; scrapers need one each.
const CONNECTIONS_MAX: usize = 64;
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(60);

/// Serves the admin address for good.
pub(super) async fn serve(shared: Arc<Shared>, listener: TcpListener) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((tcp, _)) = listener.accept().await else {
            tokio::time::sleep(HEAD_TIMEOUT / 100).await;
            continue;
        };
        let shared = Arc::clone(&shared);
        tokio::task::spawn_local(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let response = answer(&shared, &request);
                async { Ok::<_, Infallible>(response) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(tcp), service);
            // Whoever watches asks again; how a connection ended is of no interest.
            let _ended = tokio::time::timeout(CONNECTION_TIMEOUT, connection).await;
            drop(place);
        });
    }
}

fn answer<B>(shared: &Shared, request: &Request<B>) -> Response<Reply> {
    let (method, uri) = (request.method(), request.uri());
    if method != Method::GET && method != Method::HEAD {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
    }
    match uri.path() {
        "/rate-keys" | "/samples" | "/samples/names" if !is_asked_for_here(request.headers()) => {
            plain(StatusCode::FORBIDDEN, "ask by an address, or by a name without dots\n")
        }
        "/metrics" => {
            shared.measure();
            let mut response = Response::new(reply(shared.metrics.encode().into()));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(METRICS_TYPE));
            response
        }
        "/rate-keys" => {
            let (status, body) = rate_keys::list(shared, uri.query().unwrap_or_default());
            json(status, body.to_string().into_bytes())
        }
        "/samples" => samples::list(shared, uri.query().unwrap_or_default()),
        "/samples/names" => json(StatusCode::OK, shared.samples.answer_names()),
        "/healthz" => plain(StatusCode::OK, "ok\n"),
        "/readyz" if shared.ready.load(Ordering::Acquire) => plain(StatusCode::OK, ready(shared)),
        "/readyz" => plain(StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
        _ => plain(StatusCode::NOT_FOUND, "not found\n"),
    }
}

/// What an edge says that serves. It does also without what is missing.
fn ready(shared: &Shared) -> String {
    let mut told = "ready\n".to_owned();
    if let Sharing::Lost { .. } = shared.rates.sharing() {
        told.push_str("rate store lost: counting alone\n");
    }
    if let Some(trouble) = shared.neighbour.as_ref().and_then(|neighbour| neighbour.trouble()) {
        told.extend(trouble.chars().filter(|letter| !letter.is_control()));
        told.push('\n');
    }
    told
}

/// Whether the host that a request names is an address or a name of the own network. What people may see here, a page of
/// some other site must not get at by letting its own name lead here (DNS rebinding); nobody can register a name without
/// dots.
fn is_asked_for_here(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST) else { return true };
    Authority::try_from(host.as_bytes()).is_ok_and(|authority| {
        let host = authority.host();
        host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok() || !host.contains('.')
    })
}

fn json(status: StatusCode, text: Vec<u8>) -> Response<Reply> {
    let mut response = Response::new(reply(text.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response<Reply> {
    let mut response = Response::new(reply(text.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(TEXT_TYPE));
    response
}

fn reply(bytes: Bytes) -> Reply {
    Reply::new(Source::Full(bytes), Attendance::None)
}
