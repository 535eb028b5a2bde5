//! The six requests that are measured: five that people send, one of an attacker. Made the same way every time.

use std::fmt::Write as _;

/// A request, and what must become of it.
#[derive(Debug, Clone)]
pub(super) struct Load {
    /// As the report calls it.
    pub(super) name: &'static str,
    pub(super) status: u16,
    method: &'static str,
    target: &'static str,
    fields: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

/// Words of ordinary texts.
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

/// Fields of the form that takes about 10 KB.
const FORM_FIELDS: usize = 40;
/// Arguments of the request that published comparisons use.
const ARGUMENTS: usize = 950;
/// Length of the uploaded file, in bytes: with the rest of the form about 64 KB.
const FILE_BYTES: usize = 64_000;
const BOUNDARY: &str = "----WebKitFormBoundary7MA4YWxkTrZu0gW1";

/// All of them, in the order of the report.
pub(super) fn all() -> Vec<Load> {
    vec![
        browser("benign GET", "/products/espresso-machines?sort=price&order=asc&page=2&q=stainless+steel", 200),
        post("small JSON POST", "/api/cart", "application/json", json()),
        post("10 KB form POST", "/account/profile", "application/x-www-form-urlencoded", form()),
        post("950-argument POST", "/survey", "application/x-www-form-urlencoded", arguments()),
        post("64 KB multipart", "/upload", &format!("multipart/form-data; boundary={BOUNDARY}"), multipart()),
        browser("attack GET", "/products?id=1%27%20UNION%20SELECT%20name,password%20FROM%20users--%20", 403),
    ]
}

/// Header fields as a browser sends them.
fn browser(name: &'static str, target: &'static str, status: u16) -> Load {
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
    let fields = fields.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    Load { name, status, method: "GET", target, fields, body: Vec::new() }
}

fn post(name: &'static str, target: &'static str, kind: &str, body: Vec<u8>) -> Load {
    let mut load = browser(name, target, 200);
    load.method = "POST";
    load.fields.push(("Content-Type", kind.to_owned()));
    load.body = body;
    load
}

fn json() -> Vec<u8> {
    br#"{"product":"espresso-machine-21","quantity":2,"gift":false,"note":"Please ring twice","address":{"city":"Kyoto","zip":"604-8571"}}"#
        .to_vec()
}

/// Words from the `at`th on.
fn words(at: usize, count: usize, between: &str) -> String {
    (at..at + count).map(|at| WORDS[(at * 7) % WORDS.len()]).collect::<Vec<_>>().join(between)
}

fn form() -> Vec<u8> {
    let fields = (0..FORM_FIELDS).map(|at| format!("field_{at}={}", words(at, 40, "+")));
    fields.collect::<Vec<_>>().join("&").into_bytes()
}

fn arguments() -> Vec<u8> {
    let arguments = (0..ARGUMENTS).map(|at| format!("answer_{at}={}", words(at, 2, "+")));
    arguments.collect::<Vec<_>>().join("&").into_bytes()
}

fn multipart() -> Vec<u8> {
    let mut body = String::new();
    for (at, name) in ["title", "description", "album"].into_iter().enumerate() {
        let text = words(at, 12, " ");
        write!(body, "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
            .expect("a String takes any text");
    }
    write!(
        body,
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"kitchen.jpg\"\r\n\
         Content-Type: image/jpeg\r\n\r\n"
    )
    .expect("a String takes any text");
    let mut body = body.into_bytes();
    // Bytes as compression leaves them: a linear congruential generator with the constants of Knuth's MMIX.
    let mut state = 1_u64;
    body.extend(
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .take(FILE_BYTES),
    );
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    body
}

impl Load {
    /// The request as it goes over the wire, on a connection that stays open.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.fields {
            write!(head, "{name}: {value}\r\n").expect("a String takes any text");
        }
        if !self.body.is_empty() {
            write!(head, "Content-Length: {}\r\n", self.body.len()).expect("a String takes any text");
        }
        head.push_str("\r\n");
        [head.as_bytes(), &self.body].concat()
    }

    /// Its name as a file name.
    pub(super) fn file_name(&self) -> String {
        self.name.to_ascii_lowercase().replace(' ', "-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_requests_are_what_their_names_say() {
        let loads = all();
        assert_eq!(loads.len(), 6);
        assert!((9_000..11_500).contains(&loads[2].body.len()), "{}", loads[2].body.len());
        assert_eq!(loads[3].body.split(|byte| *byte == b'&').count(), ARGUMENTS);
        assert!((64_000..66_000).contains(&loads[4].body.len()), "{}", loads[4].body.len());
        let file = &loads[4].body[600..loads[4].body.len() - 60];
        assert!(!file.windows(BOUNDARY.len()).any(|part| part == BOUNDARY.as_bytes()));
        assert!(loads[0].bytes().ends_with(b"\r\n\r\n"));
    }
}
