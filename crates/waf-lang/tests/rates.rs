//! Rate-based statements: what their keys become, and what is refused.

use sekisho_model::SourceFile;
use sekisho_waf::ir::{AddressSource, LabelScope, LabelTest, RateKey, RateKeyPart, RuleKind};
use sekisho_waf::transform::Transform;
use sekisho_waf_lang::aws::{LoadOptions, Loaded, ManagedCatalogue, load};

const NONE: &str = r#""TextTransformations":[{"Priority":0,"Type":"NONE"}]"#;
const CONFIG: &str = r#","ForwardedIPConfig":{"HeaderName":"X-Real-IP","FallbackBehavior":"MATCH"}"#;

fn loaded(statement: &str, action: &str) -> Loaded {
    let text = format!(
        r#"{{"Name":"shop","ARN":"arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/shop/3f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
        "DefaultAction":{{"Allow":{{}}}},"VisibilityConfig":{{"MetricName":"shop"}},"Rules":[{{"Name":"r","Priority":0,
        "VisibilityConfig":{{"MetricName":"r"}},"Action":{{"{action}":{{}}}},
        "Statement":{{"RateBasedStatement":{{"Limit":100,{statement}}}}}}}]}}"#
    );
    load(&SourceFile::new("acl.json", text), &[], &ManagedCatalogue::new(), &LoadOptions::default())
}

fn custom(keys: &str, members: &str) -> String {
    format!(r#""AggregateKeyType":"CUSTOM_KEYS","CustomKeys":[{keys}]{members}"#)
}

#[track_caller]
fn key(statement: &str, warnings: &[&str]) -> RateKey {
    let loaded = loaded(statement, "Block");
    let codes: Vec<_> = loaded.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, warnings, "{}", loaded.diagnostics.render(false));
    match &loaded.policy.expect("a policy").rules[0].kind {
        RuleKind::Rate { key, .. } => key.clone(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(statement: &str, code: &str, says: &str) {
    let loaded = loaded(statement, "Block");
    let found: Vec<_> = loaded.diagnostics.iter().map(|diagnostic| (diagnostic.code, &diagnostic.message)).collect();
    assert!(loaded.policy.is_none() && found.len() == 1, "{}", loaded.diagnostics.render(false));
    assert!(found[0].0 == code && found[0].1.contains(says), "{}", loaded.diagnostics.render(false));
}

#[test]
fn custom_keys_are_read_in_their_order() {
    let lower = r#""TextTransformations":[{"Priority":7,"Type":"LOWERCASE"},{"Priority":1,"Type":"URL_DECODE"}]"#;
    let keys = format!(
        r#"{{"Header":{{"Name":"X-Key",{lower}}}}},{{"Cookie":{{"Name":"Session",{NONE}}}}},
        {{"QueryArgument":{{"Name":"City",{NONE}}}}},{{"QueryString":{{{NONE}}}}},{{"UriPath":{{{lower}}}}}"#
    );
    let steps = vec![Transform::UrlDecode, Transform::Lowercase];
    let expected = vec![
        RateKeyPart::Header { name: "x-key".to_owned(), transforms: steps.clone() },
        RateKeyPart::Cookie { name: "Session".to_owned(), transforms: Vec::new() },
        RateKeyPart::QueryArgument { name: "city".to_owned(), transforms: Vec::new() },
        RateKeyPart::QueryString { transforms: Vec::new() },
        RateKeyPart::UriPath { transforms: steps },
    ];
    assert_eq!(key(&custom(&keys, ""), &[]), RateKey::Custom(expected));
    let keys = r#"{"HTTPMethod":{}},{"JA3Fingerprint":{"FallbackBehavior":"MATCH"}},
        {"JA4Fingerprint":{"FallbackBehavior":"NO_MATCH"}},{"ASN":{}},{"IP":{}}"#;
    let expected = vec![
        RateKeyPart::Method,
        RateKeyPart::Ja3 { missing_counts: true },
        RateKeyPart::Ja4 { missing_counts: false },
        RateKeyPart::Asn(AddressSource::Client),
        RateKeyPart::Address(AddressSource::Client),
    ];
    assert_eq!(key(&custom(keys, ""), &[]), RateKey::Custom(expected));
}

#[test]
fn a_forwarded_address_lends_itself_to_addresses_and_systems() {
    let RateKey::Custom(parts) = key(&custom(r#"{"ForwardedIP":{}},{"ASN":{}},{"IP":{}}"#, CONFIG), &[]) else {
        panic!()
    };
    let (RateKeyPart::Address(first), RateKeyPart::Asn(second)) = (&parts[0], &parts[1]) else { panic!("{parts:?}") };
    assert!(first == second && first.invalid_matches(), "{parts:?}");
    assert_eq!(parts[2], RateKeyPart::Address(AddressSource::Client));
    key(&custom(r#"{"HTTPMethod":{}}"#, CONFIG), &["no-effect"]);
    key(&format!(r#""AggregateKeyType":"IP"{CONFIG}"#), &["no-effect"]);
    assert!(matches!(key(&format!(r#""AggregateKeyType":"FORWARDED_IP"{CONFIG}"#), &[]), RateKey::Address(_)));
}

#[test]
fn a_namespace_is_qualified_or_of_the_own_web_acl() {
    let one = |namespace: &str| custom(&format!(r#"{{"LabelNamespace":{{"Namespace":"{namespace}"}}}}"#), "");
    let expected = |key: &str, context: Option<&str>| {
        let (key, context) = (key.to_owned(), context.map(str::to_owned));
        RateKey::Custom(vec![RateKeyPart::LabelNamespace(LabelTest { scope: LabelScope::Namespace, key, context })])
    };
    let managed = "awswaf:managed:aws:bot-control:";
    assert_eq!(key(&one(managed), &[]), expected(managed, None));
    let own = Some("awswaf:111122223333:webacl:shop:");
    assert_eq!(key(&one("ns:"), &["label-never-added"]), expected("ns:", own));
    refused(&one("awswaf:managed:aws"), "bad-characters", "ends with a colon");
    refused(&one(""), "bad-length", "characters");
}

#[test]
fn everything_together_needs_a_scope() {
    let scope = format!(
        r#","ScopeDownStatement":{{"RegexMatchStatement":{{"RegexString":"a","FieldToMatch":{{"UriPath":{{}}}},{NONE}}}}}"#
    );
    assert_eq!(key(&format!(r#""AggregateKeyType":"CONSTANT"{scope}"#), &[]), RateKey::Constant);
    refused(r#""AggregateKeyType":"CONSTANT""#, "missing-field", "needs a `ScopeDownStatement`");
}

#[test]
fn misuse_is_refused_by_name() {
    refused(r#""AggregateKeyType":"CUSTOM_KEYS""#, "missing-field", "needs `CustomKeys`");
    refused(&custom("", ""), "bad-length", "at least 1");
    let six = [r#"{"IP":{}}"#, r#"{"HTTPMethod":{}}"#, r#"{"ASN":{}}"#].repeat(2).join(",");
    refused(&custom(&six, ""), "bad-length", "at most 5");
    refused(r#""AggregateKeyType":"IP","CustomKeys":[{"HTTPMethod":{}}]"#, "unexpected-field", "`CUSTOM_KEYS`");
    refused(r#""AggregateKeyType":"FORWARDED_IP""#, "missing-field", "`ForwardedIPConfig`");
    refused(&custom(r#"{"IP":{}}"#, ""), "lone-address", "`IP`");
    refused(&custom(r#"{"ForwardedIP":{}}"#, CONFIG), "lone-address", "`ForwardedIP`");
    refused(&custom(r#"{"ForwardedIP":{}},{"HTTPMethod":{}}"#, ""), "missing-field", "`ForwardedIPConfig`");
    refused(&custom(r#"{"Header":{"Name":"x"}}"#, ""), "missing-field", "`TextTransformations`");
    refused(&custom(&format!(r#"{{"Header":{{"Name":" ",{NONE}}}}}"#), ""), "bad-characters", "white space");
    refused(&custom(r#"{"JA3Fingerprint":{}}"#, ""), "missing-field", "`FallbackBehavior`");
    refused(&custom(r#"{"HttpMethod":{}}"#, ""), "unknown-field", "`HttpMethod`");
    refused(&custom(r#"{"HTTPMethod":{},"ASN":{}}"#, ""), "more-than-one", "both");
    refused(&custom(r#"{"HTTPMethod":{"Name":"x"}}"#, ""), "unknown-field", "`Name`");
    refused(&custom("{}", ""), "missing-field", "is empty");
    for (one, name) in [
        (format!(r#"{{"QueryString":{{{NONE}}}}}"#), "QueryString"),
        (format!(r#"{{"UriPath":{{{NONE}}}}}"#), "UriPath"),
        (r#"{"HTTPMethod":{}}"#.to_owned(), "HTTPMethod"),
        (r#"{"JA3Fingerprint":{"FallbackBehavior":"MATCH"}}"#.to_owned(), "JA3Fingerprint"),
        (r#"{"IP":{}}"#.to_owned(), "IP"),
    ] {
        refused(&custom(&format!("{one},{one}"), ""), "duplicate-key", name);
    }
    let header = format!(r#"{{"Header":{{"Name":"x",{NONE}}}}}"#);
    key(&custom(&format!("{header},{header}"), ""), &["duplicate-key"]);
}

#[test]
fn a_rate_is_no_reason_to_allow() {
    let loaded = loaded(r#""AggregateKeyType":"IP""#, "Allow");
    assert!(loaded.policy.is_none(), "{}", loaded.diagnostics.render(false));
    assert_eq!(loaded.diagnostics.iter().next().map(|diagnostic| diagnostic.code), Some("rate-allows"));
}
