//! Explanations.

use std::net::{IpAddr, Ipv4Addr};

use sekisho_model::{SourceFile, Timestamp};
use sekisho_waf::{Body, BodySize, Client, Context, KnownToken, Limits, NoPlaces, NoRates, Request, reference};
use sekisho_waf_lang::aws::{LoadOptions, ManagedCatalogue, load};

use super::words::shown;

#[test]
fn bytes_are_shown_escaped_and_cut() {
    assert_eq!(shown("a\u{1b}[31m\n日\u{202e}".as_bytes()), "a\\u{1b}[31m\\n日\\u{202e}");
    assert_eq!(shown(b"\xff\x00"), "\\xff\\u{0}");
    assert!(shown(&[b'a'; 500]).ends_with("… (500 bytes)"));
    assert!(shown("日".repeat(50).as_bytes()).starts_with('日'));
}

/// The explanation of a POST of `body` to `/p?a=1%27&a=2` against one rule with this statement.
fn explained(statement: &str, body: &str, truncated: bool) -> String {
    let shown =
        r#""VisibilityConfig":{"SampledRequestsEnabled":true,"CloudWatchMetricsEnabled":true,"MetricName":"m"}"#;
    let acl = format!(
        r#"{{"Name":"a","Id":"a","ARN":"arn:aws:wafv2:us-east-1:111122223333:regional/webacl/a/a","DefaultAction":{{"Allow":{{}}}},
            {shown},"Rules":[{{"Name":"r","Priority":0,"Action":{{"Block":{{}}}},{shown},"Statement":{statement}}}]}}"#
    );
    let file = SourceFile::new("acl.json", acl);
    let loaded = load(&file, &[], &ManagedCatalogue::new(), &LoadOptions::default());
    let policy = loaded.policy.unwrap_or_else(|| panic!("{}", loaded.diagnostics.render(false)));
    let request = Request {
        method: b"POST",
        path: b"/p",
        query: b"a=1%27&a=2",
        fragment: Some(b"top"),
        version: b"HTTP/1.1",
        scheme: "https",
        headers: &[],
        body: Body { bytes: body.as_bytes(), size: BodySize::Exact(body.len() as u64), truncated },
        client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
    };
    let context =
        Context { now: Timestamp::from_unix_ms(0), rates: &NoRates, places: &NoPlaces, token: &KnownToken::NONE };
    let (verdict, trace) = reference::evaluate(&policy, &Limits::default(), &request, &context);
    super::explain(&policy, &request, (&verdict, &trace), None, false)
}

fn of_json(settings: &str) -> String {
    format!(
        r#"{{"SizeConstraintStatement":{{"ComparisonOperator":"EQ","Size":3,"TextTransformations":[{{"Priority":0,"Type":"NONE"}}],
            "FieldToMatch":{{"JsonBody":{{"MatchPattern":{{"IncludedPaths":["/user/roles","/a~1b"]}},"MatchScope":"VALUE"{settings}}}}}}}}}"#
    )
}

#[test]
fn elements_of_a_json_body_are_shown_with_their_places() {
    let text = explained(&of_json(""), r#"{"user":{"roles":["abc","defg"]}}"#, false);
    let begins = "POST /p?a=1%27&a=2#top from 127.0.0.1\nBLOCK with status 403 by rule r\n\nweb ACL a\n";
    assert!(text.starts_with(begins), "{text}");
    assert!(text.contains("✓ values of the JSON body at /a~1b, /user/roles has a length = 3 bytes\n"), "{text}");
    assert!(text.contains("roles = \"abc\"  ← 3 bytes\n") && text.contains("roles = \"defg\"\n"), "{text}");
}

#[test]
fn a_body_that_is_no_json_is_said_to_be_none() {
    let fallback = of_json(r#","InvalidFallbackBehavior":"NO_MATCH","OversizeHandling":"MATCH""#);
    let text = explained(&fallback, r#"{"user":{"roles":["abc""#, false);
    assert!(text.contains("it cannot be read as JSON to its end, which counts as no match\n"), "{text}");
    let text = explained(&fallback, r#"{"user":{"roles":["abc""#, true);
    assert!(text.contains("it is larger than is inspected: which counts as a match\n"), "{text}");
    assert!(!text.contains("cannot be read"), "{text}");
}

#[test]
fn what_is_done_to_the_query_string_first_is_said() {
    let statement = r#"{"XssMatchStatement":{"FieldToMatch":{"SingleQueryArgument":{"Name":"a"}},
        "TextTransformations":[{"Priority":0,"Type":"LOWERCASE"}],"PreParseTextTransformations":[
        {"Priority":2,"Type":"COMBINE_DUPLICATE_QUERY_ARGS_BY_COMMA"},{"Priority":1,"Type":"URL_DECODE"}]}}"#;
    let text = explained(statement, "", false);
    let steps = "URL_DECODE → COMBINE_DUPLICATE_QUERY_ARGS_BY_COMMA";
    assert!(
        text.contains(&format!("query argument a of the query string after {steps}, after LOWERCASE runs script\n")),
        "{text}"
    );
    assert!(text.contains("a = \"1',2\"\n"), "{text}");
}

#[test]
fn what_a_request_counts_as_is_shown() {
    let transforms = r#""TextTransformations":[{"Priority":0,"Type":"URL_DECODE"}]"#;
    let rate = |keys: &str| {
        format!(r#"{{"RateBasedStatement":{{"Limit":100,"AggregateKeyType":"CUSTOM_KEYS","CustomKeys":[{keys}]}}}}"#)
    };
    let argument = |name: &str| format!(r#"{{"QueryArgument":{{"Name":"{name}",{transforms}}}}}"#);
    let text = explained(&rate(&format!("{},{{\"IP\":{{}}}}", argument("a"))), "", false);
    let key = "query argument a (URL_DECODE)";
    assert!(text.contains(&format!("at most 100 requests in 300 s with the same {key} and address\n")), "{text}");
    let counted = format!("this request counts for {key} \"1',2\" and address \"127.0.0.1\"\n");
    assert!(text.contains(&counted), "{text}");
    let text = explained(&rate(&argument("absent")), "", false);
    assert!(text.contains("this request is not counted: it lacks a part of the key\n"), "{text}");
}
