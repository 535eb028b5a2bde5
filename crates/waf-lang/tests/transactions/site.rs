//! A site under rules, and requests to it.

use std::sync::Arc;

use sekisho_model::Timestamp;
use sekisho_waf::transaction::{
    InspectedBody, Intervention, Judging, LocalCollections, Matched, PhasedContext, PhasedRules, ResponseHead,
    Transaction, TransactionLimits,
};
use sekisho_waf::{Body, Client, Header, Limits, Request};
use sekisho_waf_lang::seclang::{Entry, LoadOptions, NoFiles, load};

/// A site under rules.
pub(crate) struct Site {
    rules: Arc<PhasedRules>,
    collections: LocalCollections,
    now_s: u64,
    judging: Judging,
    transaction: Transaction,
}

/// What is sent to it.
#[derive(Clone, Copy)]
pub(crate) struct Sent<'a> {
    pub(crate) query: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a str,
    pub(crate) over_limit: bool,
    pub(crate) response: &'a str,
    pub(crate) host: &'a str,
}

impl<'a> Sent<'a> {
    pub(crate) const fn query(query: &'a str) -> Self {
        Self { query, headers: &[], body: "", over_limit: false, response: "", host: "localhost" }
    }

    /// The same to another host.
    pub(crate) const fn host(self, host: &'a str) -> Self {
        Self { host, ..self }
    }
}

impl Site {
    /// A site whose engine is on unless the rules say otherwise.
    pub(crate) fn new(rules: &str) -> Self {
        Self::with_limits(rules, TransactionLimits::default())
    }

    /// A site that holds rules against values in this way.
    pub(crate) fn judging(rules: &str, judging: Judging) -> Self {
        Self { judging, ..Self::new(rules) }
    }

    pub(crate) fn loaded(rules: &str, options: &LoadOptions) -> Self {
        Self::with(rules, options, TransactionLimits::default())
    }

    pub(crate) fn with_limits(rules: &str, limits: TransactionLimits) -> Self {
        Self::with(rules, &LoadOptions::default(), limits)
    }

    fn with(rules: &str, options: &LoadOptions, limits: TransactionLimits) -> Self {
        let text = format!("SecRuleEngine On\nSecRequestBodyAccess On\nSecResponseBodyAccess On\n{rules}\n");
        let loaded = load(&[Entry::text("t.conf", text)], &NoFiles, options);
        let policy = loaded.policy.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
        let limits = Limits { transaction: limits, ..Limits::default() };
        let rules = PhasedRules::compile(policy, limits).expect("what loads compiles");
        Self {
            rules: Arc::new(rules),
            collections: LocalCollections::new(limits.transaction),
            now_s: 1_700_000_000,
            judging: Judging::Both,
            transaction: Transaction::new(),
        }
    }

    /// Time goes by.
    pub(crate) fn wait_s(&mut self, seconds: u64) {
        self.now_s += seconds;
    }

    /// Sends a request through all phases; what stopped it, if anything did.
    pub(crate) fn send(&mut self, sent: Sent<'_>) -> Option<Intervention> {
        let headers: Vec<_> = [("Host", sent.host)]
            .iter()
            .chain(sent.headers)
            .map(|(name, value)| Header { name: name.as_bytes(), value: value.as_bytes() })
            .collect();
        let client = "192.0.2.7".parse().expect("an address");
        let request = Request {
            method: b"GET",
            path: b"/page",
            query: sent.query.as_bytes(),
            fragment: None,
            version: b"HTTP/1.1",
            scheme: "http",
            headers: &headers,
            body: Body::EMPTY,
            client: Client { ip: client, country: None, asn: None, ja3: None, ja4: None },
        };
        let context = PhasedContext {
            collections: &self.collections,
            unique_id: "u-1",
            server_address: "127.0.0.1".parse().ok(),
            judging: self.judging,
            ..PhasedContext::at(Timestamp::from_unix_ms(self.now_s * 1_000))
        };
        let tx = &mut self.transaction;
        tx.begin(&self.rules, &request, &context);
        let body = InspectedBody { bytes: sent.body.as_bytes(), over_limit: sent.over_limit };
        let head = ResponseHead {
            status: 200,
            protocol: b"HTTP/1.1",
            headers: &[Header { name: b"Content-Type", value: b"text/html" }],
        };
        let stopped = tx.request_headers(&context);
        let stopped = stopped.or_else(|| tx.request_body(body, &context));
        let stopped = stopped.or_else(|| tx.response_headers(&head, &context));
        let response = InspectedBody { bytes: sent.response.as_bytes(), over_limit: false };
        let stopped = stopped.or_else(|| tx.response_body(response, &context));
        tx.logging(&context);
        stopped
    }

    /// `TX` variables by name, as `a=1 b=`.
    pub(crate) fn tx(&self, names: &[&str]) -> String {
        let shown = names.iter().map(|name| {
            let mut value = Vec::new();
            self.transaction.write_tx(name, &mut value);
            format!("{name}={}", String::from_utf8_lossy(&value))
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    /// The lines of the error log.
    pub(crate) fn log(&self) -> Vec<String> {
        let lines = self.transaction.matches().filter(|matched| matched.log).map(|matched| line(&matched));
        lines.collect()
    }
}

fn line(matched: &Matched<'_>) -> String {
    let mut out = Vec::new();
    matched.write_error_log_line(&mut out);
    String::from_utf8(out).expect("a line is ASCII")
}

/// What `TX:A` to `TX:E` are after a request with this query, whichever way rules are held against values.
#[track_caller]
pub(crate) fn check(rules: &str, query: &str, expected: &str) {
    for judging in [Judging::Plain, Judging::Prefiltered, Judging::Both] {
        let mut site = Site::judging(rules, judging);
        site.send(Sent::query(query));
        assert_eq!(site.tx(&["a", "b", "c", "d", "e"]), expected, "{judging:?}");
        // The second request on the same memory sees nothing of the first.
        site.send(Sent::query(query));
        assert_eq!(site.tx(&["a", "b", "c", "d", "e"]), expected, "{judging:?}, on memory that was used before");
    }
}
