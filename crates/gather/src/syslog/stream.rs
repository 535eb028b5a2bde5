//! Syslog over TCP and TLS.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::{Framing, Messages, SyslogFeed};
use crate::counters::{SourceCounters, add};
use crate::error::GatherError;
use crate::listen;
use crate::stop::Stop;

/// Bytes read at once.
const CHUNK_BYTES: usize = 32 << 10;
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(super) struct Limits {
    connections: Arc<Semaphore>,
    message_bytes_max: usize,
    idle: Duration,
}

impl Limits {
    pub(super) fn new(settings: &SyslogFeed, connections: &Arc<Semaphore>) -> Self {
        Self {
            connections: Arc::clone(connections),
            message_bytes_max: settings.message_bytes_max,
            idle: Duration::from_millis(settings.idle_ms),
        }
    }
}

/// Accepts connections until it is stopped; ends when all have ended.
pub(super) async fn accept(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    limits: Limits,
    messages: Sender<Messages>,
    counters: Arc<SourceCounters>,
    mut stop: Stop,
) -> Result<(), GatherError> {
    let mut connections = JoinSet::new();
    while let Some((stream, permit)) = listen::next(&listener, &limits.connections, &counters, &mut stop).await {
        while connections.try_join_next().is_some() {}
        let (acceptor, limits, messages) = (acceptor.clone(), limits.clone(), messages.clone());
        let (counters, stop) = (Arc::clone(&counters), stop.clone());
        connections.spawn(async move {
            let _permit = permit;
            if let Err(error) = serve(stream, acceptor, &limits, &messages, stop).await {
                add(&counters.rejected, 1);
                tracing::debug!(error, "a connection of syslog has ended");
            }
        });
    }
    while connections.join_next().await.is_some() {}
    Ok(())
}

async fn serve(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    limits: &Limits,
    messages: &Sender<Messages>,
    mut stop: Stop,
) -> Result<(), String> {
    let Some(acceptor) = acceptor else {
        return read(stream, limits, messages, &mut stop).await;
    };
    let handshake = tokio::select! {
        () = stop.stopped() => return Ok(()),
        handshake = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)) => handshake,
    };
    let stream = handshake.map_err(|_| "no handshake came".to_owned())?;
    read(stream.map_err(|error| error.to_string())?, limits, messages, &mut stop).await
}

/// Reads messages to the connection's end; what is left of one then is a message.
async fn read(
    mut stream: impl AsyncRead + Unpin,
    limits: &Limits,
    messages: &Sender<Messages>,
    stop: &mut Stop,
) -> Result<(), String> {
    let mut framing = Framing::new(limits.message_bytes_max);
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut failed = Ok(());
    loop {
        let read = tokio::select! {
            () = stop.stopped() => break,
            read = tokio::time::timeout(limits.idle, stream.read(&mut buffer)) => read,
        };
        let bytes = match read {
            Ok(Ok(0)) => break,
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error)) => {
                failed = Err(error.to_string());
                break;
            }
            Err(_) => {
                failed = Err("nothing came for too long".to_owned());
                break;
            }
        };
        let mut together = Messages::new();
        framing.push(&buffer[..bytes], |message| together.push(message.to_vec()));
        if !together.is_empty() && messages.send(together).await.is_err() {
            return Ok(());
        }
    }
    let mut left = Messages::new();
    framing.end(|message| left.push(message.to_vec()));
    if !left.is_empty() {
        // Nobody stores any more: there is nobody to tell, either.
        _ = messages.send(left).await;
    }
    failed
}
