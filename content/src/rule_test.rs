//! The tests within a rule's file: requests it must match, near misses it must not, evasions it must see through.
//!
//! `tests` holds the lists `match`, `near_miss` and `evasion`. A test has a `name` and a `uri`; `method`, `headers`, `body`,
//! `body_base64`, `client` and `lists` may follow. Headers come on top of a browser's; a null takes one away. In
//! `uri`, `headers` and `body`, `[[text*count]]` stands for the text so many times.

use std::net::{IpAddr, Ipv4Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use sekisho_model::Diagnostics;
use sekisho_waf::{Body, BodySize, Client, Header, Request};
use sekisho_waf_lang::aws::ContentRule;
use sekisho_waf_lang::document::Node;

use crate::Lists;

/// What a test is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestKind {
    /// The rule must match.
    Match,
    /// The rule must not match, though it looks alike.
    NearMiss,
    /// The rule must match, though it is disguised.
    Evasion,
}

const KINDS: [(&str, TestKind); 3] =
    [("match", TestKind::Match), ("near_miss", TestKind::NearMiss), ("evasion", TestKind::Evasion)];

/// One test of a rule.
#[derive(Debug, Clone)]
pub struct RuleTest {
    /// What it shows.
    pub name: String,
    /// What it is for.
    pub kind: TestKind,
    /// The operator's lists while it runs.
    pub lists: Lists,
    method: String,
    uri: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    client: IpAddr,
}

/// Where a test's request comes from unless it says otherwise: an address for documentation (RFC 5737).
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 5));

/// What a test's request has unless it says otherwise.
const BROWSER: [(&str, &str); 5] = [
    ("Host", "shop.example"),
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "ja,en-US;q=0.7,en;q=0.3"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
];

impl RuleTest {
    /// Whether the rule must match.
    #[must_use]
    pub fn expects_match(&self) -> bool {
        self.kind != TestKind::NearMiss
    }

    /// Hands the test's request to `use_it`.
    pub fn with_request<T>(&self, use_it: impl FnOnce(&Request<'_>) -> T) -> T {
        let (path, query) = self.uri.split_once('?').unwrap_or((&self.uri, ""));
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| Header { name: name.as_bytes(), value: value.as_bytes() })
            .collect();
        let size = BodySize::Exact(self.body.len() as u64);
        use_it(&Request {
            method: self.method.as_bytes(),
            path: path.as_bytes(),
            query: query.as_bytes(),
            fragment: None,
            version: b"HTTP/1.1",
            scheme: "https",
            headers: &headers,
            body: Body { bytes: &self.body, size, truncated: false },
            client: Client { ip: self.client, country: None, asn: None, ja3: None, ja4: None },
        })
    }
}

/// The tests of a rule, in the order of its file.
///
/// # Errors
///
/// Whatever is not as this module says, all at once.
pub fn rule_tests(rule: &ContentRule) -> Result<Vec<RuleTest>, Diagnostics> {
    let mut problems = Diagnostics::new();
    let mut tests = Vec::new();
    if let Some(entries) = rule.tests().and_then(Node::as_object) {
        for (key, list) in entries {
            let Some((_, kind)) = KINDS.iter().find(|(name, _)| *name == key.text()) else {
                problems.push(key.error("unknown-field", "tests are `match`, `near_miss` or `evasion`"));
                continue;
            };
            match list.as_array() {
                Some(items) => tests.extend(items.filter_map(|item| read(item, *kind, &mut problems))),
                None => problems.push(list.error("wrong-type", "expected a list of tests")),
            }
        }
    }
    if problems.is_empty() { Ok(tests) } else { Err(problems) }
}

fn read(node: Node<'_>, kind: TestKind, problems: &mut Diagnostics) -> Option<RuleTest> {
    let Some(entries) = node.as_object() else {
        problems.push(node.error("wrong-type", "expected a test with a name and a uri"));
        return None;
    };
    let headers = BROWSER.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut test = RuleTest {
        name: String::new(),
        kind,
        lists: Lists::default(),
        method: "GET".to_owned(),
        uri: String::new(),
        headers,
        body: Vec::new(),
        client: CLIENT,
    };
    for (key, value) in entries {
        let text = value.as_str();
        let taken = match key.text() {
            "name" => text.map(|text| text.clone_into(&mut test.name)),
            "method" => text.map(|text| text.clone_into(&mut test.method)),
            "uri" => text.map(|text| test.uri = expanded(text)),
            "body" => text.map(|text| test.body = expanded(text).into_bytes()),
            "body_base64" => text.and_then(|text| STANDARD.decode(text).ok()).map(|bytes| test.body = bytes),
            "client" => text.and_then(|text| text.parse().ok()).map(|client| test.client = client),
            "headers" => set_headers(value, &mut test.headers),
            "lists" => set_lists(value, &mut test.lists),
            _ => None,
        };
        if taken.is_none() {
            problems.push(key.error("bad-test", format!("`{}` cannot be used so in a test", key.text())));
        }
    }
    if test.name.is_empty() || test.uri.is_empty() {
        problems.push(node.error("missing-field", "a test needs a name and a uri"));
    }
    Some(test)
}

fn set_headers(node: Node<'_>, headers: &mut Vec<(String, String)>) -> Option<()> {
    for (name, value) in node.as_object()? {
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name.text()));
        if let Some(value) = value.as_str() {
            headers.push((name.text().to_owned(), expanded(value)));
        }
    }
    Some(())
}

fn set_lists(node: Node<'_>, lists: &mut Lists) -> Option<()> {
    for (name, value) in node.as_object()? {
        let list = match name.text() {
            "reputation" => &mut lists.reputation,
            "reconnaissance" => &mut lists.reconnaissance,
            "ddos" => &mut lists.ddos,
            _ => return None,
        };
        *list = ranges(value)?;
    }
    Some(())
}

fn ranges(node: Node<'_>) -> Option<Vec<IpNet>> {
    node.as_array()?.map(|item| item.as_str()?.parse().ok()).collect()
}

/// The text with every `[[text*count]]` written out.
fn expanded(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[[") {
        out.push_str(before);
        let repeated = after.split_once("]]").and_then(|(inner, behind)| {
            let (unit, count) = inner.rsplit_once('*')?;
            Some((unit.repeat(count.parse().ok()?), behind))
        });
        match repeated {
            Some((repeated, behind)) => {
                out.push_str(&repeated);
                rest = behind;
            }
            None => {
                out.push_str("[[");
                rest = after;
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::expanded;

    #[test]
    fn repetitions_are_written_out_and_other_brackets_stay() {
        assert_eq!(expanded("/[[a*3]]?[[%20*2]]x"), "/aaa?%20%20x");
        assert_eq!(expanded("[[1,2],[3]] [[x"), "[[1,2],[3]] [[x");
        assert_eq!(expanded("[[\"a*b\"]]"), "[[\"a*b\"]]");
    }
}
