//! What comes before the first request: leave to be served, PROXY protocol, TLS, and which HTTP is spoken.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::outlet::Outlet;
use super::serving::{serve_http1, serve_http2};
use super::{Ends, Security};
use crate::admission::Admitted;
use crate::fingerprint::{Fingerprints, Overheard};
use crate::http1::{Protocol, Rewind, sniff};
use crate::metrics::Refusal;
use crate::proxy_protocol;
use crate::server::{Counted, Listening, Worker};
use crate::stream::Stream;

/// Serves one connection until it ends.
pub(crate) async fn serve(worker: Rc<Worker>, listening: &Listening, tcp: TcpStream, peer: SocketAddr) {
    let edge = &worker.shared.metrics.edge;
    edge.connections_accepted.inc();
    let _open = Counted::new(&edge.connections);
    if let Err(refusal) = opened(&worker, listening, tcp, peer).await {
        edge.refused(refusal);
        tracing::debug!(%peer, ?refusal, "connection not served");
    }
}

async fn opened(
    worker: &Rc<Worker>,
    listening: &Listening,
    mut tcp: TcpStream,
    peer: SocketAddr,
) -> Result<(), Refusal> {
    let limits = &worker.shared.limits;
    // Responses are written whole; waiting for more to send with them only costs time.
    let _best_effort = tcp.set_nodelay(true);
    let mut client = peer;
    let mut balanced = false;
    if listening.expects_proxy_header(peer.ip()) {
        let read = proxy_protocol::read(&mut tcp);
        let header = timeout(Duration::from_millis(limits.proxy_protocol_timeout_ms), read).await;
        match header.map_err(|_| Refusal::ProxyHeader)?.map_err(|_| Refusal::ProxyHeader)? {
            Some(named) => client = named,
            None => balanced = true,
        }
    }
    let shared = balanced || worker.shared.trust.includes(client.ip().to_canonical());
    let admitted = match worker.shared.admission.admit(client.ip().to_canonical(), shared) {
        Ok(admitted) => admitted,
        Err(refusal) => {
            if listening.tls.is_none() {
                turn_away(&tcp, refusal);
            }
            return Err(refusal);
        }
    };
    let ends = Ends { client, local: tcp.local_addr().ok() };
    match &listening.tls {
        Some(acceptor) => over_tls(worker, acceptor, tcp, ends, admitted).await,
        None => in_the_clear(worker, tcp, ends, admitted).await,
    }
    .map_err(|_| Refusal::Handshake)
}

/// Says why, if that needs no waiting.
fn turn_away(tcp: &TcpStream, refusal: Refusal) {
    let response: &[u8] = match refusal {
        Refusal::PerAddress => b"HTTP/1.1 429 Too Many Requests\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        _ => b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
    };
    let _best_effort = tcp.try_write(response);
}

/// A connection that ended before its first request.
struct Unopened;

async fn over_tls(
    worker: &Rc<Worker>,
    acceptor: &TlsAcceptor,
    tcp: TcpStream,
    ends: Ends,
    admitted: Admitted,
) -> Result<(), Unopened> {
    let limits = &worker.shared.limits;
    let accepted = acceptor.accept(Overheard::new(tcp));
    let handshake = timeout(Duration::from_millis(limits.tls_handshake_timeout_ms), accepted);
    let mut tls = handshake.await.map_err(|_| Unopened)?.map_err(|_| Unopened)?;
    // Some microseconds a connection: rules that come later may ask for them.
    let fingerprints = Fingerprints::of(&tls.get_mut().0.take()).map(Box::new);
    let security = Security::Tls(fingerprints);
    let http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
    let stream = Stream::Client(Box::new(tls));
    let io = Rewind::untouched(Outlet::new(stream, Duration::from_millis(limits.write_timeout_ms)));
    if http2 {
        serve_http2(worker, io, ends, security).await;
    } else {
        serve_http1(worker, io, ends, security).await;
    }
    drop(admitted);
    Ok(())
}

async fn in_the_clear(worker: &Rc<Worker>, tcp: TcpStream, ends: Ends, admitted: Admitted) -> Result<(), Unopened> {
    let limits = &worker.shared.limits;
    let io = Outlet::new(Stream::Tcp(tcp), Duration::from_millis(limits.write_timeout_ms));
    // A client that sends nothing is no failure, and neither is one that leaves: there was no request.
    let Ok(sniffed) = worker.until_drained(sniff(io, &worker.shared.gate_timeouts)).await else { return Ok(()) };
    match sniffed.protocol {
        Protocol::Http2 => serve_http2(worker, sniffed.io, ends, Security::Clear).await,
        Protocol::Http1 => serve_http1(worker, sniffed.io, ends, Security::Clear).await,
    }
    drop(admitted);
    Ok(())
}
