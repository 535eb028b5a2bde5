//! Collections that outlive a transaction: `IP`, `SESSION`, `GLOBAL`, `USER` and `RESOURCE`.
//!
//! A transaction loads a collection when a rule names its key, works on its own copy, and hands its changes back when it
//! ends. Changes say what to do, not what came of it, so that two transactions that count at the same time both count.
//!
//! Source: ModSecurity Reference Manual, "Persistent Storage".

mod kept;
mod local;

use sekisho_model::Timestamp;

use crate::ir::phased::Store;

pub(super) use kept::after;
pub use kept::{KeptCollection, KeptVariable};
pub use local::LocalCollections;

/// Which collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CollectionKey<'a> {
    /// `IP`, `SESSION`, …; neither `TX` nor `ENV`.
    pub store: Store,
    /// The key a rule gave.
    pub key: &'a [u8],
}

/// A change to a kept variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionChange {
    /// Its name, in lower case.
    pub name: Vec<u8>,
    /// What becomes of it.
    pub kind: ChangeKind,
}

/// What becomes of a kept variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// This.
    Set(Vec<u8>),
    /// Larger by so much; what is no number counts as 0.
    Add(i64),
    /// Nothing.
    Unset,
    /// It goes away at this time.
    Expire(Timestamp),
}

/// Keeps collections.
pub trait CollectionSource {
    /// Copies what is kept under `key` and has not expired into `kept`, which is empty; whether there was something.
    ///
    /// Called while a request waits: it must not block on anything but memory.
    fn load(&self, key: CollectionKey<'_>, now: Timestamp, kept: &mut KeptCollection) -> bool;

    /// Applies changes in their order to what is kept under `key` ([`KeptCollection::apply`]), as one.
    ///
    /// A collection not kept yet begins empty. It is forgotten `timeout_s` seconds after this.
    fn save(&self, key: CollectionKey<'_>, changes: &[CollectionChange], timeout_s: u64, now: Timestamp);
}

/// Keeps nothing: every collection is new.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCollections;

impl CollectionSource for NoCollections {
    fn load(&self, _: CollectionKey<'_>, _: Timestamp, _: &mut KeptCollection) -> bool {
        false
    }

    fn save(&self, _: CollectionKey<'_>, _: &[CollectionChange], _: u64, _: Timestamp) {}
}
