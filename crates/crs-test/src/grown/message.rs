//! Requests put together: a head with arguments, header fields and cookies, and a body of some kind.

use super::rewrite::in_a_line;
use super::{Choices, Stock};

const METHODS: &[&str] = &["GET", "POST", "POST", "PUT", "PATCH", "HEAD", "OPTIONS", "DELETE", "PROPFIND"];
const NAMES: &[&str] = &["q", "id", "a[b]", "file", "url", "_method", "__utm", "email", "x.y", "cmd", "session_id"];
const FIELDS: &[&str] = &[
    "User-Agent",
    "Referer",
    "Accept",
    "Accept-Encoding",
    "X-Forwarded-For",
    "Authorization",
    "Range",
    "X-Requested-With",
    "Content-Encoding",
    "X-A",
];

/// More arguments, fields or parts than this are not put into one request.
const COUNT_MAX: usize = 6;

/// A request of pieces.
pub(super) fn grow(stock: &Stock, choices: &mut Choices<'_>) -> Vec<u8> {
    let method = choices.pick(METHODS);
    let path = if choices.chance(3) { in_a_line(stock.value(choices)) } else { b"index.php".to_vec() };
    let mut head = [method.as_bytes(), b" /", &path].concat();
    if !choices.chance(3) {
        head.push(b'?');
        head.extend(in_a_line(arguments(stock, choices)));
    }
    head.extend_from_slice(b" HTTP/1.1\r\nHost: localhost\r\n");
    for _ in 0..choices.below(COUNT_MAX) {
        let name = choices.pick(FIELDS);
        field(&mut head, name, &stock.value(choices));
    }
    if choices.chance(2) {
        let pair = |_| [choices.pick(NAMES).as_bytes(), b"=", &stock.value(choices)].concat();
        let cookies: Vec<_> = (0..3).map(pair).collect();
        field(&mut head, "Cookie", &cookies.join(&b"; "[..]));
    }
    match body(stock, choices) {
        Some((kind, body)) => {
            field(&mut head, "Content-Type", kind.as_bytes());
            head.extend_from_slice(b"\r\n");
            with_length(&head, &body)
        }
        None => [&head[..], b"\r\n"].concat(),
    }
}

/// A head, whatever length it stated, with a body.
pub(super) fn with_length(head: &[u8], body: &[u8]) -> Vec<u8> {
    let is_length = |line: &&[u8]| line.to_ascii_lowercase().starts_with(b"content-length:");
    let head = head.strip_suffix(b"\r\n").unwrap_or(head);
    let mut out = Vec::with_capacity(head.len() + body.len() + 32);
    for line in head.split_inclusive(|byte| *byte == b'\n').filter(|line| !is_length(line)) {
        out.extend_from_slice(line);
    }
    out.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    out.extend_from_slice(body);
    out
}

fn field(head: &mut Vec<u8>, name: &str, value: &[u8]) {
    head.extend_from_slice(name.as_bytes());
    head.extend_from_slice(b": ");
    head.extend(value.iter().map(|byte| if *byte < b' ' || *byte == 0x7F { b' ' } else { *byte }));
    head.extend_from_slice(b"\r\n");
}

/// `a=b&c=d`
fn arguments(stock: &Stock, choices: &mut Choices<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..choices.below(COUNT_MAX) {
        let name = if choices.chance(6) { stock.value(choices) } else { choices.pick(NAMES).as_bytes().to_vec() };
        out.extend([&name[..], b"=", &stock.value(choices), b"&"].concat());
    }
    out
}

/// Its type, and a body.
fn body(stock: &Stock, choices: &mut Choices<'_>) -> Option<(String, Vec<u8>)> {
    let (kind, body) = match choices.below(7) {
        0 | 1 => return None,
        2 => ("application/x-www-form-urlencoded", arguments(stock, choices)),
        3 => ("application/json", json(stock, choices)),
        4 => ("text/xml", xml(stock, choices)),
        5 => ("multipart/form-data; boundary=b0undary", multipart(stock, choices)),
        _ => ("text/plain", stock.value(choices)),
    };
    let kind =
        if choices.chance(8) { format!("{kind};{}", stock.value(choices).escape_ascii()) } else { kind.to_owned() };
    Some((kind, body))
}

fn json(stock: &Stock, choices: &mut Choices<'_>) -> Vec<u8> {
    let mut members = serde_json::Map::new();
    for _ in 0..choices.below(COUNT_MAX) {
        let text = serde_json::Value::from(String::from_utf8_lossy(&stock.value(choices)).into_owned());
        let value = match choices.below(4) {
            0 => serde_json::json!([text, choices.byte(), null]),
            1 => serde_json::json!({"in": {"deeper": text}}),
            _ => text,
        };
        let name = if choices.chance(6) { stock.value(choices) } else { choices.pick(NAMES).as_bytes().to_vec() };
        members.insert(String::from_utf8_lossy(&name).into_owned(), value);
    }
    cut(choices, serde_json::Value::Object(members).to_string().into_bytes())
}

fn xml(stock: &Stock, choices: &mut Choices<'_>) -> Vec<u8> {
    let mut out = b"<?xml version=\"1.0\"?><r>".to_vec();
    for _ in 0..choices.below(COUNT_MAX) {
        // Mostly as text that means itself; now and then as it is, which may break the document.
        let value = stock.value(choices);
        let text = if choices.chance(6) { value } else { escaped(&value) };
        let item: [&[u8]; 3] = if choices.chance(2) { [b"<i n=\"", &text, b"\"/>"] } else { [b"<i>", &text, b"</i>"] };
        out.extend(item.concat());
    }
    out.extend_from_slice(b"</r>");
    cut(choices, out)
}

fn escaped(value: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(value);
    text.chars()
        .map(|letter| if letter.is_alphanumeric() { letter.to_string() } else { format!("&#{};", u32::from(letter)) })
        .collect::<String>()
        .into_bytes()
}

fn multipart(stock: &Stock, choices: &mut Choices<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..choices.below(COUNT_MAX) {
        let name = choices.pick(NAMES);
        out.extend_from_slice(format!("--b0undary\r\nContent-Disposition: form-data; name=\"{name}\"").as_bytes());
        if choices.chance(3) {
            out.extend([b"; filename=\"", &in_a_line(stock.value(choices))[..], b"\""].concat());
        }
        if choices.chance(4) {
            out.extend([b"\r\nContent-Type: ", &in_a_line(stock.value(choices))[..]].concat());
        }
        out.extend([b"\r\n\r\n", &stock.value(choices)[..], b"\r\n"].concat());
    }
    out.extend_from_slice(b"--b0undary--\r\n");
    cut(choices, out)
}

/// Now and then without its end.
fn cut(choices: &mut Choices<'_>, mut body: Vec<u8>) -> Vec<u8> {
    if choices.chance(8) {
        body.truncate((choices.below(256) << 8 | choices.below(256)) % (body.len() + 1));
    }
    body
}
