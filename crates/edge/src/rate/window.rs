//! A sliding window over the requests of one key, in fixed memory.
//!
//! The window is a row of buckets, each with a number of requests and the time of its last one. While there are buckets
//! to spare every millisecond has its own, so small numbers are exact. When they run out, neighbours become one: the two
//! oldest where the newer buckets alone are over the limit, for then nobody needs to know when the old ones leave;
//! otherwise the two with the fewest requests, which hold less than a twentieth of the limit. As only the oldest bucket
//! can be partly outside, that bounds the error, however many requests came before.
//!
//! Source: the idea of merging buckets is that of M. Datar, A. Gionis, P. Indyk and R. Motwani, "Maintaining stream
//! statistics over sliding windows", SIAM Journal on Computing 31 (2002); equal depths in place of powers of two.
//!
//! # Limits
//!
//! The estimate is off by less than a twentieth of the limit, unless both it and the true number are over the limit. It
//! is exact up to 44 requests.

/// Buckets of a window. Of n buckets the smallest pair of neighbours, the oldest bucket left out, holds at most 2/(n-2) of
/// the limit, and a little for the bucket that the limit falls into.
const BUCKETS: usize = 44;

/// How many requests a key may send in how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    /// Requests.
    pub(super) limit: u64,
    /// Length of the window, in milliseconds.
    pub(super) window_ms: u32,
}

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

    /// Counts `requests` at `now_ms` and returns how many the window has now, these included.
    ///
    /// A clock that goes backwards counts as standing still; one that is set back by a window or more begins a new window, for the
    /// old one would not end before the clock is there again.
    pub(super) fn count(&mut self, now_ms: u64, requests: u32, allowance: Allowance) -> u64 {
        let now = self.advance(now_ms, allowance.window_ms);
        self.add(now, requests, allowance.limit);
        self.estimate(now, allowance.window_ms)
    }

    /// How many requests the window has at `now_ms`.
    pub(super) fn requests(&self, now_ms: u64, window_ms: u32) -> u64 {
        let mut later = self.clone();
        let now = later.advance(now_ms, window_ms);
        later.estimate(now, window_ms)
    }

    /// How long after `now_ms`, in milliseconds, the window has fewer requests than the limit, if no more come. Zero if it
    /// has now.
    pub(super) fn over_for_ms(&self, now_ms: u64, allowance: Allowance) -> u32 {
        let mut later = self.clone();
        let now = later.advance(now_ms, allowance.window_ms);
        let mut left = later.estimate(now, allowance.window_ms);
        let mut over_ms = 0;
        for bucket in &later.buckets[..usize::from(later.used)] {
            if left < allowance.limit {
                break;
            }
            // Of the oldest bucket, part may be gone: then less of it is left to go.
            left = left.saturating_sub(bucket.requests.into());
            over_ms = (bucket.last + allowance.window_ms).saturating_sub(now);
        }
        over_ms
    }

    /// Drops what has left the window by `now_ms`, and returns that time in buckets' terms.
    fn advance(&mut self, now_ms: u64, window_ms: u32) -> u32 {
        if self.used == 0 {
            self.restart(now_ms);
        }
        let now = self.bucket_time(now_ms, window_ms);
        self.expire(now, window_ms);
        now
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
        let set_back = (self.base_ms + u64::from(newest)).saturating_sub(now_ms);
        if (elapsed - u64::from(newest)).max(set_back) >= u64::from(window_ms.max(1)) {
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

    fn add(&mut self, now: u32, requests: u32, limit: u64) {
        self.total += u64::from(requests);
        let used = usize::from(self.used);
        // Requests of one millisecond leave together; a small share of the limit may also, without harm to the bound.
        let room = self.total.min(limit) / (2 * BUCKETS as u64);
        if let (Some(newest), Some(spread)) = (self.buckets[..used].last_mut(), self.spread[..used].last_mut()) {
            let together = newest.last == now && !*spread;
            let sum = newest.requests.checked_add(requests).filter(|sum| together || u64::from(*sum) <= room);
            if let Some(sum) = sum {
                *spread |= newest.last != now;
                newest.requests = sum;
                newest.last = now;
                return;
            }
        }
        if used == BUCKETS {
            self.merge(limit);
        }
        let next = usize::from(self.used);
        self.buckets[next] = Bucket { last: now, requests };
        self.spread[next] = false;
        self.used += 1;
    }

    /// Makes one bucket of two neighbours.
    fn merge(&mut self, limit: u64) {
        let sum = |pair: &[Bucket]| u64::from(pair[0].requests) + u64::from(pair[1].requests);
        let oldest = sum(&self.buckets[..2]);
        let at = if self.total - oldest > limit {
            0
        } else {
            let pairs = self.buckets.windows(2).enumerate().skip(1);
            pairs.min_by_key(|(_, pair)| sum(pair)).expect("a full window has more than two buckets").0
        };
        let pair = &self.buckets[at..at + 2];
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
        if self.used == 0 || !self.spread[0] || horizon <= self.expired || oldest.last <= self.expired {
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
    fn compare(start: u64, allowance: Allowance, gaps: &[u64]) {
        let (mut window, mut exact) = (Window::EMPTY, Exact::default());
        let mut now = start;
        for (step, &gap) in gaps.iter().enumerate() {
            now += gap;
            let estimate = window.count(now, 1, allowance);
            let truth = exact.count(now, allowance.window_ms);
            let limit = allowance.limit;
            let is_near = estimate.abs_diff(truth) * 20 < limit;
            assert!(
                is_near || estimate > limit && truth > limit || estimate == truth,
                "request {step}: {estimate} for {truth} of {limit}"
            );
        }
    }

    fn per_minute(limit: u64) -> Allowance {
        Allowance { limit, window_ms: 60_000 }
    }

    #[test]
    fn a_steady_stream_is_counted() {
        for limit in [10, 100, 2_900, 3_100, 100_000] {
            compare(1_700_000_000_000, per_minute(limit), &[20; 20_000]);
        }
    }

    #[test]
    fn bursts_leave_the_window_at_once() {
        let mut gaps = vec![0; 500];
        gaps.push(59_999);
        gaps.extend([0; 10]);
        gaps.push(1);
        gaps.extend([7_000; 20]);
        for limit in [10, 400, 501, 10_000] {
            compare(5, per_minute(limit), &gaps);
        }
    }

    #[test]
    fn a_clock_that_goes_backwards_stands_still() {
        let mut window = Window::EMPTY;
        let allowance = Allowance { limit: 10, window_ms: 1_000 };
        let mut count = |now_ms| window.count(now_ms, 1, allowance);
        assert_eq!([count(100_000), count(99_001), count(100_500), count(101_000)], [1, 2, 3, 2]);
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_keep_a_key_limited() {
        let mut window = Window::EMPTY;
        (0..100).for_each(|_| _ = window.count(7_200_000, 1, per_minute(10)));
        assert_eq!(window.requests(3_600_000, 60_000), 0);
        assert_eq!((0..5).map(|second| window.count(3_600_000 + second * 30_000, 1, per_minute(10))).max(), Some(2));
    }

    #[test]
    fn the_base_moves_before_time_runs_out() {
        // A request every five minutes for two months, longer than 32 bits of milliseconds last.
        compare(0, Allowance { limit: 10, window_ms: 600_000 }, &[300_000; 20_000]);
    }

    #[test]
    fn after_a_flood_the_rest_is_counted_finely() {
        // Fifty times the limit in ten seconds, then a trickle: the flood leaves as a whole, the trickle one by one.
        let mut gaps = vec![2; 5_000];
        gaps.extend([700; 300]);
        compare(0, per_minute(100), &gaps);
    }

    #[test]
    fn several_requests_at_once_are_as_many_single_ones() {
        let (mut one, mut other) = (Window::EMPTY, Window::EMPTY);
        for round in 0..200_u64 {
            let now = round * 1_700;
            let counts: Vec<_> = (0..7).map(|_| one.count(now, 1, per_minute(100))).collect();
            assert_eq!(other.count(now, 7, per_minute(100)), counts[6]);
        }
    }

    #[test]
    fn tells_how_long_it_is_over_the_limit() {
        let mut window = Window::EMPTY;
        for at in [0, 10_000, 20_000, 30_000] {
            window.count(at, 5, per_minute(10));
        }
        // 20 requests; fewer than 10 are left when those at 20 s leave.
        assert_eq!(window.over_for_ms(30_000, per_minute(10)), 50_000);
        assert_eq!(window.over_for_ms(75_000, per_minute(10)), 5_000);
        assert_eq!(window.over_for_ms(80_000, per_minute(10)), 0);
        assert_eq!(window.requests(80_000, 60_000), 5);
        assert_eq!(window.requests(500_000, 60_000), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

        /// Arrivals at random, faster and slower than the limit by turns, in every window there is.
        #[test]
        fn the_estimate_is_within_a_twentieth_of_the_limit(
            window_s in prop_oneof![Just(60_u32), Just(120), Just(300), Just(600)],
            limit in prop_oneof![10_u64..100, 100_u64..3_000],
            phases in proptest::collection::vec((1_u64..400, 1_usize..600), 1..12),
            seed in any::<u64>(),
        ) {
            let mut state = seed;
            let mut gaps = Vec::new();
            for (percent, requests) in phases {
                // A mean gap at which so many per cent of the limit come in a window.
                let mean_ms = (u64::from(window_s) * 100_000 / (limit * percent)).max(1) as f64;
                for _ in 0..requests {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let uniform = ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
                    gaps.push((-uniform.ln() * mean_ms) as u64);
                }
            }
            compare(1_700_000_000_000, Allowance { limit, window_ms: window_s * 1000 }, &gaps);
        }
    }
}
