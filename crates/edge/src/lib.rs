//! Listeners, TLS, routing, the phases of a proxied request, the record of each decision.

pub mod http1;
