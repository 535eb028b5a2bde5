//! How many of many sorted keys are at or below a value, in a few cache lines.
//!
//! The keys stand in blocks of one cache line. Over them lie layers that each hold the first key of every block of the
//! layer below, until one block is left. A search reads one block a layer and counts, without a branch that depends on
//! the keys; its cost depends on the number of keys only, not on how they are spread.

/// A number that can be searched for.
pub(super) trait Key: Copy + Ord {
    /// The largest: fills what is left of a last block.
    const MAX: Self;
}

impl Key for u32 {
    const MAX: Self = Self::MAX;
}

impl Key for u64 {
    const MAX: Self = Self::MAX;
}

/// Keys that are read together: `N` of them should fill 64 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(align(64))]
struct Block<K, const N: usize>([K; N]);

/// Sorted keys with the layers over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ranks<K, const N: usize> {
    /// From one block to all keys.
    layers: Vec<Layer<K, N>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Layer<K, const N: usize> {
    blocks: Vec<Block<K, N>>,
    /// How many keys it has, without those that fill the last block.
    keys: usize,
}

impl<K: Key, const N: usize> Ranks<K, N> {
    /// Takes keys in ascending order; they may repeat.
    pub(super) fn new(keys: &[K]) -> Self {
        let mut layers = Vec::new();
        let mut layer = Layer::new(keys);
        while layer.blocks.len() > 1 {
            let firsts: Vec<K> = layer.blocks.iter().map(|block| block.0[0]).collect();
            layers.push(layer);
            layer = Layer::new(&firsts);
        }
        if !keys.is_empty() {
            layers.push(layer);
        }
        layers.reverse();
        Self { layers }
    }

    /// How many keys are at or below `value`.
    #[inline]
    pub(super) fn rank(&self, value: K) -> usize {
        let mut block = 0;
        let mut rank = 0;
        for layer in &self.layers {
            let below: usize = layer.blocks[block].0.iter().map(|key| usize::from(*key <= value)).sum();
            rank = (block * N + below).min(layer.keys);
            block = rank.saturating_sub(1);
        }
        rank
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.keys)
    }

    /// The key at a place in ascending order.
    #[inline]
    pub(super) fn key(&self, at: usize) -> Option<K> {
        let blocks = &self.layers.last()?.blocks;
        Some(blocks.get(at / N)?.0[at % N])
    }
}

impl<K: Key, const N: usize> Layer<K, N> {
    fn new(keys: &[K]) -> Self {
        let blocks = keys.chunks(N).map(|chunk| {
            let mut block = [K::MAX; N];
            block[..chunk.len()].copy_from_slice(chunk);
            Block(block)
        });
        Self { blocks: blocks.collect(), keys: keys.len() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_rank_is_a_count(mut keys in prop::collection::vec(0_u32..5000, 0..3000), probes in prop::collection::vec(0_u32..5001, 64)) {
            keys.sort_unstable();
            let ranks = Ranks::<u32, 16>::new(&keys);
            for probe in probes {
                prop_assert_eq!(ranks.rank(probe), keys.iter().filter(|key| **key <= probe).count());
            }
        }
    }

    #[test]
    fn what_fills_a_block_is_no_key() {
        let keys: Vec<u64> = (0..100).chain([u64::MAX]).collect();
        let ranks = Ranks::<u64, 8>::new(&keys);
        assert_eq!((ranks.rank(u64::MAX), ranks.rank(u64::MAX - 1), ranks.len()), (101, 100, 101));
        assert_eq!(Ranks::<u64, 8>::new(&[]).rank(u64::MAX), 0);
        assert_eq!((ranks.key(100), ranks.key(99)), (Some(u64::MAX), Some(99)));
    }
}
