//! A gram: what stands at neighbouring places of a text, one set of bytes a place.
//!
//! Its core is what a match itself takes up; on either side one more place of context may be known. Clauses of a sequence
//! occur one after the other, and [`Gram`] is built so that a scanner which meets them in the order of their windows never
//! meets a later one first: a window never begins with more context than core, and ends at most one place beyond the core.

use super::byte_set::ByteSet;
use super::frequency;

/// Places that a gram keeps: more say little, and each costs time where a gram almost matches.
pub(super) const PLACES_MAX: usize = 12;

/// Neighbouring places.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Gram {
    /// Never empty.
    pub(super) places: Vec<ByteSet>,
    /// Whether the first place is context.
    pub(super) left_context: bool,
    /// Whether the last place is context.
    pub(super) right_context: bool,
}

impl Gram {
    /// A gram of a core, which is not empty, and what is known of the places around it.
    pub(super) fn new(core: &[ByteSet], left: ByteSet, right: ByteSet) -> Self {
        let mut gram = Self { places: core.to_vec(), left_context: false, right_context: false };
        if left != ByteSet::ANY {
            gram.places.insert(0, left);
            gram.left_context = true;
        }
        if right != ByteSet::ANY {
            gram.places.push(right);
            gram.right_context = true;
        }
        gram.shorten();
        gram
    }

    /// A gram of these bytes, which are not none, between what stands around them.
    pub(crate) fn literal(bytes: &[u8], left: ByteSet, right: ByteSet) -> Self {
        let core: Vec<ByteSet> = bytes.iter().map(|byte| ByteSet::of(&[*byte])).collect();
        Self::new(&core, left, right)
    }

    /// A gram of one place.
    pub(crate) fn place(bytes: ByteSet) -> Self {
        Self::new(&[bytes], ByteSet::ANY, ByteSet::ANY)
    }

    /// A gram of bytes in any ASCII case.
    pub(crate) fn folded(bytes: &[u8]) -> Self {
        let place = |byte: &u8| ByteSet::of(&[byte.to_ascii_lowercase(), byte.to_ascii_uppercase()]);
        let core: Vec<ByteSet> = bytes.iter().map(place).collect();
        Self::new(&core, ByteSet::ANY, ByteSet::ANY)
    }

    /// Keeps the rarest neighbouring places.
    fn shorten(&mut self) {
        if self.places.len() <= PLACES_MAX {
            return;
        }
        let rarities: Vec<f64> = self.places.iter().map(rarity).collect();
        let score = |at: usize| -> f64 { rarities[at..at + PLACES_MAX].iter().sum() };
        let starts = 0..=self.places.len() - PLACES_MAX;
        let best = starts.max_by(|one, two| score(*one).total_cmp(&score(*two))).expect("there is at least one start");
        self.left_context &= best == 0;
        self.right_context &= best + PLACES_MAX == self.places.len();
        self.places = self.places[best..best + PLACES_MAX].to_vec();
    }

    /// The places of the core.
    pub(super) fn core(&self) -> std::ops::Range<usize> {
        usize::from(self.left_context)..self.places.len() - usize::from(self.right_context)
    }

    /// How often it is met at a place of an honest value, from 0 to 1.
    pub(super) fn share(&self) -> f64 {
        self.places.iter().map(frequency::share).product::<f64>().max(1e-12)
    }

    /// Whether it says something of at least two places.
    pub(super) fn is_telling(&self) -> bool {
        self.places.iter().filter(|place| place.len() < 200).count() >= 2
    }

    /// The set of its rarest place in the core.
    pub(super) fn rarest(&self) -> ByteSet {
        let core = &self.places[self.core()];
        *core.iter().min_by(|one, two| frequency::share(one).total_cmp(&frequency::share(two))).expect("never empty")
    }
}

fn rarity(place: &ByteSet) -> f64 {
    -frequency::share(place).max(1e-6).ln()
}
