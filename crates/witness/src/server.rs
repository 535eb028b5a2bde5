//! A witness answers over HTTP.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use sekisho_model::Clock;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::request::AddCheckpoint;
use crate::witness::{Answer, Witness};

/// Bytes of a request's body: a proof of 63 hashes and a checkpoint with many signatures.
pub const BODY_BYTES_MAX: usize = 64 << 10;
/// Connections at once; further ones wait.
const CONNECTIONS_MAX: usize = 64;
/// How long a connection may last: one exchange, over a slow line.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(30);
/// How long after a failed accept the next is tried: the process may be out of files for a while.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A witness, and what tells it the time.
type Timed = (Arc<Witness>, Arc<dyn Clock>);

/// Answers until `stop` is done. Exchanges that have begun are finished.
pub async fn serve(
    listener: TcpListener,
    witness: Arc<Witness>,
    clock: Arc<dyn Clock>,
    stop: impl Future<Output = ()>,
) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    tokio::pin!(stop);
    loop {
        let slot = tokio::select! {
            slot = Arc::clone(&slots).acquire_owned() => slot.expect("the semaphore is never closed"),
            () = &mut stop => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let timed = (Arc::clone(&witness), Arc::clone(&clock));
                tokio::spawn(async move {
                    // Whoever is cut off sees it; there is nobody else to tell.
                    _ = timeout(CONNECTION_TIMEOUT, connection(stream, timed)).await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    let all = u32::try_from(CONNECTIONS_MAX).expect("few");
    _ = timeout(CONNECTION_TIMEOUT, slots.acquire_many(all)).await;
}

async fn connection(stream: TcpStream, timed: Timed) -> Result<(), hyper::Error> {
    let service = service_fn(move |request| {
        let timed = timed.clone();
        async move { Ok::<_, Infallible>(answer(request, timed).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(CONNECTION_TIMEOUT).keep_alive(false);
    http.serve_connection(TokioIo::new(stream), service).await
}

async fn answer(request: Request<Incoming>, (witness, clock): Timed) -> Response<Full<Bytes>> {
    if !request.uri().path().ends_with("/add-checkpoint") {
        return plain(StatusCode::NOT_FOUND, "this is a witness: it answers at /add-checkpoint\n");
    }
    if request.method() != Method::POST {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "POST a checkpoint here\n");
        response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("POST"));
        return response;
    }
    let Ok(body) = Limited::new(request.into_body(), BODY_BYTES_MAX).collect().await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "the request is larger than a checkpoint with its proof\n");
    };
    let body = body.to_bytes();
    let request = std::str::from_utf8(&body).ok().map(AddCheckpoint::from_text);
    let request = match request {
        Some(Ok(request)) => request,
        Some(Err(error)) => return plain(StatusCode::BAD_REQUEST, &format!("{error}\n")),
        None => return plain(StatusCode::BAD_REQUEST, "the request is not UTF-8\n"),
    };
    let time_s = clock.now().unix_ms() / 1000;
    // Signing waits for the disk.
    let answer = tokio::task::spawn_blocking(move || witness.add_checkpoint(&request, time_s)).await;
    told(answer.unwrap_or(Answer::NotKept))
}

fn told(answer: Answer) -> Response<Full<Bytes>> {
    match answer {
        Answer::Signed(signature) => plain(StatusCode::OK, &signature.to_line()),
        Answer::Conflict(size) => {
            let mut response = plain(StatusCode::CONFLICT, &format!("{size}\n"));
            let kind = header::HeaderValue::from_static("text/x.tlog.size");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        Answer::UnknownLog => plain(StatusCode::NOT_FOUND, "this witness does not watch that log\n"),
        Answer::NotSigned => plain(StatusCode::FORBIDDEN, "the log's key has not signed this checkpoint\n"),
        Answer::BadRequest(why) => plain(StatusCode::BAD_REQUEST, &format!("{why}\n")),
        Answer::NotConsistent => {
            let why = "the state this witness has signed is not the beginning of this one\n";
            plain(StatusCode::UNPROCESSABLE_ENTITY, why)
        }
        Answer::NotKept => plain(StatusCode::INTERNAL_SERVER_ERROR, "this witness cannot write what it signs\n"),
    }
}

fn plain(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(text.as_bytes())));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
