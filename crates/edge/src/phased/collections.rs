//! Collections of rules in phases (`IP`, `SESSION`, `GLOBAL`, `USER`, `RESOURCE`), kept in memory for all workers.
//!
//! Sharded by key, so that workers rarely meet. What was written longest ago goes first, both when its time is over and when
//! there is no room: whoever makes up keys (a session in a cookie, say) drives out others, but fills no memory.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sekisho_model::Timestamp;
use sekisho_waf::ir::phased::Store;
use sekisho_waf::transaction::{CollectionChange, CollectionKey, CollectionSource, KeptCollection, TransactionLimits};

/// Enough that the workers of a large machine rarely want the same one.
const SHARDS: usize = 64;
/// A longer key, in bytes, names no collection: addresses and session names are much shorter.
const KEY_BYTES_MAX: usize = 1024;
/// Bytes an entry takes besides its key and variables: the map's and the queue's share.
const ENTRY_BYTES: usize = 128;
/// Places in the queue that no longer mean anything, besides as many as there are entries, before it is swept.
const STALE_MAX: usize = 64;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CollectionLimits {
    /// Collections of all kinds: one for each address a busy service sees in an hour, several times over.
    pub(crate) collections_max: usize,
    /// Bytes they take, names and keys included.
    pub(crate) bytes_max: usize,
}

impl Default for CollectionLimits {
    fn default() -> Self {
        Self { collections_max: 100_000, bytes_max: 64 << 20 }
    }
}

/// Keeps collections for all workers.
#[derive(Debug)]
pub(crate) struct Collections {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
    of_shard: CollectionLimits,
    limits: TransactionLimits,
}

type Key = (Store, Box<[u8]>);

#[derive(Debug, Default)]
struct Shard {
    kept: HashMap<Key, Kept>,
    /// In the order they were written; a place counts only while its number is that of its entry.
    order: VecDeque<(u64, Key)>,
    written: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Kept {
    collection: KeptCollection,
    number: u64,
    bytes: usize,
}

impl Collections {
    /// None yet.
    pub(crate) fn new(limits: CollectionLimits) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            of_shard: CollectionLimits {
                collections_max: limits.collections_max.div_ceil(SHARDS),
                bytes_max: limits.bytes_max.div_ceil(SHARDS),
            },
            limits: TransactionLimits::default(),
        }
    }

    /// How many are kept, those whose time is over but that nobody has asked for among them.
    pub(crate) fn count(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).kept.len()).sum()
    }

    /// The bytes they take.
    pub(crate) fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).bytes).sum()
    }

    fn shard(&self, key: &Key) -> MutexGuard<'_, Shard> {
        lock(&self.shards[self.hasher.hash_one(key) as usize % SHARDS])
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    // A panic under the lock leaves at worst a wrong sum of bytes, which the next sweep of the entry puts right.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CollectionSource for Collections {
    fn load(&self, key: CollectionKey<'_>, now: Timestamp, kept: &mut KeptCollection) -> bool {
        if key.key.len() > KEY_BYTES_MAX {
            return false;
        }
        let key = (key.store, Box::from(key.key));
        let shard = self.shard(&key);
        let Some(found) = shard.kept.get(&key).filter(|found| now < found.collection.expires) else { return false };
        kept.clone_from(&found.collection);
        drop(shard);
        kept.variables.retain(|variable| variable.is_alive(now));
        true
    }

    fn save(&self, key: CollectionKey<'_>, changes: &[CollectionChange], timeout_s: u64, now: Timestamp) {
        if key.key.len() > KEY_BYTES_MAX {
            return;
        }
        let key: Key = (key.store, Box::from(key.key));
        let mut shard = self.shard(&key);
        shard.write(key, now, |collection| collection.apply(changes, timeout_s, now, &self.limits));
        shard.make_room(self.of_shard, now);
    }
}

impl Shard {
    fn write(&mut self, key: Key, now: Timestamp, change: impl FnOnce(&mut KeptCollection)) {
        self.written += 1;
        let number = self.written;
        let fresh = || Kept { collection: KeptCollection::new(now), number, bytes: 0 };
        let kept = self.kept.entry(key.clone()).or_insert_with(fresh);
        if kept.bytes > 0 && kept.collection.expires <= now {
            kept.collection = KeptCollection::new(now);
        }
        change(&mut kept.collection);
        kept.number = number;
        let bytes = ENTRY_BYTES + 2 * key.1.len() + kept.collection.bytes();
        self.bytes = self.bytes + bytes - std::mem::replace(&mut kept.bytes, bytes);
        self.order.push_back((number, key));
    }

    /// Drops what is over, and what was written longest ago until the rest fits.
    fn make_room(&mut self, limits: CollectionLimits, now: Timestamp) {
        while let Some((number, key)) = self.order.front() {
            if let Some(kept) = self.kept.get(key).filter(|kept| kept.number == *number) {
                let fits = self.kept.len() <= limits.collections_max && self.bytes <= limits.bytes_max;
                if fits && now < kept.collection.expires {
                    break;
                }
                self.bytes -= kept.bytes;
                self.kept.remove(key);
            }
            self.order.pop_front();
        }
        if self.order.len() > 2 * self.kept.len() + STALE_MAX {
            let kept = &self.kept;
            self.order.retain(|(number, key)| kept.get(key).is_some_and(|kept| kept.number == *number));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sekisho_waf::transaction::{ChangeKind, LocalCollections};

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_ms(seconds * 1_000)
    }

    fn key(key: &[u8]) -> CollectionKey<'_> {
        CollectionKey { store: Store::Ip, key }
    }

    fn count(name: &str) -> [CollectionChange; 1] {
        [CollectionChange { name: name.into(), kind: ChangeKind::Add(1) }]
    }

    fn value(source: &dyn CollectionSource, of: &[u8], now: Timestamp) -> Option<Vec<u8>> {
        let mut kept = KeptCollection::default();
        source.load(key(of), now, &mut kept).then(|| kept.variables.first().map(|found| found.value.clone()))?
    }

    #[test]
    fn threads_that_count_together_lose_nothing() {
        let collections = Collections::new(CollectionLimits::default());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..500).for_each(|_| collections.save(key(b"a"), &count("n"), 60, at(1))));
            }
        });
        assert_eq!(value(&collections, b"a", at(2)), Some(b"2000".to_vec()));
        assert_eq!(value(&collections, b"a", at(61)), None);
        let shard = collections.shard(&(Store::Ip, Box::from(b"a".as_slice())));
        assert!(shard.order.len() <= 2 + STALE_MAX, "{}", shard.order.len());
    }

    #[test]
    fn the_oldest_make_room_and_no_sum_goes_wrong() {
        let limits = CollectionLimits { collections_max: SHARDS, bytes_max: 1 << 20 };
        let collections = Collections::new(limits);
        for number in 0_u32..5_000 {
            collections.save(key(&number.to_be_bytes()), &count("n"), 60, at(u64::from(number) / 100));
        }
        assert!(collections.count() <= limits.collections_max);
        assert_eq!(value(&collections, &4_999_u32.to_be_bytes(), at(50)), Some(b"1".to_vec()));
        let small = Collections::new(CollectionLimits { collections_max: 1 << 20, bytes_max: SHARDS * 4096 });
        let long = [CollectionChange { name: b"n".into(), kind: ChangeKind::Set(vec![b'x'; 3_000]) }];
        (0_u32..500).for_each(|number| small.save(key(&number.to_be_bytes()), &long, 60, at(1)));
        assert!(small.bytes() <= SHARDS * 4096 && small.count() >= 1);
        // What is over goes with the next write that meets it, and takes its bytes along.
        (0_u32..20_000).for_each(|number| small.save(key(&number.to_be_bytes()), &count("n"), 1, at(100)));
        (0_u32..20_000).for_each(|number| small.save(key(&number.to_be_bytes()), &count("m"), 1, at(200)));
        for shard in &small.shards {
            let shard = lock(shard);
            assert_eq!(shard.bytes, shard.kept.values().map(|kept| kept.bytes).sum::<usize>());
        }
        let huge = vec![b'k'; KEY_BYTES_MAX + 1];
        small.save(key(&huge), &count("n"), 60, at(201));
        assert_eq!(value(&small, &huge, at(202)), None);
    }

    proptest! {
        /// While there is room for all, workers see what a single thread's store would show.
        #[test]
        fn it_keeps_what_the_simple_store_keeps(steps in prop::collection::vec((0_u8..6, 0_u64..20, 1_u64..8), 1..60)) {
            let (shared, simple) = (Collections::new(CollectionLimits::default()), LocalCollections::default());
            let mut now = 0;
            for (name, later, timeout_s) in steps {
                now += later;
                for source in [&shared as &dyn CollectionSource, &simple] {
                    source.save(key(&[name]), &count("n"), timeout_s, at(now));
                }
                for name in 0_u8..6 {
                    for seconds in [now, now + 3] {
                        prop_assert_eq!(value(&shared, &[name], at(seconds)), value(&simple, &[name], at(seconds)));
                    }
                }
            }
        }
    }
}
