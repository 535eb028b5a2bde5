//! A sliding window over the requests of one key, in fixed memory.
//!
//! The window is a row of buckets, each with a number of requests and the time of its last one. While there are buckets
//! to spare every request has its own, so small numbers are exact. When they run out, the two neighbours with the fewest
//! requests become one: a bucket then never holds more than a twentieth of all requests in the window, and as only the
//! oldest bucket can be partly outside, that bounds the error.
//!
//! Source: the idea of merging buckets is that of M. Datar, A. Gionis, P. Indyk and R. Motwani, "Maintaining stream
//! statistics over sliding windows", SIAM Journal on Computing 31 (2002); equal depths in place of powers of two.
//!
//! # Limits
//!
//! The estimate is off by at most a twentieth of the largest number of requests that any window of the same length has
//! held since the oldest request in this one; it is exact up to 41 requests.

/// Buckets of a window. With n buckets the smallest pair of neighbours holds at most 2/(n-1) of all requests.
const BUCKETS: usize = 41;

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    /// Time of the last request in it, in milliseconds since the window's base.
    last: u32,
    requests: u32,
}

/// The requests of one key.
#[derive(Debug, Clone)]
pub(super) struct Window {
    /// Oldest first.
    buckets: [Bucket; BUCKETS],
    /// Whether a bucket's requests came over a time, rather than all in the millisecond of its last.
    spread: [bool; BUCKETS],
    used: u8,
    /// What bucket times count from, in milliseconds since the epoch.
    base_ms: u64,
    /// Requests in all buckets.
    total: u64,
    /// When the last request left the window, in bucket time: those of the oldest bucket came after it.
    expired: u32,
}

impl Window {
    pub(super) const EMPTY: Self = Self {
        buckets: [Bucket { last: 0, requests: 0 }; BUCKETS],
        spread: [false; BUCKETS],
        used: 0,
        base_ms: 0,
        total: 0,
        expired: 0,
    };

    /// Forgets everything, for another key.
    pub(super) fn clear(&mut self) {
        self.used = 0;
        self.total = 0;
    }

    /// Counts a request at `now_ms` and returns how many the last `window_ms` milliseconds saw, this one included.
    ///
    /// A clock that goes backwards counts as standing still.
    pub(super) fn count(&mut self, now_ms: u64, window_ms: u32) -> u64 {
        if self.used == 0 {
            self.restart(now_ms);
        }
        let now = self.bucket_time(now_ms, window_ms);
        self.expire(now, window_ms);
        self.add(now);
        self.estimate(now, window_ms)
    }

    fn restart(&mut self, now_ms: u64) {
        self.base_ms = now_ms;
        self.expired = 0;
        self.used = 0;
        self.total = 0;
    }

    /// The time in buckets' terms; starts afresh where everything is long past, moves the base where it runs out.
    fn bucket_time(&mut self, now_ms: u64, window_ms: u32) -> u32 {
        let newest = self.buckets[..usize::from(self.used)].last().map_or(0, |bucket| bucket.last);
        let elapsed = now_ms.saturating_sub(self.base_ms).max(u64::from(newest));
        if elapsed - u64::from(newest) >= u64::from(window_ms.max(1)) {
            self.restart(now_ms);
            return 0;
        }
        match u32::try_from(elapsed) {
            // Half of the range is kept free for the sums of times below.
            Ok(now) if now < u32::MAX / 2 => now,
            _ => {
                let shift = self.buckets[0].last;
                self.buckets[..usize::from(self.used)].iter_mut().for_each(|bucket| bucket.last -= shift);
                self.base_ms += u64::from(shift);
                self.expired = 0;
                (elapsed - u64::from(shift)) as u32
            }
        }
    }

    /// Drops the buckets whose last request has left the window.
    fn expire(&mut self, now: u32, window_ms: u32) {
        let used = usize::from(self.used);
        let gone = self.buckets[..used]
            .iter()
            .take_while(|bucket| u64::from(bucket.last) + u64::from(window_ms) <= u64::from(now))
            .count();
        if gone > 0 {
            self.expired = self.buckets[gone - 1].last;
            self.total -= self.buckets[..gone].iter().map(|bucket| u64::from(bucket.requests)).sum::<u64>();
            self.buckets.copy_within(gone..used, 0);
            self.spread.copy_within(gone..used, 0);
            self.used = (used - gone) as u8;
        }
    }

    fn add(&mut self, now: u32) {
        self.total += 1;
        let used = usize::from(self.used);
        // Requests of one millisecond leave together; a small share of all may also, without harm to the bound.
        let room = (self.total / (2 * BUCKETS as u64)).min(u64::from(u32::MAX));
        if let (Some(newest), Some(spread)) = (self.buckets[..used].last_mut(), self.spread[..used].last_mut()) {
            let together = newest.last == now && !*spread && newest.requests < u32::MAX;
            if together || u64::from(newest.requests) < room {
                *spread |= newest.last != now;
                newest.requests += 1;
                newest.last = now;
                return;
            }
        }
        if used == BUCKETS {
            self.merge();
        }
        let next = usize::from(self.used);
        self.buckets[next] = Bucket { last: now, requests: 1 };
        self.spread[next] = false;
        self.used += 1;
    }

    /// Makes one bucket of the two neighbours with the fewest requests.
    fn merge(&mut self) {
        let sum = |pair: &[Bucket]| u64::from(pair[0].requests) + u64::from(pair[1].requests);
        let pairs = self.buckets.windows(2).enumerate();
        let (at, pair) = pairs.min_by_key(|(_, pair)| sum(pair)).expect("a full window has more than one bucket");
        let merged = Bucket { last: pair[1].last, requests: u32::try_from(sum(pair)).unwrap_or(u32::MAX) };
        // Only where both hold billions: what does not fit is forgotten.
        self.total -= sum(pair) - u64::from(merged.requests);
        self.spread[at] = self.spread[at] || self.spread[at + 1] || self.buckets[at].last != merged.last;
        self.spread.copy_within(at + 2.., at + 1);
        self.buckets[at] = merged;
        self.buckets.copy_within(at + 2.., at + 1);
        self.used -= 1;
    }

    /// All requests, less the part of the oldest bucket that has left by now, if they came evenly.
    fn estimate(&self, now: u32, window_ms: u32) -> u64 {
        let oldest = self.buckets[0];
        let Some(horizon) = now.checked_sub(window_ms) else { return self.total };
        let others = u64::from(oldest.requests.saturating_sub(1));
        if !self.spread[0] || horizon <= self.expired || oldest.last <= self.expired {
            return self.total;
        }
        let span = u64::from(oldest.last - self.expired);
        let left = u64::from(horizon - self.expired).min(span);
        self.total - others * left / span
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    /// Every request remembered.
    #[derive(Default)]
    struct Exact(VecDeque<u64>);

    impl Exact {
        fn count(&mut self, now_ms: u64, window_ms: u32) -> u64 {
            let now_ms = now_ms.max(self.0.back().copied().unwrap_or(0));
            self.0.push_back(now_ms);
            while self.0.front().is_some_and(|&at| at + u64::from(window_ms) <= now_ms) {
                self.0.pop_front();
            }
            self.0.len() as u64
        }
    }

    /// Holds the window against the exact count, request by request.
    fn compare(start: u64, window_ms: u32, gaps: &[u64]) {
        let (mut window, mut exact) = (Window::EMPTY, Exact::default());
        let mut now = start;
        let mut counts: VecDeque<(u64, u64)> = VecDeque::new();
        for (step, &gap) in gaps.iter().enumerate() {
            now += gap;
            let (estimate, truth) = (window.count(now, window_ms), exact.count(now, window_ms));
            counts.push_back((now, truth));
            // A request in the window may share a bucket made when the window was fuller: two lengths back.
            while counts.front().is_some_and(|&(at, _)| at + 2 * u64::from(window_ms) < now) {
                counts.pop_front();
            }
            let peak = counts.iter().map(|&(_, count)| count).max().unwrap();
            assert!(estimate.abs_diff(truth) * 20 <= peak, "request {step}: {estimate} for {truth} (peak {peak})");
            if peak <= BUCKETS as u64 {
                assert_eq!(estimate, truth, "small numbers are exact (request {step})");
            }
        }
    }

    #[test]
    fn a_steady_stream_is_counted() {
        compare(1_700_000_000_000, 60_000, &[20; 20_000]);
    }

    #[test]
    fn bursts_leave_the_window_at_once() {
        let mut gaps = vec![0; 500];
        gaps.push(59_999);
        gaps.extend([0; 10]);
        gaps.push(1);
        gaps.extend([7_000; 20]);
        compare(5, 60_000, &gaps);
    }

    #[test]
    fn a_clock_that_goes_backwards_stands_still() {
        let mut window = Window::EMPTY;
        assert_eq!(window.count(100_000, 1_000), 1);
        assert_eq!(window.count(50_000, 1_000), 2);
        assert_eq!(window.count(100_500, 1_000), 3);
        assert_eq!(window.count(101_000, 1_000), 2);
    }

    #[test]
    fn the_base_moves_before_time_runs_out() {
        // A request every five minutes for two months, longer than 32 bits of milliseconds last.
        compare(0, 600_000, &[300_000; 20_000]);
    }

    proptest! {
        #[test]
        fn the_estimate_is_within_a_twentieth(
            window_s in prop_oneof![Just(60_u32), Just(120), Just(300), Just(600), Just(1)],
            phases in proptest::collection::vec((0_u64..400, 1_usize..600), 1..12),
            seed in any::<u64>(),
        ) {
            let mut state = seed;
            let mut gaps = Vec::new();
            for (mean, requests) in phases {
                for _ in 0..requests {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    gaps.push((state >> 33) % (2 * mean * u64::from(window_s) / 60 + 1));
                }
            }
            compare(1_700_000_000_000, window_s * 1000, &gaps);
        }
    }
}
