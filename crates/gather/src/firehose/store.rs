//! A request's records, stored.

use std::sync::{Arc, Mutex};

use sekisho_append::{Feed as FeedName, Position};
use sekisho_collect::Source;

use super::FirehoseFeed;
use super::body::{BodyError, DeliveryBody};
use crate::counters::{SourceCounters, add};
use crate::cut::{Cut, Gathered, Place};
use crate::error::GatherError;
use crate::inflate::inflate;
use crate::ledger;
use crate::seen::{Seen, SeenMark, Stored};
use crate::sink::Sink;
use crate::stop::Stop;

/// Seconds that a request is known: Firehose tries again for two hours at the most.
pub(super) const KEPT_S: u32 = 3 * 3600;
/// Requests that are known; of more, the oldest are forgotten first.
const REQUESTS_MAX: usize = 100_000;
/// Seconds between two times that old requests are forgotten.
const FORGET_EVERY_S: u32 = 60;

/// Why a request is not stored.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    /// It is not gzip, or has too many bytes.
    #[error("the body cannot be decompressed: {0}")]
    Gzip(std::io::Error),
    /// It is no delivery.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// Its number and that of its header differ.
    #[error("the number of the request is another in its header")]
    Number,
    /// The log does not take it.
    #[error(transparent)]
    Gather(#[from] GatherError),
}

/// Requests that are known.
struct Requests {
    seen: Seen,
    forgot_at_s: u32,
}

impl Requests {
    /// Forgets what is too old; gives the positions that say so.
    fn forget(&mut self, now_s: u32) -> Vec<(FeedName, Position)> {
        if now_s.saturating_sub(self.forgot_at_s) < FORGET_EVERY_S {
            return Vec::new();
        }
        self.forgot_at_s = now_s;
        self.seen.forget_before(now_s.saturating_sub(KEPT_S).max(self.seen.surplus_before_s(REQUESTS_MAX)))
    }
}

/// Stores requests, one after another.
pub(super) struct Store {
    source: &'static Source,
    sink: Arc<Sink>,
    pub(super) counters: Arc<SourceCounters>,
    stop: Stop,
    /// Held while a request is stored: what is marked in it must become durable in order.
    requests: Mutex<Requests>,
    body_bytes_max: usize,
    records_bytes_max: usize,
}

impl Store {
    pub(super) fn new(settings: &FirehoseFeed, source: &'static Source, sink: &Arc<Sink>, stop: &Stop) -> Self {
        let prefix = [b"firehose/", source.name.as_bytes(), b"/", settings.path.as_bytes(), b"\0"].concat();
        Self {
            source,
            sink: Arc::clone(sink),
            counters: sink.counters.of(source.name),
            stop: stop.clone(),
            requests: Mutex::new(Requests { seen: Seen::read(prefix, sink), forgot_at_s: 0 }),
            body_bytes_max: settings.body_bytes_max,
            records_bytes_max: settings.records_bytes_max,
        }
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.sink.now_ms()
    }

    /// Stores a request; all of it is durable then. Blocks.
    pub(super) fn store(&self, request: &str, body: &[u8], is_gzip: bool) -> Result<(), StoreError> {
        let inflated = if is_gzip { inflate(body, self.body_bytes_max).map_err(StoreError::Gzip)? } else { Vec::new() };
        let body = DeliveryBody::parse(if is_gzip { &inflated } else { body })?;
        if body.request_id != request {
            return Err(StoreError::Number);
        }
        let records = body.records(self.records_bytes_max)?;
        let id = ledger::id(&[request.as_bytes()]);
        let mut requests = self.requests.lock().expect("nothing panics with the requests in hand");
        let from = match requests.seen.get(id) {
            Some(Stored::Whole) => {
                add(&self.counters.repeated, 1);
                return Ok(());
            }
            Some(Stored::Part(place)) => place,
            None => Place::default(),
        };
        let stored = self.store_records(&records, id, from, &mut requests);
        if stored.is_err() {
            requests.seen.read_again(&self.sink);
        }
        Ok(stored?)
    }

    fn store_records(
        &self,
        records: &[Vec<u8>],
        id: ledger::Id,
        from: Place,
        requests: &mut Requests,
    ) -> Result<(), GatherError> {
        let mut to = Gathered::new(&self.sink, self.source, &self.stop);
        let mut cut = Cut::again(self.source, from);
        let now_s = u32::try_from(self.sink.now_ms() / 1000).unwrap_or_default();
        to.reach(requests.forget(now_s));
        let mut mark = SeenMark { seen: &mut requests.seen, id, at_s: now_s, is_whole: false };
        for record in records {
            cut.push(record, &mut to, &mut mark)?;
            cut.end_document(&mut to, &mut mark);
        }
        mark.is_whole = true;
        cut.pause(&mut to, &mut mark)?;
        to.flush()
    }
}
