//! What it costs to fill the values that rules in phases look at: usual requests and the worst we know.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sekisho_model::Timestamp;
use sekisho_waf::ir::phased::{BodyProcessor, PhasedSettings};
use sekisho_waf::transaction::variables::{Filling, Memory, ReceivedBody, request_body, request_head};
use sekisho_waf::transaction::{PhasedContext, Store};
use sekisho_waf::{Body, Client, Header, Request};

#[path = "requests/browser.rs"]
mod browser;

use browser::BROWSER;

/// A limit that nothing here reaches.
const UNREACHED: u64 = 1 << 24;

struct Case {
    name: &'static str,
    processor: Option<BodyProcessor>,
    body: Vec<u8>,
}

fn cases() -> Vec<Case> {
    let case = |name, processor, body: String| Case { name, processor, body: body.into_bytes() };
    let word = |number: usize| format!("name{number}=some+value%20of+{number}");
    let words = |count: usize| (0..count).map(word).collect::<Vec<_>>().join("&");
    let multipart = |content: &str, count: usize| {
        let part = format!(
            "--XYZ\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\nContent-Type: text/plain\r\n\r\n{content}\r\n"
        );
        part.repeat(count) + "--XYZ--\r\n"
    };
    let line = "The quick brown fox jumps over the lazy dog -- and back again.\r\n";
    let mega = |text: &str| text.repeat((1 << 20) / text.len());
    use BodyProcessor as P;
    vec![
        case("get", None, String::new()),
        case("form_10k", Some(P::UrlEncoded), words(350)),
        case("form_950_arguments", Some(P::UrlEncoded), words(950)),
        case(
            "json_small",
            Some(P::Json),
            "{\"user\":\"alice\",\"items\":[{\"id\":17,\"count\":2}],\"note\":null}".into(),
        ),
        case("multipart_64k", Some(P::Multipart), multipart(&line.repeat(1000), 1)),
        case(
            "xml_10k",
            Some(P::Xml),
            format!(
                "<list>{}</list>",
                "<item id=\"17\"><name>tea &amp; cake</name><price>12</price></item>".repeat(160)
            ),
        ),
        case("hostile_form", Some(P::UrlEncoded), mega("&")),
        case("hostile_multipart_parts", Some(P::Multipart), multipart("", 1 << 14)),
        case("hostile_multipart_dashes", Some(P::Multipart), mega("\n--")),
        case("hostile_json_depth", Some(P::Json), mega("[")),
        case(
            "hostile_json_names",
            Some(P::Json),
            format!("{{\"{}\":[{}1]}}", "k".repeat(1 << 19), "1,".repeat(1 << 18)),
        ),
        case("hostile_xml_attributes", Some(P::Xml), format!("<a {}>", mega("x='' "))),
        case("hostile_xml_references", Some(P::Xml), format!("<a>{}</a>", mega("&lt;"))),
    ]
}

fn fill(store: &mut Store, memory: &mut Memory, case: &Case, settings: &PhasedSettings) {
    let content_type = ("Content-Type", "multipart/form-data; boundary=XYZ");
    let fields = BROWSER.iter().chain(case.processor.map(|_| &content_type));
    let headers: Vec<_> =
        fields.map(|(name, value)| Header { name: name.as_bytes(), value: value.as_bytes() }).collect();
    let request = Request {
        method: b"GET",
        path: b"/products/search",
        query: b"q=green%20tea&page=2&sort=price",
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "https",
        headers: &headers,
        body: Body::EMPTY,
        client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
    };
    let filling = Filling { settings, full_request: false, xml_paths: &[] };
    store.clear(1 << 24);
    request_head(store, memory, &request, &PhasedContext::at(Timestamp::from_unix_ms(0)), filling);
    let body = ReceivedBody {
        bytes: &case.body,
        is_over_limit: false,
        processor: case.processor,
        is_forced: false,
        ..ReceivedBody::default()
    };
    request_body(store, memory, body, filling);
    black_box(store);
}

fn variables(criterion: &mut Criterion) {
    let mut settings = PhasedSettings::default();
    settings.request_body.no_files_bytes_max = UNREACHED;
    let mut group = criterion.benchmark_group("variables");
    for case in cases() {
        let (mut store, mut memory) = (Store::default(), Memory::default());
        group.throughput(Throughput::Bytes(case.body.len() as u64));
        group.bench_function(case.name, |bencher| bencher.iter(|| fill(&mut store, &mut memory, &case, &settings)));
    }
    group.finish();
}

criterion_group!(benches, variables);
criterion_main!(benches);
