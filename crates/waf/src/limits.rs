//! How much the engine takes on. Every limit has a unit and a reason.

use crate::transaction::TransactionLimits;

/// The engine's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of all headers together (names and values), this many bytes are inspected. AWS: the first 8 KB.
    pub headers_bytes_max: usize,
    /// Of all headers, this many are inspected. AWS: the first 200.
    pub headers_max: usize,
    /// Of all cookies together (names and values), this many bytes are inspected. AWS: the first 8 KB.
    pub cookies_bytes_max: usize,
    /// Of all cookies, this many are inspected. AWS: the first 200.
    pub cookies_max: usize,
    /// A body is taken apart into at most this many values; what follows is inspected as one value, so that nothing
    /// escapes and work stays linear.
    pub body_values_max: usize,
    /// JSON is read this many levels deep; a body that nests deeper counts as unreadable from there on. Beyond what common
    /// services take (Go, the most patient, takes 10,000), so that none reads what is not inspected.
    pub json_depth_max: usize,
    /// A condition may nest this deep, so that evaluation needs a bounded stack.
    pub condition_depth_max: usize,
    /// A compiled regular expression may take this many bytes, so that a rule file cannot exhaust memory.
    pub regex_bytes_max: usize,
    /// Those of rules that run in phases.
    pub transaction: TransactionLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            headers_bytes_max: 8 * 1024,
            headers_max: 200,
            cookies_bytes_max: 8 * 1024,
            cookies_max: 200,
            body_values_max: 4096,
            json_depth_max: 10_000,
            condition_depth_max: 64,
            regex_bytes_max: 10 * 1024 * 1024,
            transaction: TransactionLimits::default(),
        }
    }
}
