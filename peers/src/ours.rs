//! The engine of this repository.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use sekisho_model::Timestamp;
use sekisho_waf::transaction::{InspectedBody, PhasedContext, PhasedRules, ResponseHead, Transaction};
use sekisho_waf::{Body, Client, Header, Limits, Request};
use sekisho_waf_lang::seclang::{Entry, LoadOptions, load};

use crate::Engine;
use crate::rule_files::Disk;
use crate::wire::Wire;

/// The response of requests that pass.
pub const RESPONSE_FIELDS: [(&str, &str); 2] = [("Content-Type", "text/html"), ("Content-Length", "1024")];

/// Compiled rules and a transaction's memory.
pub struct Ours {
    rules: Arc<PhasedRules>,
    transaction: Transaction,
    response: Vec<u8>,
    now: Timestamp,
}

impl Ours {
    /// Loads and compiles rules; how long that took.
    pub fn load(path: &str) -> Result<(Self, Duration)> {
        let begin = Instant::now();
        let loaded = load(&[Entry::file(path)], &Disk, &LoadOptions::default());
        let policy = loaded.policy.with_context(|| format!("load {path}:\n{}", loaded.diagnostics.render(false)))?;
        let rules = PhasedRules::compile(policy, Limits::default()).with_context(|| format!("compile {path}"))?;
        let took = begin.elapsed();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).context("read the clock")?;
        let now = Timestamp::from_unix_ms(u64::try_from(since.as_millis()).context("read the clock")?);
        let response = b"a small page. ".repeat(1024 / 14 + 1)[..1024].to_vec();
        Ok((Self { rules: Arc::new(rules), transaction: Transaction::new(), response, now }, took))
    }
}

impl Engine for Ours {
    fn decide(&mut self, wire: &Wire) -> Result<Option<u16>> {
        let fields: Vec<Header<'_>> =
            wire.fields.iter().map(|(name, value)| Header { name: name.as_bytes(), value }).collect();
        let (path, query) = wire.target.split_once('?').unwrap_or((&wire.target, ""));
        let request = Request {
            method: wire.method.as_bytes(),
            path: path.as_bytes(),
            query: query.as_bytes(),
            fragment: None,
            version: b"HTTP/1.1",
            scheme: "http",
            headers: &fields,
            body: Body::EMPTY,
            client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
        };
        let context = PhasedContext::at(self.now);
        let transaction = &mut self.transaction;
        transaction.begin(&self.rules, &request, &context);
        let mut stop = transaction.request_headers(&context);
        if stop.is_none() {
            // As the checkpoint does: rules see as much as they want.
            let bytes_max = transaction.request_body_wanted().map_or(0, |wanted| wanted.bytes_max);
            let seen = wire.body.len().min(usize::try_from(bytes_max).unwrap_or(usize::MAX));
            let body = InspectedBody { bytes: &wire.body[..seen], over_limit: seen < wire.body.len() };
            stop = transaction.request_body(body, &context);
        }
        if stop.is_none() {
            let headers =
                RESPONSE_FIELDS.map(|(name, value)| Header { name: name.as_bytes(), value: value.as_bytes() });
            let head = ResponseHead { status: 200, protocol: b"HTTP/1.1", headers: &headers };
            stop = transaction.response_headers(&head, &context);
        }
        if stop.is_none() {
            stop = transaction.response_body(InspectedBody { bytes: &self.response, over_limit: false }, &context);
        }
        transaction.logging(&context);
        Ok(stop.map(|stop| stop.status))
    }
}
