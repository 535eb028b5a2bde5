//! Sets of bytes.

/// A set of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ByteSet([u64; 4]);

impl ByteSet {
    pub(super) const EMPTY: Self = Self([0; 4]);
    pub(super) const ALL: Self = Self([u64::MAX; 4]);

    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut set = Self::EMPTY;
        for &byte in bytes {
            set.insert(byte);
        }
        set
    }

    pub(super) fn range(first: u8, last: u8) -> Self {
        let mut set = Self::EMPTY;
        for byte in first..=last {
            set.insert(byte);
        }
        set
    }

    pub(super) fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] | other.0[at]))
    }

    pub(super) fn not(self) -> Self {
        Self(self.0.map(|word| !word))
    }

    pub(super) fn is_disjoint(self, other: Self) -> bool {
        self.0.iter().zip(other.0).all(|(left, right)| left & right == 0)
    }

    /// With the other case of each ASCII letter.
    pub(super) fn folded(self) -> Self {
        /// `A` to `Z` in the second word; the lower case of each is 32 further on.
        const UPPER: u64 = 0x07ff_fffe;
        let [first, letters, third, fourth] = self.0;
        let folded = letters | (letters & UPPER) << 32 | letters >> 32 & UPPER;
        Self([first, folded, third, fourth])
    }

    /// Its runs of bytes that follow one another, in ascending order.
    pub(super) fn ranges(self) -> Vec<(u8, u8)> {
        let mut ranges: Vec<(u8, u8)> = Vec::new();
        for (word, base) in self.0.into_iter().zip([0_u8, 64, 128, 192]) {
            let mut left = word;
            while left != 0 {
                let start = left.trailing_zeros();
                let length = (!(left >> start)).trailing_zeros().min(64 - start);
                left &= u64::MAX.checked_shl(start + length).unwrap_or(0);
                let bit = |at: u32| base + u8::try_from(at).expect("a word has 64 bits");
                let (first, last) = (bit(start), bit(start + length - 1));
                match ranges.last_mut() {
                    Some((_, end)) if end.checked_add(1) == Some(first) => *end = last,
                    _ => ranges.push((first, last)),
                }
            }
        }
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_runs_of_members() {
        let set = ByteSet::range(b'a', b'c').or(ByteSet::of(b"xz\xff\0"));
        assert_eq!(set.ranges(), [(0, 0), (b'a', b'c'), (b'x', b'x'), (b'z', b'z'), (0xff, 0xff)]);
        assert_eq!(set.not().not(), set);
        assert!(set.is_disjoint(set.not()) && !set.is_disjoint(ByteSet::ALL));
        assert_eq!(ByteSet::of(b"aZ1@[`{").folded(), ByteSet::of(b"aAzZ1@[`{"));
        assert_eq!(ByteSet::ALL.ranges(), [(0, 0xff)]);
        assert_eq!(ByteSet::range(60, 200).ranges(), [(60, 200)]);
        assert_eq!(ByteSet::EMPTY.ranges(), []);
    }
}
