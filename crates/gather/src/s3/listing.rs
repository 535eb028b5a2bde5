//! Passes over the keys of a bucket.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{GetResult, ObjectStore, ObjectStoreExt as _};
use tokio::sync::{mpsc, oneshot};

use super::access::{Access, service};
use super::objects::{Body, Item};
use super::pass::{Known, Object};
use crate::counters::{SourceCounters, add};
use crate::error::{GatherError, chain};
use crate::seen::Stored;
use crate::sink::Sink;
use crate::stop::Stop;

/// Chunks of an object that are held; each has some 16 KB.
const CHUNKS_MAX: usize = 16;
/// How often a single pass is tried, and how long the pause in between is.
const TRIES: u32 = 3;
const RETRY: Duration = Duration::from_secs(1);

/// Lists until it is stopped, or once.
pub(super) async fn list(
    access: &Arc<Access>,
    known: &Arc<Mutex<Known>>,
    poll_ms: Option<u64>,
    objects: &mpsc::Sender<Item>,
    sink: &Arc<Sink>,
    counters: &SourceCounters,
    mut stop: Stop,
) -> Result<(), GatherError> {
    let mut tries = 0;
    loop {
        let now_s = u32::try_from(sink.now_ms() / 1000).unwrap_or_default();
        let passed = tokio::select! {
            () = stop.stopped() => None,
            passed = pass(access, known, objects, now_s) => Some(passed),
        };
        tries += 1;
        match (passed, poll_ms) {
            (None, Some(_)) => return Ok(()),
            (None, None) => return Err(GatherError::Stopped),
            (Some(Ok(())), None) => return Ok(()),
            (Some(Err(error)), None) if tries >= TRIES => return Err(error),
            (Some(Ok(())), Some(_)) => {}
            (Some(Err(error)), _) => {
                add(&counters.failures, 1);
                tracing::warn!(error = %chain(&error), "a pass over a bucket did not come to its end");
            }
        }
        let pause = poll_ms.map_or(RETRY, Duration::from_millis);
        if stop.sleep(pause).await {
            return if poll_ms.is_some() { Ok(()) } else { Err(GatherError::Stopped) };
        }
    }
}

async fn pass(
    access: &Arc<Access>,
    known: &Mutex<Known>,
    objects: &mpsc::Sender<Item>,
    now_s: u32,
) -> Result<(), GatherError> {
    let lock = || known.lock().expect("nothing panics with what is known in hand");
    let after = lock().begin(now_s);
    let prefix = (!access.prefix.as_ref().is_empty()).then_some(&access.prefix);
    let mut listing = if after.is_empty() {
        access.store.list(prefix)
    } else {
        access.store.list_with_offset(prefix, &Path::from(after))
    };
    while let Some(meta) = listing.next().await {
        let meta = meta.map_err(|error| service(format!("list s3://{}/{}", access.bucket, access.prefix), &error))?;
        let object = Object::new(&meta);
        if lock().get(&object) == Some(Stored::Whole) {
            continue;
        }
        // Who waits for a listed object waits for the end of the pass.
        let (durable, _) = oneshot::channel();
        let body = fetch(access, meta.location);
        let item = Item::Object { object, body, is_listed: true, durable };
        objects.send(item).await.map_err(|_| GatherError::Stopped)?;
    }
    let (told, end) = oneshot::channel();
    objects.send(Item::EndOfPass(told)).await.map_err(|_| GatherError::Stopped)?;
    if end.await.map_err(|_| GatherError::Stopped)? {
        return Ok(());
    }
    Err(GatherError::Service {
        action: "read a bucket".to_owned(),
        reason: "some objects could not be read".to_owned(),
    })
}

/// Begins to fetch an object. One that is gone has no bytes.
pub(super) fn fetch(access: &Arc<Access>, key: Path) -> Body {
    let (chunks, body) = mpsc::channel(CHUNKS_MAX);
    let access = Arc::clone(access);
    tokio::spawn(async move {
        match access.store.get(&key).await {
            Ok(got) => send(got, chunks).await,
            Err(object_store::Error::NotFound { .. }) => {}
            // Nobody may be waiting any more.
            Err(error) => _ = chunks.send(Err(chain(&error))).await,
        }
    });
    Body::new(body)
}

/// The bytes of an object that is being fetched.
pub(super) fn body_of(got: GetResult) -> Body {
    let (chunks, body) = mpsc::channel(CHUNKS_MAX);
    tokio::spawn(send(got, chunks));
    Body::new(body)
}

async fn send(got: GetResult, chunks: mpsc::Sender<Result<Bytes, String>>) {
    let mut stream = got.into_stream().map_err(|error| chain(&error));
    while let Some(chunk) = stream.next().await {
        let is_last = chunk.is_err();
        if chunks.send(chunk).await.is_err() || is_last {
            return;
        }
    }
}
