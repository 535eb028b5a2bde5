//! Collections kept by one thread: for tests, and where one worker is all there is.

use std::cell::RefCell;
use std::collections::HashMap;

use sekisho_model::Timestamp;

use super::{CollectionChange, CollectionKey, CollectionSource, KeptCollection};
use crate::ir::phased::Store;
use crate::transaction::TransactionLimits;

/// Collections kept by one thread.
#[derive(Debug, Default)]
pub struct LocalCollections {
    limits: TransactionLimits,
    kept: RefCell<HashMap<(Store, Vec<u8>), KeptCollection>>,
}

impl LocalCollections {
    /// None yet. At most `limits.collections_max` are kept.
    #[must_use]
    pub fn new(limits: TransactionLimits) -> Self {
        Self { limits, kept: RefCell::default() }
    }
}

impl CollectionSource for LocalCollections {
    fn load(&self, key: CollectionKey<'_>, now: Timestamp, into: &mut KeptCollection) -> bool {
        let kept = self.kept.borrow();
        let Some(found) = kept.get(&(key.store, key.key.to_vec())).filter(|found| now < found.expires) else {
            return false;
        };
        into.clone_from(found);
        into.variables.retain(|variable| variable.is_alive(now));
        true
    }

    fn save(&self, key: CollectionKey<'_>, changes: &[CollectionChange], timeout_s: u64, now: Timestamp) {
        let mut kept = self.kept.borrow_mut();
        let full_key = (key.store, key.key.to_vec());
        if !kept.contains_key(&full_key) && kept.len() >= self.limits.collections_max {
            kept.retain(|_, collection| now < collection.expires);
            let oldest = kept.iter().min_by_key(|(_, collection)| collection.updated).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest.filter(|_| kept.len() >= self.limits.collections_max) {
                kept.remove(&oldest);
            }
        }
        let collection = kept.entry(full_key).or_insert_with(|| KeptCollection::new(now));
        if collection.updates > 0 && collection.expires <= now {
            *collection = KeptCollection::new(now);
        }
        collection.apply(changes, timeout_s, now, &self.limits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::ChangeKind;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_ms(seconds * 1_000)
    }

    #[test]
    fn keeps_what_was_written_last() {
        let local = LocalCollections::new(TransactionLimits { collections_max: 2, ..TransactionLimits::default() });
        let changes = [CollectionChange { name: b"n".into(), kind: ChangeKind::Add(1) }];
        let key = |key| CollectionKey { store: Store::Ip, key };
        for (second, name) in [(1, b"a"), (2, b"b"), (3, b"a"), (4, b"c")] {
            local.save(key(name), &changes, 10, at(second));
        }
        let value = |name, now| {
            let mut kept = KeptCollection::default();
            local.load(key(name), now, &mut kept).then(|| kept.variables[0].value.clone())
        };
        assert_eq!(value(b"a", at(5)), Some(b"2".to_vec()));
        assert_eq!(value(b"b", at(5)), None);
        assert_eq!(value(b"c", at(5)), Some(b"1".to_vec()));
        assert_eq!(value(b"a", at(13)), None);
        local.save(key(b"a"), &changes, 10, at(20));
        assert_eq!(value(b"a", at(21)), Some(b"1".to_vec()));
    }
}
