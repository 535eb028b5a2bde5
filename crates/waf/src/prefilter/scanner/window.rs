//! Windows: the last two, three or four places of a text as a number.
//!
//! Two places have a number each; three and four are hashed.

use super::class::CLASS_BITS;

const PAIRS_BITS: u32 = 2 * CLASS_BITS;
const TRIPLES_BITS: u32 = 17;
const QUADS_BITS: u32 = 17;

/// How many numbers there are.
pub(super) const NUMBERS: usize = (1 << PAIRS_BITS) + (1 << TRIPLES_BITS) + (1 << QUADS_BITS);
/// The most places a window has.
pub(super) const PLACES_MAX: usize = 4;
/// The least.
pub(super) const PLACES_MIN: usize = 2;

/// The windows that end at a place: the classes of the last four places, the last in the lowest bits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Windows(u32);

impl Windows {
    /// The windows that end with the next place.
    pub(super) fn next(self, class: u8) -> Self {
        // Four classes take 28 bits.
        Self((self.0 << CLASS_BITS | u32::from(class)) & ((1 << (4 * CLASS_BITS)) - 1))
    }

    /// Their numbers: of two, three and four places.
    pub(super) fn numbers(self) -> [usize; 3] {
        let pair = self.0 & ((1 << PAIRS_BITS) - 1);
        let triple = self.0 & ((1 << (3 * CLASS_BITS)) - 1);
        let triples = 1 << PAIRS_BITS;
        let quads = triples + (1 << TRIPLES_BITS);
        [pair as usize, triples + hash(triple, TRIPLES_BITS), quads + hash(self.0, QUADS_BITS)]
    }

    /// The number of the window of so many places.
    pub(super) fn number(self, places: usize) -> usize {
        self.numbers()[places - PLACES_MIN]
    }
}

fn hash(classes: u32, bits: u32) -> usize {
    (classes.wrapping_mul(0x9e37_79b1) >> (u32::BITS - bits)) as usize
}
