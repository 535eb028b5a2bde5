//! What the edge counts and measures, for Prometheus: AWS WAF's metrics under their own names, and the edge's.
//!
//! A request touches only handles that were looked up beforehand: atomic numbers, no strings, no maps. Counters are kept
//! by name in the registry; [`PolicyCounters`] holds the handles of one policy by position and is made anew when the
//! policy is swapped, so the numbers go on. Nothing here opens a socket; whoever serves the admin address asks for the
//! text.

mod audit;
mod edge;
mod histogram;
mod policy;
mod rate;
mod record;

pub use audit::AuditMetrics;
pub use edge::{EdgeMetrics, Metrics, Refusal, ReloadKind};
pub use histogram::LatencyHistogram;
pub use policy::{PhasedCounters, PolicyCounters};
pub use rate::RateMetrics;
pub use record::{DropReason, RecordMetrics};
