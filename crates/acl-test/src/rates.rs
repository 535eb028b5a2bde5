//! Counters of rate-based rules in virtual time: every request is remembered, so that the count is exact.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};

use sekisho_model::Timestamp;
use sekisho_waf::{CountedKey, LimitedKey, RateSource, RuleRef};

/// The requests of one case, by rule and key.
#[derive(Debug, Default)]
pub(crate) struct ExactRates {
    requests_ms: RefCell<HashMap<(RuleRef, LimitedKey), VecDeque<u64>>>,
}

impl RateSource for ExactRates {
    fn count(&self, rule: RuleRef, key: CountedKey<'_>, window_s: u32, now: Timestamp) -> u64 {
        let mut all = self.requests_ms.borrow_mut();
        let times = all.entry((rule, key.to_limited())).or_default();
        while times.front().is_some_and(|&time| now.unix_ms() - time >= u64::from(window_s) * 1000) {
            times.pop_front();
        }
        times.push_back(now.unix_ms());
        times.len() as u64
    }
}

/// What was counted already: for the evaluator that judges a request second.
#[derive(Debug)]
pub(crate) struct Counted<'r>(pub(crate) &'r ExactRates);

impl RateSource for Counted<'_> {
    fn count(&self, rule: RuleRef, key: CountedKey<'_>, _: u32, _: Timestamp) -> u64 {
        self.0.requests_ms.borrow().get(&(rule, key.to_limited())).map_or(0, |times| times.len() as u64)
    }
}
