//! Amazon Data Firehose, which delivers over HTTP. Source: Amazon Data Firehose Developer Guide, "HTTP endpoint delivery request and
//! response specifications".
//!
//! A request is answered with 200 when all its records are durable. One that comes again within [`store::KEPT_S`] is known by its number and
//! stored no second time, or from where it was left if its storing was interrupted.

mod body;
mod serve;
mod store;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::GatherError;
use crate::feed;
use crate::listen;
use crate::sink::Sink;
use crate::stop::Stop;
use crate::tls::TlsFiles;

pub use body::DeliveryBody;

/// Bytes of the longest access key. Source: API reference, `HttpEndpointConfiguration`.
const KEY_BYTES_MAX: usize = 4096;

/// An address that Amazon Data Firehose delivers to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FirehoseFeed {
    /// What the records are: the name of a source.
    pub source: String,
    /// Address and port.
    pub listen: SocketAddr,
    /// The path that is delivered to.
    #[serde(default = "FirehoseFeed::path")]
    pub path: String,
    /// A file with the access key that the delivery stream was given. White space around it is no part of it.
    pub access_key_file: PathBuf,
    /// Certificate and key. Firehose itself delivers over TLS only; without them, something before must end it.
    #[serde(default)]
    pub tls: Option<TlsFiles>,
    /// Bytes of a request, compressed and decompressed. Firehose sends 64 MiB at the most.
    #[serde(default = "FirehoseFeed::body_bytes_max")]
    pub body_bytes_max: usize,
    /// Bytes of all records of a request, each decompressed if it was compressed.
    #[serde(default = "FirehoseFeed::records_bytes_max")]
    pub records_bytes_max: usize,
    /// Connections at a time; more are turned away.
    #[serde(default = "FirehoseFeed::connections_max")]
    pub connections_max: usize,
    /// Requests whose bodies are held at a time; more wait. Each takes up to the three limits above together.
    #[serde(default = "FirehoseFeed::requests_max")]
    pub requests_max: usize,
    /// Milliseconds that a request may take to come in whole. Firehose itself gives up after three minutes.
    #[serde(default = "FirehoseFeed::request_ms")]
    pub request_ms: u64,
}

impl FirehoseFeed {
    fn path() -> String {
        "/".to_owned()
    }

    fn body_bytes_max() -> usize {
        64 << 20
    }

    fn records_bytes_max() -> usize {
        128 << 20
    }

    fn connections_max() -> usize {
        256
    }

    fn requests_max() -> usize {
        2
    }

    fn request_ms() -> u64 {
        60_000
    }
}

/// Receives until it is stopped.
pub(crate) async fn run(settings: FirehoseFeed, sink: Arc<Sink>, stop: Stop) -> Result<(), GatherError> {
    let source = feed::source(&settings.source)?;
    let key = std::fs::read(&settings.access_key_file);
    let key = key.map_err(|source| GatherError::file("read", &settings.access_key_file, source))?;
    let key = key.trim_ascii();
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        return Err(GatherError::setting("access_key_file", format!("a key has 1 to {KEY_BYTES_MAX} bytes")));
    }
    let acceptor = settings.tls.as_ref().map(TlsFiles::acceptor).transpose()?;
    let store = store::Store::new(&settings, source, &sink, &stop);
    let endpoint = serve::Endpoint::new(&settings, key, store)?;
    let listener = listen::tcp(settings.listen, "firehose", &sink).await?;
    serve::accept(listener, acceptor, Arc::new(endpoint), stop).await
}
