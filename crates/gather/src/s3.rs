//! Objects of a bucket of S3, or of anything that speaks its protocol: listed once, listed again and again, or told of by a queue.
//!
//! What is known must stay bounded, however many objects there are. A pass lists all keys in their order. Objects that are older than
//! `late_ms` when the pass begins are known by the last key that was read: one position for all of them. Younger ones are known one by one, by
//! key and entity tag. When the pass is through, whatever was modified before its beginning less `late_ms` is known, and what was kept
//! of objects older than that is forgotten. So a key that shows up late is found as long as it is not older than `late_ms`, wherever it
//! sorts.

mod access;
pub(crate) mod digests;
mod listing;
mod notification;
mod objects;
mod pass;
mod queue;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::error::GatherError;
use crate::feed;
use crate::gather::blocking;
use crate::sink::Sink;
use crate::stop::Stop;

use access::Access;
use objects::Objects;
use pass::Known;

pub use notification::{Notified, read_notification};

/// Objects that are fetched before their turn comes; of each, some 256 KB are held.
const AHEAD_MAX: usize = 8;

/// A bucket, or a folder of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct S3Feed {
    /// What the objects hold: the name of a source.
    pub source: String,
    /// `s3://bucket/prefix`. The prefix is one or several whole parts of keys, between slashes.
    pub url: String,
    /// Milliseconds between two passes over the keys. Without it there is one pass, or none if there is a queue.
    #[serde(default)]
    pub poll_ms: Option<u64>,
    /// The URL of a queue of SQS that is told of new objects: by S3 itself, by EventBridge, or by either through SNS.
    #[serde(default)]
    pub queue: Option<String>,
    /// Where the bucket is, if not in S3 itself: a URL. The queue has its own.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// The region; otherwise that of the environment.
    #[serde(default)]
    pub region: Option<String>,
    /// The key to use; otherwise that of the environment, the container or the machine.
    #[serde(default)]
    pub access_key_id: Option<String>,
    /// A file with the secret that goes with it.
    #[serde(default)]
    pub secret_access_key_file: Option<PathBuf>,
    /// Milliseconds that an object may show up after the time it says it was modified at. Objects younger than this are known one by one.
    #[serde(default = "S3Feed::late_ms")]
    pub late_ms: u64,
}

impl S3Feed {
    fn late_ms() -> u64 {
        6 * 3_600_000
    }
}

/// Reads until all is read, or until it is stopped.
pub(crate) async fn run(settings: S3Feed, sink: Arc<Sink>, stop: Stop) -> Result<(), GatherError> {
    let source = feed::source(&settings.source)?;
    let access = Arc::new(Access::new(&settings)?);
    let name = format!("{}/{}/{}", source.name, access.bucket, access.prefix);
    let is_listed = settings.poll_ms.is_some() || settings.queue.is_none();
    let known = Arc::new(Mutex::new(Known::read(&name, settings.late_ms, is_listed, &sink)));
    let (objects, taken) = mpsc::channel(AHEAD_MAX);
    let reader = Objects::new(source, &sink, Arc::clone(&known), &stop);
    let counters = sink.counters.of(source.name);
    let store = tokio::spawn(blocking(move || reader.store(taken)));
    let list = async {
        if !is_listed {
            return Ok(());
        }
        listing::list(&access, &known, settings.poll_ms, &objects, &sink, &counters, stop.clone()).await
    };
    let queue = async {
        let Some(url) = &settings.queue else { return Ok(()) };
        queue::receive(url, &access, &objects, &counters, stop.clone()).await
    };
    let (listed, received) = tokio::join!(list, queue);
    drop(objects);
    let stored = store.await.unwrap_or(Err(GatherError::Panicked));
    stored.and(listed).and(received)
}
