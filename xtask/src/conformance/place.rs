//! Where a value can stand in a request: each part of it that rules look at.

use fastrand::Rng;

use super::request::Parts;

/// Names of arguments, cookies and parts: ordinary ones, and some that rules know.
const NAMES: &[&str] = &[
    "q",
    "id",
    "page",
    "name",
    "email",
    "comment",
    "sort",
    "user[name]",
    "items[]",
    "url",
    "file",
    "token",
    "csrf",
    "address.city",
    "redirect",
    "cmd",
    "_method",
    "message",
    "sessionid",
    "lang",
];

/// Sends `value` in a place chosen by chance.
pub(super) fn anywhere(rng: &mut Rng, value: &[u8]) -> Parts {
    let values = [value.to_vec()];
    match rng.u8(0..12) {
        0..=2 => query(rng, &values),
        3..=4 => form(rng, &values),
        5 => json(rng, &values),
        6 => multipart(rng, &values),
        7 => xml(&values),
        8 => cookie(rng, value),
        9 => header(rng, value),
        10 => path(value),
        _ => name(rng, value),
    }
}

/// As arguments of the query.
pub(super) fn query(rng: &mut Rng, values: &[Vec<u8>]) -> Parts {
    let target = format!("/search?{}", pairs(rng, values));
    Parts::browser(if rng.u8(0..8) == 0 { "HEAD" } else { "GET" }, &target)
}

/// As fields of a form.
pub(super) fn form(rng: &mut Rng, values: &[Vec<u8>]) -> Parts {
    let mut parts = Parts::browser("POST", "/form");
    let kinds = ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8"];
    parts.field("Content-Type", *choose(rng, &kinds));
    parts.body = pairs(rng, values).into_bytes();
    parts
}

/// As strings of a JSON object, some of them deeper.
pub(super) fn json(rng: &mut Rng, values: &[Vec<u8>]) -> Parts {
    let method = *choose(rng, &["POST", "PUT", "PATCH"]);
    let mut parts = Parts::browser(method, "/api/items");
    parts.field("Content-Type", *choose(rng, &["application/json", "application/json; charset=utf-8"]));
    let mut members = Vec::new();
    for value in values {
        let text = serde_json::Value::String(String::from_utf8_lossy(value).into_owned());
        let name = serde_json::Value::String((*choose(rng, NAMES)).to_owned());
        members.push(match rng.u8(0..4) {
            0 => format!("{name}:[{text},{},true,null]", rng.i32(-9..99)),
            1 => format!("{name}:{{\"inner\":{text},\"n\":{}.5}}", rng.u8(..)),
            _ => format!("{name}:{text}"),
        });
    }
    parts.body = format!("{{{}}}", members.join(",")).into_bytes();
    parts
}

/// As parts of a multipart form, one of them at times a file.
pub(super) fn multipart(rng: &mut Rng, values: &[Vec<u8>]) -> Parts {
    let mut parts = Parts::browser("POST", "/upload");
    let boundary = format!("----WebKitFormBoundary{:016x}", rng.u64(..));
    parts.field("Content-Type", format!("multipart/form-data; boundary={boundary}"));
    for value in values {
        let name = choose(rng, NAMES);
        let head = match rng.u8(0..4) {
            0 => format!("name=\"{name}\"; filename=\"photo {}.jpg\"\r\nContent-Type: image/jpeg", rng.u8(..)),
            1 => format!("name=\"{name}\"\r\nContent-Type: text/plain; charset=utf-8"),
            _ => format!("name=\"{name}\""),
        };
        let start = format!("--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n");
        parts.body.extend_from_slice(start.as_bytes());
        parts.body.extend_from_slice(value);
        parts.body.extend_from_slice(b"\r\n");
    }
    parts.body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    parts
}

/// As text and attributes of XML.
pub(super) fn xml(values: &[Vec<u8>]) -> Parts {
    let mut parts = Parts::browser("POST", "/soap");
    parts.field("Content-Type", "text/xml; charset=utf-8");
    let mut body = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<order>");
    for (at, value) in values.iter().enumerate() {
        let text = escaped(&String::from_utf8_lossy(value));
        match at % 2 {
            0 => body.push_str(&format!("<item>{text}</item>")),
            _ => body.push_str(&format!("<item note=\"{text}\"/>")),
        }
    }
    body.push_str("</order>");
    parts.body = body.into_bytes();
    parts
}

fn cookie(rng: &mut Rng, value: &[u8]) -> Parts {
    let mut parts = Parts::browser("GET", "/account");
    let mut cookies = format!("lang=en; {}=", choose(rng, NAMES)).into_bytes();
    cookies.extend(value.iter().map(|byte| if matches!(byte, b'\r' | b'\n' | 0) { b' ' } else { *byte }));
    cookies.extend_from_slice(b"; theme=dark");
    parts.field("Cookie", cookies);
    parts
}

fn header(rng: &mut Rng, value: &[u8]) -> Parts {
    let name = *choose(rng, &["User-Agent", "Referer", "X-Forwarded-For", "X-Requested-With", "Origin", "X-Note"]);
    let mut parts = Parts::browser("GET", "/");
    parts.fields.retain(|(known, _)| known != name);
    let clean: Vec<u8> = value.iter().copied().filter(|byte| *byte == b'\t' || *byte >= b' ').collect();
    parts.field(name, clean.trim_ascii().to_vec());
    parts
}

fn path(value: &[u8]) -> Parts {
    Parts::browser("GET", &format!("/files/{}/view", percent(value)))
}

fn name(rng: &mut Rng, value: &[u8]) -> Parts {
    Parts::browser("GET", &format!("/?{}={}", percent(value), rng.u16(..)))
}

fn pairs(rng: &mut Rng, values: &[Vec<u8>]) -> String {
    let pairs = values.iter().map(|value| format!("{}={}", percent(choose(rng, NAMES).as_bytes()), percent(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Percent-encodes what is not plain. Source: RFC 3986, section 2.3.
pub(super) fn percent(value: &[u8]) -> String {
    let mut text = String::with_capacity(value.len());
    for &byte in value {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
            // Mutations bring encodings of their own.
            b'%' => text.push('%'),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

pub(super) fn choose<'a, T>(rng: &mut Rng, items: &'a [T]) -> &'a T {
    &items[rng.usize(..items.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stays_within_its_line() {
        let mut rng = Rng::with_seed(1);
        for _ in 0..200 {
            let mut parts = anywhere(&mut rng, b"a\r\nb c\0\"<d>&'");
            parts.complete();
            let bytes = parts.into_request(String::new()).bytes;
            let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head has an end");
            let lines = String::from_utf8_lossy(&bytes[..head]).into_owned();
            assert!(lines.split("\r\n").skip(1).all(|line| line.contains(": ")), "{lines}");
        }
    }

    #[test]
    fn json_and_xml_stay_well_formed() {
        let mut rng = Rng::with_seed(2);
        let values = vec![b"a\"b\\".to_vec(), b"<c>&".to_vec()];
        let json = json(&mut rng, &values);
        assert!(serde_json::from_slice::<serde_json::Value>(&json.body).is_ok());
        assert!(String::from_utf8_lossy(&xml(&values).body).contains("<item note=\"&lt;c&gt;&amp;\"/>"));
    }
}
