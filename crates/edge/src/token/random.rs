//! Random numbers: for what must not be guessed from the system, for noise in pictures from a small generator.

use ring::rand::{SecureRandom as _, SystemRandom};

/// The system gives no random numbers: nothing can be asked or proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers")]
pub(super) struct NoRandom;

/// Bytes that cannot be guessed.
pub(super) fn bytes<const N: usize>() -> Result<[u8; N], NoRandom> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandom)?;
    Ok(bytes)
}

/// Choices drawn from bytes that cannot be guessed.
pub(super) struct Dice {
    bytes: [u8; 64],
    at: usize,
}

impl Dice {
    pub(super) fn new() -> Result<Self, NoRandom> {
        Ok(Self { bytes: bytes()?, at: 0 })
    }

    /// One of `sides`, each as likely as the others to within a part in ten million. `sides` is at least one.
    pub(super) fn roll(&mut self, sides: usize) -> Result<usize, NoRandom> {
        if self.at + 4 > self.bytes.len() {
            *self = Self::new()?;
        }
        let word: [u8; 4] = std::array::from_fn(|index| self.bytes[self.at + index]);
        self.at += 4;
        let scaled = u64::from(u32::from_be_bytes(word)) * sides as u64;
        Ok(usize::try_from(scaled >> 32).expect("less than the sides"))
    }
}

/// A small generator (SplitMix64) for noise, which need not be secret.
pub(super) struct Noise(u64);

impl Noise {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        let unit = (self.next() >> 40) as f32 / (1_u32 << 24) as f32;
        low + (high - low) * unit
    }
}
