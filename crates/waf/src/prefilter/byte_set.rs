//! What may stand at one place of a text: a set of bytes, and whether the place may be beyond the text's edge.

/// A set of bytes and the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct ByteSet {
    bits: [u64; 4],
    edge: bool,
}

impl ByteSet {
    pub(crate) const EMPTY: Self = Self { bits: [0; 4], edge: false };
    /// All bytes, and the edge.
    pub(crate) const ANY: Self = Self { bits: [u64::MAX; 4], edge: true };
    /// The edge alone.
    pub(crate) const EDGE: Self = Self { bits: [0; 4], edge: true };

    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut set = Self::EMPTY;
        bytes.iter().for_each(|&byte| set.insert(byte));
        set
    }

    pub(crate) fn range(first: u8, last: u8) -> Self {
        let mut set = Self::EMPTY;
        (first..=last).for_each(|byte| set.insert(byte));
        set
    }

    pub(crate) fn insert(&mut self, byte: u8) {
        self.bits[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    pub(crate) fn contains(&self, byte: u8) -> bool {
        self.bits[usize::from(byte >> 6)] >> (byte & 63) & 1 != 0
    }

    /// Whether what stands at a place, `None` beyond the edge, is in the set.
    pub(crate) fn admits(&self, byte: Option<&u8>) -> bool {
        byte.map_or(self.edge, |byte| self.contains(*byte))
    }

    pub(crate) fn admits_edge(&self) -> bool {
        self.edge
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        Self { bits: std::array::from_fn(|at| self.bits[at] | other.bits[at]), edge: self.edge | other.edge }
    }

    pub(crate) fn intersection(&self, other: &Self) -> Self {
        Self { bits: std::array::from_fn(|at| self.bits[at] & other.bits[at]), edge: self.edge & other.edge }
    }

    pub(crate) fn minus(&self, other: &Self) -> Self {
        Self { bits: std::array::from_fn(|at| self.bits[at] & !other.bits[at]), edge: self.edge & !other.edge }
    }

    pub(crate) fn intersects(&self, other: &Self) -> bool {
        self.bits.iter().zip(&other.bits).any(|(one, two)| one & two != 0) || self.edge & other.edge
    }

    pub(crate) fn is_subset(&self, other: &Self) -> bool {
        self.minus(other).is_empty()
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::EMPTY
    }

    /// How many bytes.
    pub(crate) fn len(&self) -> u32 {
        self.bits.iter().map(|bits| bits.count_ones()).sum()
    }

    /// The bytes as bits, the lowest first.
    pub(crate) fn words(&self) -> [u64; 4] {
        self.bits
    }

    pub(crate) fn bytes(&self) -> impl Iterator<Item = u8> + use<> {
        let mut bits = self.bits;
        let mut word = 0;
        std::iter::from_fn(move || {
            while word < bits.len() {
                if bits[word] != 0 {
                    let bit = bits[word].trailing_zeros() as u8;
                    bits[word] &= bits[word] - 1;
                    return Some(word as u8 * 64 + bit);
                }
                word += 1;
            }
            None
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_bytes_and_the_edge() {
        let set = ByteSet::of(b"ab\xff").union(&ByteSet::EDGE);
        assert!(set.admits(Some(&b'a')) && set.admits(Some(&0xff)) && set.admits(None));
        assert!(!set.admits(Some(&b'c')) && !ByteSet::of(b"a").admits(None));
        assert_eq!(set.len(), 3);
        assert!(set.minus(&ByteSet::of(b"a")).is_subset(&set) && !set.is_subset(&ByteSet::of(b"ab")));
        assert!(set.intersects(&ByteSet::range(b'a', b'a')) && !set.intersects(&ByteSet::of(b"z")));
        assert!(set.minus(&ByteSet::ANY).is_empty());
        assert_eq!(ByteSet::range(b'a', b'c').bytes().collect::<Vec<_>>(), b"abc");
    }
}
