//! Listeners, TLS, routing, the phases of a proxied request, the record of each decision.

pub mod http1;
pub mod metrics;
pub mod rate;
pub mod record;
