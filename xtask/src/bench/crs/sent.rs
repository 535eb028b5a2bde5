//! What the measured requests consist of. The engine's own bench sends the same (`content/benches/crs`).

use std::fmt::Write as _;

/// Header fields as a browser sends them.
pub(super) const BROWSER: [(&str, &str); 12] = [
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
pub(super) const ARGUMENTS: usize = 950;
/// Length of the uploaded file, in bytes: with the rest of the form about 64 KB.
const FILE_BYTES: usize = 64_000;
/// What stands between the parts of the upload.
pub(super) const BOUNDARY: &str = "----WebKitFormBoundary7MA4YWxkTrZu0gW1";

pub(super) fn json() -> Vec<u8> {
    br#"{"product":"espresso-machine-21","quantity":2,"gift":false,"note":"Please ring twice","address":{"city":"Kyoto","zip":"604-8571"}}"#
        .to_vec()
}

/// Words from the `at`th on.
fn words(at: usize, count: usize, between: &str) -> String {
    (at..at + count).map(|at| WORDS[(at * 7) % WORDS.len()]).collect::<Vec<_>>().join(between)
}

pub(super) fn form() -> Vec<u8> {
    let fields = (0..FORM_FIELDS).map(|at| format!("field_{at}={}", words(at, 40, "+")));
    fields.collect::<Vec<_>>().join("&").into_bytes()
}

pub(super) fn arguments() -> Vec<u8> {
    let arguments = (0..ARGUMENTS).map(|at| format!("answer_{at}={}", words(at, 2, "+")));
    arguments.collect::<Vec<_>>().join("&").into_bytes()
}

pub(super) fn multipart() -> Vec<u8> {
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
