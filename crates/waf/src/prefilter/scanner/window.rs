//! Windows: the last two, three or four places of a text as a number.
//!
//! Two places have a number each; three and four are hashed.

use super::class::{CLASS_BITS, class_of};

const PAIRS_BITS: u32 = 2 * CLASS_BITS;
/// The numbers of hashed windows take at least and at most so many bits: the most still fits the nearest caches.
const HASHED_BITS_MIN: u32 = 10;
const HASHED_BITS_MAX: u32 = 17;
/// For each gram there are about so many numbers.
const NUMBERS_PER_GRAM: usize = 16;

/// The most places a window has.
pub(super) const PLACES_MAX: usize = 4;
/// The least.
pub(super) const PLACES_MIN: usize = 2;

/// The windows that end at a place: the classes of the last four places, the last in the lowest bits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Windows(u32);

impl Windows {
    /// The windows that end with a text, at whose other end is its edge.
    pub(super) fn ending(text: &[u8]) -> Self {
        let last = &text[text.len().saturating_sub(PLACES_MAX)..];
        last.iter().fold(Self::default(), |windows, byte| windows.next(class_of(*byte)))
    }

    /// The windows that end with the next place.
    pub(super) fn next(self, class: u8) -> Self {
        // Four classes take 28 bits.
        Self((self.0 << CLASS_BITS | u32::from(class)) & ((1 << (4 * CLASS_BITS)) - 1))
    }
}

/// How windows are numbered.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Numbering {
    /// Bits of a hashed window's number.
    hashed_bits: u32,
}

impl Numbering {
    pub(super) fn for_grams(grams: usize) -> Self {
        let bits = (grams * NUMBERS_PER_GRAM).next_power_of_two().trailing_zeros();
        Self { hashed_bits: bits.clamp(HASHED_BITS_MIN, HASHED_BITS_MAX) }
    }

    /// How many numbers there are.
    pub(super) fn count(self) -> usize {
        (1 << PAIRS_BITS) + (2 << self.hashed_bits)
    }

    /// Which part of the hashed numbers one takes up: as often it is met by chance.
    pub(super) fn hashed_cost(self) -> f64 {
        1.0 / f64::from(1_u32 << self.hashed_bits)
    }

    /// The numbers of the windows of two, three and four places.
    pub(super) fn numbers(self, windows: Windows) -> [usize; 3] {
        let Windows(places) = windows;
        let pair = places & ((1 << PAIRS_BITS) - 1);
        let triple = places & ((1 << (3 * CLASS_BITS)) - 1);
        let triples = 1 << PAIRS_BITS;
        let quads = triples + (1 << self.hashed_bits);
        [pair as usize, triples + self.hash(triple), quads + self.hash(places)]
    }

    fn hash(self, classes: u32) -> usize {
        (classes.wrapping_mul(0x9e37_79b1) >> (u32::BITS - self.hashed_bits)) as usize
    }
}
