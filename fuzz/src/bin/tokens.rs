//! Tokens in cookies and fields: any bytes, without panic, and never taken for genuine.

#![no_main]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sekisho_edge::token::{KeyRing, Presented};
use sekisho_waf::ir::TokenKind;
use sekisho_waf::{Body, Client, Header, Request, TokenSource, TokenState};

static KEYS: LazyLock<KeyRing> = LazyLock::new(|| {
    let line = KeyRing::generate_line().expect("the system gives random numbers");
    KeyRing::parse(&line).expect("what is generated is a key")
});

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(3, |&byte| byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let headers = [("host", part()), ("cookie", part()), ("x-aws-waf-token", part())];
    let headers = headers.map(|(name, value)| Header { name: name.as_bytes(), value });
    let request = Request {
        method: b"GET",
        path: b"/",
        query: b"",
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "https",
        headers: &headers,
        body: Body::EMPTY,
        client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
    };
    let domains = ["example.com".to_owned()];
    let presented = Presented::new(&request, &KEYS, &domains);
    for kind in [TokenKind::Captcha, TokenKind::Challenge] {
        assert!(matches!(presented.state(kind), TokenState::Missing | TokenState::Invalid));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        // A key file is written by an owner; it must not bring anything down either.
        let _read = KeyRing::parse(text);
    }
});
