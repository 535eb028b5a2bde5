//! What a person sees when a web ACL cannot be used.

use sekisho_model::{Diagnostics, Severity, SourceFile};
use sekisho_waf_lang::aws::{LoadOptions, Loaded, ManagedCatalogue, ManagedGroup, load};

const ARN: &str = "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/shop/3f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
const IP_SET: &str = "arn:aws:wafv2:eu-west-1:111122223333:regional/ipset/office/0f1e2d3c";

fn loaded(text: &str, resources: &[&str]) -> Loaded {
    let resources: Vec<_> =
        resources.iter().enumerate().map(|(at, text)| SourceFile::new(format!("resource-{at}.json"), *text)).collect();
    load(&SourceFile::new("acl.json", text), &resources, &ManagedCatalogue::new(), &LoadOptions::default())
}

/// A web ACL with these members beside the ones it must have.
fn acl(members: &str) -> String {
    format!(
        r#"{{"Name":"shop","ARN":"{ARN}","DefaultAction":{{"Allow":{{}}}},"VisibilityConfig":{{"MetricName":"shop"}}{members}}}"#
    )
}

/// A rule with this statement and these members besides.
fn rule(statement: &str, members: &str) -> String {
    format!(r#"{{"Name":"r","Priority":0,"VisibilityConfig":{{"MetricName":"r"}},"Statement":{statement}{members}}}"#)
}

fn with_rule(statement: &str, members: &str) -> String {
    acl(&format!(r#","Rules":[{}]"#, rule(statement, members)))
}

fn with_statement(statement: &str) -> String {
    with_rule(statement, r#","Action":{"Block":{}}"#)
}

fn codes(diagnostics: &Diagnostics) -> Vec<&'static str> {
    diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

/// Exactly these problems, of which one at least is an error.
#[track_caller]
fn refuses(text: &str, expected: &[&str]) {
    let loaded = loaded(text, &[]);
    assert_eq!(codes(&loaded.diagnostics), expected, "{}", loaded.diagnostics.render(false));
    assert!(loaded.policy.is_none() && loaded.diagnostics.has_errors(), "{text}");
}

/// Loads, with exactly these warnings.
#[track_caller]
fn takes(text: &str, warnings: &[&str]) {
    let loaded = loaded(text, &[]);
    assert!(loaded.policy.is_some(), "{}", loaded.diagnostics.render(false));
    assert_eq!(codes(&loaded.diagnostics), warnings, "{}", loaded.diagnostics.render(false));
}

const NONE: &str = r#""TextTransformations":[{"Priority":0,"Type":"NONE"}]"#;

fn bytes(search: &str, field: &str) -> String {
    format!(
        r#"{{"ByteMatchStatement":{{"SearchString":"{search}","FieldToMatch":{field},{NONE},"PositionalConstraint":"CONTAINS"}}}}"#
    )
}

fn regex(pattern: &str) -> String {
    format!(r#"{{"RegexMatchStatement":{{"RegexString":"{pattern}","FieldToMatch":{{"UriPath":{{}}}},{NONE}}}}}"#)
}

#[test]
fn shows_every_problem_at_once_with_its_place_and_the_way_out() {
    let text = format!(
        r#"{{
  "Name": "shop",
  "ARN": "{ARN}",
  "DefaultAction": {{ "Alow": {{}} }},
  "VisibilityConfig": {{ "MetricName": "shop" }},
  "Rules": [
    {{
      "Name": "first rule",
      "Pririty": 1,
      "Statement": {{ "ByteMatchStatment": {{}} }},
      "Action": {{ "Monetize": {{}} }},
      "VisibilityConfig": {{ "MetricName": "first" }}
    }},
    {{
      "Name": "second",
      "Priority": 1,
      "Statement": {{
        "GeoMatchStatement": {{ "CountryCodes": ["JP", "jp", 81] }}
      }},
      "Action": {{ "Block": {{ "CustomResponse": {{ "ResponseCode": 99, "CustomResponseBodyKey": "blocked" }} }} }},
      "VisibilityConfig": {{ "MetricName": "second" }},
    }},
    {{
      "Name": "third",
      "Priority": 1,
      "Statement": {{ "IPSetReferenceStatement": {{ "ARN": "{IP_SET}" }} }},
      "Action": {{ "Count": {{}} }},
      "OverrideAction": {{ "None": {{}} }},
      "VisibilityConfig": {{ "MetricName": "third" }}
    }}
  ]
}}
"#
    );
    insta::assert_snapshot!(loaded(&text, &[]).diagnostics.render(false));
}

#[test]
fn takes_the_smallest_web_acl() {
    takes(&acl(""), &[]);
    takes(&acl(r#","Rules":[]"#), &[]);
    takes(&format!("\u{feff}{}", acl("")), &[]);
}

#[test]
fn refuses_what_is_no_web_acl() {
    refuses("", &["unexpected-end"]);
    refuses("[]", &["no-web-acl"]);
    refuses("{}", &["missing-field"; 4]);
    refuses(r#"{"WebACL":{}}"#, &["missing-field"; 4]);
    refuses(&acl(r#","Name":"again""#), &["duplicate-key"]);
    refuses(&acl("").replace("webacl/shop", "ipset/shop"), &["bad-arn"]);
    refuses(&acl("").replace("\"Allow\"", "\"Count\""), &["unknown-field"]);
    refuses(&acl("").replace("\"Allow\":{}", "\"Allow\":{},\"Block\":{}"), &["more-than-one"]);
    refuses(&acl("").replace("\"Allow\":{}", ""), &["missing-field"]);
}

#[test]
fn refuses_by_name_what_is_not_honoured_yet() {
    for member in [r#""MonetizationConfig":{}"#, r#""AssociationConfig":{"ChallengeJavascriptSdkInjection":{}}"#] {
        let text = acl(&format!(",{member}"));
        refuses(&text, &["not-supported"]);
        let name = member.split('"').rfind(|word| word.starts_with(char::is_uppercase) && member.contains("Challenge"));
        let name = name.unwrap_or_else(|| member.split('"').nth(1).unwrap());
        let message = &loaded(&text, &[]).diagnostics.iter().next().unwrap().message.clone();
        assert!(message.starts_with("not supported: ") && message.contains(name), "{message}, not {name}");
    }
    refuses(&with_rule(&regex("a"), r#","Action":{"Monetize":{}}"#), &["not-supported"]);
    refuses(&with_statement(&bytes("YWJj", r#"{"BodyValues":{}}"#)), &["unknown-field"]);
}

#[test]
fn a_json_body_has_places_and_a_scope() {
    let json = |members: &str| with_statement(&bytes("YWJj", &format!(r#"{{"JsonBody":{{{members}}}}}"#)));
    let all = r#""MatchPattern":{"All":{}},"MatchScope":"ALL""#;
    takes(&json(all), &[]);
    takes(&json(&format!(r#"{all},"OversizeHandling":"MATCH","InvalidFallbackBehavior":"EVALUATE_AS_STRING""#)), &[]);
    let at = |paths: &str| json(&format!(r#""MatchPattern":{{"IncludedPaths":{paths}}},"MatchScope":"KEY""#));
    takes(&at(r#"["/dogs/0/name","/a~1b/m~0n"]"#), &[]);
    takes(&at(r#"["/"]"#), &["empty-name"]);
    refuses(&at("[]"), &["bad-length"]);
    refuses(&at(r#"["dogs","/a~","/a~2"]"#), &["bad-json-pointer"; 3]);
    refuses(&at(&format!(r#"["","/{}"]"#, "a".repeat(512))), &["bad-length"; 2]);
    refuses(&json(""), &["missing-field"; 2]);
    refuses(&json(r#""MatchPattern":{"All":{},"IncludedPaths":["/a"]},"MatchScope":"ALL""#), &["more-than-one"]);
    let words = r#""MatchPattern":{"Every":{}},"MatchScope":"VALUES","InvalidFallbackBehavior":"CONTINUE""#;
    refuses(&json(words), &["unknown-field", "unknown-value", "unknown-value"]);
}

#[test]
fn the_query_string_is_made_ready_for_query_arguments_only() {
    let pre_parse = |field: &str, steps: &str| {
        let steps = format!(r#""PreParseTextTransformations":{steps},"FieldToMatch""#);
        with_statement(&bytes("YWJj", field).replace("\"FieldToMatch\"", &steps))
    };
    let (all, one) = (r#"{"AllQueryArguments":{}}"#, r#"{"SingleQueryArgument":{"Name":"q"}}"#);
    let decode = r#"[{"Priority":3,"Type":"URL_DECODE"},{"Priority":1,"Type":"NONE"}]"#;
    takes(&pre_parse(all, decode), &[]);
    takes(&pre_parse(one, decode), &[]);
    takes(&pre_parse(r#"{"UriPath":{}}"#, "[]"), &[]);
    refuses(&pre_parse(r#"{"UriPath":{}}"#, decode), &["not-for-this-field"]);
    refuses(&pre_parse(all, &decode.replace('3', "1")), &["duplicate-priority"]);
    refuses(&pre_parse(all, &decode.replace("URL_DECODE", "LOWERCASE")), &["unknown-value"]);
    let steps: Vec<_> = (0..11).map(|at| format!(r#"{{"Priority":{at},"Type":"NONE"}}"#)).collect();
    takes(&pre_parse(all, &format!("[{}]", steps[..10].join(","))), &[]);
    refuses(&pre_parse(all, &format!("[{}]", steps.join(","))), &["bad-length"]);
}

fn rate(members: &str) -> String {
    format!(r#"{{"RateBasedStatement":{{{members}}}}}"#)
}

#[test]
fn accepts_by_name_what_has_no_effect() {
    takes(
        &acl(r#","Id":"x","Description":"d","Capacity":7,"ManagedByFirewallManager":false,"ApplicationConfig":{},
            "RetrofittedByFirewallManager":true,"PreProcessFirewallManagerRuleGroups":[],
            "PostProcessFirewallManagerRuleGroups":[],"LabelNamespace":"awswaf:111122223333:webacl:shop:""#),
        &[],
    );
    takes(&acl(r#","OnSourceDDoSProtectionConfig":{"ALBLowReputationMode":"ALWAYS_ON"}"#), &["no-effect"]);
    refuses(&acl(r#","LabelNamespace":"awswaf:111122223333:webacl:other:""#), &["namespace-mismatch"]);
}

#[test]
fn holds_every_value_to_its_limits() {
    let path = r#"{"UriPath":{}}"#;
    for (statement, expected) in [
        (r#"{"GeoMatchStatement":{"CountryCodes":[]}}"#.to_owned(), "bad-length"),
        (r#"{"GeoMatchStatement":{}}"#.to_owned(), "missing-field"),
        (r#"{"AsnMatchStatement":{"AsnList":[4294967296]}}"#.to_owned(), "out-of-range"),
        (r#"{"AsnMatchStatement":{"AsnList":[-1]}}"#.to_owned(), "out-of-range"),
        (r#"{"AsnMatchStatement":{"AsnList":["1"]}}"#.to_owned(), "wrong-type"),
        (r#"{"LabelMatchStatement":{"Scope":"LABEL","Key":"a b"}}"#.to_owned(), "bad-characters"),
        (r#"{"LabelMatchStatement":{"Scope":"Label","Key":"awswaf:a"}}"#.to_owned(), "unknown-value"),
        (bytes("", path), "bad-length"),
        (bytes(&"YWJj".repeat(67), path), "bad-length"),
        (bytes("YWJj", "{}"), "missing-field"),
        (bytes("YWJj", r#"{"UriPath":{},"Method":{}}"#), "more-than-one"),
        (bytes("YWJj", r#"{"UriPath":{"Name":"x"}}"#), "unknown-field"),
        (bytes("YWJj", r#"{"SingleHeader":{"Name":" "}}"#), "bad-characters"),
        (bytes("YWJj", r#"{"HeaderOrder":{}}"#), "missing-field"),
        (regex(""), "bad-length"),
        (regex(&"a".repeat(513)), "bad-length"),
        (regex("("), "bad-regex"),
        (regex("a(?=b)"), "bad-regex"),
        (regex(r"(a)\\1"), "bad-regex"),
        (rate(r#""Limit":9,"AggregateKeyType":"IP""#), "out-of-range"),
        (rate(r#""Limit":2000000001,"AggregateKeyType":"IP""#), "out-of-range"),
        (rate(r#""Limit":10,"AggregateKeyType":"IP","EvaluationWindowSec":61"#), "unknown-value"),
        (rate(r#""Limit":10,"AggregateKeyType":"FORWARDED_IP""#), "missing-field"),
        (r#"{"AndStatement":{"Statements":[]}}"#.to_owned(), "bad-length"),
        (format!(r#"{{"OrStatement":{{"Statements":[{}]}}}}"#, regex("a")), "bad-length"),
        (
            format!(r#"{{"NotStatement":{{"Statement":{}}}}}"#, rate(r#""Limit":10,"AggregateKeyType":"IP""#)),
            "not-nestable",
        ),
    ] {
        refuses(&with_statement(&statement), &[expected]);
    }
    takes(&with_statement(&bytes(&"YWJj".repeat(66), path)), &[]);
    takes(&with_statement(&regex(&"a".repeat(512))), &[]);
    takes(&with_statement(&rate(r#""Limit":10,"AggregateKeyType":"IP""#)), &[]);
}

#[test]
fn transformations_are_ordered_by_distinct_priorities() {
    let two = |first: &str, second: &str| {
        let list = format!(
            r#""TextTransformations":[{{"Priority":{first},"Type":"LOWERCASE"}},{{"Priority":{second},"Type":"URL_DECODE"}}]"#
        );
        with_statement(&regex("a").replace(NONE, &list))
    };
    takes(&two("7", "3"), &[]);
    refuses(&two("3", "3"), &["duplicate-priority"]);
    refuses(&two("3", "-3"), &["out-of-range"]);
    refuses(&two("3", "4").replace("URL_DECODE", "URL_DECODED"), &["unknown-value"]);
    refuses(&with_statement(&regex("a").replace(NONE, r#""TextTransformations":[]"#)), &["bad-length"]);
}

#[test]
fn an_action_fits_its_rule() {
    let group = r#"{"ManagedRuleGroupStatement":{"VendorName":"AWS","Name":"X"}}"#;
    refuses(&with_rule(&regex("a"), ""), &["missing-field"]);
    refuses(&with_rule(&regex("a"), r#","OverrideAction":{"None":{}}"#), &["unexpected-field", "missing-field"]);
    refuses(&with_rule(group, r#","OverrideAction":{"None":{}}"#), &["unknown-group"]);
    refuses(&with_rule(group, r#","Action":{"Block":{}}"#), &["unknown-group", "unexpected-field", "missing-field"]);
    for (response, code) in [
        (r#"{"ResponseCode":199}"#, "out-of-range"),
        (r#"{"ResponseCode":403,"CustomResponseBodyKey":"x"}"#, "unknown-response-body"),
        (r#"{"ResponseCode":403,"ResponseHeaders":[{"Name":"a b","Value":"c"}]}"#, "bad-characters"),
        (r#"{"ResponseCode":403,"ResponseHeaders":[{"Name":"a","Value":"c\r\nx: y"}]}"#, "bad-characters"),
        (
            r#"{"ResponseCode":403,"ResponseHeaders":[{"Name":"a","Value":"1"},{"Name":"A","Value":"2"}]}"#,
            "duplicate-header",
        ),
        (r#"{"ResponseCode":403,"ResponseHeaders":[]}"#, "bad-length"),
    ] {
        refuses(&with_rule(&regex("a"), &format!(r#","Action":{{"Block":{{"CustomResponse":{response}}}}}"#)), &[code]);
    }
}

#[test]
fn rules_are_told_apart() {
    let two = |second: &str| {
        let first = rule(&regex("a"), r#","Action":{"Count":{}}"#);
        acl(&format!(r#","Rules":[{first},{}]"#, first.replace(r#""Name":"r","Priority":0"#, second)))
    };
    takes(&two(r#""Name":"s","Priority":1"#), &[]);
    takes(&two(r#""Name":"r","Priority":1"#), &["duplicate-name"]);
    refuses(&two(r#""Name":"s","Priority":0"#), &["duplicate-priority"]);
}

#[test]
fn labels_are_checked_and_unqualified_matches_warn_when_hopeless() {
    let labelled = |label: &str| {
        with_rule(&regex("a"), &format!(r#","Action":{{"Count":{{}}}},"RuleLabels":[{{"Name":"{label}"}}]"#))
    };
    takes(&labelled("a:b"), &[]);
    refuses(&labelled("a b"), &["bad-characters"]);
    refuses(&labelled("awswaf:x"), &["reserved-label"]);
    refuses(&labelled("a:managed:b"), &["reserved-label"]);
    let matching = |key: &str, scope: &str| {
        let statement = format!(r#"{{"LabelMatchStatement":{{"Scope":"{scope}","Key":"{key}"}}}}"#);
        with_rule(&statement, r#","Action":{"Count":{}},"RuleLabels":[{"Name":"ns:own"}]"#)
    };
    takes(&matching("own", "LABEL"), &[]);
    takes(&matching("ns:", "NAMESPACE"), &[]);
    takes(&matching("awswaf:managed:aws:x:y", "LABEL"), &[]);
    takes(&matching("wn", "LABEL"), &["label-never-added"]);
    takes(&matching("own", "NAMESPACE"), &["label-never-added"]);
}

#[test]
fn a_search_string_that_could_be_read_either_way_says_how_it_was() {
    let path = r#"{"UriPath":{}}"#;
    let two = |first: &str, second: &str| {
        let (first, second) = (bytes(first, path), bytes(second, path));
        with_statement(&format!(r#"{{"OrStatement":{{"Statements":[{first},{second}]}}}}"#))
    };
    takes(&two("L2FkbWlu", "dGVzdA=="), &[]);
    takes(&two("/admin.php", "..%2f"), &[]);
    // One that is no base64 makes all of them plain text.
    takes(&two("/admin.php", "dGVzdA=="), &["ambiguous-search-string"]);
    // `test` is base64 of something no one typed.
    takes(&two("test", "root"), &[]);
    takes(&two("test", "dGVzdA=="), &["ambiguous-search-string"]);
    let answer = format!(r#"{{"WebACL":{},"LockToken":"x"}}"#, two("test", "dGVzdA=="));
    takes(&answer, &["ambiguous-search-string"]);
}

#[test]
fn resources_are_found_by_arn_and_checked() {
    let text = with_statement(&format!(r#"{{"IPSetReferenceStatement":{{"ARN":"{IP_SET}"}}}}"#));
    let set = |addresses: &str| {
        format!(
            r#"{{"IPSet":{{"ARN":"{IP_SET}","IPAddressVersion":"IPV4","Addresses":[{addresses}]}},"LockToken":"x"}}"#
        )
    };
    let of = |resources: &[&str]| codes(&loaded(&text, resources).diagnostics);
    assert_eq!(of(&[]), ["missing-resource"]);
    assert_eq!(of(&[&set(r#""192.0.2.1/32""#)]), Vec::<&str>::new());
    assert_eq!(of(&[&set("")]), Vec::<&str>::new());
    for address in ["192.0.2.1", "192.0.2.0/33", "0.0.0.0/0", "2001:db8::/32", "x", ""] {
        let expected = if address.is_empty() { "bad-length" } else { "bad-address" };
        assert_eq!(of(&[&set(&format!(r#""{address}""#))]), [expected], "{address}");
    }
    assert_eq!(of(&[&set(""), &set("")]), ["duplicate-resource"]);
    assert_eq!(of(&[&set(""), "{}"]), ["unknown-resource"]);
    assert_eq!(of(&[&set(""), "{"]), ["not-closed"]);
    // Read once, reported once, however often it is referred to.
    let one = format!(r#"{{"IPSetReferenceStatement":{{"ARN":"{IP_SET}"}}}}"#);
    let twice = with_statement(&format!(r#"{{"AndStatement":{{"Statements":[{one},{one}]}}}}"#));
    assert_eq!(codes(&loaded(&twice, &[&set(r#""x""#)]).diagnostics), ["bad-address"]);
}

#[test]
fn overrides_that_name_nothing_are_warned_of_or_refused() {
    let arn = IP_SET.replace("ipset", "rulegroup");
    let member = rule(&regex("a"), r#","Action":{"Block":{}}"#).replace(r#""Name":"r""#, r#""Name":"Known_RULE""#);
    let group = format!(
        r#"{{"RuleGroup":{{"Name":"office","Capacity":1,"ARN":"{arn}","VisibilityConfig":{{"MetricName":"m"}},"Rules":[{member}]}}}}"#
    );
    let overrides = r#""RuleActionOverrides":[{"Name":"Known_Rule","ActionToUse":{"Count":{}}}]"#;
    let own = with_rule(
        &format!(r#"{{"RuleGroupReferenceStatement":{{"ARN":"{arn}",{overrides}}}}}"#),
        r#","OverrideAction":{"None":{}}"#,
    );
    let managed = with_rule(
        &format!(r#"{{"ManagedRuleGroupStatement":{{"VendorName":"AWS","Name":"Shipped",{overrides}}}}}"#),
        r#","OverrideAction":{"None":{}}"#,
    );
    let mut catalogue = ManagedCatalogue::new();
    let own_group = load(
        &SourceFile::new("acl", own.replace(overrides, r#""ExcludedRules":[]"#)),
        &[SourceFile::new("group", group.as_str())],
        &catalogue,
        &LoadOptions::default(),
    );
    let sekisho_waf::ir::RuleKind::Group { group: read, .. } = own_group.policy.unwrap().rules.remove(0).kind else {
        panic!()
    };
    catalogue.add(ManagedGroup {
        vendor: "AWS".to_owned(),
        name: "Shipped".to_owned(),
        label_namespace: "awswaf:managed:aws:shipped:".to_owned(),
        capacity: None,
        rules: read.rules,
    });
    for (text, severity) in [(own, Severity::Error), (managed, Severity::Warning)] {
        let group = [SourceFile::new("group", group.as_str())];
        let loaded = load(&SourceFile::new("acl", text), &group, &catalogue, &LoadOptions::default());
        let diagnostic = loaded.diagnostics.iter().next().unwrap();
        assert_eq!((diagnostic.code, diagnostic.severity), ("unknown-rule", severity));
        assert_eq!(diagnostic.help.as_deref(), Some("did you mean `Known_RULE`?"));
        assert_eq!(loaded.policy.is_some(), severity == Severity::Warning);
    }
}

#[test]
fn groups_do_not_nest() {
    let arn = IP_SET.replace("ipset", "rulegroup");
    let reference = format!(r#"{{"RuleGroupReferenceStatement":{{"ARN":"{arn}"}}}}"#);
    let member = rule(&reference, r#","OverrideAction":{"None":{}}"#);
    let group = format!(
        r#"{{"RuleGroup":{{"Name":"office","Capacity":1,"ARN":"{arn}","VisibilityConfig":{{"MetricName":"m"}},"Rules":[{member}]}}}}"#
    );
    let text = with_rule(&reference, r#","OverrideAction":{"None":{}}"#);
    assert_eq!(codes(&loaded(&text, &[&group]).diagnostics), ["not-nestable"]);
    let nested = format!(r#"{{"NotStatement":{{"Statement":{reference}}}}}"#);
    refuses(&with_statement(&nested), &["not-nestable"]);
}

#[test]
fn statements_nest_as_deep_as_the_engine_takes() {
    let nested = |levels: usize| {
        let (open, close) = (r#"{"NotStatement":{"Statement":"#.repeat(levels), "}}".repeat(levels));
        with_statement(&format!("{open}{}{close}", regex("a")))
    };
    let deepest = loaded(&nested(63), &[]).policy.unwrap();
    sekisho_waf::RuleSet::compile(deepest, sekisho_waf::Limits::default()).unwrap();
    refuses(&nested(64), &["nested-too-deep"]);
}

#[test]
fn a_giant_broken_file_gives_a_bounded_answer() {
    let rules = vec!["{\"Nam\":1}"; 100_000].join(",");
    let loaded = loaded(&acl(&format!(r#","Rules":[{rules}]"#)), &[]);
    assert_eq!(loaded.diagnostics.iter().count(), 201);
    assert_eq!(loaded.diagnostics.iter().last().unwrap().code, "too-many-problems");
}
