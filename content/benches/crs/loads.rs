//! Requests as people send them, and one of an attacker.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use sekisho_waf::{Body, Client, Header, Request};

/// A request.
pub(crate) struct Load {
    pub(crate) name: String,
    pub(crate) is_stopped: bool,
    method: &'static str,
    path: &'static str,
    query: String,
    fields: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    headers: Vec<Header<'static>>,
}

impl Load {
    pub(crate) fn new(name: &str, path: &'static str, query: &str) -> Self {
        let fields = [
            ("Host", "shop.example"),
            ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
            ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"),
            ("Accept-Language", "en-GB,en;q=0.8,ja;q=0.5"),
            ("Accept-Encoding", "gzip, deflate, br"),
            ("Referer", "https://shop.example/products/espresso-machines?sort=price&order=asc"),
            ("Cookie", "session=8f14e45fceea167a5a36dedd4bea2543; cart=3; consent=necessary%2Cstatistics"),
            ("Upgrade-Insecure-Requests", "1"),
            ("Sec-Fetch-Dest", "document"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Site", "same-origin"),
            ("Priority", "u=0, i"),
        ];
        let load = Self {
            name: name.to_owned(),
            is_stopped: false,
            method: "GET",
            path,
            query: query.to_owned(),
            fields: fields.into_iter().map(|(name, value)| (name, value.to_owned())).collect(),
            body: Vec::new(),
            headers: Vec::new(),
        };
        load.with_headers()
    }

    pub(crate) fn post(name: &str, kind: &str, body: Vec<u8>) -> Self {
        let mut load = Self::new(name, "/account/profile", "");
        load.method = "POST";
        load.fields.push(("Content-Type", kind.to_owned()));
        load.fields.push(("Content-Length", body.len().to_string()));
        load.body = body;
        load.with_headers()
    }

    pub(crate) fn stopped(mut self) -> Self {
        self.is_stopped = true;
        self
    }

    fn with_headers(mut self) -> Self {
        // A benchmark's requests live as long as it does.
        let leak = |value: &str| -> &'static [u8] { Vec::leak(value.as_bytes().to_vec()) };
        self.headers =
            self.fields.iter().map(|(name, value)| Header { name: name.as_bytes(), value: leak(value) }).collect();
        self
    }

    pub(crate) fn request(&self) -> Request<'_> {
        Request {
            method: self.method.as_bytes(),
            path: self.path.as_bytes(),
            query: self.query.as_bytes(),
            fragment: None,
            version: b"HTTP/1.1",
            scheme: "https",
            headers: &self.headers,
            body: Body::EMPTY,
            client: Client {
                ip: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
                ja3: None,
                ja4: None,
                country: None,
                asn: None,
            },
        }
    }
}

const WORDS: [&str; 24] = [
    "espresso",
    "machine",
    "with",
    "stainless",
    "steel",
    "boiler",
    "and",
    "a",
    "water",
    "tank",
    "of",
    "two",
    "litres",
    "for",
    "the",
    "kitchen",
    "at",
    "home",
    "quiet",
    "pump",
    "warm",
    "cups",
    "every",
    "morning",
];

/// Requests that are measured at both paranoia levels.
pub(crate) fn all(paranoia: u8) -> Vec<Load> {
    const FORM: &str = "application/x-www-form-urlencoded";
    let json = br#"{"product":"espresso-machine-21","quantity":2,"gift":false,"note":"Please ring twice","address":{"city":"Kyoto","zip":"604-8571"}}"#;
    let mut loads = vec![
        Load::new("GET", "/products/espresso-machines", "sort=price&order=asc&page=2&q=stainless+steel"),
        Load::post("small JSON", "application/json", json.to_vec()),
        Load::post("10 KB form", FORM, form(40, 40)),
        Load::post("950 arguments", FORM, form(950, 2)),
        Load::post(
            "64 KB multipart",
            "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW1",
            multipart(),
        ),
    ];
    if paranoia == 1 {
        let attack = "id=1%27%20UNION%20SELECT%20name,password%20FROM%20users--%20";
        loads.push(Load::new("attack GET", "/products", attack).stopped());
    }
    loads
}

fn words(at: usize, count: usize, between: &str) -> String {
    (at..at + count).map(|at| WORDS[(at * 7) % WORDS.len()]).collect::<Vec<_>>().join(between)
}

fn form(fields: usize, words_each: usize) -> Vec<u8> {
    let fields = (0..fields).map(|at| format!("field_{at}={}", words(at, words_each, "+")));
    fields.collect::<Vec<_>>().join("&").into_bytes()
}

fn multipart() -> Vec<u8> {
    const BOUNDARY: &str = "----WebKitFormBoundary7MA4YWxkTrZu0gW1";
    let mut body = String::new();
    for (at, name) in ["title", "description", "album"].into_iter().enumerate() {
        let text = words(at, 12, " ");
        write!(body, "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
            .expect("a String takes any text");
    }
    let head = "Content-Disposition: form-data; name=\"photo\"; filename=\"kitchen.jpg\"\r\nContent-Type: image/jpeg";
    write!(body, "--{BOUNDARY}\r\n{head}\r\n\r\n").expect("a String takes any text");
    let mut body = body.into_bytes();
    // Bytes as compression leaves them.
    let mut state = 1_u64;
    body.extend((0..64_000).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    }));
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    body
}
