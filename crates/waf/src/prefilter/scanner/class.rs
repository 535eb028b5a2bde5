//! Bytes folded into 128 classes: letters without case, the rest of ASCII byte by byte, beyond ASCII eight bytes together.

use std::sync::LazyLock;

use super::ByteSet;
use crate::prefilter::frequency;

/// A class takes so many bits.
pub(super) const CLASS_BITS: u32 = 7;
/// How many classes there can be.
pub(super) const CLASSES_MAX: usize = 1 << CLASS_BITS;
/// Beyond a text's edge.
pub(super) const EDGE: u8 = 0;
/// Bytes beyond ASCII in one class.
const HIGH_BYTES: u8 = 8;

const CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0_usize;
    let mut next = EDGE + 1;
    while byte < 256 {
        let value = byte as u8;
        classes[byte] = match value {
            b'a'..=b'z' => classes[value.to_ascii_uppercase() as usize],
            0x81.. if !value.is_multiple_of(HIGH_BYTES) => classes[byte - 1],
            _ => {
                next += 1;
                next - 1
            }
        };
        byte += 1;
    }
    assert!(next as usize <= CLASSES_MAX);
    classes
}

/// By byte: its class as a bit.
const CLASS_BITS_OF: [u128; 256] = {
    let mut bits = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        bits[byte] = 1 << CLASSES[byte];
        byte += 1;
    }
    bits
};

pub(super) fn class_of(byte: u8) -> u8 {
    CLASSES[usize::from(byte)]
}

/// Which classes of bytes a text has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Present(u128);

impl Present {
    /// Every class, and none.
    pub(crate) const ANY: Self = Self(u128::MAX);

    /// The classes of a set.
    pub(crate) fn of(set: &ByteSet) -> Self {
        let mut present = Self::default();
        set.bytes().for_each(|byte| present.add(class_of(byte)));
        present
    }

    /// The classes of a text's bytes.
    pub(crate) fn in_text(text: &[u8]) -> Self {
        Self(text.iter().fold(0, |classes, byte| classes | CLASS_BITS_OF[usize::from(*byte)]))
    }

    pub(crate) fn is_any(self) -> bool {
        self == Self::ANY
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn add(&mut self, class: u8) {
        self.0 |= 1 << class;
    }

    pub(crate) fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// The classes of what may stand at a place, one bit each.
pub(super) fn mask(place: &ByteSet) -> u128 {
    Present::of(place).0 | if place.admits_edge() { 1 << EDGE } else { 0 }
}

/// The classes of a mask.
pub(super) fn ones(mut mask: u128) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let class = mask.trailing_zeros();
        mask &= mask.checked_sub(1)?;
        Some(class)
    })
}

/// How often one of these classes stands at a place of an honest value.
pub(super) fn share(mask: u128) -> f64 {
    ones(mask).map(|class| SHARES[class as usize]).sum::<f64>().min(1.0)
}

/// How often one of these classes stands at a place of a value of any bytes.
pub(super) fn share_of_any(mask: u128) -> f64 {
    ones(mask).map(|class| f64::from(BYTES_OF[class as usize])).sum::<f64>() / 256.0
}

static SHARES: LazyLock<[f64; CLASSES_MAX]> = LazyLock::new(|| {
    let mut shares = [0.0; CLASSES_MAX];
    (0..=u8::MAX).for_each(|byte| shares[usize::from(class_of(byte))] += frequency::share(&ByteSet::of(&[byte])));
    shares[usize::from(EDGE)] = frequency::share(&ByteSet::EDGE);
    shares
});

/// By class: how many bytes are in it.
const BYTES_OF: [u8; CLASSES_MAX] = {
    let mut bytes = [0; CLASSES_MAX];
    let mut byte = 0;
    while byte < 256 {
        bytes[CLASSES[byte] as usize] += 1;
        byte += 1;
    }
    bytes
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_fold_case_and_tell_the_rest_of_ascii_apart() {
        assert_eq!(class_of(b'a'), class_of(b'A'));
        let others: std::collections::HashSet<u8> =
            (0..=127_u8).filter(|byte| !byte.is_ascii_alphabetic()).map(class_of).collect();
        assert_eq!(others.len(), 128 - 52);
        assert!((0..=u8::MAX).all(|byte| class_of(byte) != EDGE && usize::from(class_of(byte)) < CLASSES_MAX));
        assert!(!others.contains(&class_of(b'k')) && !others.contains(&class_of(0xe9)));
    }
}
