//! Which values a request has for each part of a key.

use sekisho_model::Timestamp;

use super::*;
use crate::ir::{Action, ForwardedPosition, LabelScope};
use crate::{Body, Client, Header, KnownToken, Label, NoRates, Place, PlaceSource};

struct Known;

impl PlaceSource for Known {
    fn place(&self, _: IpAddr) -> Option<Place<'_>> {
        None
    }

    fn asn(&self, address: IpAddr) -> Option<u32> {
        (address == IpAddr::from([192, 0, 2, 7])).then_some(64_500)
    }
}

fn policy() -> Policy {
    Policy {
        name: String::new(),
        id: String::new(),
        default_action: Action::ALLOW,
        rules: Vec::new(),
        body_inspected_bytes_max: None,
        token_domains: Vec::new(),
        visibility: "p".into(),
        protection: Default::default(),
    }
}

struct Sent<'a> {
    headers: &'a [(&'a str, &'a str)],
    query: &'a str,
    ja3: Option<&'a str>,
    labels: &'a [&'a str],
}

const BARE: Sent<'static> = Sent { headers: &[], query: "", ja3: None, labels: &[] };

fn key_of(key: &RateKey, sent: &Sent<'_>) -> Option<LimitedKey> {
    let headers: Vec<_> =
        sent.headers.iter().map(|(name, value)| Header { name: name.as_bytes(), value: value.as_bytes() }).collect();
    let request = Request {
        method: b"GET",
        path: b"/Shop",
        query: sent.query.as_bytes(),
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "https",
        headers: &headers,
        body: Body::EMPTY,
        client: Client { ip: [192, 0, 2, 7].into(), country: None, asn: None, ja3: sent.ja3, ja4: None },
    };
    let labels = sent.labels.iter().map(|&text| Label::Made(text.into())).collect();
    let verdict = Verdict { labels, ..Verdict::default() };
    let context =
        Context { now: Timestamp::from_unix_ms(0), rates: &NoRates, places: &Known, token: &KnownToken::NONE };
    let policy = policy();
    let origin = KeyOrigin { policy: &policy, request: &request, context: &context, verdict: &verdict };
    KeyBuffers::default().key(key, origin).map(CountedKey::to_limited)
}

/// The values of a custom key; `!` for an invalid one.
#[track_caller]
fn check(parts: &[RateKeyPart], sent: &Sent<'_>, expected: Option<&[&str]>) {
    let key = key_of(&RateKey::Custom(parts.to_vec()), sent);
    let values = key.as_ref().map(|key| {
        let texts = key.values().map(|value| match value {
            KeyValue::Bytes(value) => String::from_utf8(value.to_vec()).unwrap(),
            KeyValue::Invalid => "!".to_owned(),
        });
        texts.collect::<Vec<_>>()
    });
    assert_eq!(values, expected.map(|values| values.iter().map(|&value| value.to_owned()).collect()));
}

fn header(name: &str) -> RateKeyPart {
    RateKeyPart::Header { name: name.to_owned(), transforms: Vec::new() }
}

fn forwarded(invalid_matches: bool) -> AddressSource {
    let header = "x-forwarded-for".to_owned();
    AddressSource::Forwarded { header, position: ForwardedPosition::First, invalid_matches }
}

fn namespace(key: &str, context: Option<&str>) -> RateKeyPart {
    let context = context.map(str::to_owned);
    RateKeyPart::LabelNamespace(LabelTest { scope: LabelScope::Namespace, key: key.to_owned(), context })
}

#[test]
fn every_part_has_its_value() {
    let sent = Sent {
        headers: &[("X-Key", "One"), ("Cookie", "id=a; ID=b"), ("X-Forwarded-For", "203.0.113.9, 10.0.0.1")],
        query: "q=1&City=%41",
        ja3: Some("0123"),
        labels: &["awswaf:ns:two", "awswaf:other:x", "awswaf:ns:one"],
    };
    let parts = [
        header("x-key"),
        RateKeyPart::Cookie { name: "ID".to_owned(), transforms: Vec::new() },
        RateKeyPart::QueryArgument { name: "city".to_owned(), transforms: vec![Transform::UrlDecode] },
        RateKeyPart::QueryString { transforms: vec![Transform::Lowercase, Transform::UrlDecode] },
        RateKeyPart::UriPath { transforms: vec![Transform::Lowercase] },
    ];
    check(&parts, &sent, Some(&["One", "b", "A", "q=1&city=A", "/shop"]));
    let parts = [
        RateKeyPart::Method,
        RateKeyPart::Address(AddressSource::Client),
        RateKeyPart::Address(forwarded(false)),
        RateKeyPart::Ja3 { missing_counts: false },
        namespace("awswaf:ns:", None),
    ];
    check(&parts, &sent, Some(&["GET", "192.0.2.7", "203.0.113.9", "0123", "awswaf:ns:one,awswaf:ns:two"]));
    check(&[RateKeyPart::Asn(AddressSource::Client)], &sent, Some(&["64500"]));
    check(&[RateKeyPart::Asn(forwarded(false))], &sent, Some(&["0"]));
}

#[test]
fn a_request_that_lacks_a_part_has_no_key() {
    let lacking = [
        header("x-key"),
        RateKeyPart::Cookie { name: "id".to_owned(), transforms: Vec::new() },
        RateKeyPart::QueryArgument { name: "q".to_owned(), transforms: Vec::new() },
        RateKeyPart::QueryString { transforms: Vec::new() },
        RateKeyPart::Ja3 { missing_counts: false },
        RateKeyPart::Ja4 { missing_counts: false },
        namespace("awswaf:ns:", None),
    ];
    for part in lacking {
        check(&[RateKeyPart::Method, part], &BARE, None);
    }
    check(&[header("x-key")], &Sent { headers: &[("x-key", "")], ..BARE }, Some(&[""]));
    let cookie = RateKeyPart::Cookie { name: "id".to_owned(), transforms: Vec::new() };
    check(&[cookie], &Sent { headers: &[("cookie", "ID=1")], ..BARE }, None);
}

#[test]
fn several_values_are_one() {
    let lines = Sent { headers: &[("x-key", "A"), ("X-KEY", "b")], ..BARE };
    let lowered = RateKeyPart::Header { name: "x-key".to_owned(), transforms: vec![Transform::Lowercase] };
    check(&[lowered], &lines, Some(&["a,b"]));
    let twice = RateKeyPart::QueryArgument { name: "a".to_owned(), transforms: Vec::new() };
    check(&[twice], &Sent { query: "a=1&b=2&A=3", ..BARE }, Some(&["1,3"]));
}

#[test]
fn what_is_invalid_counts_together_or_not_at_all() {
    let junk = Sent { headers: &[("X-Forwarded-For", "junk")], ..BARE };
    for part in [RateKeyPart::Address, RateKeyPart::Asn] {
        check(
            &[RateKeyPart::Method, part(forwarded(true)), header("x-forwarded-for")],
            &junk,
            Some(&["GET", "!", "junk"]),
        );
        check(&[RateKeyPart::Method, part(forwarded(false))], &junk, None);
    }
    check(&[RateKeyPart::Ja3 { missing_counts: true }, RateKeyPart::Method], &BARE, Some(&["!", "GET"]));
    assert_eq!(key_of(&RateKey::Address(forwarded(true)), &junk), Some(LimitedKey::InvalidAddress));
    assert_eq!(key_of(&RateKey::Address(forwarded(false)), &junk), None);
}

#[test]
fn combinations_never_look_alike() {
    let two = [header("a"), header("b")];
    let key = |a, b| key_of(&RateKey::Custom(two.to_vec()), &Sent { headers: &[("a", a), ("b", b)], ..BARE }).unwrap();
    assert_ne!(key("x", "yz"), key("xy", "z"));
    assert_ne!(key("", "x"), key("x", ""));
}

#[test]
fn labels_of_the_own_context_are_looked_for_without_prefix() {
    let sent = Sent { labels: &["awswaf:1:webacl:shop:ns:a", "awswaf:2:webacl:shop:ns:b"], ..BARE };
    check(&[namespace("ns:", Some("awswaf:1:webacl:shop:"))], &sent, Some(&["awswaf:1:webacl:shop:ns:a"]));
}
