//! Requests on a connection: hyper in the middle, the gate in front of it, the phases behind.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};

use super::outlet::Outlet;
use super::{Ends, Peer, Security};
use crate::http1::{Gate, Limits as GateLimits, Rewind};
use crate::phases;
use crate::server::Worker;
use crate::spawn::Local;
use crate::tunnel;

/// HTTP/2: bytes buffered for sending on one stream.
const SEND_BUFFER_BYTES: usize = 64 * 1024;
/// HTTP/2: bytes in flight from the client, on one stream and on all.
const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 256 * 1024;
/// How often an HTTP/2 connection is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Serves HTTP/1 until the connection ends, and then the tunnel it may have become.
pub(super) async fn serve_http1(worker: &Rc<Worker>, io: Rewind<Outlet>, ends: Ends, security: Security) {
    let address = ends.client;
    let shared = &worker.shared;
    let fragments = shared.rules.load().set.inspects_fragment();
    let gate_limits = GateLimits { fragments, ..shared.gate_limits };
    let (gate, heads) = Gate::new(io, gate_limits, shared.gate_timeouts);
    let peer = Peer::new(Rc::clone(worker), ends, security, Some(heads));
    let service = {
        let peer = Rc::clone(&peer);
        service_fn(move |request: Request<Incoming>| phases::serve(Rc::clone(&peer), request))
    };
    let mut builder = http1::Builder::new();
    shared.gate_limits.configure(&mut builder);
    let mut connection = builder.serve_connection(gate, service);
    let mut leaving = worker.leaving();
    let mut told = false;
    let ended = poll_fn(|cx| {
        if !told && leaving.poll(cx) {
            told = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        Pin::new(&mut connection).poll(cx)
    });
    if let Err(error) = ended.await {
        tracing::debug!(%address, %error, "HTTP/1 connection ended");
    }
    let Some(switched) = peer.take_switched() else { return };
    let parts = connection.into_parts();
    let idle_timeout = Duration::from_millis(shared.limits.upgrade_idle_timeout_ms);
    let client = TokioIo::new(parts.io);
    let joined = tunnel::join(client, switched.stream, &parts.read_buf, &switched.early, idle_timeout);
    if let Err(error) = worker.until_drained(joined).await {
        tracing::debug!(%address, %error, "tunnel ended");
    }
}

/// Serves HTTP/2 until the connection ends.
pub(super) async fn serve_http2(worker: &Rc<Worker>, io: Rewind<Outlet>, ends: Ends, security: Security) {
    let address = ends.client;
    let limits = &worker.shared.limits;
    let peer = Peer::new(Rc::clone(worker), ends, security, None);
    let service = {
        let peer = Rc::clone(&peer);
        service_fn(move |request: Request<Incoming>| phases::serve(Rc::clone(&peer), request))
    };
    let header_list_bytes_max = u32::try_from(limits.head_bytes_max).unwrap_or(u32::MAX);
    let connection = http2::Builder::new(Local)
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.h2_streams_max)
        .max_pending_accept_reset_streams(limits.h2_resets_max)
        .max_local_error_reset_streams(limits.h2_resets_max)
        .max_header_list_size(header_list_bytes_max)
        .max_send_buf_size(SEND_BUFFER_BYTES)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .keep_alive_interval(Duration::from_millis(limits.idle_timeout_ms / 2))
        .keep_alive_timeout(Duration::from_millis(limits.head_timeout_ms))
        .serve_connection(Gate::transparent(io), service);
    let mut connection = pin!(connection);
    let mut leaving = worker.leaving();
    let mut look = tokio::time::interval(LOOK);
    let mut told = false;
    let ended = poll_fn(|cx| {
        while look.poll_tick(cx).is_ready() {
            let (idle, stuck) = peer.restfulness();
            if stuck {
                return Poll::Ready(Ok(()));
            }
            if idle && !told {
                told = true;
                connection.as_mut().graceful_shutdown();
            }
        }
        if !told && leaving.poll(cx) {
            told = true;
            connection.as_mut().graceful_shutdown();
        }
        let ended = connection.as_mut().poll(cx);
        if peer.cut.get() { Poll::Ready(Ok(())) } else { ended }
    });
    if let Err(error) = ended.await {
        tracing::debug!(%address, %error, "HTTP/2 connection ended");
    }
}

impl Peer {
    /// Of an HTTP/2 connection: whether it has had no request for too long, and whether its client has taken nothing of
    /// any response for so long that no origin can be to blame.
    fn restfulness(&self) -> (bool, bool) {
        let limits = &self.worker.shared.limits;
        let rested = self.moved.get().elapsed();
        let idle = self.open.get() == 0 && rested >= Duration::from_millis(limits.idle_timeout_ms);
        let patience_ms =
            limits.write_timeout_ms + limits.upstream_response_timeout_ms + limits.body_inspected_timeout_ms;
        let told_to_go = rested >= Duration::from_millis(limits.idle_timeout_ms + limits.head_timeout_ms);
        let stuck = if self.open.get() == 0 { told_to_go } else { rested >= Duration::from_millis(patience_ms) };
        (idle, stuck)
    }
}
