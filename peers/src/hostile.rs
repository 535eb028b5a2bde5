//! Bodies of 1 MB made to be slow: each a shape on which some engine takes seconds.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::Engine;
use crate::wire::Wire;

/// Size of every body, in bytes.
const BODY_BYTES: usize = 1_000_000;
/// How often each is decided; the slowest of a thousand is its 99.9th percentile.
const RUNS: usize = 1_000;
/// No shape is measured for longer, however slow it is.
const SHAPE_TIME_MAX: Duration = Duration::from_secs(20);
const FORM: &str = "application/x-www-form-urlencoded";

/// How long one shape took.
pub struct Shape {
    pub name: &'static str,
    pub runs: usize,
    pub p50_ms: f64,
    pub p99_9_ms: f64,
}

/// Measures every shape, by the clock on the wall.
pub fn measure(engine: &mut impl Engine) -> Result<Vec<Shape>> {
    let mut shapes = Vec::new();
    for (name, kind, body) in bodies() {
        let wire = wire(kind, body);
        let begin = Instant::now();
        let mut times = Vec::with_capacity(RUNS);
        while times.len() < RUNS && begin.elapsed() < SHAPE_TIME_MAX {
            let start = Instant::now();
            engine.decide(&wire)?;
            times.push(start.elapsed());
        }
        times.sort();
        let at = |share: f64| times[((times.len() - 1) as f64 * share).ceil() as usize].as_secs_f64() * 1e3;
        shapes.push(Shape { name, runs: times.len(), p50_ms: at(0.5), p99_9_ms: at(0.999) });
    }
    Ok(shapes)
}

fn wire(kind: &str, body: Vec<u8>) -> Wire {
    let field = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    Wire {
        name: String::new(),
        status: 403,
        method: "POST".to_owned(),
        target: "/form".to_owned(),
        fields: vec![
            field("Host", "shop.example"),
            field("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
            field("Accept", "*/*"),
            field("Content-Type", kind),
            field("Content-Length", &body.len().to_string()),
        ],
        body,
    }
}

/// Each shape with its content type.
fn bodies() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let one = |text: &str| [b"a=".as_slice(), text.repeat(BODY_BYTES / text.len()).as_bytes()].concat();
    let multipart = "multipart/form-data; boundary=b";
    vec![
        ("letters", FORM, one("a")),
        ("`<`", FORM, one("<")),
        ("`$`", FORM, one("$")),
        ("`'`", FORM, one("'")),
        ("spaces", FORM, one("+")),
        ("`%25`", FORM, one("%25")),
        ("`1 or `", FORM, one("1+or+")),
        ("`select `", FORM, one("select+")),
        ("`<a `", FORM, one("<a+")),
        ("`/*`", FORM, one("/*")),
        ("`../`", FORM, one("../")),
        ("`\\`", FORM, one("\\")),
        ("`;cat `", FORM, one(";cat+")),
        ("`${`", FORM, one("${")),
        ("`&#x`", FORM, one("%26%23x")),
        ("`(((`", FORM, one("(((")),
        ("base64", FORM, one("QWxhZGRpbjpvcGVuIHNlc2FtZQ")),
        ("wide letters", FORM, one("%ef%bc%9c")),
        ("all bytes", FORM, [b"a=".as_slice(), &all_bytes()].concat()),
        ("many arguments", FORM, "a=1&".repeat(BODY_BYTES / 4).into_bytes()),
        ("deep JSON", "application/json", "[".repeat(BODY_BYTES).into_bytes()),
        ("wide JSON", "application/json", wide_json()),
        ("deep XML", "text/xml", "<a>".repeat(BODY_BYTES / 3).into_bytes()),
        ("XML entities", "text/xml", entities()),
        ("many parts", multipart, parts()),
        ("one part of `-`", multipart, one_part()),
    ]
}

fn all_bytes() -> Vec<u8> {
    (0..BODY_BYTES).map(|at| u8::try_from(at % 251).unwrap_or(0)).filter(|byte| *byte != b'&').collect()
}

fn wide_json() -> Vec<u8> {
    let members = (0..BODY_BYTES / 24).map(|at| format!("\"k{at:07}\":\"v{at:07}\""));
    format!("{{{}}}", members.collect::<Vec<_>>().join(",")).into_bytes()
}

/// Entities within entities: expanded, terabytes.
fn entities() -> Vec<u8> {
    let mut text = String::from("<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY e0 \"aaaaaaaaaa\">");
    for at in 1..12 {
        let inner = format!("&e{};", at - 1).repeat(10);
        text.push_str(&format!("<!ENTITY e{at} \"{inner}\">"));
    }
    text.push_str("]><a>");
    while text.len() < BODY_BYTES {
        text.push_str("&e11;");
    }
    text.push_str("</a>");
    text.into_bytes()
}

fn parts() -> Vec<u8> {
    let part = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
    format!("{}--b--\r\n", part.repeat(BODY_BYTES / part.len())).into_bytes()
}

fn one_part() -> Vec<u8> {
    let text = "\r\n--".repeat(BODY_BYTES / 4);
    format!("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{text}\r\n--b--\r\n").into_bytes()
}
