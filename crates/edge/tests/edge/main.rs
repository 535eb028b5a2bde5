//! The edge over real sockets: a recording origin behind it, real clients before it, port 0 throughout.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod support;

mod body;
mod fingerprints;
mod fleet;
mod forwarding;
mod http2;
mod limits;
mod origins;
mod pages;
mod phased;
mod rates;
mod records;
mod reload;
mod rules;
mod samples;
mod tls;
mod tokens;
mod upgrade;
