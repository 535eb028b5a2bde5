//! A word, as its hash.

use xxhash_rust::xxh3::xxh3_64;

/// A word: XXH3-64 (seed 0) of its folded bytes. Two words with one hash are one word; that costs a row too many in 2^64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Word(u64);

impl Word {
    /// The word of bytes that are folded already.
    pub(crate) fn of(folded: &[u8]) -> Self {
        Self(xxh3_64(folded))
    }

    /// Its hash, as filters are made of.
    #[must_use]
    pub const fn hash(self) -> u64 {
        self.0
    }

    pub(crate) const fn from_hash(hash: u64) -> Self {
        Self(hash)
    }
}
