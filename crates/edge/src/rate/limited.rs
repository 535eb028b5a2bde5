//! What the keys are that are limited: counters know keys by hashes only, people want to read them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sekisho_waf::{CountedKey, LimitedKey};

use super::identity::RuleIdentity;
use super::table::ReadyHasher;

/// Limited keys of all rules that are remembered. AWS lists as many of one rule.
pub(super) const LIMITED_KEYS_MAX: usize = 10_000;
/// Bytes of each value of a custom key that are remembered.
const VALUE_BYTES_MAX: usize = 256;
/// Between two looks for keys that can be forgotten, in milliseconds: each takes as long as there are keys.
const SWEEP_INTERVAL_MS: u64 = 1_000;

/// The limited keys that are remembered, by the hashes that counters know them by.
#[derive(Debug, Default)]
pub(super) struct LimitedKeys {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    keys: HashMap<u128, (RuleIdentity, LimitedKey), ReadyHasher>,
    swept_ms: u64,
}

impl LimitedKeys {
    /// Remembers a key. If there are too many, those that `is_limited` no longer are forgotten first, once a second at
    /// most; if that is not enough, this one is not remembered.
    pub(super) fn remember(
        &self,
        hash: u128,
        rule: RuleIdentity,
        key: CountedKey<'_>,
        now_ms: u64,
        is_limited: impl Fn(u128) -> bool,
    ) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Known { keys, swept_ms } = &mut *known;
        if keys.len() >= LIMITED_KEYS_MAX && !keys.contains_key(&hash) {
            if now_ms.abs_diff(*swept_ms) < SWEEP_INTERVAL_MS {
                return;
            }
            *swept_ms = now_ms;
            keys.retain(|&hash, _| is_limited(hash));
            if keys.len() >= LIMITED_KEYS_MAX {
                return;
            }
        }
        keys.insert(hash, (rule, key.to_limited().cut(VALUE_BYTES_MAX)));
    }

    /// The remembered keys of a rule, with what `look` says of them; those it says nothing of are forgotten.
    pub(super) fn of_rule<T>(&self, rule: RuleIdentity, look: impl Fn(u128) -> Option<T>) -> Vec<(LimitedKey, T)> {
        let mut found = Vec::new();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.keys.retain(|&hash, (of, key)| {
            if *of != rule {
                return true;
            }
            let Some(seen) = look(hash) else { return false };
            found.push((key.clone(), seen));
            true
        });
        found
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn whoever_makes_many_keys_does_not_make_every_request_look_at_all_of_them() {
        let (limited, looks) = (LimitedKeys::default(), Cell::new(0));
        let remember = |hash: usize, now_ms, is_limited| {
            limited.remember(hash as u128, RuleIdentity(1), CountedKey::Constant, now_ms, |_| {
                looks.set(looks.get() + 1);
                is_limited
            });
        };
        (0..LIMITED_KEYS_MAX + 100).for_each(|hash| remember(hash, 5_000, true));
        assert_eq!(looks.get(), LIMITED_KEYS_MAX);
        remember(LIMITED_KEYS_MAX + 100, 6_000, false);
        assert_eq!(limited.of_rule(RuleIdentity(1), Some), [(LimitedKey::Constant, 10_100)]);
    }
}
