//! Counters of rate-based rules: how many requests a key sent in the last seconds.
//!
//! Kept in this process, shared by all workers, and, if so configured, with a fleet. A key has a fixed amount of memory;
//! as many keys are kept as a setting allows, and the one not seen for longest makes room for a new one. Keys are known by
//! keyed hashes; only those that are limited are remembered as they are, for people to read.

mod counters;
mod fleet;
mod identity;
mod limited;
mod policy;
mod store;
mod table;
mod window;

pub use counters::RateCounters;
pub use fleet::{Endpoint, EndpointError, FleetCounters, FleetError, FleetSettings, resp};
pub use policy::PolicyRates;
pub use store::{CountedRule, CounterStore, Limited, Sharing};
