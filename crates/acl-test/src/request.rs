//! A request as a test writes it: `GET /admin?x=1`, or whole as it stands on the wire, with what else is known of it.

use std::net::{IpAddr, Ipv4Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_edge::body;
use sekisho_waf::{Body, BodySize, Client, Header, Request};

use crate::places::Facts;
use crate::problems::Problems;
use crate::repetition::expanded;
use crate::token::Token;
use crate::tree::{Tree, Value};

/// A target, header or body longer than this (bytes) is refused: a test should stay readable and quick.
const PART_BYTES_MAX: usize = 1 << 20;

/// The keys of a request.
pub(crate) const FIELDS: &[&str] =
    &["request", "headers", "body", "body_base64", "client", "country", "region", "asn", "ja3", "ja4", "token"];

/// What a request has unless it says otherwise.
pub(crate) const DEFAULT_FIELDS: &[&str] = &["headers", "client", "country", "region", "asn", "ja3", "ja4"];

/// Headers of a request that was written in one line, where the file gives no others.
const HEADERS: [(&str, &str); 3] = [
    ("Host", "www.example.com"),
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
    ("Accept", "*/*"),
];

/// Where a request comes from unless it says otherwise: an address for documentation (RFC 5737).
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 5));

/// One request, owned.
#[derive(Debug, Clone)]
pub struct RequestSpec {
    method: String,
    path: String,
    query: String,
    fragment: Option<String>,
    version: String,
    scheme: &'static str,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    client: IpAddr,
    ja3: Option<String>,
    ja4: Option<String>,
    pub(crate) facts: Facts,
    pub(crate) token: Token,
}

impl Default for RequestSpec {
    fn default() -> Self {
        Self {
            method: "GET".to_owned(),
            path: "/".to_owned(),
            query: String::new(),
            fragment: None,
            version: "HTTP/1.1".to_owned(),
            scheme: "https",
            headers: HEADERS.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            body: Vec::new(),
            client: CLIENT,
            ja3: None,
            ja4: None,
            facts: Facts::default(),
            token: Token::default(),
        }
    }
}

impl RequestSpec {
    /// Reads what a file says of every request.
    pub(crate) fn read_defaults(tree: &Tree, problems: &mut Problems<'_>) -> Self {
        let mut request = Self::default();
        for entry in problems.mapping(tree, DEFAULT_FIELDS).unwrap_or_default() {
            if entry.key == "headers" {
                request.headers.clear();
            }
            request.take(&entry.key, &entry.tree, problems);
        }
        request
    }

    /// Reads a request alone: a text, or a mapping of a request's fields.
    pub(crate) fn read(tree: &Tree, defaults: &Self, problems: &mut Problems<'_>) -> Self {
        let mut request = defaults.clone();
        match &tree.value {
            Value::Text(text) => request.take_text(text, tree, problems),
            _ => {
                problems.mapping(tree, FIELDS);
                request = Self::of_fields(tree, defaults, problems);
            }
        }
        request
    }

    /// Reads the fields of a request among others.
    pub(crate) fn of_fields(tree: &Tree, defaults: &Self, problems: &mut Problems<'_>) -> Self {
        let mut request = defaults.clone();
        // The request itself first: what stands beside it comes on top of it, wherever it stands.
        if let Some(text) = tree.get("request")
            && let Some(whole) = problems.text(text)
        {
            request.take_text(&whole, text, problems);
        }
        for entry in tree.entries().unwrap_or_default() {
            request.take(&entry.key, &entry.tree, problems);
        }
        request
    }

    fn take(&mut self, field: &str, tree: &Tree, problems: &mut Problems<'_>) {
        match field {
            "headers" => self.take_headers(tree, problems),
            "body" => self.body = written_out(tree, problems).unwrap_or_default().into_bytes(),
            "body_base64" => match tree.scalar().and_then(|text| STANDARD.decode(text).ok()) {
                Some(bytes) => self.body = bytes,
                None => problems.mismatch(tree, "padded base64"),
            },
            "client" => self.client = problems.parsed(tree, "an IP address").unwrap_or(CLIENT),
            "ja3" => self.ja3 = problems.text(tree),
            "ja4" => self.ja4 = problems.text(tree),
            "token" => self.token = Token::read(tree, problems),
            _ => _ = self.facts.take(field, tree, problems),
        }
    }

    /// Takes a request line, or a whole request.
    fn take_text(&mut self, text: &str, tree: &Tree, problems: &mut Problems<'_>) {
        let Some(text) = expanded(text, PART_BYTES_MAX) else {
            problems.at(tree.place(), "too-long", format!("the request is longer than {PART_BYTES_MAX} bytes"));
            return;
        };
        let (line, rest) = text.split_once('\n').map_or((text.as_str(), None), |(line, rest)| (line, Some(rest)));
        if let Some(rest) = rest {
            self.take_head_and_body(rest, tree, problems);
        }
        self.take_line(line.trim(), tree, problems);
    }

    fn take_line(&mut self, line: &str, tree: &Tree, problems: &mut Problems<'_>) {
        let (line, version) = match line.rsplit_once(' ') {
            Some((line, version)) if version.starts_with("HTTP/") => (line, version),
            _ => (line, "HTTP/1.1"),
        };
        let (method, target) = match line.split_once(' ') {
            _ if line.starts_with('/') => ("GET", line),
            Some((method, target)) => (method, target.trim()),
            None => (line, ""),
        };
        let absolute = [("https", "https://"), ("http", "http://")]
            .into_iter()
            .find_map(|(scheme, prefix)| Some((scheme, target.strip_prefix(prefix)?)));
        let target = match absolute {
            None => target,
            Some((scheme, rest)) => {
                let (host, target) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
                self.scheme = scheme;
                self.set_header("Host", vec![host.to_owned()]);
                target
            }
        };
        if method.is_empty() || (target.is_empty() && absolute.is_none()) {
            let help = "write a request such as `GET /admin?x=1`";
            problems.with_help(tree.place(), "bad-request", "this is no request".to_owned(), help);
        }
        let (target, fragment) = target.split_once('#').map_or((target, None), |(target, part)| (target, Some(part)));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        self.method = method.to_owned();
        self.path = if path.is_empty() { "/" } else { path }.to_owned();
        self.query = query.to_owned();
        self.fragment = fragment.map(str::to_owned);
        self.version = version.to_owned();
    }

    /// Takes the lines after the first: these headers and no others, and after an empty line the body.
    fn take_head_and_body(&mut self, rest: &str, tree: &Tree, problems: &mut Problems<'_>) {
        self.headers.clear();
        let mut rest = rest;
        while !rest.is_empty() {
            let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
            rest = after;
            if line.trim().is_empty() {
                break;
            }
            match line.split_once(':') {
                Some((name, value)) => self.headers.push((name.trim().to_owned(), value.trim().to_owned())),
                None => problems.at(tree.place(), "bad-request", format!("`{line}` is no header")),
            }
        }
        // The line end that a block of YAML ends with is none of the body's.
        self.body = rest.strip_suffix('\n').unwrap_or(rest).as_bytes().to_vec();
    }

    fn take_headers(&mut self, tree: &Tree, problems: &mut Problems<'_>) {
        match &tree.value {
            Value::List(lines) => {
                self.headers.clear();
                for line in lines {
                    let text = written_out(line, problems).unwrap_or_default();
                    match text.split_once(':') {
                        Some((name, value)) => self.headers.push((name.trim().to_owned(), value.trim().to_owned())),
                        None => problems.mismatch(line, "a header such as `Accept: text/html`"),
                    }
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    let values = match &entry.tree.value {
                        Value::Null => Some(Vec::new()),
                        Value::List(values) => values.iter().map(|value| written_out(value, problems)).collect(),
                        _ => written_out(&entry.tree, problems).map(|value| vec![value]),
                    };
                    self.set_header(&entry.key, values.unwrap_or_default());
                }
            }
            _ => problems.mismatch(tree, "a mapping from names to values, or a list of `Name: value`"),
        }
    }

    fn set_header(&mut self, name: &str, values: Vec<String>) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.extend(values.into_iter().map(|value| (name.to_owned(), value)));
    }

    /// Where it comes from.
    #[must_use]
    pub fn client(&self) -> IpAddr {
        self.client
    }

    /// The request in a line.
    #[must_use]
    pub fn line(&self) -> String {
        let mark = |mark: &str, text: &str| if text.is_empty() { String::new() } else { format!("{mark}{text}") };
        let fragment = self.fragment.as_deref().unwrap_or_default();
        let line = format!("{} {}{}{}", self.method, self.path, mark("?", &self.query), mark("#", fragment));
        let shown = |one: char| if one.is_control() { one.escape_default().collect() } else { one.to_string() };
        line.chars().map(shown).collect()
    }

    /// Lends the request, of whose body `body_bytes_max` bytes are inspected, to `then`.
    pub(crate) fn lend<T>(&self, body_bytes_max: usize, then: impl FnOnce(&Request<'_>) -> T) -> T {
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| Header { name: name.as_bytes(), value: value.as_bytes() })
            .collect();
        let coding = headers.iter().find(|header| header.is("content-encoding")).map(|header| header.value);
        let inspected = body::inspect(&self.body, coding, body_bytes_max);
        then(&Request {
            method: self.method.as_bytes(),
            path: self.path.as_bytes(),
            query: self.query.as_bytes(),
            fragment: self.fragment.as_ref().map(|text| text.as_bytes()),
            version: self.version.as_bytes(),
            scheme: self.scheme,
            headers: &headers,
            body: Body {
                bytes: &inspected.bytes,
                size: BodySize::Exact(self.body.len() as u64),
                truncated: inspected.truncated,
            },
            client: Client {
                ip: self.client,
                country: None,
                asn: None,
                ja3: self.ja3.as_deref(),
                ja4: self.ja4.as_deref(),
            },
        })
    }
}

/// A scalar's text with its repetitions written out.
fn written_out(tree: &Tree, problems: &mut Problems<'_>) -> Option<String> {
    let text = problems.text(tree)?;
    let written = expanded(&text, PART_BYTES_MAX);
    if written.is_none() {
        problems.at(tree.place(), "too-long", format!("this is longer than {PART_BYTES_MAX} bytes"));
    }
    written
}
