//! HTTP/2 towards an origin: one connection a worker, many requests on it.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Request, Response, request};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioIo, TokioTimer};

use super::Fault;
use crate::body::Upload;
use crate::patience::Patience;
use crate::spawn::Local;
use crate::stream::Stream;

/// Bytes of a response's header list.
const HEADER_LIST_BYTES_MAX: u32 = 64 * 1024;
/// Bytes in flight on one stream, and on a connection.
const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;

/// The body of a response.
#[derive(Debug)]
pub(crate) struct ResponseBody {
    body: Incoming,
    patience: Patience,
}

/// Begins HTTP/2 on a stream, and lets it run in the background.
pub(super) async fn begin(stream: Stream) -> Result<SendRequest<Upload>, Fault> {
    let handshake = Builder::new(Local)
        .timer(TokioTimer::new())
        .max_header_list_size(HEADER_LIST_BYTES_MAX)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .handshake(TokioIo::new(stream));
    let (sender, connection) = handshake.await.map_err(Fault::Http2)?;
    tokio::task::spawn_local(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "HTTP/2 connection to an origin ended");
        }
    });
    Ok(sender)
}

/// Sends a request. Gives it back if it was not sent.
pub(super) async fn send(
    mut sender: SendRequest<Upload>,
    request: Request<Upload>,
    response_timeout: Duration,
) -> Result<Response<ResponseBody>, (Fault, Option<Request<Upload>>)> {
    let progress = request.body().progress();
    let mut answer = pin!(sender.try_send_request(request));
    loop {
        let before = progress.get();
        match tokio::time::timeout(response_timeout, &mut answer).await {
            Ok(Ok(response)) => {
                return Ok(response.map(|body| ResponseBody { body, patience: Patience::new(response_timeout) }));
            }
            Ok(Err(mut error)) => {
                let unsent = error.take_message();
                return Err((Fault::Http2(error.into_error()), unsent));
            }
            // While the body still goes up, the origin is not late with its answer.
            Err(_) if progress.get() != before => {}
            Err(_) => return Err((Fault::Timeout, None)),
        }
    }
}

/// A head for HTTP/2: the target carries scheme and authority, and `Host` goes.
pub(super) fn into_request(mut head: request::Parts, upload: Upload, tls: bool) -> Option<Request<Upload>> {
    let authority = head.headers.remove(HOST)?;
    let mut parts = std::mem::take(&mut head.uri).into_parts();
    parts.scheme = Some(if tls { http::uri::Scheme::HTTPS } else { http::uri::Scheme::HTTP });
    parts.authority = Some(authority.as_bytes().try_into().ok()?);
    head.uri = http::Uri::from_parts(parts).ok()?;
    head.version = http::Version::HTTP_2;
    Some(Request::from_parts(head, upload))
}

/// The head and body of a request that was not sent, as they were before [`into_request`].
pub(super) fn into_message(request: Request<Upload>) -> (request::Parts, Upload) {
    let (mut head, upload) = request.into_parts();
    let authority = head.uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(authority) = authority {
        head.headers.insert(HOST, authority);
    }
    (head, upload)
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            this.patience.renew();
            return Poll::Ready(frame.map(|frame| frame.map_err(Fault::Http2)));
        }
        ready!(this.patience.poll_exhausted(cx));
        Poll::Ready(Some(Err(Fault::Timeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
