//! Proofs held against roots. Source: RFC 9162, sections 2.1.3.2 and 2.1.4.2.

use crate::hash::Hash;

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It speaks of a leaf or a size that the tree does not have.
    #[error("the proof is about a place that the tree does not have")]
    OutOfRange,
    /// It has too few or too many hashes.
    #[error("the proof has a wrong number of hashes")]
    WrongLength,
    /// It leads to another root.
    #[error("the proof leads to another root")]
    OtherRoot,
}

/// Checks that the leaf with this hash is the one at `index` in the tree of `size` leaves with this root.
///
/// # Errors
///
/// If it is not shown to be.
pub fn verify_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash], root: Hash) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange);
    }
    let (mut place, mut last) = (index, size - 1);
    let mut hash = leaf;
    for beside in proof {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        if place & 1 == 1 || place == last {
            hash = Hash::of_node(*beside, hash);
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            hash = Hash::of_node(hash, *beside);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    match (last, hash == root) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::OtherRoot),
        _ => Err(ProofError::WrongLength),
    }
}

/// Checks that the tree of `before` leaves is the beginning of the one of `size` leaves.
///
/// # Errors
///
/// If it is not shown to be.
pub fn verify_consistency(
    (before, root_before): (u64, Hash),
    (size, root): (u64, Hash),
    proof: &[Hash],
) -> Result<(), ProofError> {
    if before > size {
        return Err(ProofError::OutOfRange);
    }
    if before == size || before == 0 {
        let is_beginning = if before == 0 { root_before == Hash::of_nothing() } else { root_before == root };
        return match (proof, is_beginning) {
            ([], true) => Ok(()),
            ([], false) => Err(ProofError::OtherRoot),
            _ => Err(ProofError::WrongLength),
        };
    }
    // A tree that is a whole subtree of the other is its own first hash.
    let (first, rest) = if before.is_power_of_two() {
        (Some(&root_before), proof)
    } else {
        (proof.first(), proof.get(1..).unwrap_or_default())
    };
    let Some(&first) = first else { return Err(ProofError::WrongLength) };
    let (mut place, mut last) = (before - 1, size - 1);
    while place & 1 == 1 {
        (place, last) = (place >> 1, last >> 1);
    }
    let (mut hash_before, mut hash) = (first, first);
    for beside in rest {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        if place & 1 == 1 || place == last {
            hash_before = Hash::of_node(*beside, hash_before);
            hash = Hash::of_node(*beside, hash);
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            hash = Hash::of_node(hash, *beside);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    match (last, hash_before == root_before && hash == root) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::OtherRoot),
        _ => Err(ProofError::WrongLength),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tree::tests::{Levels, leaves};
    use crate::tree::{consistency_proof, inclusion_proof, root};

    const LEAVES: u64 = 1_000;

    proptest! {
        #[test]
        fn what_is_there_is_proved_and_nothing_else(index in 0..LEAVES, size in 1..=LEAVES, other in 0..LEAVES, flip in 0_usize..40) {
            let index = index % size;
            let all = leaves(LEAVES);
            let levels = Levels::over(all.clone());
            let proof = inclusion_proof(&levels, index, size).unwrap();
            let root = root(&levels, size).unwrap();
            let at = |index: u64| all[usize::try_from(index).unwrap()];
            prop_assert_eq!(verify_inclusion(at(index), index, size, &proof, root), Ok(()));
            if other != index {
                prop_assert!(verify_inclusion(at(other), index, size, &proof, root).is_err());
                prop_assert!(verify_inclusion(at(index), other, size, &proof, root).is_err());
            }
            let mut longer = proof.clone();
            longer.push(root);
            prop_assert!(verify_inclusion(at(index), index, size, &longer, root).is_err());
            if let Some((_, shorter)) = proof.split_last() {
                prop_assert!(verify_inclusion(at(index), index, size, shorter, root).is_err());
                let mut changed = proof.clone();
                let place = flip % changed.len();
                changed[place].0[flip % 32] ^= 1;
                prop_assert!(verify_inclusion(at(index), index, size, &changed, root).is_err());
            }
        }

        #[test]
        fn a_beginning_is_proved_and_no_other_tree(before in 0..=LEAVES, size in 0..=LEAVES, changed in 0..LEAVES) {
            prop_assume!(before <= size);
            let levels = Levels::over(leaves(LEAVES));
            let proof = consistency_proof(&levels, before, size).unwrap();
            let roots = (root(&levels, before).unwrap(), root(&levels, size).unwrap());
            prop_assert_eq!(verify_consistency((before, roots.0), (size, roots.1), &proof), Ok(()));
            if changed < before {
                let mut others = leaves(LEAVES);
                others[usize::try_from(changed).unwrap()] = Hash::of_leaf(b"changed");
                let others = Levels::over(others);
                let proof = consistency_proof(&others, before, size).unwrap();
                let other = root(&others, size).unwrap();
                prop_assert!(verify_consistency((before, roots.0), (size, other), &proof).is_err());
            }
            let mut longer = proof.clone();
            longer.push(roots.0);
            prop_assert!(verify_consistency((before, roots.0), (size, roots.1), &longer).is_err());
        }
    }
}
