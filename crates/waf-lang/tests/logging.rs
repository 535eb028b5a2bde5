//! Logging configurations and data protection: what they become, and what a person sees when they cannot be used.

use sekisho_model::SourceFile;
use sekisho_waf::ir::{
    LogBehavior, LogCondition, LogFilter, LogRequirement, LoggedAction, Logging, Policy, ProtectedPart,
    ProtectionMethod, RedactedPart, RequestPart,
};
use sekisho_waf_lang::aws::{LoadOptions, ManagedCatalogue, load, load_logging};

const ARN: &str = "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/shop/3f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

fn configuration(members: &str) -> String {
    format!(
        r#"{{"LoggingConfiguration":{{"ResourceArn":"{ARN}","ManagedByFirewallManager":false,"LogType":"WAF_LOGS",
        "LogDestinationConfigs":["arn:aws:s3:::aws-waf-logs-shop"],"LogScope":"CUSTOMER"{members}}}}}"#
    )
}

fn with_condition(condition: &str) -> String {
    configuration(&format!(
        r#","LoggingFilter":{{"DefaultBehavior":"KEEP","Filters":[
            {{"Behavior":"DROP","Requirement":"MEETS_ANY","Conditions":[{condition}]}}]}}"#
    ))
}

fn with_field(field: &str) -> String {
    configuration(&format!(r#","RedactedFields":[{field}]"#))
}

#[track_caller]
fn logging(text: &str, warnings: &[&str]) -> Logging {
    let (logging, diagnostics) = load_logging(&SourceFile::new("logging.json", text), ARN);
    let codes: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, warnings, "{}", diagnostics.render(false));
    logging.unwrap_or_else(|| panic!("{}", diagnostics.render(false)))
}

#[track_caller]
fn refuses(text: &str, expected: &[&str]) {
    let (logging, diagnostics) = load_logging(&SourceFile::new("logging.json", text), ARN);
    let codes: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, expected, "{}", diagnostics.render(false));
    assert_eq!(logging, None);
}

#[test]
fn a_configuration_as_aws_prints_it_loads() {
    let text = configuration(
        r#","RedactedFields":[{"UriPath":{}},{"QueryString":{}},{"Method":{}},{"SingleHeader":{"Name":"X-Key"}}],
        "LoggingFilter":{"DefaultBehavior":"DROP","Filters":[
            {"Behavior":"KEEP","Requirement":"MEETS_ALL","Conditions":[
                {"ActionCondition":{"Action":"EXCLUDED_AS_COUNT"}},
                {"LabelNameCondition":{"LabelName":"awswaf:111122223333:webacl:shop:bot"}}]},
            {"Behavior":"DROP","Requirement":"MEETS_ANY","Conditions":[{"ActionCondition":{"Action":"BLOCK"}}]}]}"#,
    );
    let expected = Logging {
        filters: vec![
            LogFilter {
                behavior: LogBehavior::Keep,
                requirement: LogRequirement::All,
                conditions: vec![
                    LogCondition::Action(LoggedAction::ExcludedAsCount),
                    LogCondition::Label("awswaf:111122223333:webacl:shop:bot".to_owned()),
                ],
            },
            LogFilter {
                behavior: LogBehavior::Drop,
                requirement: LogRequirement::Any,
                conditions: vec![LogCondition::Action(LoggedAction::Block)],
            },
        ],
        default_behavior: LogBehavior::Drop,
        redacted: vec![
            RedactedPart::UriPath,
            RedactedPart::QueryString,
            RedactedPart::Method,
            RedactedPart::Header("x-key".to_owned()),
        ],
    };
    assert_eq!(logging(&text, &[]), expected);
    let bare = text.strip_prefix(r#"{"LoggingConfiguration":"#).unwrap().strip_suffix('}').unwrap();
    assert_eq!(logging(bare, &[]), expected);
    assert_eq!(logging(&configuration(""), &[]), Logging::default());
}

#[test]
fn conditions_that_never_hold_are_warned_of() {
    logging(&with_condition(r#"{"ActionCondition":{"Action":"MONETIZE"}}"#), &["never-holds"]);
    logging(&with_condition(r#"{"LabelNameCondition":{"LabelName":"bot"}}"#), &["never-holds"]);
}

#[test]
fn what_is_no_logging_configuration_is_refused() {
    refuses("[]", &["no-logging"]);
    refuses("{}", &["missing-field"]);
    refuses(&configuration(r#","Filters":[]"#), &["unknown-field"]);
    refuses(&configuration(r#","LoggingFilter":{}"#), &["missing-field"; 2]);
    refuses(&with_condition(""), &["bad-length"]);
    refuses(&with_condition("{}"), &["missing-field"]);
    refuses(&with_condition(r#"{"ActionCondition":{"Action":"DENY"}}"#), &["unknown-value"]);
    refuses(
        &with_condition(r#"{"ActionCondition":{"Action":"BLOCK"},"LabelNameCondition":{"LabelName":"awswaf:a:b"}}"#),
        &["more-than-one"],
    );
    refuses(&with_condition(r#"{"LabelNameCondition":{"LabelName":"a b"}}"#), &["bad-characters"]);
    refuses(&with_field(r#"{"Body":{}}"#), &["not-redactable"]);
    refuses(&with_field(r#"{"Headers":{}}"#), &["not-redactable"]);
    refuses(&with_field(r#"{"UriPath":{"Name":"x"}}"#), &["unknown-field"]);
    refuses(&with_field(r#"{"SingleHeader":{}}"#), &["missing-field"]);
    refuses(&with_field("{}"), &["missing-field"]);
}

#[test]
fn a_configuration_for_another_web_acl_is_refused_with_both_names() {
    let other = ARN.replace("shop", "blog");
    let text = configuration("").replace(ARN, &other);
    let (logging, diagnostics) = load_logging(&SourceFile::new("logging.json", text), ARN);
    let shown = diagnostics.render(false);
    assert!(logging.is_none() && shown.contains(ARN) && shown.contains(&other), "{shown}");
}

fn acl(protections: &str) -> String {
    format!(
        r#"{{"Name":"shop","ARN":"{ARN}","DefaultAction":{{"Allow":{{}}}},"VisibilityConfig":{{"MetricName":"shop-metric",
        "SampledRequestsEnabled":false,"CloudWatchMetricsEnabled":true}},
        "DataProtectionConfig":{{"DataProtections":{protections}}}}}"#
    )
}

fn protected(protections: &str) -> Result<Policy, Vec<&'static str>> {
    let file = SourceFile::new("acl.json", acl(protections));
    let loaded = load(&file, &[], &ManagedCatalogue::new(), &LoadOptions::default());
    loaded.policy.ok_or_else(|| loaded.diagnostics.iter().map(|diagnostic| diagnostic.code).collect())
}

#[test]
fn data_protection_and_visibility_become_part_of_the_policy() {
    let policy = protected(
        r#"[{"Field":{"FieldType":"SINGLE_HEADER","FieldKeys":["X-Key","Authorization"]},"Action":"HASH",
             "ExcludeRuleMatchDetails":true},
            {"Field":{"FieldType":"SINGLE_COOKIE","FieldKeys":["Session"]},"Action":"SUBSTITUTION",
             "ExcludeRateBasedDetails":true},
            {"Field":{"FieldType":"SINGLE_QUERY_ARGUMENT","FieldKeys":["Pass"]},"Action":"HASH"},
            {"Field":{"FieldType":"QUERY_STRING"},"Action":"HASH"},
            {"Field":{"FieldType":"BODY","FieldKeys":[]},"Action":"SUBSTITUTION"}]"#,
    )
    .unwrap();
    let (hash, substitute) = (ProtectionMethod::Hash, ProtectionMethod::Substitute);
    let expected = [
        (RequestPart::Header("x-key".to_owned()), hash, true, false),
        (RequestPart::Header("authorization".to_owned()), hash, true, false),
        (RequestPart::Cookie("Session".to_owned()), substitute, false, true),
        (RequestPart::QueryArgument("pass".to_owned()), hash, false, false),
        (RequestPart::QueryString, hash, false, false),
        (RequestPart::Body, substitute, false, false),
    ];
    let expected = expected.map(|(part, method, shown_in_match_details, shown_in_rate_details)| ProtectedPart {
        part,
        method,
        shown_in_match_details,
        shown_in_rate_details,
    });
    assert_eq!(policy.protection.parts, expected);
    assert_eq!(policy.protection.hash_prefix, "111122223333");
    let visibility = &policy.visibility;
    assert_eq!((&*visibility.metric_name, visibility.samples, visibility.metrics), ("shop-metric", false, true));
}

#[test]
fn a_data_protection_that_protects_nothing_is_refused() {
    for (protections, expected) in [
        ("[]", "bad-length"),
        (r#"[{"Action":"HASH"}]"#, "missing-field"),
        (r#"[{"Field":{"FieldType":"BODY"}}]"#, "missing-field"),
        (r#"[{"Field":{"FieldType":"BODY"},"Action":"HIDE"}]"#, "unknown-value"),
        (r#"[{"Field":{"FieldType":"HEADER","FieldKeys":["a"]},"Action":"HASH"}]"#, "unknown-value"),
        (r#"[{"Field":{"FieldType":"SINGLE_HEADER"},"Action":"HASH"}]"#, "missing-field"),
        (r#"[{"Field":{"FieldType":"SINGLE_COOKIE","FieldKeys":[]},"Action":"HASH"}]"#, "missing-field"),
        (r#"[{"Field":{"FieldType":"SINGLE_COOKIE","FieldKeys":[" "]},"Action":"HASH"}]"#, "bad-characters"),
        (r#"[{"Field":{"FieldType":"QUERY_STRING","FieldKeys":["a"]},"Action":"HASH"}]"#, "unexpected-field"),
        (r#"[{"Field":{"FieldType":"BODY"},"Action":"HASH","ExcludeRuleMatchDetails":"yes"}]"#, "wrong-type"),
    ] {
        assert_eq!(protected(protections), Err(vec![expected]), "{protections}");
    }
}
