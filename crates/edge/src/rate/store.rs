//! What keeps the counters of rate-based rules: this process alone, or a fleet together.
//!
//! Counting happens while a request waits, so a store answers from memory; what a fleet shares is exchanged beside it.

use sekisho_model::Timestamp;
use sekisho_waf::{CountedKey, LimitedKey};

use super::identity::RuleIdentity;
use super::window::Allowance;

/// One use of a rate-based rule, as its counters are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedRule {
    pub(super) identity: RuleIdentity,
    pub(super) allowance: Allowance,
}

/// Keeps counters.
pub trait CounterStore: std::fmt::Debug + Send + Sync {
    /// Counts a request and returns how many the rule's window has for its key, this one included.
    ///
    /// Never waits for anything but memory. A time before the latest seen for the key counts as that, unless it is a window or
    /// more before it.
    fn count(&self, rule: &CountedRule, key: CountedKey<'_>, now: Timestamp) -> u64;

    /// The keys of a rule that are limited now.
    fn limited(&self, rule: &CountedRule, now: Timestamp) -> Vec<Limited>;

    /// How many keys of all rules are kept.
    fn keys(&self) -> usize;

    /// Whom the counters are shared with.
    fn sharing(&self) -> Sharing;
}

/// Whom counters are shared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// Nobody: this process counts for itself.
    Own,
    /// The fleet.
    Fleet,
    /// The fleet, but its store cannot be reached: this process counts for itself since then.
    Lost {
        /// Since when.
        since: Timestamp,
    },
}

/// A key that is limited: its next request is over the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limited {
    /// The key; long values of a custom key are cut.
    pub key: LimitedKey,
    /// Requests in the window.
    pub count: u64,
    /// Since when it is over the limit.
    pub since: Timestamp,
    /// How much longer, in milliseconds, if it sends no more.
    pub remaining_ms: u32,
}
