//! The collections a transaction works on: its own copies, and what it changed.
//!
//! Source: ModSecurity Reference Manual, "Persistent Storage", `initcol`, `expirevar`, `deprecatevar`.

use std::io::Write as _;

use sekisho_model::Timestamp;

use super::collection::after;
use super::{ChangeKind, CollectionChange, CollectionKey, CollectionSource, KeptCollection, TransactionLimits};
use crate::ir::phased::Store;
use crate::operator::number::parse;

/// Most changes to one collection that one transaction hands back; further ones are dropped, so that a rule that counts
/// every argument cannot write without end.
const CHANGES_MAX: usize = 4_096;

/// The collections a transaction works on.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    collections: Vec<Collection>,
}

#[derive(Debug)]
struct Collection {
    store: Store,
    key: Vec<u8>,
    is_new: bool,
    timeout_s: Option<u64>,
    kept: KeptCollection,
    changes: Vec<CollectionChange>,
}

impl Loaded {
    pub(super) fn clear(&mut self) {
        self.collections.clear();
    }

    /// Loads the collection under a key, once a transaction.
    pub(super) fn initialize(&mut self, key: CollectionKey<'_>, source: &dyn CollectionSource, now: Timestamp) {
        if key.key.is_empty() || self.find(key.store).is_some() {
            return;
        }
        let mut kept = KeptCollection::default();
        let is_new = !source.load(key, now, &mut kept);
        if is_new {
            kept = KeptCollection::new(now);
        }
        let collection =
            Collection { store: key.store, key: key.key.to_vec(), is_new, timeout_s: None, kept, changes: Vec::new() };
        self.collections.push(collection);
    }

    /// The key of a collection, if it was loaded.
    pub(super) fn key(&self, store: Store) -> Option<&[u8]> {
        self.find(store).map(|collection| collection.key.as_slice())
    }

    fn find(&self, store: Store) -> Option<&Collection> {
        self.collections.iter().find(|collection| collection.store == store)
    }

    /// Changes a variable, here and, when the transaction ends, where it is kept. Without a collection nothing happens.
    pub(super) fn change(&mut self, store: Store, name: &[u8], kind: ChangeKind, limits: &TransactionLimits) {
        let Some(collection) = self.collections.iter_mut().find(|collection| collection.store == store) else { return };
        if collection.changes.len() >= CHANGES_MAX {
            return;
        }
        let change = CollectionChange { name: name.to_ascii_lowercase(), kind };
        match (change.name.as_slice(), &change.kind) {
            (b"key", ChangeKind::Unset) => collection.empty(),
            (b"timeout", ChangeKind::Set(seconds)) => {
                collection.timeout_s = Some(u64::try_from(parse(seconds)).unwrap_or(0));
            }
            (name, _) if is_special(name) => {}
            _ => {
                collection.kept.change(&change, limits);
                collection.changes.push(change);
            }
        }
    }

    /// `deprecatevar`: takes `by` off a number for every `every_s` seconds since the collection was last written.
    pub(super) fn deprecate(
        &mut self,
        store: Store,
        name: &[u8],
        (by, every_s): (u64, u64),
        now: Timestamp,
        limits: &TransactionLimits,
    ) {
        let Some(collection) = self.find(store) else { return };
        let Some(variable) = collection.kept.get(name, now) else { return };
        let number = parse(&variable.value);
        let periods = (now.since_ms(collection.kept.updated) / 1_000).checked_div(every_s).unwrap_or(0);
        let less = i64::try_from(periods.saturating_mul(by)).unwrap_or(i64::MAX).min(number.max(0));
        if less > 0 {
            self.change(store, name, ChangeKind::Add(-less), limits);
        }
    }

    /// Calls `each` for all variables of a collection, or for a special one if `name` asks for it.
    pub(super) fn each(
        &self,
        store: Store,
        special: Option<&[u8]>,
        now: Timestamp,
        each: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) {
        let Some(collection) = self.find(store) else { return };
        if let Some(name) = special.filter(|name| is_special(&name.to_ascii_lowercase())) {
            let mut value = Vec::new();
            collection.write_special(&name.to_ascii_lowercase(), now, &mut value);
            each(name, &value);
            return;
        }
        for variable in collection.kept.variables.iter().filter(|variable| variable.is_alive(now)) {
            if !each(&variable.name, &variable.value) {
                return;
            }
        }
    }

    /// Hands all changes back.
    pub(super) fn save(&mut self, source: &dyn CollectionSource, timeout_s: u64, now: Timestamp) {
        for collection in self.collections.drain(..).filter(|collection| !collection.changes.is_empty()) {
            let key = CollectionKey { store: collection.store, key: &collection.key };
            source.save(key, &collection.changes, collection.timeout_s.unwrap_or(timeout_s), now);
        }
    }
}

/// Whether a name, in lower case, is that of a member every collection has.
fn is_special(name: &[u8]) -> bool {
    matches!(
        name,
        b"create_time" | b"is_new" | b"key" | b"last_update_time" | b"timeout" | b"update_counter" | b"update_rate"
    )
}

impl Collection {
    /// Drops all its variables.
    fn empty(&mut self) {
        for variable in self.kept.variables.drain(..) {
            self.changes.push(CollectionChange { name: variable.name, kind: ChangeKind::Unset });
        }
    }

    fn write_special(&self, name: &[u8], now: Timestamp, out: &mut Vec<u8>) {
        let kept = &self.kept;
        let number = match name {
            b"key" => return out.extend_from_slice(&self.key),
            b"create_time" => kept.created.unix_ms() / 1_000,
            b"last_update_time" => kept.updated.unix_ms() / 1_000,
            b"update_counter" => kept.updates,
            b"timeout" => self.timeout_s.unwrap_or(kept.expires.since_ms(now) / 1_000),
            b"update_rate" => {
                let minutes = (now.since_ms(kept.created) / 60_000).max(1);
                kept.updates / minutes
            }
            _ => u64::from(self.is_new),
        };
        write!(out, "{number}").expect("memory takes whatever is written");
    }
}

/// When `expirevar` lets a variable go.
pub(super) fn expiry(now: Timestamp, after_s: &[u8]) -> Timestamp {
    after(now, u64::try_from(parse(after_s)).unwrap_or(0))
}
