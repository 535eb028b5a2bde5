//! Counters in this process: the keys of all rate-based rules and their windows, in shards with a lock each.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sekisho_model::Timestamp;
use sekisho_waf::CountedKey;

use super::limited::LimitedKeys;
use super::store::{CountedRule, CounterStore, Limited, Sharing};
use super::table::{Entry, SHARD_KEYS_MAX, Shard};

/// More than workers, so that two seldom want the same lock.
pub(super) const SHARDS: usize = 64;

/// Counts requests by rule and key in sliding windows, within a twentieth of the limit (see [`super::window`]).
#[derive(Debug)]
pub struct RateCounters {
    shards: Box<[Mutex<Shard>]>,
    hashers: [RandomState; 2],
    limited: LimitedKeys,
}

impl RateCounters {
    /// Counters for at most `keys_max` keys of all rules together (at least 64); each takes some 550 bytes once seen.
    #[must_use]
    pub fn new(keys_max: usize) -> Self {
        let keys_max = keys_max.div_ceil(SHARDS).clamp(1, SHARD_KEYS_MAX);
        let shards = (0..SHARDS).map(|_| Mutex::new(Shard::new(keys_max))).collect();
        Self { shards, hashers: [RandomState::new(), RandomState::new()], limited: LimitedKeys::default() }
    }

    /// What a key is known by. The secrets are this process's own, so that nobody can choose keys that collide.
    pub(super) fn hash(&self, rule: &CountedRule, key: CountedKey<'_>) -> u128 {
        let [first, second] = self.hashers.each_ref().map(|hasher| hasher.hash_one((rule.identity, key)));
        u128::from(first) << 64 | u128::from(second)
    }

    pub(super) fn shard(&self, number: usize) -> MutexGuard<'_, Shard> {
        self.shards[number].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the shard that a key is in.
    pub(super) fn shard_of(hash: u128) -> usize {
        (hash >> 96) as usize % SHARDS
    }

    /// Remembers what the key is that was just found over its limit.
    pub(super) fn remember(&self, hash: u128, rule: &CountedRule, key: CountedKey<'_>, now_ms: u64) {
        self.limited.remember(hash, rule.identity, key, now_ms, |other| {
            self.shard(Self::shard_of(other)).get(other).is_some_and(|entry| entry.limited_since_ms != 0)
        });
    }
}

impl Entry {
    /// Counts requests. Returns how many there are, and whether the key was under its limit before and is over it now.
    pub(super) fn count(&mut self, rule: &CountedRule, requests: u32, now_ms: u64) -> (u64, bool) {
        let count = self.window.count(now_ms, requests, rule.allowance);
        let was_limited = self.limited_since_ms != 0;
        let is_limited = count > rule.allowance.limit;
        match (was_limited, is_limited) {
            (_, false) => self.limited_since_ms = 0,
            (false, true) => self.limited_since_ms = now_ms.max(1),
            (true, true) => {}
        }
        (count, is_limited && !was_limited)
    }
}

impl CounterStore for RateCounters {
    fn count(&self, rule: &CountedRule, key: CountedKey<'_>, now: Timestamp) -> u64 {
        let hash = self.hash(rule, key);
        let (count, newly_limited) = self.shard(Self::shard_of(hash)).entry(hash).count(rule, 1, now.unix_ms());
        if newly_limited {
            self.remember(hash, rule, key, now.unix_ms());
        }
        count
    }

    fn limited(&self, rule: &CountedRule, now: Timestamp) -> Vec<Limited> {
        let now_ms = now.unix_ms();
        let seen = self.limited.of_rule(rule.identity, |hash| {
            let shard = self.shard(Self::shard_of(hash));
            let entry = shard.get(hash).filter(|entry| entry.limited_since_ms != 0)?;
            let count = entry.window.requests(now_ms, rule.allowance.window_ms);
            let remaining_ms = entry.window.over_for_ms(now_ms, rule.allowance);
            let since = Timestamp::from_unix_ms(entry.limited_since_ms);
            (count >= rule.allowance.limit).then_some((count, since, remaining_ms))
        });
        let mut keys: Vec<_> = seen
            .into_iter()
            .map(|(key, (count, since, remaining_ms))| Limited { key, count, since, remaining_ms })
            .collect();
        keys.sort_by_key(|limited| std::cmp::Reverse(limited.count));
        keys
    }

    fn keys(&self) -> usize {
        (0..SHARDS).map(|number| self.shard(number).len()).sum()
    }

    fn sharing(&self) -> Sharing {
        Sharing::Own
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use sekisho_waf::LimitedKey;

    use super::super::identity::RuleIdentity;
    use super::super::limited::LIMITED_KEYS_MAX;
    use super::super::window::Allowance;
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_unix_ms(1_700_000_000_000 + ms)
    }

    fn rule(number: u128, limit: u64) -> CountedRule {
        CountedRule { identity: RuleIdentity(number), allowance: Allowance { limit, window_ms: 60_000 } }
    }

    fn key(number: u32) -> CountedKey<'static> {
        CountedKey::Address(IpAddr::from(number.to_be_bytes()))
    }

    #[test]
    fn rules_and_keys_are_counted_apart() {
        let counters = RateCounters::new(1000);
        for expected in 1..=3 {
            assert_eq!(counters.count(&rule(1, 10), key(1), at(0)), expected);
        }
        for other in [key(2), CountedKey::Constant, CountedKey::InvalidAddress, CountedKey::Custom(&[0, 0, 0, 1])] {
            assert_eq!(counters.count(&rule(1, 10), other, at(0)), 1);
        }
        assert_eq!(counters.count(&rule(2, 10), key(1), at(0)), 1);
        assert_eq!(counters.count(&rule(1, 10), key(1), at(59_999)), 4);
        assert_eq!(counters.count(&rule(1, 10), key(1), at(60_000)), 2);
    }

    #[test]
    fn memory_is_bounded_and_keys_in_use_stay() {
        let counters = RateCounters::new(640);
        let regular = CountedKey::Custom(b"regular");
        for round in 0..20_000_u32 {
            counters.count(&rule(1, 100_000), key(round), at(0));
            assert_eq!(counters.count(&rule(1, 100_000), regular, at(0)), u64::from(round) + 1);
        }
        assert_eq!(counters.keys(), 640);
    }

    #[test]
    fn a_key_that_made_room_starts_afresh() {
        let counters = RateCounters::new(64);
        counters.count(&rule(1, 10), CountedKey::Constant, at(0));
        for round in 0..5_000_u32 {
            counters.count(&rule(1, 10), key(round), at(1));
        }
        assert_eq!(counters.count(&rule(1, 10), CountedKey::Constant, at(2)), 1);
    }

    #[test]
    fn threads_count_together() {
        let counters = RateCounters::new(64);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10).for_each(|_| _ = counters.count(&rule(7, 10), key(1), at(0))));
            }
        });
        assert_eq!(counters.count(&rule(7, 10), key(1), at(0)), 41);
    }

    #[test]
    fn limited_keys_are_listed_while_they_are() {
        let counters = RateCounters::new(1000);
        let (limited, other) = (rule(1, 10), rule(2, 10));
        for second in 0..12 {
            counters.count(&limited, key(1), at(second * 1000));
            counters.count(&other, key(9), at(0));
        }
        counters.count(&limited, key(2), at(0));
        let address = LimitedKey::Address(IpAddr::from([0, 0, 0, 1]));
        let expected = |count, remaining_ms| Limited { key: address.clone(), count, since: at(10_000), remaining_ms };
        assert_eq!(counters.limited(&limited, at(12_000)), [expected(12, 50_000)]);
        // At 61 s two of twelve have left: the next request is one too many still.
        assert_eq!(counters.limited(&limited, at(61_000)), [expected(10, 1_000)]);
        assert_eq!(counters.limited(&limited, at(62_000)), []);
        assert_eq!(counters.limited(&other, at(0)).len(), 1);
    }

    #[test]
    fn as_many_limited_keys_are_remembered_as_there_is_room_for() {
        let counters = RateCounters::new(4 * LIMITED_KEYS_MAX);
        let rule = rule(1, 1);
        let limit_all = |keys: std::ops::Range<u32>, now| {
            keys.for_each(|number| (0..2).for_each(|_| _ = counters.count(&rule, key(number), now)));
        };
        limit_all(0..LIMITED_KEYS_MAX as u32 + 500, at(0));
        assert_eq!(counters.limited(&rule, at(0)).len(), LIMITED_KEYS_MAX);
        assert_eq!(counters.limited(&rule, at(60_000)), []);
        limit_all(0..10, at(61_000));
        assert_eq!(counters.limited(&rule, at(61_000)).len(), 10);
    }

    #[test]
    fn long_values_are_cut_for_the_list() {
        let counters = RateCounters::new(64);
        let rule = rule(1, 1);
        let value = [&[1, 0, 0, 3, 232][..], &[b'x'; 1000], &[0]].concat();
        (0..2).for_each(|_| _ = counters.count(&rule, CountedKey::Custom(&value), at(0)));
        let listed = counters.limited(&rule, at(0));
        let values: Vec<_> = listed[0].key.values().collect();
        assert_eq!(values, [sekisho_waf::KeyValue::Bytes(&[b'x'; 256]), sekisho_waf::KeyValue::Invalid]);
    }
}
