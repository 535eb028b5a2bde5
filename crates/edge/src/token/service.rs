//! What all workers share for tokens: keys, how much work is asked for, and the two small memories.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::attempts::Attempts;
use super::keys::KeyRing;
use super::spent::Spent;

/// Leading zero bits that a proof of work may be asked for. Each more doubles the work: 16 are 65,536 hashes on average, a
/// fraction of a second for a phone; 22 are four million, half a minute for one.
pub const WORK_BITS: RangeInclusive<u8> = 8..=22;

/// Asks clients for proofs and gives them tokens.
#[derive(Debug)]
pub struct Tokens {
    keys: ArcSwap<KeyRing>,
    pub(super) work_bits: u8,
    spent: Mutex<Spent>,
    attempts: Mutex<Attempts>,
}

impl Tokens {
    /// Leading zero bits of a proof of work, unless told otherwise.
    pub const WORK_BITS_DEFAULT: u8 = 16;

    /// Signs with these keys and asks for this much work, which is brought into [`WORK_BITS`].
    #[must_use]
    pub fn new(keys: KeyRing, work_bits: u8) -> Self {
        Self {
            keys: ArcSwap::from_pointee(keys),
            work_bits: work_bits.clamp(*WORK_BITS.start(), *WORK_BITS.end()),
            spent: Mutex::default(),
            attempts: Mutex::new(Attempts::new()),
        }
    }

    /// Signs with other keys from now on. Tokens of keys that are no longer there are not accepted any more.
    pub fn replace_keys(&self, keys: KeyRing) {
        self.keys.store(Arc::new(keys));
    }

    /// The keys in force.
    pub(crate) fn keys(&self) -> Arc<KeyRing> {
        self.keys.load_full()
    }

    pub(super) fn spent<T>(&self, then: impl FnOnce(&mut Spent) -> T) -> T {
        then(&mut self.spent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn attempts<T>(&self, then: impl FnOnce(&mut Attempts) -> T) -> T {
        then(&mut self.attempts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
