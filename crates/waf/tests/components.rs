//! Parts of requests as the AWS WAF Developer Guide describes them, sentence by sentence, in both evaluators.
//!
//! Source: "Request components in AWS WAF", "Oversize web request components in AWS WAF", "Size constraint rule statement".

use std::net::{IpAddr, Ipv4Addr};

use sekisho_model::Timestamp;
use sekisho_waf::ir::*;
use sekisho_waf::{
    Body, BodySize, Client, Context, Decision, Header, KnownToken, Limits, NoPlaces, NoRates, Request, RuleSet,
    Scratch, reference,
};

/// A request, of which each test changes what it is about.
fn request<'a>(headers: &'a [Header<'a>]) -> Request<'a> {
    Request {
        method: b"POST",
        path: b"/p",
        query: b"",
        fragment: None,
        version: b"HTTP/1.1",
        scheme: "https",
        headers,
        body: Body::EMPTY,
        client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
    }
}

fn with_body(bytes: &[u8]) -> Request<'_> {
    let body = Body { bytes, size: BodySize::Exact(bytes.len() as u64), truncated: false };
    Request { body, ..request(&[]) }
}

fn header<'a>(name: &'a str, value: &'a str) -> Header<'a> {
    Header { name: name.as_bytes(), value: value.as_bytes() }
}

fn test(field: Field, literal: &str) -> Test {
    Test {
        field,
        transforms: Vec::new(),
        operator: Operator::Bytes { literal: literal.into(), position: Position::Contains },
        oversize: Oversize::Continue,
        on_missing: OnMissing::NoMatch,
    }
}

/// Whether a test passes; both evaluators must say the same.
#[track_caller]
fn passes(test: Test, request: &Request<'_>) -> bool {
    let rule = Rule {
        name: "r".to_owned(),
        visibility: "r".into(),
        labels: Vec::new(),
        kind: RuleKind::Match { when: Condition::Test(test), action: Action::block().into() },
    };
    let policy = Policy {
        name: "p".to_owned(),
        id: "p".to_owned(),
        default_action: Action::ALLOW,
        rules: vec![rule],
        body_inspected_bytes_max: None,
        token_domains: Vec::new(),
        visibility: "acl".into(),
        protection: Protection::default(),
    };
    let limits = Limits::default();
    let context =
        Context { now: Timestamp::from_unix_ms(0), rates: &NoRates, places: &NoPlaces, token: &KnownToken::NONE };
    let (expected, _) = reference::evaluate(&policy, &limits, request, &context);
    let rules = RuleSet::compile(policy, limits).expect("the policy compiles");
    let mut scratch = Scratch::new();
    assert_eq!(rules.evaluate(request, &context, &mut scratch), &expected);
    expected.decision == Decision::Block
}

fn json(on_invalid: OnInvalidJson) -> Field {
    Field::JsonBody(JsonMatch { pattern: JsonPattern::All, scope: MapScope::Value, on_invalid })
}

const EVERY_FALLBACK: [OnInvalidJson; 4] =
    [OnInvalidJson::InspectParsed, OnInvalidJson::InspectAsText, OnInvalidJson::Match, OnInvalidJson::NoMatch];

/// "This fallback behavior only triggers when AWS WAF encounters an error while parsing the JSON string."
#[test]
fn the_fallback_is_for_errors_only() {
    for on_invalid in EVERY_FALLBACK {
        let valid = with_body(br#"{"a":"x","b":"evil"}"#);
        assert!(passes(test(json(on_invalid), "evil"), &valid), "{on_invalid:?}");
        assert!(!passes(test(json(on_invalid), "\"a\""), &valid), "{on_invalid:?}");
        let lenient = with_body(br#"{"a"::"x""b" "evil"}"#);
        assert!(passes(test(json(on_invalid), "evil"), &lenient), "{on_invalid:?}");
        assert!(!passes(test(json(on_invalid), "::"), &lenient), "{on_invalid:?}");
        assert!(!passes(test(json(on_invalid), "a"), &request(&[])), "{on_invalid:?} without body");
    }
}

#[test]
fn a_body_that_cannot_be_parsed_is_taken_as_the_fallback_says() {
    let broken = with_body(br#"{"a":"evil", b: "worse"}"#);
    for (on_invalid, evil, worse, key) in [
        (OnInvalidJson::InspectParsed, true, false, false),
        (OnInvalidJson::InspectAsText, true, true, true),
        (OnInvalidJson::Match, true, true, true),
        (OnInvalidJson::NoMatch, false, false, false),
    ] {
        let found = |literal| passes(test(json(on_invalid), literal), &broken);
        assert_eq!((found("evil"), found("worse"), found("{\"a\"")), (evil, worse, key), "{on_invalid:?}");
    }
    // As text, the body is one value, no other.
    let exactly = Operator::Bytes { literal: b"evil".to_vec(), position: Position::Exactly };
    let whole = Test { operator: exactly, ..test(json(OnInvalidJson::InspectAsText), "evil") };
    assert!(!passes(whole, &broken));
}

/// Truncation is an error; a body beyond the limit is handled as oversize first.
#[test]
fn oversize_handling_comes_before_parsing() {
    let cut = Body { truncated: true, ..with_body(br#"{"a":"evil","b":"mo"#).body };
    let cut = Request { body: cut, ..request(&[]) };
    for on_invalid in EVERY_FALLBACK {
        let with = |oversize, literal| passes(Test { oversize, ..test(json(on_invalid), literal) }, &cut);
        assert!(with(Oversize::Match, "nowhere"), "{on_invalid:?}");
        assert!(!with(Oversize::NoMatch, "evil"), "{on_invalid:?}");
        assert_eq!(with(Oversize::Continue, "evil"), on_invalid != OnInvalidJson::NoMatch, "{on_invalid:?}");
        assert_eq!(with(Oversize::Continue, "nowhere"), on_invalid == OnInvalidJson::Match, "{on_invalid:?}");
    }
    assert!(passes(test(json(OnInvalidJson::InspectParsed), "mo"), &cut));
}

/// "AWS WAF applies any text transformations that you've specified to the extracted JSON elements."
#[test]
fn json_is_parsed_before_transformation() {
    use sekisho_waf::transform::Transform;
    let body = with_body(br#"{"a":"\u0025\u0037\u0042evil"}"#);
    let decoded = Test { transforms: vec![Transform::UrlDecode], ..test(json(OnInvalidJson::InspectParsed), "{evil") };
    assert!(passes(decoded, &body));
}

fn named(names: &[&str]) -> MapMatch {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    MapMatch { pattern: MapPattern::Included(names), scope: MapScope::Value }
}

/// "Treat the web request as matching the rule statement": also when what was asked for is not among what is inspected,
/// for it may stand in the rest.
#[test]
fn more_than_is_inspected_counts_even_if_the_part_was_not_seen() {
    let padding = "p".repeat(8 * 1024);
    let cookies = format!("pad={padding}; session=evil");
    let headers = [header("X-Padding", &padding), header("X-Late", "evil"), header("Cookie", &cookies)];
    let request = request(&headers);
    for field in [Field::Headers(named(&["x-late"])), Field::Cookies(named(&["session"]))] {
        let with = |oversize| passes(Test { oversize, ..test(field.clone(), "evil") }, &request);
        assert!(with(Oversize::Match), "{field:?}");
        assert!(!with(Oversize::NoMatch), "{field:?}");
        assert!(!with(Oversize::Continue), "{field:?}");
    }
}

/// "AWS WAF separates the header names in the string with colons and with no added spaces", of the headers it inspects: "at
/// most the first 8 KB (8,192 bytes) of the request headers".
#[test]
fn the_header_order_is_that_of_the_inspected_headers() {
    let order = |literal: &str, oversize| Test {
        operator: Operator::Bytes { literal: literal.into(), position: Position::Exactly },
        oversize,
        ..test(Field::HeaderOrder, "x")
    };
    let small = [header("host", "a"), header("user-agent", "b"), header("accept", "c")];
    assert!(passes(order("host:user-agent:accept", Oversize::NoMatch), &request(&small)));
    let padding = "p".repeat(8 * 1024);
    let large = [header("host", "a"), header("x-padding", &padding), header("accept", "c")];
    assert!(passes(order("host:x-padding", Oversize::Continue), &request(&large)));
    assert!(passes(order("nowhere", Oversize::Match), &request(&large)));
    assert!(!passes(order("host:x-padding", Oversize::NoMatch), &request(&large)));
}

/// "When you inspect a single header, AWS WAF can inspect that header's entire contents."
#[test]
fn a_single_header_is_inspected_whole_wherever_it_stands() {
    let long = format!("{}evil", "p".repeat(20 * 1024));
    let mut headers = vec![header("X-Many", "v"); 250];
    headers.push(header("X-Long", &long));
    let request = request(&headers);
    assert!(passes(test(Field::SingleHeader("x-long".to_owned()), "evil"), &request));
    assert!(!passes(test(Field::Headers(named(&["x-long"])), "evil"), &request));
}

/// "If the query string contains more than one instance of the query argument, AWS WAF inspects all the values for a
/// match, using OR logic." "The name is not case sensitive."
#[test]
fn every_instance_of_a_query_argument_is_inspected() {
    let request = Request { query: b"SalesRegion=boston&salesregion=seattle&UserName=abc", ..request(&[]) };
    let region = || Field::SingleQueryArgument { name: "salesregion".to_owned(), pre_parse: Vec::new() };
    assert!(passes(test(region(), "boston"), &request));
    assert!(passes(test(region(), "seattle"), &request));
    assert!(!passes(test(region(), "abc"), &request));
    let all = Field::AllQueryArguments { pre_parse: Vec::new() };
    assert!(passes(test(all.clone(), "abc"), &request));
    // The values of all arguments, not their names.
    assert!(!passes(test(all, "UserName"), &request));
}

/// "Compares the number of bytes that AWS WAF receives for a web request component"; "the URI path /logo.jpg is nine
/// characters long".
#[test]
fn sizes_are_those_of_what_is_inspected() {
    let size = |field, comparison, bytes| Test { operator: Operator::Size { comparison, bytes }, ..test(field, "x") };
    let path = Request { path: b"/logo.jpg", ..request(&[]) };
    assert!(passes(size(Field::UriPath, Comparison::Eq, 9), &path));
    let cut = Body { bytes: &[b'x'; 8192], size: BodySize::Exact(100_000), truncated: true };
    let cut = Request { body: cut, ..request(&[]) };
    assert!(passes(size(Field::Body, Comparison::Eq, 8192), &cut));
    assert!(!passes(size(Field::Body, Comparison::Gt, 8192), &cut));
    // What a request has not got has no size, not even zero; a query string and a body it always has.
    let missing = Field::SingleHeader("x-absent".to_owned());
    assert!(!passes(size(missing, Comparison::Lt, 1), &path));
    assert!(passes(size(Field::QueryString, Comparison::Eq, 0), &path));
    assert!(passes(size(Field::Body, Comparison::Eq, 0), &path));
}

/// "The fallback behavior is the match status … if the URI is missing the fragment."
#[test]
fn a_missing_fragment_is_taken_as_the_fallback_says() {
    let with =
        |on_missing, request: &Request<'_>| passes(Test { on_missing, ..test(Field::UriFragment, "sec") }, request);
    let without = request(&[]);
    assert!(with(OnMissing::Match, &without) && !with(OnMissing::NoMatch, &without));
    let section = Request { fragment: Some(b"section2"), ..request(&[]) };
    assert!(with(OnMissing::Match, &section) && with(OnMissing::NoMatch, &section));
    let other = Request { fragment: Some(b""), ..request(&[]) };
    assert!(!with(OnMissing::Match, &other) && !with(OnMissing::NoMatch, &other));
}
