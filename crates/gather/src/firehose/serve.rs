//! Requests over HTTP/1.1.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use ring::hmac;
use ring::rand::SystemRandom;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::FirehoseFeed;
use super::store::{Store, StoreError};
use crate::counters::add;
use crate::error::{GatherError, chain};
use crate::gather::blocking;
use crate::listen;
use crate::stop::Stop;

/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// How long a head, or a TLS handshake, may take to come in.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// Bytes of a request's number that are told again.
const NUMBER_BYTES_MAX: usize = 256;

/// What all connections share.
pub(super) struct Endpoint {
    path: String,
    /// Made anew at each start, to compare with.
    key: hmac::Key,
    /// Of the access key.
    tag: hmac::Tag,
    store: Store,
    body_bytes_max: usize,
    within: Duration,
    connections: Arc<Semaphore>,
    requests: Semaphore,
}

/// A request that is not answered with 200: the status, and what is told.
struct Refusal(StatusCode, String);

impl Endpoint {
    pub(super) fn new(settings: &FirehoseFeed, access_key: &[u8], store: Store) -> Result<Self, GatherError> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        let key = key.map_err(|_| GatherError::setting("listen", "the system gives no random numbers"))?;
        let tag = hmac::sign(&key, access_key);
        Ok(Self {
            path: settings.path.clone(),
            key,
            tag,
            store,
            body_bytes_max: settings.body_bytes_max,
            within: Duration::from_millis(settings.request_ms),
            connections: Arc::new(Semaphore::new(settings.connections_max)),
            requests: Semaphore::new(settings.requests_max.max(1)),
        })
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let number = header(&request, "x-amz-firehose-request-id").to_owned();
        let (status, said) = match Arc::clone(&self).take(request, &number).await {
            Ok(()) => (StatusCode::OK, None),
            Err(Refusal(status, said)) => {
                add(&self.store.counters.rejected, 1);
                tracing::warn!(%status, said, "a delivery was refused");
                (status, Some(said))
            }
        };
        let mut told = serde_json::json!({"requestId": number, "timestamp": self.store.now_ms()});
        if let Some(said) = said {
            told["errorMessage"] = said.into();
        }
        let response = Response::builder().status(status).header(CONTENT_TYPE, "application/json");
        let response = response.body(Full::new(Bytes::from(told.to_string())));
        Ok(response.expect("all parts of it are right"))
    }

    /// Stores what a request brings.
    async fn take(self: Arc<Self>, request: Request<Incoming>, number: &str) -> Result<(), Refusal> {
        let refuse = |status, said: &str| Err(Refusal(status, said.to_owned()));
        if request.uri().path() != self.path {
            return refuse(StatusCode::NOT_FOUND, "nothing is delivered to this path");
        }
        if request.method() != Method::POST {
            return refuse(StatusCode::METHOD_NOT_ALLOWED, "a delivery is a POST");
        }
        let key = header(&request, "x-amz-firehose-access-key").as_bytes();
        // Tags of equal length are compared in constant time, whatever was sent.
        if hmac::verify(&self.key, key, self.tag.as_ref()).is_err() {
            return refuse(StatusCode::UNAUTHORIZED, "the access key is missing or another");
        }
        if !matches!(header(&request, "x-amz-firehose-protocol-version"), "1.0" | "") {
            return refuse(StatusCode::BAD_REQUEST, "version 1.0 of the protocol is spoken here");
        }
        if number.is_empty() || number.len() > NUMBER_BYTES_MAX {
            return refuse(StatusCode::BAD_REQUEST, "the request has no number, or a long one");
        }
        let is_gzip = match header(&request, CONTENT_ENCODING.as_str()) {
            "" | "identity" => false,
            coding if coding.eq_ignore_ascii_case("gzip") => true,
            _ => return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body may be compressed with gzip only"),
        };
        let length = header(&request, CONTENT_LENGTH.as_str()).parse().unwrap_or(0_usize);
        if length > self.body_bytes_max {
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, "the body has too many bytes");
        }
        let _held = self.requests.acquire().await.expect("it is never closed");
        let body = self.body(request).await?;
        let (endpoint, number) = (Arc::clone(&self), number.to_owned());
        let stored = blocking(move || Ok(endpoint.store.store(&number, &body, is_gzip))).await;
        match stored.unwrap_or_else(|error| Err(error.into())) {
            Ok(()) => Ok(()),
            Err(error @ StoreError::Gather(_)) => Err(Refusal(StatusCode::SERVICE_UNAVAILABLE, chain(&error))),
            Err(error) => Err(Refusal(StatusCode::BAD_REQUEST, chain(&error))),
        }
    }

    async fn body(&self, request: Request<Incoming>) -> Result<Bytes, Refusal> {
        let body = Limited::new(request.into_body(), self.body_bytes_max).collect();
        match tokio::time::timeout(self.within, body).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                Err(Refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body has too many bytes".to_owned()))
            }
            Ok(Err(_)) => Err(Refusal(StatusCode::BAD_REQUEST, "the body did not come in whole".to_owned())),
            Err(_) => Err(Refusal(StatusCode::REQUEST_TIMEOUT, "the body did not come in time".to_owned())),
        }
    }
}

/// A header's value, empty if there is none or it is not text.
fn header<'r>(request: &'r Request<Incoming>, name: &str) -> &'r str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Accepts connections until it is stopped; ends when all have ended.
pub(super) async fn accept(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    endpoint: Arc<Endpoint>,
    mut stop: Stop,
) -> Result<(), GatherError> {
    let mut connections = JoinSet::new();
    let counters = Arc::clone(&endpoint.store.counters);
    while let Some((stream, permit)) = listen::next(&listener, &endpoint.connections, &counters, &mut stop).await {
        while connections.try_join_next().is_some() {}
        let (acceptor, endpoint, stop) = (acceptor.clone(), Arc::clone(&endpoint), stop.clone());
        connections.spawn(async move {
            let _permit = permit;
            match acceptor {
                None => serve(stream, endpoint, stop).await,
                Some(acceptor) => match tokio::time::timeout(HEAD_WITHIN, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => serve(stream, endpoint, stop).await,
                    _ => add(&endpoint.store.counters.rejected, 1),
                },
            }
        });
    }
    while connections.join_next().await.is_some() {}
    Ok(())
}

/// Serves one connection; when stopped, to the end of the request that is on its way.
async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, endpoint: Arc<Endpoint>, mut stop: Stop) {
    let service = service_fn(move |request| Arc::clone(&endpoint).answer(request));
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).max_buf_size(HEAD_BYTES_MAX);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.stopped() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection has ended early");
    }
}
