//! Sockets that are listened on, and where.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::counters::{SourceCounters, add};
use crate::error::GatherError;
use crate::sink::Sink;
use crate::stop::Stop;

/// How long accepting pauses after the system could not give another connection: it has no more files, mostly.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Bytes that the system holds for a socket of datagrams, if it is allowed so many: some seconds of many senders.
const BUFFER_BYTES: usize = 8 << 20;

/// Listens for connections.
pub(crate) async fn tcp(at: SocketAddr, protocol: &'static str, sink: &Sink) -> Result<TcpListener, GatherError> {
    let failed = |source| GatherError::socket("listen on TCP", at, source);
    let listener = TcpListener::bind(at).await.map_err(failed)?;
    sink.note_listening(protocol, listener.local_addr().map_err(failed)?);
    Ok(listener)
}

/// The next connection, if there are not too many already; none when it is stopped.
pub(crate) async fn next(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
    counters: &SourceCounters,
    stop: &mut Stop,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    loop {
        let accepted = tokio::select! {
            () = stop.stopped() => return None,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => match Arc::clone(connections).try_acquire_owned() {
                Ok(permit) => return Some((stream, permit)),
                Err(_) => add(&counters.rejected, 1),
            },
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                stop.sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Listens for datagrams.
pub(crate) fn udp(at: SocketAddr, protocol: &'static str, sink: &Sink) -> Result<UdpSocket, GatherError> {
    let failed = |source: io::Error| GatherError::socket("listen on UDP", at, source);
    let socket = std::net::UdpSocket::bind(at).map_err(failed)?;
    socket.set_nonblocking(true).map_err(failed)?;
    // Less is given where the system allows no more; drops are counted in any case.
    if let Err(error) = rustix::net::sockopt::set_socket_recv_buffer_size(&socket, BUFFER_BYTES) {
        tracing::warn!(%error, %at, "the buffer of a socket could not be made larger");
    }
    let socket = UdpSocket::from_std(socket).map_err(failed)?;
    sink.note_listening(protocol, socket.local_addr().map_err(failed)?);
    Ok(socket)
}
