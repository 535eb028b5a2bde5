//! Entries of `rateBasedRuleList` against AWS's examples.

use sekisho_model::Timestamp;
use sekisho_waf::ir::{Action, ForwardedPosition, Policy, ProtectedPart, Protection, RedactedPart, RequestPart, Rule};
use sekisho_waf::{
    Body, Client, Context, CountedKey, Header, KnownToken, Limits, NoPlaces, RateSource, Request, RuleRef, RuleSet,
    Scratch,
};
use serde_json::{Value, json};

use super::*;
use crate::record::{MaskSettings, Occurrence, Recorder, Source, Subject};

struct Many;

impl RateSource for Many {
    fn count(&self, _: RuleRef, _: CountedKey<'_>, _: u32, _: Timestamp) -> u64 {
        1000
    }
}

/// The list in the record of a request that is over the limit of a rule with this key.
fn list(key: RateKey, headers: &[(&str, &str)]) -> Value {
    list_under(&Veil::default(), key, headers)
}

/// As [`list`], under a veil.
fn list_under(veil: &Veil, key: RateKey, headers: &[(&str, &str)]) -> Value {
    let kind = RuleKind::Rate { limit: 100, window_s: 120, key, scope_down: None, action: Action::block().into() };
    let rule = Rule { name: "RateBasedRule".to_owned(), visibility: "r".into(), labels: Vec::new(), kind };
    let policy = Policy {
        name: "p".to_owned(),
        id: "arn:p".to_owned(),
        default_action: Action::ALLOW,
        rules: vec![rule],
        body_inspected_bytes_max: None,
        token_domains: Vec::new(),
        visibility: "p".into(),
        protection: Default::default(),
    };
    let rule_set = RuleSet::compile(policy, Limits::default()).unwrap();
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| Header { name: name.as_bytes(), value: value.as_bytes() }).collect();
    let request = Request {
        method: b"GET",
        path: b"/",
        query: b"mail=a@example.com",
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "https",
        headers: &headers,
        body: Body::EMPTY,
        client: Client { ip: [192, 0, 2, 7].into(), country: None, asn: None, ja3: None, ja4: None },
    };
    let at = Timestamp::from_unix_ms(0);
    let context = Context { now: at, rates: &Many, places: &NoPlaces, token: &KnownToken::NONE };
    let mut scratch = Scratch::new();
    let verdict = rule_set.evaluate(&request, &context, &mut scratch);
    let occurrence = Occurrence {
        at,
        request_id: "1",
        country: None,
        asn: None,
        response_code_sent: None,
        inserted: &[],
        match_details: &[],
    };
    let source = Source { name: "ALB".to_owned(), id: "x".to_owned() };
    let mut line = Vec::new();
    let subject = Subject::Evaluated { request: &request, verdict };
    Recorder::new(&source, &MaskSettings::default()).write(rule_set.policy(), veil, &occurrence, subject, &mut line);
    let record: Value = serde_json::from_slice(&line).unwrap();
    assert_eq!(record["terminatingRuleType"], "RATE_BASED");
    assert_eq!(record["terminatingRuleId"], "RateBasedRule");
    record["rateBasedRuleList"].clone()
}

fn entry(limit_key: &str, rest: (&str, Value)) -> Value {
    let mut entry = json!([{
        "rateBasedRuleId": "RateBasedRule", "rateBasedRuleName": "RateBasedRule", "limitKey": limit_key, "maxRateAllowed": 100,
        "evaluationWindowSec": "120",
    }]);
    if !rest.0.is_empty() {
        entry[0][rest.0] = rest.1;
    }
    entry
}

fn header(name: &str) -> RateKeyPart {
    RateKeyPart::Header { name: name.to_owned(), transforms: Vec::new() }
}

#[test]
fn custom_keys_are_listed_with_their_names_and_values() {
    let key = RateKey::Custom(vec![header("dogname"), header("catname"), RateKeyPart::Method]);
    let values = json!([
        {"key": "HEADER", "name": "dogname", "value": "ella"},
        {"key": "HEADER", "name": "catname", "value": "goofie"},
        {"key": "HTTP_METHOD", "value": "GET"},
    ]);
    let headers = [("dogname", "ella"), ("catname", "goofie")];
    assert_eq!(list(key, &headers), entry("CUSTOMKEYS", ("customValues", values)));
}

#[test]
fn values_are_cut_and_secrets_hidden() {
    let cookie = RateKeyPart::Cookie { name: "session".to_owned(), transforms: Vec::new() };
    let key = RateKey::Custom(vec![header("x-name"), header("authorization"), cookie]);
    let name = "日本".repeat(20);
    let headers = [("x-name", name.as_str()), ("authorization", "Bearer s3cret"), ("cookie", "session=s3cret")];
    let list = list(key, &headers);
    let values = &list[0]["customValues"];
    assert_eq!(values[0]["value"], "日本".repeat(16));
    assert!(!list.to_string().contains("s3cret"), "{list}");
    assert_eq!((&values[1]["value"], &values[2]["value"]), (&json!("REDACTED"), &json!("REDACTED")));
}

#[test]
fn addresses_and_everything_have_their_kinds() {
    let source = |invalid_matches| AddressSource::Forwarded {
        header: "x-forwarded-for".to_owned(),
        position: ForwardedPosition::First,
        invalid_matches,
    };
    let forwarded = || RateKey::Address(source(true));
    let list_of = |value| list(forwarded(), &[("X-Forwarded-For", value)]);
    assert_eq!(list_of("203.0.113.9"), entry("FORWARDED_IP", ("limitValue", json!("203.0.113.9"))));
    assert_eq!(list_of("junk"), entry("FORWARDED_IP", ("limitValue", json!("INVALID"))));
    assert_eq!(list(RateKey::Constant, &[]), entry("CONSTANT", ("", Value::Null)));
    let missing = RateKey::Custom(vec![RateKeyPart::Ja3 { missing_counts: true }]);
    let values = json!([{"key": "JA3_FINGERPRINT", "value": "INVALID"}]);
    assert_eq!(list(missing, &[]), entry("CUSTOMKEYS", ("customValues", values)));
}

#[test]
fn the_first_characters_of_any_bytes() {
    assert_eq!(first_chars(b"short", 32), b"short");
    assert_eq!(first_chars(&[b'a'; 40], 32), [b'a'; 32]);
    assert_eq!(first_chars(&[0xff; 40], 32), [0xff; 32]);
    let mixed = [&b"\xff"[..], "é".repeat(31).as_bytes(), b"more"].concat();
    assert_eq!(first_chars(&mixed, 32), &mixed[..63]);
}

#[test]
fn protected_parts_do_not_leave_as_keys_unless_excepted() {
    let key = || RateKey::Custom(vec![header("dogname"), header("catname")]);
    let headers = [("dogname", "ella"), ("catname", "momo")];
    let values = |method, shown_in_rate_details| {
        let part = RequestPart::Header("dogname".to_owned());
        let part = ProtectedPart { part, method, shown_in_match_details: false, shown_in_rate_details };
        let veil = Veil::new(&Protection { hash_prefix: "111122223333".to_owned(), parts: vec![part] }, &[]);
        let list = list_under(&veil, key(), &headers);
        [0, 1].map(|at| list[0]["customValues"][at]["value"].clone())
    };
    assert_eq!(values(ProtectionMethod::Substitute, false), [json!("REDACTED"), json!("momo")]);
    // printf 111122223333ella | openssl dgst -sha256 -binary | base64
    assert_eq!(
        values(ProtectionMethod::Hash, false),
        [json!("4uES3WvNdgJEfAdwBeKhPFn52strRC2e5d1J7IuUgmI="), json!("momo")]
    );
    assert_eq!(values(ProtectionMethod::Hash, true), [json!("ella"), json!("momo")]);
}

#[test]
fn an_address_from_a_protected_header_is_covered() {
    let source = AddressSource::Forwarded {
        header: "x-forwarded-for".to_owned(),
        position: ForwardedPosition::First,
        invalid_matches: false,
    };
    let veil = Veil::new(&Protection::default(), &[RedactedPart::Header("x-forwarded-for".to_owned())]);
    let list = list_under(&veil, RateKey::Address(source), &[("X-Forwarded-For", "192.0.2.9")]);
    assert_eq!(list[0]["limitValue"], "REDACTED");
}

#[test]
fn an_address_from_a_masked_header_and_an_argument_of_a_redacted_query_are_hidden() {
    let source = |header: &str| AddressSource::Forwarded {
        header: header.to_owned(),
        position: ForwardedPosition::First,
        invalid_matches: false,
    };
    // Masked always; a header that settings mask goes the same way.
    let headers = [("authorization", "192.0.2.9")];
    let listed = list(RateKey::Address(source("authorization")), &headers);
    assert_eq!(listed[0]["limitValue"], "REDACTED");
    let argument = RateKeyPart::QueryArgument { name: "mail".to_owned(), transforms: Vec::new() };
    let key = RateKey::Custom(vec![RateKeyPart::Address(source("authorization")), argument]);
    let listed = list_under(&Veil::new(&Protection::default(), &[RedactedPart::QueryString]), key, &headers);
    let values = [0, 1].map(|at| listed[0]["customValues"][at]["value"].clone());
    assert_eq!(values, [json!("REDACTED"), json!("REDACTED")], "{listed}");
}
