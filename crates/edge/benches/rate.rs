//! What counting a request for a rate-based rule costs: the counters alone, and a whole evaluation by kind of key.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use sekisho_edge::rate::{CounterStore, PolicyRates, RateCounters};
use sekisho_model::Timestamp;
use sekisho_waf::ir::{Action, AddressSource, Policy, RateKey, RateKeyPart, Rule, RuleKind};
use sekisho_waf::transform::Transform;
use sekisho_waf::{
    Body, Client, Context, CountedKey, Header, KnownToken, Limits, NoPlaces, RateSource, Request, RuleRef, RuleSet,
    Scratch,
};

const START_MS: u64 = 1_795_299_944_123;
const HEADERS: [Header<'static>; 4] = [
    Header { name: b"Host", value: b"shop.example" },
    Header { name: b"User-Agent", value: b"Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0" },
    Header { name: b"X-Api-Key", value: b"0123456789abcdef0123456789abcdef" },
    Header { name: b"Cookie", value: b"theme=dark; session=4f1c2d3e4b5a69788796a5b4c3d2e1f0" },
];

fn policy(key: Option<RateKey>) -> Policy {
    let rule = |key| {
        let kind =
            RuleKind::Rate { limit: 2_000, window_s: 300, key, scope_down: None, action: Action::block().into() };
        Rule { name: "rate".to_owned(), visibility: "rate".into(), labels: Vec::new(), kind }
    };
    Policy {
        name: "shop".to_owned(),
        id: "arn:shop".to_owned(),
        default_action: Action::ALLOW,
        rules: key.map(rule).into_iter().collect(),
        body_inspected_bytes_max: None,
        token_domains: Vec::new(),
        visibility: "shop".into(),
        protection: Default::default(),
    }
}

fn rates(policy: &Policy) -> PolicyRates {
    PolicyRates::new(Arc::new(RateCounters::new(65_536)) as Arc<dyn CounterStore>, policy)
}

fn counters(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rate count");
    // 1,000 addresses stay under the limit; one alone is far over it.
    for (name, keys) in [("1,000 addresses", 1_000), ("one address, in a flood", 1)] {
        let rates = rates(&policy(Some(RateKey::Address(AddressSource::Client))));
        let mut now_ms = START_MS;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                now_ms += 1;
                let address = ((now_ms % keys) as u32).to_be_bytes();
                let key = CountedKey::Address(black_box(address).into());
                rates.count(RuleRef::top(0), key, 300, Timestamp::from_unix_ms(now_ms))
            });
        });
    }
    group.finish();
}

fn evaluations(criterion: &mut Criterion) {
    let header = |name: &str, transforms| RateKeyPart::Header { name: name.to_owned(), transforms };
    let cookie = RateKeyPart::Cookie { name: "session".to_owned(), transforms: Vec::new() };
    let address = RateKeyPart::Address(AddressSource::Client);
    let mut group = criterion.benchmark_group("evaluation of a GET");
    for (name, key) in [
        ("no rule", None),
        ("by address", Some(RateKey::Address(AddressSource::Client))),
        ("by a header", Some(RateKey::Custom(vec![header("x-api-key", Vec::new())]))),
        (
            "by five parts, two transformed",
            Some(RateKey::Custom(vec![
                header("x-api-key", vec![Transform::Lowercase]),
                cookie,
                RateKeyPart::UriPath { transforms: vec![Transform::UrlDecode, Transform::Lowercase] },
                RateKeyPart::Method,
                address,
            ])),
        ),
    ] {
        let policy = policy(key);
        let rates = rates(&policy);
        let rule_set = RuleSet::compile(policy, Limits::default()).expect("it compiles");
        let mut scratch = Scratch::new();
        let mut now_ms = START_MS;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                now_ms += 100;
                let address = ((now_ms / 100 % 1_000) as u32).to_be_bytes();
                let request = Request {
                    method: b"GET",
                    path: b"/products/42/%E5%95%86%E5%93%81",
                    query: b"",
                    fragment: None,
                    version: b"HTTP/1.1",
                    scheme: "https",
                    headers: &HEADERS,
                    body: Body::EMPTY,
                    client: Client { ip: black_box(address).into(), country: None, asn: None, ja3: None, ja4: None },
                };
                let now = Timestamp::from_unix_ms(now_ms);
                let context = Context { now, rates: &rates, places: &NoPlaces, token: &KnownToken::NONE };
                rule_set.evaluate(black_box(&request), &context, &mut scratch).decision
            });
        });
    }
    group.finish();
}

criterion_group!(benches, counters, evaluations);
criterion_main!(benches);
