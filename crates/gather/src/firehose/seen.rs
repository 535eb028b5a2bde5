//! Which requests are known, and how far each is stored.

use std::sync::Arc;

use sekisho_append::{Feed as FeedName, Position};

use crate::cut::{Mark, Place};
use crate::ledger::{Id, Ledger};
use crate::sink::Sink;

/// Seconds that a request is known: Firehose tries again for two hours at the most.
pub(super) const KEPT_S: u32 = 3 * 3600;
/// Requests that are known; of more, the oldest are forgotten first.
const REQUESTS_MAX: usize = 100_000;
/// Seconds between two times that old requests are forgotten.
const FORGET_EVERY_S: u32 = 60;

/// How far a request is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    /// All of it.
    Whole,
    /// Up to there.
    Part(Place),
}

/// Requests by their numbers.
pub(super) struct Seen {
    prefix: Vec<u8>,
    ledger: Ledger,
    forgot_at_s: u32,
}

impl Seen {
    pub(super) fn read(prefix: Vec<u8>, sink: &Arc<Sink>) -> Self {
        let ledger = Ledger::read(&prefix, &sink.positions(&prefix));
        Self { prefix, ledger, forgot_at_s: 0 }
    }

    /// As it stands durably: after something failed to be stored.
    pub(super) fn read_again(&mut self, sink: &Arc<Sink>) {
        *self = Self::read(std::mem::take(&mut self.prefix), sink);
    }

    pub(super) fn get(&self, id: Id) -> Option<Stored> {
        let (_, rest) = self.ledger.get(id)?.split_first_chunk::<4>()?;
        if rest.is_empty() {
            return Some(Stored::Whole);
        }
        let (offset, records) = rest.split_first_chunk()?;
        let place = Place { offset: u64::from_le_bytes(*offset), records: u64::from_le_bytes(*records.first_chunk()?) };
        Some(Stored::Part(place))
    }

    /// Forgets what is too old; gives the positions that say so.
    pub(super) fn forget(&mut self, now_s: u32) -> Vec<(FeedName, Position)> {
        if now_s.saturating_sub(self.forgot_at_s) < FORGET_EVERY_S {
            return Vec::new();
        }
        self.forgot_at_s = now_s;
        let time = |value: &[u8]| value.first_chunk().map_or(0, |time| u32::from_le_bytes(*time));
        let mut oldest = now_s.saturating_sub(KEPT_S);
        if self.ledger.count() > REQUESTS_MAX {
            let mut times: Vec<u32> = self.ledger.entries().map(|(_, value)| time(value)).collect();
            let surplus = times.len() - REQUESTS_MAX;
            oldest = oldest.max(*times.select_nth_unstable(surplus).1);
        }
        self.ledger.forget(|_, value| time(value) < oldest)
    }
}

/// Writes how far a request is stored.
pub(super) struct RequestMark<'s> {
    pub(super) seen: &'s mut Seen,
    pub(super) id: Id,
    pub(super) now_s: u32,
    /// Whether all of it is cut by now.
    pub(super) is_whole: bool,
}

impl Mark for RequestMark<'_> {
    fn mark(&mut self, place: Place) -> (FeedName, Position) {
        let mut value = self.now_s.to_le_bytes().to_vec();
        if !self.is_whole {
            value.extend_from_slice(&place.offset.to_le_bytes());
            value.extend_from_slice(&place.records.to_le_bytes());
        }
        self.seen.ledger.mark(self.id, &value)
    }
}
