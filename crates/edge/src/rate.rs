//! Counters of rate-based rules: how many requests a key sent in the last seconds.
//!
//! Kept in this process, shared by all workers. A key has a fixed amount of memory; as many keys are kept as a setting
//! allows, and the one not seen for longest makes room for a new one. Keys are known by two keyed hashes with secrets of
//! this process, so that nobody can choose keys that collide.

mod counters;
mod window;

pub use counters::{PolicyRates, RateCounters};
