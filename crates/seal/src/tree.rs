//! The tree: its root and proofs, from stored hashes. Source: RFC 6962, section 2.1.
//!
//! Of a tree, the hashes of whole subtrees of 256^n leaves are stored, level by level. All others follow from them.

use std::ops::Range;

use crate::hash::Hash;

/// Leaves of a stored subtree one level up, as a power of two.
const BITS_A_LEVEL: u32 = 8;

/// Where stored hashes come from.
pub trait Hashes {
    /// What can go wrong.
    type Error;

    /// Hashes `range` of a level: level 0 holds leaves, each above it the roots of 256 neighbours of the level below.
    ///
    /// # Errors
    ///
    /// If they cannot be read, or are not there.
    fn read(&self, level: u32, range: Range<u64>) -> Result<Vec<Hash>, Self::Error>;
}

impl<H: Hashes + ?Sized> Hashes for &H {
    type Error = H::Error;

    fn read(&self, level: u32, range: Range<u64>) -> Result<Vec<Hash>, Self::Error> {
        (**self).read(level, range)
    }
}

/// The root of hashes of equal subtrees, of which the last may stand for a smaller one.
pub fn fold(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => Hash::of_nothing(),
        [one] => *one,
        _ => {
            let (left, right) = hashes.split_at(hashes.len().next_power_of_two() / 2);
            Hash::of_node(fold(left), fold(right))
        }
    }
}

/// The root of the tree over the first `size` leaves.
///
/// # Errors
///
/// If hashes cannot be read.
pub fn root<H: Hashes>(hashes: &H, size: u64) -> Result<Hash, H::Error> {
    subtree(hashes, 0..size)
}

/// The root over some leaves: a subtree of the tree as it is split.
fn subtree<H: Hashes>(hashes: &H, leaves: Range<u64>) -> Result<Hash, H::Error> {
    let count = leaves.end - leaves.start;
    if count == 0 {
        return Ok(Hash::of_nothing());
    }
    // The last, unfinished subtree of each level completes the level above it.
    let mut unfinished = None;
    let mut level = 0;
    loop {
        let shift = BITS_A_LEVEL * level;
        let (first, end) = (leaves.start >> shift, leaves.end >> shift);
        let is_last = (end - first) <= 1 << BITS_A_LEVEL || shift + BITS_A_LEVEL >= u64::BITS;
        let from = if is_last { first } else { end >> BITS_A_LEVEL << BITS_A_LEVEL };
        let mut row = if from < end { hashes.read(level, from..end)? } else { Vec::new() };
        row.extend(unfinished.take());
        if is_last {
            return Ok(fold(&row));
        }
        if !row.is_empty() {
            unfinished = Some(fold(&row));
        }
        level += 1;
    }
}

/// Where the tree over these leaves is split: as much as possible, but not all, that is a power of two.
fn split(leaves: &Range<u64>) -> u64 {
    leaves.start + (leaves.end - leaves.start).next_power_of_two() / 2
}

/// Proof that leaf `index` is in the tree over the first `size` leaves: the hashes beside the way up, from the leaf on.
///
/// # Errors
///
/// If hashes cannot be read.
///
/// # Panics
///
/// If there is no such leaf.
pub fn inclusion_proof<H: Hashes>(hashes: &H, index: u64, size: u64) -> Result<Vec<Hash>, H::Error> {
    assert!(index < size, "leaf {index} is not among {size}");
    let mut proof = Vec::new();
    let mut leaves = 0..size;
    while leaves.end - leaves.start > 1 {
        let middle = split(&leaves);
        let (way, beside) = if index < middle {
            (leaves.start..middle, middle..leaves.end)
        } else {
            (middle..leaves.end, leaves.start..middle)
        };
        proof.push(subtree(hashes, beside)?);
        leaves = way;
    }
    proof.reverse();
    Ok(proof)
}

/// Proof that the tree over the first `before` leaves is the beginning of the one over the first `size`.
///
/// # Errors
///
/// If hashes cannot be read.
///
/// # Panics
///
/// If `before` is more than `size`.
pub fn consistency_proof<H: Hashes>(hashes: &H, before: u64, size: u64) -> Result<Vec<Hash>, H::Error> {
    assert!(before <= size, "a tree of {before} leaves is no beginning of one of {size}");
    let mut proof = Vec::new();
    if before == 0 || before == size {
        return Ok(proof);
    }
    let (mut leaves, mut is_whole) = (0..size, true);
    while leaves.end != before {
        let middle = split(&leaves);
        if before <= middle {
            proof.push(subtree(hashes, middle..leaves.end)?);
            leaves = leaves.start..middle;
        } else {
            proof.push(subtree(hashes, leaves.start..middle)?);
            leaves = middle..leaves.end;
            is_whole = false;
        }
    }
    if !is_whole {
        proof.push(subtree(hashes, leaves)?);
    }
    proof.reverse();
    Ok(proof)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::convert::Infallible;

    use super::*;

    /// All levels over some leaves.
    pub(crate) struct Levels(Vec<Vec<Hash>>);

    impl Levels {
        pub(crate) fn over(leaves: Vec<Hash>) -> Self {
            let mut levels = vec![leaves];
            while levels[levels.len() - 1].len() >= 256 {
                let above = levels[levels.len() - 1].chunks_exact(256).map(fold).collect();
                levels.push(above);
            }
            Self(levels)
        }
    }

    impl Hashes for Levels {
        type Error = Infallible;

        fn read(&self, level: u32, range: Range<u64>) -> Result<Vec<Hash>, Infallible> {
            let (start, end) = (usize::try_from(range.start).unwrap(), usize::try_from(range.end).unwrap());
            Ok(self.0[level as usize][start..end].to_vec())
        }
    }

    pub(crate) fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|at| Hash::of_leaf(&at.to_be_bytes())).collect()
    }

    /// The definition of RFC 6962, word by word.
    fn defined(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of_nothing(),
            [one] => *one,
            _ => {
                let mut middle = 1;
                while middle * 2 < leaves.len() {
                    middle *= 2;
                }
                Hash::of_node(defined(&leaves[..middle]), defined(&leaves[middle..]))
            }
        }
    }

    #[test]
    fn roots_are_those_of_the_definition() {
        let all = leaves(70_000);
        let levels = Levels::over(all.clone());
        for size in (0..600).chain([1023, 1024, 1025, 65_535, 65_536, 65_537, 65_792, 69_999, 70_000]) {
            let of = &all[..usize::try_from(size).unwrap()];
            assert_eq!(root(&levels, size), Ok(defined(of)), "{size}");
        }
    }

    #[test]
    fn roots_of_the_standards_test_data() {
        // Leaves and roots of the reference implementation of RFC 6962 (certificate-transparency, merkle_tree_test.cc).
        let entries: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let levels = Levels::over(entries.iter().map(|entry| Hash::of_leaf(entry)).collect());
        let hex = |size| root(&levels, size).unwrap().0.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(hex(1), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        assert_eq!(hex(2), "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
        assert_eq!(hex(8), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    }
}
