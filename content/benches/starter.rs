//! What the starter web ACL costs a request: usual ones and the worst we know.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sekisho_content::Lists;
use sekisho_model::Timestamp;
use sekisho_waf::{
    Body, BodySize, Client, Context, Header, KnownToken, Limits, NoPlaces, NoRates, Request, RuleSet, Scratch,
};
use sekisho_waf_lang::aws::{self, LoadOptions};

#[path = "../../crates/waf/benches/requests/browser.rs"]
mod browser;

use browser::BROWSER;

fn starter() -> RuleSet {
    let lists = Lists::default();
    let starter = sekisho_content::starter(&lists);
    let catalogue = sekisho_content::catalogue(&lists).expect("the content loads");
    let loaded = aws::load(&starter.acl, &starter.resources, &catalogue, &LoadOptions::default());
    let policy = loaded.policy.expect("the starter ACL loads");
    RuleSet::compile(policy, Limits::default()).expect("the starter ACL compiles")
}

struct Case {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    query: String,
    content_type: Option<&'static str>,
    body: Vec<u8>,
}

fn get(name: &'static str, query: impl Into<String>) -> Case {
    Case { name, method: "GET", path: "/products/search", query: query.into(), content_type: None, body: Vec::new() }
}

fn post(name: &'static str, content_type: &'static str, body: impl Into<Vec<u8>>) -> Case {
    Case {
        name,
        method: "POST",
        path: "/api/pay",
        query: String::new(),
        content_type: Some(content_type),
        body: body.into(),
    }
}

fn cases() -> Vec<Case> {
    const FORM: &str = "application/x-www-form-urlencoded";
    let form: String = (0..400).map(|n| format!("field{n}=some+plain+value&")).collect();
    let hostile = |name, unit: &str| post(name, FORM, format!("a={}", unit.repeat(64 * 1024 / unit.len())));
    vec![
        get("browser GET", "q=cat+food&page=2&sort=price"),
        get("attack GET", "q=1%27%20UNION%20SELECT%20username%2Cpassword%20FROM%20users--%20-"),
        post(
            "small JSON POST",
            "application/json",
            r#"{"order": 1842, "items": [{"sku": "NK-0042", "name": "SQL 実践入門", "count": 2}], "note": "ring the bell, please"}"#,
        ),
        post("10 KB form POST", FORM, &form[..10 * 1024]),
        hostile("64 KB of <", "<"),
        hostile("64 KB of $", "$"),
        hostile("64 KB of '", "'"),
        hostile("64 KB of %2527", "%2527"),
        hostile("64 KB of <a ", "<a "),
        hostile("64 KB of ../", "../"),
        hostile("64 KB of ${", "${"),
        hostile("64 KB of &#x3c;", "&#x3c;"),
        hostile("64 KB of /**/", "/**/"),
        hostile("64 KB of select ", "select "),
    ]
}

fn bench(criterion: &mut Criterion) {
    let rules = starter();
    let context =
        Context { now: Timestamp::from_unix_ms(0), rates: &NoRates, places: &NoPlaces, token: &KnownToken::NONE };
    let mut scratch = Scratch::new();
    let mut group = criterion.benchmark_group("starter");
    for case in cases() {
        let mut headers: Vec<_> =
            BROWSER.iter().map(|(name, value)| Header { name: name.as_bytes(), value: value.as_bytes() }).collect();
        if let Some(content_type) = case.content_type {
            headers.push(Header { name: b"Content-Type", value: content_type.as_bytes() });
        }
        let request = Request {
            method: case.method.as_bytes(),
            path: case.path.as_bytes(),
            query: case.query.as_bytes(),
            fragment: None,
            version: b"HTTP/1.1",
            scheme: "https",
            headers: &headers,
            body: Body { bytes: &case.body, size: BodySize::Exact(case.body.len() as u64), truncated: false },
            client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
        };
        if case.body.len() > 1024 {
            group.throughput(Throughput::Bytes(case.body.len() as u64));
        }
        group.bench_function(case.name, |bencher| {
            bencher.iter(|| black_box(rules.evaluate(black_box(&request), &context, &mut scratch).decision));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
