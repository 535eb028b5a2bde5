//! A request of any bytes, its body read by every body parser its type asks for, held against the starter web ACL: no
//! panic, and the compiled matcher gives the reference evaluator's verdict.

#![no_main]

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sekisho_content::Lists;
use sekisho_edge::http1::Limits as GateLimits;
use sekisho_edge::http1::read::read;
use sekisho_model::Timestamp;
use sekisho_waf::{
    Body, BodySize, Client, Context, Header, KnownToken, Limits, NoPlaces, NoRates, Request, RuleSet, Scratch,
    reference,
};
use sekisho_waf_lang::aws::{self, LoadOptions};

/// The reference evaluator is slow on purpose; longer requests would only make fewer of them.
const REQUEST_BYTES_MAX: usize = 2048;

static RULES: LazyLock<RuleSet> = LazyLock::new(|| {
    let lists = Lists::default();
    let starter = sekisho_content::starter(&lists);
    let catalogue = sekisho_content::catalogue(&lists).expect("the content loads");
    let loaded = aws::load(&starter.acl, &starter.resources, &catalogue, &LoadOptions::default());
    RuleSet::compile(loaded.policy.expect("the starter ACL loads"), Limits::default()).expect("it compiles")
});

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

fuzz_target!(|bytes: &[u8]| {
    let bytes = &bytes[..bytes.len().min(REQUEST_BYTES_MAX)];
    let Ok(raw) = read(bytes, GateLimits::default()) else { return };
    let headers: Vec<_> =
        raw.headers.iter().map(|header| Header { name: header.name, value: header.value.as_ref() }).collect();
    let request = Request {
        method: raw.method,
        path: raw.parts.path,
        query: raw.parts.query.unwrap_or_default(),
        fragment: raw.parts.fragment,
        version: raw.version,
        scheme: "http",
        headers: &headers,
        body: Body { bytes: &raw.body, size: BodySize::Exact(raw.body.len() as u64), truncated: false },
        client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
    };
    let context =
        Context { now: Timestamp::from_unix_ms(0), rates: &NoRates, places: &NoPlaces, token: &KnownToken::NONE };
    let (expected, _) = reference::evaluate(RULES.policy(), RULES.limits(), &request, &context);
    SCRATCH.with_borrow_mut(|scratch| assert_eq!(*RULES.evaluate(&request, &context, scratch), expected));
});
