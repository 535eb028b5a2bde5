//! The keys of all rate-based rules and their windows, in shards with a lock each.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use sekisho_model::Timestamp;
use sekisho_waf::ir::{Policy, RuleKind};
use sekisho_waf::{CountedKey, RateSource, RuleRef};

use super::window::Window;

/// More than workers, so that two seldom want the same lock.
const SHARDS: usize = 64;
/// No entry.
const NONE: u32 = u32::MAX;

/// Counts requests by rule and key in sliding windows, within 5 % (see [`super::window`]).
#[derive(Debug)]
pub struct RateCounters {
    shards: Box<[Mutex<Shard>]>,
    hashers: [RandomState; 2],
}

impl RateCounters {
    /// Counters for at most `keys_max` keys of all rules together (at least 64); each takes some 450 bytes once seen.
    #[must_use]
    pub fn new(keys_max: usize) -> Self {
        let keys_max = keys_max.div_ceil(SHARDS).clamp(1, NONE as usize - 1);
        let shards = (0..SHARDS).map(|_| Mutex::new(Shard::new(keys_max))).collect();
        Self { shards, hashers: [RandomState::new(), RandomState::new()] }
    }

    /// Counts a request for `rule` under `key`, and returns how many the last `window_s` seconds saw, this one included.
    ///
    /// `rule` identifies a reference to a rule, the same across reloads. `now` must not go backwards by much: earlier
    /// times count as the latest seen for the key.
    pub fn count(&self, rule: u64, key: &[u8], window_s: u32, now: Timestamp) -> u64 {
        let [first, second] = self.hashers.each_ref().map(|hasher| hasher.hash_one((rule, key)));
        let shard = &self.shards[(first >> 32) as usize % SHARDS];
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let window = shard.window(u128::from(first) << 64 | u128::from(second));
        window.count(now.unix_ms(), window_s.saturating_mul(1000))
    }

    /// How many keys are kept now.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).places.len()).sum()
    }
}

/// Passes on a key that is a hash already.
#[derive(Debug, Default)]
struct Ready(u64);

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.0 = self.0.rotate_left(5) ^ u64::from_le_bytes(word);
        }
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}

#[derive(Debug)]
struct Entry {
    key: u128,
    window: Window,
    /// Neighbours in the order of last use.
    newer: u32,
    older: u32,
}

#[derive(Debug)]
struct Shard {
    keys_max: usize,
    places: HashMap<u128, u32, BuildHasherDefault<Ready>>,
    entries: Vec<Entry>,
    newest: u32,
    oldest: u32,
}

impl Shard {
    fn new(keys_max: usize) -> Self {
        Self { keys_max, places: HashMap::default(), entries: Vec::new(), newest: NONE, oldest: NONE }
    }

    /// The window of a key, which becomes the one used last.
    fn window(&mut self, key: u128) -> &mut Window {
        let place = match self.places.get(&key) {
            Some(&place) => {
                self.unlink(place);
                place
            }
            None => self.admit(key),
        };
        self.link_newest(place);
        &mut self.entries[place as usize].window
    }

    /// Finds an entry for a new key: a fresh one, or that of the key not seen for longest.
    fn admit(&mut self, key: u128) -> u32 {
        let place = if self.entries.len() < self.keys_max {
            self.entries.push(Entry { key, window: Window::EMPTY, newer: NONE, older: NONE });
            (self.entries.len() - 1) as u32
        } else {
            let place = self.oldest;
            self.unlink(place);
            let entry = &mut self.entries[place as usize];
            self.places.remove(&entry.key);
            entry.key = key;
            entry.window.clear();
            place
        };
        self.places.insert(key, place);
        place
    }

    fn unlink(&mut self, place: u32) {
        let Entry { newer, older, .. } = self.entries[place as usize];
        match newer {
            NONE => self.newest = older,
            newer => self.entries[newer as usize].older = older,
        }
        match older {
            NONE => self.oldest = newer,
            older => self.entries[older as usize].newer = newer,
        }
    }

    fn link_newest(&mut self, place: u32) {
        let entry = &mut self.entries[place as usize];
        (entry.newer, entry.older) = (NONE, self.newest);
        match self.newest {
            NONE => self.oldest = place,
            newest => self.entries[newest as usize].newer = place,
        }
        self.newest = place;
    }
}

/// The counters as one policy's rules see them: positions become identifiers that stay the same across reloads.
#[derive(Debug)]
pub struct PolicyRates {
    counters: Arc<RateCounters>,
    /// Per rule of the policy: its own identifier, and those of its group's members.
    rules: Box<[(u64, Box<[u64]>)]>,
}

impl PolicyRates {
    /// Gives each reference to a rule an identifier made from the names of policy and rule.
    #[must_use]
    pub fn new(counters: Arc<RateCounters>, policy: &Policy) -> Self {
        let identify = |rule: &str, member: Option<&str>| counters.hashers[0].hash_one((&policy.id, rule, member));
        let rules = policy.rules.iter().map(|rule| {
            let members: Box<[u64]> = match &rule.kind {
                RuleKind::Group { group, .. } => {
                    group.rules.iter().map(|member| identify(&rule.name, Some(&member.name))).collect()
                }
                RuleKind::Match { .. } | RuleKind::Rate { .. } => Box::default(),
            };
            (identify(&rule.name, None), members)
        });
        let rules = rules.collect();
        Self { counters, rules }
    }
}

impl RateSource for PolicyRates {
    /// A reference made with another policy is never over a limit.
    fn count(&self, rule: RuleRef, key: CountedKey<'_>, window_s: u32, now: Timestamp) -> u64 {
        let Some((own, members)) = self.rules.get(rule.rule as usize) else { return 1 };
        let identifier = match rule.member {
            None => *own,
            Some(member) => match members.get(member as usize) {
                Some(identifier) => *identifier,
                None => return 1,
            },
        };
        let mut buffer = [0; 17];
        let key = match key {
            CountedKey::Address(IpAddr::V4(address)) => {
                buffer[1..5].copy_from_slice(&address.octets());
                &buffer[..5]
            }
            CountedKey::Address(IpAddr::V6(address)) => {
                buffer[1..].copy_from_slice(&address.octets());
                &buffer[..]
            }
            CountedKey::InvalidAddress => b"invalid".as_slice(),
            CountedKey::Constant => b"".as_slice(),
            CountedKey::Custom(values) => values,
        };
        self.counters.count(identifier, key, window_s, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_unix_ms(1_700_000_000_000 + ms)
    }

    #[test]
    fn rules_and_keys_are_counted_apart() {
        let counters = RateCounters::new(1000);
        for expected in 1..=3 {
            assert_eq!(counters.count(1, b"a", 60, at(0)), expected);
        }
        assert_eq!(counters.count(1, b"b", 60, at(0)), 1);
        assert_eq!(counters.count(2, b"a", 60, at(0)), 1);
        assert_eq!(counters.count(1, b"a", 60, at(59_999)), 4);
        assert_eq!(counters.count(1, b"a", 60, at(60_000)), 2);
    }

    #[test]
    fn memory_is_bounded_and_keys_in_use_stay() {
        let counters = RateCounters::new(640);
        for round in 0..20_000_u32 {
            counters.count(1, &round.to_be_bytes(), 60, at(0));
            assert_eq!(counters.count(1, b"regular", 60, at(0)), u64::from(round) + 1);
        }
        assert_eq!(counters.keys(), 640);
    }

    #[test]
    fn a_key_that_made_room_starts_afresh() {
        let counters = RateCounters::new(64);
        counters.count(1, b"early", 60, at(0));
        for round in 0..5_000_u32 {
            counters.count(1, &round.to_be_bytes(), 60, at(1));
        }
        assert_eq!(counters.count(1, b"early", 60, at(2)), 1);
    }

    #[test]
    fn threads_count_together() {
        let counters = RateCounters::new(64);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10).for_each(|_| _ = counters.count(7, b"shared", 600, at(0))));
            }
        });
        assert_eq!(counters.count(7, b"shared", 600, at(0)), 41);
    }
}
