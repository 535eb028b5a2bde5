//! Values within bodies, well formed and hostile.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use proptest::prelude::*;

use crate::{Body, BodySize, Client, Header, Limits, Request};

fn values(content_type: &str, bytes: &[u8]) -> Vec<String> {
    let headers = [Header { name: b"Content-Type", value: content_type.as_bytes() }];
    let request = Request {
        method: b"POST",
        path: b"/",
        query: b"",
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "http",
        headers: if content_type.is_empty() { &[] } else { &headers },
        body: Body { bytes, size: BodySize::Exact(bytes.len() as u64), truncated: false },
        client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
    };
    let mut found = Vec::new();
    super::values(&request, &Limits::default(), &mut Vec::new(), |value| {
        found.push(String::from_utf8_lossy(value).into_owned());
    });
    found
}

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
const JSON: &str = "application/json";

#[test]
fn form_values_are_decoded_and_plain_names_left_out() {
    assert_eq!(values(FORM, b"user=alice&pass=a%27+or+1%3d1&x"), ["alice", "a' or 1=1"]);
    assert_eq!(values(FORM, b"a%3Cb=1&&=2&c=%zz%4"), ["a<b", "1", "2", "%zz%4"]);
}

#[test]
fn json_strings_are_unescaped_and_scalars_left_out() {
    let text = br#"{"id": 12, "q": "a\u0027 or \"x\"\n", "l": [true, null, -1.5e3, "\ud83d\ude00"], "a<b": ""}"#;
    assert_eq!(values(JSON, text), ["a' or \"x\"\n", "\u{1f600}", "a<b", ""]);
}

#[test]
fn json_that_is_not_quite_json_is_also_seen_whole() {
    let text = br#"{"id": 1 or 1=1, "q": "cut o"#;
    assert_eq!(values(JSON, text), ["1 or 1=1", "cut o", "{\"id\": 1 or 1=1, \"q\": \"cut o"]);
    assert_eq!(values(JSON, b"' or 1=1 --"), ["' or 1=1 --", "' or 1=1 --"]);
}

#[test]
fn json_under_another_type_is_found() {
    assert_eq!(values("text/plain", br#" {"q":"<x>"}"#), ["<x>"]);
    assert_eq!(values("application/vnd.api+json", br#"["<x>"]"#), ["<x>"]);
}

#[test]
fn multipart_fields_and_file_names_are_visited_and_file_contents_not() {
    let body = b"--B\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\nworld\r\n\
        --B\r\ncontent-disposition: form-data; name=\"a'b\"; filename=\"../../x.php\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\
        --B--\r\n";
    let found = values("multipart/form-data; charset=x; boundary=\"B\"", body);
    assert_eq!(found, ["hello\r\nworld", "a'b", "../../x.php"]);
}

#[test]
fn multipart_that_does_not_end_is_also_seen_whole() {
    let body = b"--B\r\nContent-Disposition: form-data; name=note\r\n\r\ncut o";
    assert_eq!(values("multipart/form-data; boundary=B", body), ["cut o", std::str::from_utf8(body).unwrap()]);
    assert_eq!(values("multipart/form-data", b"x"), ["x"]);
}

#[test]
fn a_body_of_no_known_type_is_seen_whole() {
    assert_eq!(values("text/plain", b"a=%27"), ["a=%27"]);
    assert_eq!(values("", b"a=%27"), ["a=%27", "'"]);
    assert!(values("text/plain", b"").is_empty());
}

#[test]
fn values_beyond_the_number_are_decoded_and_seen_as_one() {
    let body = "a=1&".repeat(10_000) + "b=1%27+or+1";
    let found = values(FORM, body.as_bytes());
    assert_eq!(found.len(), Limits::default().body_values_max + 1);
    assert!(found.last().unwrap().ends_with("1\n1' or 1"));
    let body = format!("[{}\"\\u0031\\u0027\"]", "\"\",".repeat(5_000));
    assert!(values(JSON, body.as_bytes()).last().unwrap().ends_with("1'"));
}

/// Readings that hide a payload from one parser and show it to another: each must be seen here, somewhere.
#[test]
fn multipart_that_servers_read_differently_is_seen_whole() {
    let payload = "<script>alert(1)</script>";
    let part = |head: &str| format!("--bb\r\n{head}\r\n\r\n{payload}\r\n--bb--\r\n");
    let field = "Content-Disposition: form-data; name=\"q\"";
    for (content_type, body) in [
        ("boundary=bb", format!("--bb\r\n{field}\r\n\r\nhello--bb{payload}\r\n--bb--\r\n")),
        ("boundary=bb", format!("--bb\r\n{field}\r\n\r\n1 --bb\n{payload}\r\n--bb--\r\n")),
        ("boundary=bb", part("Content-Disposition: form-data; name=\"q\\\"; filename=\\\"x\"")),
        ("boundary=bb", part("Content-Disposition: form-data; name=\"q\"; filename=\"\"")),
        ("boundary=bb", part(&format!("Content-Disposition: form-data; filename=\"x\"\r\n{field}"))),
        ("boundary=bb", part(&format!("{field}; filename*=utf-8''x"))),
        ("boundary=aa; boundary=bb", part(field)),
        ("boundary=bb", format!("--bb\r\n{field}\r\nX-A: {payload}\r\n\r\n1\r\n--bb--\r\n")),
        ("boundary=bb", format!("--bb\r\n{payload}\r\n--bb--\r\n")),
        ("boundary=bb", format!("--bb--\r\n{payload}")),
    ] {
        let found = values(&format!("multipart/form-data; {content_type}"), body.as_bytes());
        assert!(found.iter().any(|value| value.contains(payload)), "{content_type}\n{body}\n{found:?}");
    }
    let encoded = "Content-Disposition: form-data; name=\"q\"\r\nContent-Transfer-Encoding: base64";
    let body = format!("--bb\r\n{encoded}\r\n\r\nPHNjcmlwdD4=\r\n--bb--\r\n");
    assert!(values("multipart/form-data; boundary=bb", body.as_bytes()).contains(&body));
}

#[test]
fn text_in_utf_16_is_seen_without_its_nul_bytes() {
    let text: Vec<u8> = "{\"q\":\"1' or 1\"}".bytes().flat_map(|byte| [byte, 0]).collect();
    assert!(values(JSON, &text).contains(&"{\"q\":\"1' or 1\"}".to_owned()));
}

#[test]
fn hostile_bodies_take_linear_time() {
    for (content_type, unit) in [
        (JSON, "["),
        (JSON, "\""),
        (JSON, "\\"),
        (JSON, "\"\\u"),
        (JSON, "\"a\" "),
        (JSON, "x\x0c"),
        (FORM, "%"),
        (FORM, "&="),
        ("multipart/form-data; boundary=B", "--B\r\n"),
        ("multipart/form-data; boundary=B", "--B\r\nContent-Disposition: form-data; name="),
        ("multipart/form-data; boundary=B", "\r\n"),
    ] {
        let body = unit.repeat(1 << 20);
        let start = Instant::now();
        values(content_type, &body.as_bytes()[..1 << 20]);
        assert!(start.elapsed().as_millis() < 10_000, "{content_type} {unit:?}: {:?}", start.elapsed());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_taken_apart_without_panic(
        kind in 0_usize..4,
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "[\\[\\]{}\",:a\\\\u0-9&=%+; \r\nB-]{0,200}".prop_map(String::into_bytes),
        ],
    ) {
        let content_type = [FORM, JSON, "multipart/form-data; boundary=B", ""][kind];
        let found = values(content_type, &bytes);
        let total: usize = found.iter().map(String::len).sum();
        prop_assert!(total <= 3 * 3 * bytes.len() + 16);
    }
}
