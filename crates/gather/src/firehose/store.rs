//! A request's records, stored.

use std::sync::{Arc, Mutex};

use sekisho_collect::Source;

use super::FirehoseFeed;
use super::body::{BodyError, DeliveryBody};
use super::seen::{RequestMark, Seen, Stored};
use crate::counters::{SourceCounters, add};
use crate::cut::{Cut, Gathered, Place};
use crate::error::GatherError;
use crate::inflate::inflate;
use crate::ledger;
use crate::sink::Sink;
use crate::stop::Stop;

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

/// Stores requests, one after another.
pub(super) struct Store {
    source: &'static Source,
    sink: Arc<Sink>,
    pub(super) counters: Arc<SourceCounters>,
    stop: Stop,
    /// Held while a request is stored: what is marked in it must become durable in order.
    seen: Mutex<Seen>,
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
            seen: Mutex::new(Seen::read(prefix, sink)),
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
        let mut seen = self.seen.lock().expect("nothing panics with the requests in hand");
        let from = match seen.get(id) {
            Some(Stored::Whole) => {
                add(&self.counters.repeated, 1);
                return Ok(());
            }
            Some(Stored::Part(place)) => place,
            None => Place::default(),
        };
        let stored = self.store_records(&records, id, from, &mut seen);
        if stored.is_err() {
            seen.read_again(&self.sink);
        }
        Ok(stored?)
    }

    fn store_records(
        &self,
        records: &[Vec<u8>],
        id: ledger::Id,
        from: Place,
        seen: &mut Seen,
    ) -> Result<(), GatherError> {
        let mut to = Gathered::new(&self.sink, self.source, &self.stop);
        let mut cut = Cut::again(self.source, from);
        let now_s = u32::try_from(self.sink.now_ms() / 1000).unwrap_or_default();
        to.reach(seen.forget(now_s));
        let mut mark = RequestMark { seen, id, now_s, is_whole: false };
        for record in records {
            cut.push(record, &mut to, &mut mark)?;
            cut.end_document(&mut to, &mut mark);
        }
        mark.is_whole = true;
        cut.pause(&mut to, &mut mark)?;
        to.flush()
    }
}
