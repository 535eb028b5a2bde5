//! Where all feeds bring their batches: masked, handed to the write-ahead log, waited for.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sekisho_append::{Batch, Feed as FeedName, Log, Position, Refused};
use sekisho_mask::Mask;
use sekisho_model::Clock;

use crate::counters::{Counters, SourceCounters, add};
use crate::error::{GatherError, chain};
use crate::stop::Stop;

/// How long it takes until a refused set is brought again: at first, and at the most.
const RETRY: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(5)];

/// What all feeds share.
pub(crate) struct Sink {
    append: Arc<dyn Log>,
    pub(crate) mask: Mask,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) counters: Counters,
    /// How far each feed is read, durably.
    positions: Mutex<BTreeMap<FeedName, Position>>,
    listening: Mutex<Vec<(&'static str, SocketAddr)>>,
    /// Sets that the log refuses just now, and why it refused the last of them.
    refused: Mutex<(usize, String)>,
    /// What feeds found wrong with what they read, by what it is.
    troubles: Mutex<BTreeMap<String, String>>,
}

/// A set that the log refuses, as long as it is brought again.
struct Waiting<'s>(&'s Sink);

impl<'s> Waiting<'s> {
    fn new(sink: &'s Sink) -> Self {
        sink.refused.lock().expect("nothing panics with the reason in hand").0 += 1;
        Self(sink)
    }

    fn say(&self, why: String) {
        self.0.refused.lock().expect("nothing panics with the reason in hand").1 = why;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.refused.lock().expect("nothing panics with the reason in hand").0 -= 1;
    }
}

/// Batches that follow one another, with the positions they reach.
#[derive(Debug, Default)]
pub(crate) struct Set {
    batches: Vec<Batch>,
    reached: Vec<(FeedName, Position)>,
    bytes: usize,
    raw_bytes: Vec<u64>,
}

impl Set {
    pub(crate) fn push(&mut self, mut batch: Batch, raw_bytes: u64, reached: (FeedName, Position)) {
        batch.reach(&reached.0, &reached.1);
        self.bytes += batch.bytes();
        self.raw_bytes.push(raw_bytes);
        self.batches.push(batch);
        self.reached.push(reached);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }
}

impl Sink {
    pub(crate) fn new(append: Arc<dyn Log>, mask: Mask, clock: Arc<dyn Clock>) -> Self {
        let positions = append.positions().iter().cloned().collect();
        let (counters, positions) = (Counters::default(), Mutex::new(positions));
        Self {
            append,
            mask,
            clock,
            counters,
            positions,
            listening: Mutex::default(),
            refused: Mutex::default(),
            troubles: Mutex::default(),
        }
    }

    pub(crate) fn note_trouble(&self, what: &str, trouble: Option<String>) {
        let mut troubles = self.troubles.lock().expect("nothing panics with the troubles in hand");
        match trouble {
            Some(trouble) => _ = troubles.insert(what.to_owned(), trouble),
            None => _ = troubles.remove(what),
        }
    }

    pub(crate) fn troubles(&self) -> Vec<String> {
        let troubles = self.troubles.lock().expect("nothing panics with the troubles in hand");
        troubles.iter().map(|(what, trouble)| format!("{what}: {trouble}")).collect()
    }

    pub(crate) fn note_listening(&self, protocol: &'static str, at: SocketAddr) {
        self.listening.lock().expect("nothing panics with the addresses in hand").push((protocol, at));
    }

    pub(crate) fn listening(&self) -> Vec<(&'static str, SocketAddr)> {
        self.listening.lock().expect("nothing panics with the addresses in hand").clone()
    }

    pub(crate) fn now_ms(&self) -> i64 {
        i64::try_from(self.clock.now().unix_ms()).unwrap_or(i64::MAX)
    }

    /// All positions of feeds whose names begin so.
    pub(crate) fn positions(&self, prefix: &[u8]) -> Vec<(FeedName, Position)> {
        let positions = self.positions.lock().expect("nothing panics with the positions in hand");
        let from = positions.range(prefix.to_vec()..);
        let these = from.take_while(|(feed, _)| feed.starts_with(prefix));
        these.map(|(feed, position)| (feed.clone(), position.clone())).collect()
    }

    /// Hands over a set and waits until it is durable; brings it again as long as the disk refuses. Blocks.
    pub(crate) fn store(&self, mut set: Set, counters: &SourceCounters, stop: &Stop) -> Result<(), GatherError> {
        let [mut pause, pause_max] = RETRY;
        let mut waiting = None;
        while !set.is_empty() {
            let refused = match self.try_store(&mut set, counters) {
                Ok(()) => continue,
                Err(refused @ Refused::Disk(_)) => refused,
                Err(refused) => return Err(GatherError::Append(refused)),
            };
            add(&counters.refused_sets, 1);
            let why = chain(&refused);
            tracing::warn!(error = why, "the disk refuses records; they are kept and brought again");
            waiting.get_or_insert_with(|| Waiting::new(self)).say(why);
            if stop.block(pause) {
                return Err(GatherError::Append(refused));
            }
            pause = pause_max.min(pause * 2);
        }
        Ok(())
    }

    /// Why records are refused just now, if they are.
    pub(crate) fn refused(&self) -> Option<String> {
        let refused = self.refused.lock().expect("nothing panics with the reason in hand");
        (refused.0 > 0).then(|| refused.1.clone())
    }

    /// Hands over a set once; what became durable leaves it, which are the first of its batches.
    fn try_store(&self, set: &mut Set, counters: &SourceCounters) -> Result<(), Refused> {
        let pending = self.append.append_all(set.batches.clone())?;
        let mut durable = 0;
        let mut outcome = Ok(());
        for pending in pending {
            match pending.wait() {
                Ok(_) if outcome.is_ok() => durable += 1,
                Ok(_) => {}
                Err(refused) => outcome = outcome.and(Err(refused)),
            }
        }
        add(&counters.stored_records, set.batches.drain(..durable).map(|batch| batch.count()).sum());
        add(&counters.stored_bytes, set.raw_bytes.drain(..durable).sum());
        let mut positions = self.positions.lock().expect("nothing panics with the positions in hand");
        for (feed, position) in set.reached.drain(..durable) {
            if position.is_empty() {
                positions.remove(&feed);
            } else if !feed.is_empty() {
                positions.insert(feed, position);
            }
        }
        outcome
    }
}
