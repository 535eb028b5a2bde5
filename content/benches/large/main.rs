//! What a web ACL as large as AWS allows costs: to load, and a request; and an IP set of a million ranges.

mod acl;
mod addresses;
mod cpu_time;

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use sekisho_model::{SourceFile, Timestamp};
use sekisho_waf::{
    Body, Client, Context, Decision, Header, KnownToken, Limits, NoRates, Place, PlaceSource, Request, RuleSet, Scratch,
};
use sekisho_waf_lang::aws::{self, LoadOptions, ManagedCatalogue};

#[path = "../../../crates/waf/benches/requests/browser.rs"]
mod browser;

use browser::BROWSER;
use cpu_time::CpuTime;

/// Rules look at addresses that proxies report.
const FORWARDED: (&str, &str) = ("X-Forwarded-For", "198.51.100.7");

/// Everyone is in Tokyo.
struct Tokyo;

impl PlaceSource for Tokyo {
    fn place(&self, _: IpAddr) -> Option<Place<'_>> {
        Some(Place { country: "JP", region: Some("13") })
    }

    fn asn(&self, _: IpAddr) -> Option<u32> {
        Some(64500)
    }
}

fn bench(criterion: &mut Criterion<CpuTime>) {
    let (acl, resources) = acl::large();
    let acl = SourceFile::new("acl.json", acl);
    let resources: Vec<_> = resources.into_iter().map(|text| SourceFile::new("set.json", text)).collect();
    let catalogue = ManagedCatalogue::new();
    let load = || aws::load(&acl, &resources, &catalogue, &LoadOptions::default());
    let compile = |policy| RuleSet::compile(policy, Limits::default()).expect("the web ACL compiles");
    let loaded = load();
    let shown = loaded.diagnostics.render(false);
    let policy = loaded.policy.unwrap_or_else(|| panic!("{shown}"));
    assert_eq!(policy.rules.len(), acl::RULES);

    let mut group = criterion.benchmark_group("large");
    group.sample_size(20).measurement_time(Duration::from_secs(8));
    group.bench_function("load", |bencher| bencher.iter(load));
    group.bench_function("compile", |bencher| {
        bencher.iter_batched(|| policy.clone(), compile, criterion::BatchSize::LargeInput);
    });
    group.bench_function("load and compile", |bencher| {
        bencher.iter(|| compile(load().policy.expect("it loads")));
    });

    let rules = compile(policy.clone());
    let headers: Vec<_> = (BROWSER.iter().chain([&FORWARDED]))
        .map(|(name, value)| Header { name: name.as_bytes(), value: value.as_bytes() })
        .collect();
    let request = Request {
        method: b"GET",
        path: b"/products/search",
        query: b"q=cat+food&page=2&sort=price",
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "https",
        headers: &headers,
        body: Body::EMPTY,
        client: Client { ip: Ipv4Addr::new(198, 51, 100, 7).into(), country: None, asn: None, ja3: None, ja4: None },
    };
    let context =
        Context { now: Timestamp::from_unix_ms(0), rates: &NoRates, places: &Tokyo, token: &KnownToken::NONE };
    let mut scratch = Scratch::new();
    let verdict = rules.evaluate(&request, &context, &mut scratch);
    assert!(verdict.decision == Decision::Allow && verdict.terminating.is_none(), "{verdict:?}");
    group.sample_size(50);
    group.bench_function("browser GET", |bencher| {
        bencher.iter(|| black_box(rules.evaluate(black_box(&request), &context, &mut scratch).decision));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = bench, addresses::bench
}
criterion_main!(benches);
