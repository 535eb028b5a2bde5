//! What is known of many things, kept as positions of feeds: files of a folder, objects of a bucket, requests.
//!
//! Each thing has a number and a few bytes. The numbers are spread over [`SHARDS`] feeds, so that marking one thing writes a small part of
//! the ledger. Whoever keeps a ledger bounds it: what is too old or gone is forgotten.

use std::collections::{BTreeMap, HashMap};

use sekisho_append::{Feed as FeedName, Position};

/// Feeds of a ledger.
const SHARDS: u64 = 1024;
/// Bytes that are kept of a thing.
pub(crate) const VALUE_BYTES_MAX: usize = 64;

/// A thing's number: enough bits of a hash that two things never share one by chance.
pub(crate) type Id = u64;

/// What is known of many things.
#[derive(Debug)]
pub(crate) struct Ledger {
    prefix: Vec<u8>,
    shards: HashMap<u64, BTreeMap<Id, Box<[u8]>>>,
    count: usize,
}

impl Ledger {
    /// Reads a ledger from the positions of its feeds, whose names begin with `prefix`.
    pub(crate) fn read(prefix: &[u8], positions: &[(FeedName, Position)]) -> Self {
        let mut ledger = Self { prefix: prefix.to_vec(), shards: HashMap::new(), count: 0 };
        for (_, position) in positions.iter().filter(|(feed, _)| feed.starts_with(prefix)) {
            let mut rest = &position[..];
            while let Some((id, value, after)) = entry(rest) {
                ledger.set(id, value);
                rest = after;
            }
        }
        ledger
    }

    pub(crate) fn get(&self, id: Id) -> Option<&[u8]> {
        self.shards.get(&(id % SHARDS))?.get(&id).map(|value| &**value)
    }

    /// How many things are known.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (Id, &[u8])> {
        self.shards.values().flatten().map(|(id, value)| (*id, &**value))
    }

    fn set(&mut self, id: Id, value: &[u8]) {
        let shard = self.shards.entry(id % SHARDS).or_default();
        self.count += usize::from(shard.insert(id, value.into()).is_none());
    }

    /// Keeps a thing; gives the feed and the position that say so.
    pub(crate) fn mark(&mut self, id: Id, value: &[u8]) -> (FeedName, Position) {
        debug_assert!(value.len() <= VALUE_BYTES_MAX, "a length is one byte");
        self.set(id, value);
        self.position(id % SHARDS)
    }

    /// Forgets things; gives the feeds whose positions are others now.
    pub(crate) fn forget(&mut self, is_gone: impl Fn(Id, &[u8]) -> bool) -> Vec<(FeedName, Position)> {
        let mut changed = Vec::new();
        for (number, shard) in &mut self.shards {
            let before = shard.len();
            shard.retain(|id, value| !is_gone(*id, value));
            if shard.len() < before {
                self.count -= before - shard.len();
                changed.push(*number);
            }
        }
        changed.into_iter().map(|number| self.position(number)).collect()
    }

    fn position(&self, number: u64) -> (FeedName, Position) {
        let mut feed = self.prefix.clone();
        feed.extend_from_slice(&u16::try_from(number).expect("there are fewer shards").to_be_bytes());
        let mut position = Position::new();
        for (id, value) in self.shards.get(&number).into_iter().flatten() {
            position.extend_from_slice(&id.to_le_bytes());
            position.push(u8::try_from(value.len()).expect("values are short"));
            position.extend_from_slice(value);
        }
        (feed, position)
    }
}

fn entry(bytes: &[u8]) -> Option<(Id, &[u8], &[u8])> {
    let (id, rest) = bytes.split_first_chunk()?;
    let (length, rest) = rest.split_first()?;
    let (value, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((Id::from_le_bytes(*id), value, rest))
}

/// The number of a thing that has these parts.
pub(crate) fn id(parts: &[&[u8]]) -> Id {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part);
    }
    let digest = context.finish();
    Id::from_le_bytes(*digest.as_ref().first_chunk().expect("a hash has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_ledger_is_what_was_marked(marks in proptest::collection::vec((0_u64..3000, proptest::collection::vec(any::<u8>(), 0..20)), 0..200)) {
            let mut ledger = Ledger::read(b"x/", &[]);
            let mut positions = BTreeMap::new();
            let mut expected = BTreeMap::new();
            for (id, value) in &marks {
                let (feed, position) = ledger.mark(*id, value);
                positions.insert(feed, position);
                expected.insert(*id, value.clone());
            }
            positions.extend(ledger.forget(|id, _| id % 3 == 0));
            expected.retain(|id, _| id % 3 != 0);
            let kept: Vec<_> = positions.into_iter().collect();
            let read = Ledger::read(b"x/", &kept);
            prop_assert_eq!(read.count(), expected.len());
            prop_assert_eq!(ledger.count(), expected.len());
            for (id, value) in &expected {
                prop_assert_eq!(read.get(*id), Some(&value[..]));
            }
        }

        #[test]
        fn any_position_is_read_as_far_as_it_goes(position: Vec<u8>) {
            _ = Ledger::read(b"", &[(b"feed".to_vec(), position)]).count();
        }
    }
}
