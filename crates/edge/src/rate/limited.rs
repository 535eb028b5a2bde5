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

/// The limited keys that are remembered, by the hashes that counters know them by.
#[derive(Debug, Default)]
pub(super) struct LimitedKeys {
    known: Mutex<HashMap<u128, (RuleIdentity, LimitedKey), ReadyHasher>>,
}

impl LimitedKeys {
    /// Remembers a key. If there are too many, those that `is_limited` no longer are forgotten first; if that is not
    /// enough, this one is not remembered.
    pub(super) fn remember(
        &self,
        hash: u128,
        rule: RuleIdentity,
        key: CountedKey<'_>,
        is_limited: impl Fn(u128) -> bool,
    ) {
        let key = key.to_limited().cut(VALUE_BYTES_MAX);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= LIMITED_KEYS_MAX && !known.contains_key(&hash) {
            known.retain(|&hash, _| is_limited(hash));
            if known.len() >= LIMITED_KEYS_MAX {
                return;
            }
        }
        known.insert(hash, (rule, key));
    }

    /// The remembered keys of a rule, with what `look` says of them; those it says nothing of are forgotten.
    pub(super) fn of_rule<T>(&self, rule: RuleIdentity, look: impl Fn(u128) -> Option<T>) -> Vec<(LimitedKey, T)> {
        let mut found = Vec::new();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|&hash, (of, key)| {
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
