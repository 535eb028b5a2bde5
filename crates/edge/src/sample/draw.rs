//! Chance, cheap enough for every request: numbers that a client cannot foresee and that need no state.

use std::hash::{BuildHasher, RandomState};

/// Draws numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draw {
    seed: u64,
}

impl Draw {
    /// Other numbers than any other run.
    pub(crate) fn new() -> Self {
        Self { seed: RandomState::new().hash_one("samples") }
    }

    /// A number that depends on `of` alone, as good as random.
    ///
    /// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014), the mixing of SplitMix64.
    pub(crate) fn number(self, of: u64) -> u64 {
        let mut mixed = (self.seed ^ of).wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, each as likely as any other but for one in 2⁶⁴ / `bound`.
    pub(crate) fn below(self, of: u64, bound: u64) -> u64 {
        ((u128::from(self.number(of)) * u128::from(bound)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_even() {
        let draw = Draw { seed: 7 };
        let mut counts = [0_u32; 10];
        for of in 0..100_000 {
            counts[draw.below(of, 10) as usize] += 1;
        }
        assert!(counts.iter().all(|&count| (9_500..10_500).contains(&count)), "{counts:?}");
    }
}
