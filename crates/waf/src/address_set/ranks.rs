//! How many of many sorted keys are at or below a value, in a few steps of memory.
//!
//! Over the keys lies an index that cuts the span between the first and the last into slots of equal width, some eight keys
//! each if they are spread evenly. A slot that still holds many keys gets an index of its own, so that keys which lie close
//! together, as real addresses do, are found as quickly. Within a slot, keys are searched by halving.

/// A number that can be searched for.
pub(super) trait Key: Copy + Ord {
    /// How many slots of `1 << shift` lie between `from` and this number, which is not smaller.
    fn slots_from(self, from: Self, shift: u32) -> usize;
    /// How many bits it takes to write the distance from `from`, which is not larger.
    fn distance_bits(self, from: Self) -> u32;
    /// The widest slot there can be, as a power of two.
    const SHIFT_MAX: u32;
}

impl Key for u32 {
    const SHIFT_MAX: u32 = Self::BITS - 1;

    #[inline]
    fn slots_from(self, from: Self, shift: u32) -> usize {
        ((self - from) >> shift) as usize
    }

    fn distance_bits(self, from: Self) -> u32 {
        Self::BITS - (self - from).leading_zeros()
    }
}

impl Key for u64 {
    const SHIFT_MAX: u32 = Self::BITS - 1;

    #[inline]
    fn slots_from(self, from: Self, shift: u32) -> usize {
        // More slots than memory has are more than any index has.
        usize::try_from((self - from) >> shift).unwrap_or(usize::MAX)
    }

    fn distance_bits(self, from: Self) -> u32 {
        Self::BITS - (self - from).leading_zeros()
    }
}

/// A slot has this many keys if they are spread evenly, as a power of two.
const SLOT_KEYS_BITS: u32 = 3;
/// A slot with more keys than this has an index of its own, if that can tell them apart.
const SLOT_KEYS_MAX: usize = 32;
/// Indexes within indexes: beyond, halving must do. Bounds memory: a level takes half a byte a key.
const LEVELS_MAX: u32 = 8;
/// Marks a slot that has an index of its own.
const NESTED: u32 = 1 << 31;

/// Sorted keys with an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ranks<K> {
    keys: Vec<K>,
    indexes: Vec<Index<K>>,
    /// Of all indexes: the rank at which a slot begins, or the index within it; a last one for each tells where it ends.
    slots: Vec<u32>,
}

/// A part of the keys, cut into slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Index<K> {
    /// Its first key.
    first: K,
    /// The width of a slot, as a power of two.
    shift: u32,
    /// Where its slots begin, and how many they are.
    slots_at: usize,
    slots: usize,
    /// The rank of its first key.
    rank: u32,
    /// The rank after its last key.
    rank_after: u32,
}

impl<K: Key> Ranks<K> {
    /// Takes keys in ascending order; they may repeat.
    ///
    /// # Panics
    ///
    /// If there are 2^31 keys or more.
    pub(super) fn new(mut keys: Vec<K>) -> Self {
        assert!(keys.len() < NESTED as usize, "no memory holds so many ranges");
        keys.shrink_to_fit();
        let mut ranks = Self { keys, indexes: Vec::new(), slots: Vec::new() };
        if !ranks.keys.is_empty() {
            ranks.add_index(0, ranks.keys.len(), LEVELS_MAX);
            ranks.slots.shrink_to_fit();
            ranks.indexes.shrink_to_fit();
        }
        ranks
    }

    /// Adds an index over the keys of these ranks, and those within it; tells which it is.
    fn add_index(&mut self, from: usize, to: usize, levels_left: u32) -> u32 {
        let rank = |at: usize| u32::try_from(at).expect("ranks are below 2^31");
        let (first, last) = (self.keys[from], self.keys[to - 1]);
        let slot_bits = (to - from).ilog2().saturating_sub(SLOT_KEYS_BITS);
        let shift = last.distance_bits(first).saturating_sub(slot_bits).min(K::SHIFT_MAX);
        let (slots_at, slots) = (self.slots.len(), last.slots_from(first, shift) + 1);
        let number = rank(self.indexes.len());
        self.indexes.push(Index { first, shift, slots_at, slots, rank: rank(from), rank_after: rank(to) });
        self.slots.resize(slots_at + slots + 1, rank(to));
        let mut begin = from;
        for slot in 0..slots {
            let count = self.keys[begin..to].partition_point(|key| key.slots_from(first, shift) <= slot);
            let splits = count > SLOT_KEYS_MAX && levels_left > 0 && self.keys[begin] != self.keys[begin + count - 1];
            self.slots[slots_at + slot] =
                if splits { NESTED | self.add_index(begin, begin + count, levels_left - 1) } else { rank(begin) };
            begin += count;
        }
        number
    }

    /// How many keys are at or below `value`.
    #[inline]
    pub(super) fn rank(&self, value: K) -> usize {
        let Some(mut index) = self.indexes.first() else { return 0 };
        loop {
            if value < index.first {
                return index.rank as usize;
            }
            let slot = value.slots_from(index.first, index.shift);
            if slot >= index.slots {
                return index.rank_after as usize;
            }
            let begin = self.slots[index.slots_at + slot];
            if begin & NESTED != 0 {
                index = &self.indexes[(begin & !NESTED) as usize];
                continue;
            }
            let next = self.slots[index.slots_at + slot + 1];
            let end = if next & NESTED == 0 { next } else { self.indexes[(next & !NESTED) as usize].rank };
            let (begin, end) = (begin as usize, end as usize);
            return begin + self.keys[begin..end].partition_point(|key| *key <= value);
        }
    }

    /// The key at a place in ascending order.
    pub(super) fn key(&self, at: usize) -> Option<K> {
        self.keys.get(at).copied()
    }

    /// Memory it holds.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.keys.as_slice()) + size_of_val(self.indexes.as_slice()) + size_of_val(self.slots.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(mut keys: Vec<u64>, probes: &[u64]) {
        keys.sort_unstable();
        let ranks = Ranks::new(keys.clone());
        let near = keys.iter().flat_map(|key| [key.saturating_sub(1), *key, key.saturating_add(1)]);
        for probe in near.chain(probes.iter().copied()).chain([0, u64::MAX]) {
            assert_eq!(ranks.rank(probe), keys.partition_point(|key| *key <= probe), "{probe}");
        }
        // Far less than the keys themselves, however they lie.
        assert!(ranks.bytes() <= 200 + keys.len() * 2 * size_of::<u64>(), "{} bytes", ranks.bytes());
    }

    proptest! {
        #[test]
        fn a_rank_is_a_count(
            wide in prop::collection::vec(any::<u64>(), 0..300),
            close in prop::collection::vec(0_u64..2000, 0..1500),
            base in any::<u64>(),
            probes in prop::collection::vec(any::<u64>(), 32),
        ) {
            check(close.iter().map(|key| base.saturating_add(*key)).chain(wide).collect(), &probes);
        }
    }

    #[test]
    fn keys_in_ever_smaller_heaps_are_found() {
        let heaps = (0..60).flat_map(|bit| (0..100).map(move |at| (1_u64 << bit) + at));
        check(heaps.collect(), &[]);
        check(vec![7; 5000], &[6, 7, 8]);
        check((0..5000).map(|at| u64::MAX - at % 50).collect(), &[]);
        assert_eq!(Ranks::<u32>::new(Vec::new()).rank(u32::MAX), 0);
        assert_eq!(Ranks::new(vec![0_u32, u32::MAX]).rank(u32::MAX), 2);
    }
}
