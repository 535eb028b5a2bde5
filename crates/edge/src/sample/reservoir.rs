//! The samples under one name: a reservoir for each quarter of an hour, as long as samples are kept.
//!
//! Counting is one compare-and-swap. A request that is drawn is written by its worker and put in under a lock that is only
//! tried: if a reader or another worker holds it, the sample is passed by, and the weights of the others tell of it.
//!
//! Source: Vitter, "Random sampling with a reservoir" (1985), algorithm R.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use sekisho_model::Timestamp;

use super::draw::Draw;

/// How long samples are kept, in milliseconds: three hours, as AWS does.
pub(crate) const KEPT_MS: u64 = 3 * 60 * 60 * 1000;
/// Length of a slot, in milliseconds.
const SLOT_MS: u64 = 15 * 60 * 1000;
/// Slots: those of the time that samples are kept, and the one that is only begun.
const SLOTS: usize = (KEPT_MS / SLOT_MS) as usize + 1;
/// Samples in a slot: as many as one answer may hold, even if all requests came in one.
const SLOT_SAMPLES_MAX: u64 = 500;
/// Bits of a slot's count; the others say which quarter of an hour it counts.
const COUNT_BITS: u32 = 40;

/// One request, as it was written: a JSON object without its last brace.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) at: Timestamp,
    pub(crate) json: Box<[u8]>,
}

impl Sample {
    fn bytes(&self) -> usize {
        self.json.len() + size_of::<Self>()
    }
}

/// What one slot gives for a time window.
#[derive(Debug, Clone)]
pub(crate) struct SlotSamples {
    /// The samples of the window.
    pub(crate) samples: Vec<Sample>,
    /// How many requests they were drawn from. Estimated where the window cuts a slot.
    pub(crate) population: u64,
}

/// A place in a reservoir that a request was drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Drawn {
    epoch: u64,
    place: u64,
}

#[derive(Debug, Default)]
struct Kept {
    epoch: u64,
    samples: Vec<Sample>,
}

#[derive(Debug, Default)]
struct Slot {
    /// The quarter of an hour, then the count in it.
    state: AtomicU64,
    kept: Mutex<Kept>,
}

/// The samples under one name.
#[derive(Debug, Default)]
pub(crate) struct Reservoir {
    slots: [Slot; SLOTS],
    bytes: AtomicUsize,
    bytes_max: AtomicUsize,
}

fn epoch_of(at: Timestamp) -> u64 {
    at.unix_ms() / SLOT_MS
}

impl Reservoir {
    /// Sets how many bytes the samples may take.
    pub(crate) fn limit(&self, bytes_max: usize) {
        self.bytes_max.store(bytes_max, Ordering::Relaxed);
    }

    /// Counts a request, and draws whether it is to be kept.
    pub(crate) fn count(&self, at: Timestamp, draw: Draw) -> Option<Drawn> {
        let epoch = epoch_of(at);
        let slot = self.slot(epoch);
        let counted = slot.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| {
            let counting = state >> COUNT_BITS;
            if counting == epoch {
                Some(state + 1)
            } else {
                // A clock that was set back counts where it was.
                Some(if counting < epoch { (epoch << COUNT_BITS) | 1 } else { state + 1 })
            }
        });
        let state = counted.unwrap_or_else(|state| state);
        let before = if state >> COUNT_BITS < epoch { 0 } else { state & ((1 << COUNT_BITS) - 1) };
        let place = if before < SLOT_SAMPLES_MAX {
            before
        } else {
            draw.below(at.unix_ms().rotate_left(32) ^ before, before + 1)
        };
        (place < SLOT_SAMPLES_MAX).then_some(Drawn { epoch, place })
    }

    /// Puts in what was drawn, unless the store is busy, or full and without anything older to give up.
    pub(crate) fn keep(&self, drawn: Drawn, sample: Sample) {
        if !self.make_room(drawn.epoch, sample.bytes()) {
            return;
        }
        let Some(mut kept) = try_lock(&self.slot(drawn.epoch).kept) else { return };
        if kept.epoch < drawn.epoch {
            self.empty(&mut kept);
            kept.epoch = drawn.epoch;
        }
        self.bytes.fetch_add(sample.bytes(), Ordering::Relaxed);
        match kept.samples.get_mut(drawn.place as usize) {
            Some(place) => {
                self.bytes.fetch_sub(place.bytes(), Ordering::Relaxed);
                *place = sample;
            }
            None => kept.samples.push(sample),
        }
    }

    /// The samples between two times, slot by slot.
    pub(crate) fn window(&self, start: Timestamp, end: Timestamp) -> Vec<SlotSamples> {
        let mut found = Vec::new();
        for slot in &self.slots {
            let kept = lock(&slot.kept);
            let state = slot.state.load(Ordering::Relaxed);
            let (epoch, count) = (state >> COUNT_BITS, state & ((1 << COUNT_BITS) - 1));
            let (begins, ends) = (epoch * SLOT_MS, (epoch + 1) * SLOT_MS);
            if count == 0 || ends <= start.unix_ms() || begins > end.unix_ms() {
                continue;
            }
            let samples: &[Sample] = if kept.epoch == epoch { &kept.samples } else { &[] };
            let within: Vec<Sample> =
                samples.iter().filter(|sample| (start..=end).contains(&sample.at)).cloned().collect();
            let whole = within.len() == samples.len();
            let population = if whole { count } else { count * within.len() as u64 / samples.len() as u64 };
            found.push(SlotSamples { population: population.max(within.len() as u64), samples: within });
        }
        found
    }

    fn slot(&self, epoch: u64) -> &Slot {
        &self.slots[(epoch % SLOTS as u64) as usize]
    }

    /// Gives up the oldest slots until there is room; whether there is.
    fn make_room(&self, epoch: u64, bytes: usize) -> bool {
        let bytes_max = self.bytes_max.load(Ordering::Relaxed);
        for age in (0..SLOTS as u64).rev() {
            if self.bytes.load(Ordering::Relaxed) + bytes <= bytes_max {
                return true;
            }
            let older = epoch.saturating_sub(age);
            if let Some(mut kept) = try_lock(&self.slot(older).kept)
                && kept.epoch < epoch
            {
                self.empty(&mut kept);
            }
        }
        self.bytes.load(Ordering::Relaxed) + bytes <= bytes_max
    }

    fn empty(&self, kept: &mut Kept) {
        let bytes = kept.samples.iter().map(Sample::bytes).sum();
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        kept.samples = Vec::new();
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    // Nothing that may panic runs under the lock.
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

fn try_lock(kept: &Mutex<Kept>) -> Option<MutexGuard<'_, Kept>> {
    match kept.try_lock() {
        Ok(kept) => Some(kept),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

#[cfg(test)]
mod tests;
