//! Things that are stored once: deliveries, objects. Each has a number, a time, and how far it is stored.

use std::sync::Arc;

use sekisho_append::{Feed as FeedName, Position};

use crate::cut::{Mark, Place};
use crate::ledger::{Id, Ledger};
use crate::sink::Sink;

/// How far a thing is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    /// All of it.
    Whole,
    /// Up to there.
    Part(Place),
}

/// Things by their numbers.
#[derive(Debug)]
pub(crate) struct Seen {
    prefix: Vec<u8>,
    ledger: Ledger,
}

impl Seen {
    pub(crate) fn read(prefix: Vec<u8>, sink: &Arc<Sink>) -> Self {
        let ledger = Ledger::read(&prefix, &sink.positions(&prefix));
        Self { prefix, ledger }
    }

    /// As it stands durably: after something failed to be stored.
    pub(crate) fn read_again(&mut self, sink: &Arc<Sink>) {
        *self = Self::read(std::mem::take(&mut self.prefix), sink);
    }

    pub(crate) fn get(&self, id: Id) -> Option<Stored> {
        let (_, rest) = self.ledger.get(id)?.split_first_chunk::<4>()?;
        if rest.is_empty() {
            return Some(Stored::Whole);
        }
        let (offset, records) = rest.split_first_chunk()?;
        let records = u64::from_le_bytes(*records.first_chunk()?);
        Some(Stored::Part(Place { offset: u64::from_le_bytes(*offset), records }))
    }

    /// The time before which things are to be forgotten, so that no more than `max` are left; 0 if there are not so many.
    pub(crate) fn surplus_before_s(&self, max: usize) -> u32 {
        if self.ledger.count() <= max {
            return 0;
        }
        let mut times: Vec<u32> = self.ledger.entries().map(|(_, value)| time_s(value)).collect();
        let surplus = times.len() - max;
        *times.select_nth_unstable(surplus).1
    }

    /// Forgets what is older; gives the positions that say so.
    pub(crate) fn forget_before(&mut self, oldest_s: u32) -> Vec<(FeedName, Position)> {
        self.ledger.forget(|_, value| time_s(value) < oldest_s)
    }

    /// Keeps how far a thing of this time is stored.
    pub(crate) fn mark(&mut self, id: Id, at_s: u32, stored: Stored) -> (FeedName, Position) {
        let mut value = at_s.to_le_bytes().to_vec();
        if let Stored::Part(place) = stored {
            value.extend_from_slice(&place.offset.to_le_bytes());
            value.extend_from_slice(&place.records.to_le_bytes());
        }
        self.ledger.mark(id, &value)
    }
}

fn time_s(value: &[u8]) -> u32 {
    value.first_chunk().map_or(0, |time| u32::from_le_bytes(*time))
}

/// Writes how far a thing is stored.
pub(crate) struct SeenMark<'s> {
    pub(crate) seen: &'s mut Seen,
    pub(crate) id: Id,
    pub(crate) at_s: u32,
    /// Whether all of it is cut by now.
    pub(crate) is_whole: bool,
}

impl Mark for SeenMark<'_> {
    fn mark(&mut self, place: Place) -> (FeedName, Position) {
        let stored = if self.is_whole { Stored::Whole } else { Stored::Part(place) };
        self.seen.mark(self.id, self.at_s, stored)
    }
}
