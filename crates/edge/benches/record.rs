//! What a record and a rate count cost a request.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use sekisho_edge::record::{MaskSettings, Occurrence, Recorder, Source, Subject, Veil};
use sekisho_model::Timestamp;
use sekisho_waf::ir::{Action, Group, Policy, Rule, RuleKind};
use sekisho_waf::{Body, Client, GroupOutcome, Header, Request, Verdict};

/// What a browser sends for a page.
const HEADERS: [Header<'static>; 12] = [
    Header { name: b"Host", value: b"shop.example.com" },
    Header { name: b"Connection", value: b"keep-alive" },
    Header { name: b"sec-ch-ua", value: b"\"Chromium\";v=\"142\", \"Not_A Brand\";v=\"24\"" },
    Header { name: b"sec-ch-ua-mobile", value: b"?0" },
    Header { name: b"Upgrade-Insecure-Requests", value: b"1" },
    Header {
        name: b"User-Agent",
        value: b"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    },
    Header {
        name: b"Accept",
        value: b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    },
    Header { name: b"Sec-Fetch-Site", value: b"same-origin" },
    Header { name: b"Referer", value: b"https://shop.example.com/products?page=2" },
    Header { name: b"Accept-Encoding", value: b"gzip, deflate, br, zstd" },
    Header { name: b"Accept-Language", value: b"ja,en-US;q=0.9,en;q=0.8" },
    Header { name: b"Cookie", value: b"session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; cart=12" },
];

fn policy() -> Policy {
    let groups = ["AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesSQLiRuleSet"];
    let rules = groups.map(|name| {
        let id = format!("AWS#{name}");
        let group = Group {
            id,
            name: name.to_owned(),
            managed: true,
            visibility: name.into(),
            excluded: Vec::new(),
            rules: Vec::new(),
        };
        let kind = RuleKind::Group { group, scope_down: None, count_only: false };
        Rule { name: name.to_owned(), visibility: name.into(), labels: Vec::new(), kind }
    });
    Policy {
        name: "starter".to_owned(),
        id: "arn:aws:wafv2:local:000000000000:regional/webacl/starter/00000000-0000-0000-0000-000000000000".to_owned(),
        default_action: Action::ALLOW,
        rules: rules.into(),
        body_inspected_bytes_max: None,
        token_domains: Vec::new(),
        visibility: "acl".into(),
        protection: Default::default(),
    }
}

fn record(criterion: &mut Criterion) {
    let policy = policy();
    let request = Request {
        method: b"GET",
        path: b"/products/8812",
        query: b"ref=home&sort=price&page=2",
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "https",
        headers: &HEADERS,
        body: Body::EMPTY,
        client: Client { ip: [203, 0, 113, 9].into(), country: None, asn: None, ja3: None, ja4: None },
    };
    let groups = (0..3).map(|rule| GroupOutcome { rule, terminated_by: None }).collect();
    let verdict = Verdict { groups, ..Verdict::default() };
    let occurrence = Occurrence {
        at: Timestamp::from_unix_ms(1_795_299_944_123),
        request_id: "1-6920e7a8-0123456789abcdef01234567",
        country: Some("JP"),
        asn: None,
        response_code_sent: None,
        inserted: &[],
        match_details: &[],
    };
    let source = Source { name: "ALB".to_owned(), id: "shop".to_owned() };
    let mut recorder = Recorder::new(&source, &MaskSettings::default());
    let veil = Veil::new(&policy.protection, &[]);
    let mut out = Vec::new();
    criterion.bench_function("record of a browser GET with 12 headers", |bencher| {
        bencher.iter(|| {
            out.clear();
            let subject = Subject::Evaluated { request: black_box(&request), verdict: black_box(&verdict) };
            recorder.write(&policy, &veil, black_box(&occurrence), subject, &mut out);
            black_box(out.len())
        });
    });
}

criterion_group!(benches, record);
criterion_main!(benches);
