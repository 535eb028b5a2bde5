//! Syslog over UDP, TCP and TLS. Source: RFC 5426, RFC 6587, RFC 5425; what a message says is for the source to tell.
//!
//! Nobody is told that a message is durable, as the protocol has no word for it: over TCP and TLS, what the disk does not take is not read,
//! so that senders wait; over UDP, the system drops what nobody reads, and says how much.

mod datagram;
mod framing;
mod store;
mod stream;

use std::net::SocketAddr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::error::GatherError;
use crate::feed;
use crate::gather::blocking;
use crate::listen;
use crate::sink::Sink;
use crate::stop::Stop;
use crate::tls::TlsFiles;

pub use framing::Framing;

/// Reads that wait to be stored; each has some 64 KB at the most.
const WAITING_MAX: usize = 256;

/// A receiver of syslog.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SyslogFeed {
    /// What the messages are: the name of a source.
    #[serde(default = "SyslogFeed::source")]
    pub source: String,
    /// Address and port for datagrams.
    #[serde(default)]
    pub udp: Option<SocketAddr>,
    /// Address and port for connections.
    #[serde(default)]
    pub tcp: Option<SocketAddr>,
    /// Address and port for connections with TLS.
    #[serde(default)]
    pub tls: Option<SocketAddr>,
    /// Certificate and key for those with TLS.
    #[serde(default)]
    pub tls_files: Option<TlsFiles>,
    /// Connections at a time; more are turned away. Each holds a message and a buffer.
    #[serde(default = "SyslogFeed::connections_max")]
    pub connections_max: usize,
    /// Bytes of a message; longer ones are cut into several.
    #[serde(default = "SyslogFeed::message_bytes_max")]
    pub message_bytes_max: usize,
    /// Milliseconds after which a connection on which nothing came is closed.
    #[serde(default = "SyslogFeed::idle_ms")]
    pub idle_ms: u64,
}

impl SyslogFeed {
    fn source() -> String {
        "syslog".to_owned()
    }

    fn connections_max() -> usize {
        1024
    }

    fn message_bytes_max() -> usize {
        64 << 10
    }

    fn idle_ms() -> u64 {
        3_600_000
    }
}

/// Messages that were read at once.
type Messages = Vec<Vec<u8>>;

/// Receives until it is stopped.
pub(crate) async fn run(settings: SyslogFeed, sink: Arc<Sink>, stop: Stop) -> Result<(), GatherError> {
    let source = feed::source(&settings.source)?;
    let (messages, stored) = mpsc::channel::<Messages>(WAITING_MAX);
    let mut running = JoinSet::new();
    let counters = sink.counters.of(source.name);
    if let Some(at) = settings.udp {
        let socket = listen::udp(at, "syslog-udp", &sink)?;
        running.spawn(datagram::receive(socket, messages.clone(), Arc::clone(&counters), stop.clone()));
    }
    let acceptor = match (settings.tls, &settings.tls_files) {
        (None, _) => None,
        (Some(at), Some(files)) => Some((at, files.acceptor()?)),
        (Some(_), None) => {
            return Err(GatherError::setting("tls_files", "syslog over TLS needs a certificate and a key"));
        }
    };
    let connections = Arc::new(tokio::sync::Semaphore::new(settings.connections_max));
    let plain = settings.tcp.map(|at| (at, None));
    for (at, acceptor) in plain.into_iter().chain(acceptor.map(|(at, acceptor)| (at, Some(acceptor)))) {
        let protocol = if acceptor.is_some() { "syslog-tls" } else { "syslog-tcp" };
        let listener = listen::tcp(at, protocol, &sink).await?;
        let limits = stream::Limits::new(&settings, &connections);
        let counters = Arc::clone(&counters);
        running.spawn(stream::accept(listener, acceptor, limits, messages.clone(), counters, stop.clone()));
    }
    drop(messages);
    if running.is_empty() {
        return Err(GatherError::setting("udp", "give an address for `udp`, `tcp` or `tls`"));
    }
    let store = blocking(move || store::store(stored, source, &sink, &stop)).await;
    // Without anybody to store, those that read end, too.
    while let Some(ended) = running.join_next().await {
        ended.unwrap_or(Err(GatherError::Panicked))?;
    }
    store
}
