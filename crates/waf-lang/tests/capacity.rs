//! What statements, rules, groups and web ACLs cost, in AWS's capacity units.

use sekisho_model::{Severity, SourceFile};
use sekisho_waf_lang::aws::{Capacity, CapacityLimits, LoadOptions, Loaded, ManagedCatalogue, load};

const ACL_ARN: &str = "arn:aws:wafv2:ap-northeast-1:111122223333:regional/webacl/shop/a1";
const GROUP_ARN: &str = "arn:aws:wafv2:ap-northeast-1:111122223333:regional/rulegroup/own/b2";
const SET_ARN: &str = "arn:aws:wafv2:ap-northeast-1:111122223333:regional/regexpatternset/words/c3";
const IPS_ARN: &str = "arn:aws:wafv2:ap-northeast-1:111122223333:regional/ipset/office/d4";
const VISIBILITY: &str = r#""VisibilityConfig":{"MetricName":"m"}"#;
const PATTERNS: &str = r#"{"Name":"words","ARN":"arn:aws:wafv2:ap-northeast-1:111122223333:regional/regexpatternset/words/c3","RegularExpressionList":[{"RegexString":"a"},{"RegexString":"b"}]}"#;
const ADDRESSES: &str = r#"{"Name":"office","ARN":"arn:aws:wafv2:ap-northeast-1:111122223333:regional/ipset/office/d4","IPAddressVersion":"IPV4","Addresses":["192.0.2.0/24"]}"#;

/// Loads a web ACL with rules and further members, a group of one's own, and sets.
fn loaded(rules: &[String], more: &str, group: Option<&str>) -> Loaded {
    let rules = rules.join(",");
    let acl = format!(
        r#"{{"Name":"shop","ARN":"{ACL_ARN}","DefaultAction":{{"Allow":{{}}}},{VISIBILITY},"Rules":[{rules}]{more}}}"#
    );
    let resources: Vec<_> =
        [Some(PATTERNS), Some(ADDRESSES), group].into_iter().flatten().map(|text| SourceFile::new("r", text)).collect();
    load(&SourceFile::new("acl", acl), &resources, &ManagedCatalogue::new(), &LoadOptions::default())
}

fn rule(name: &str, priority: usize, statement: &str) -> String {
    let action = if statement.contains("GroupStatement") || statement.contains("GroupReferenceStatement") {
        r#""OverrideAction":{"None":{}}"#
    } else {
        r#""Action":{"Block":{}}"#
    };
    format!(r#"{{"Name":"{name}","Priority":{priority},"Statement":{statement},{action},{VISIBILITY}}}"#)
}

fn capacity(statements: &[&str]) -> Capacity {
    let rules: Vec<_> = statements.iter().enumerate().map(|(at, text)| rule(&format!("r{at}"), at, text)).collect();
    let loaded = loaded(&rules, "", None);
    loaded.capacity.unwrap_or_else(|| panic!("{}", loaded.diagnostics.render(false)))
}

/// Members of a statement that looks at a component through transformations.
fn at(component: &str, transformations: &[&str]) -> String {
    let list: Vec<_> = transformations
        .iter()
        .enumerate()
        .map(|(priority, kind)| format!(r#"{{"Priority":{priority},"Type":"{kind}"}}"#))
        .collect();
    format!(r#""FieldToMatch":{{{component}}},"TextTransformations":[{}]"#, list.join(","))
}

const PATH: &str = r#""UriPath":{}"#;
const QUERY: &str = r#""QueryString":{}"#;
const ARGUMENTS: &str = r#""AllQueryArguments":{}"#;
const JSON: &str = r#""JsonBody":{"MatchPattern":{"All":{}},"MatchScope":"ALL"}"#;

#[test]
fn each_statement_costs_what_its_page_says() {
    let bytes = |position: &str, component: &str, transformations: &[&str]| {
        let at = at(component, transformations);
        format!(r#"{{"ByteMatchStatement":{{"SearchString":"a","PositionalConstraint":"{position}",{at}}}}}"#)
    };
    let sqli =
        |sensitivity: &str| format!(r#"{{"SqliMatchStatement":{{{}{sensitivity}}}}}"#, at(r#""Body":{}"#, &["NONE"]));
    let ip = |more: &str| format!(r#"{{"IPSetReferenceStatement":{{"ARN":"{IPS_ARN}"{more}}}}}"#);
    let forwarded = |position: &str| {
        ip(&format!(
            r#","IPSetForwardedIPConfig":{{"HeaderName":"X-Forwarded-For","FallbackBehavior":"MATCH","Position":"{position}"}}"#
        ))
    };
    let geo = r#"{"GeoMatchStatement":{"CountryCodes":["JP","US"]}}"#.to_owned();
    for (statement, wcu) in [
        (bytes("EXACTLY", PATH, &["NONE"]), 2),
        (bytes("STARTS_WITH", PATH, &["NONE"]), 2),
        (bytes("ENDS_WITH", PATH, &["NONE"]), 2),
        (bytes("CONTAINS", PATH, &["NONE"]), 10),
        (bytes("CONTAINS_WORD", PATH, &["NONE"]), 10),
        (bytes("EXACTLY", PATH, &["LOWERCASE"]), 12),
        (bytes("EXACTLY", PATH, &["URL_DECODE", "LOWERCASE", "NONE"]), 22),
        (bytes("EXACTLY", PATH, &["URL_DECODE", "URL_DECODE"]), 12),
        (bytes("EXACTLY", ARGUMENTS, &["NONE"]), 12),
        (bytes("CONTAINS", ARGUMENTS, &["URL_DECODE"]), 30),
        (format!(r#"{{"RegexMatchStatement":{{"RegexString":"a",{}}}}}"#, at(PATH, &["NONE"])), 3),
        (
            format!(
                r#"{{"RegexPatternSetReferenceStatement":{{"ARN":"{SET_ARN}",{}}}}}"#,
                at(ARGUMENTS, &["LOWERCASE"])
            ),
            45,
        ),
        (
            format!(r#"{{"SizeConstraintStatement":{{"ComparisonOperator":"GT","Size":9,{}}}}}"#, at(QUERY, &["NONE"])),
            1,
        ),
        (sqli(""), 20),
        (sqli(r#","SensitivityLevel":"LOW""#), 20),
        (sqli(r#","SensitivityLevel":"HIGH""#), 30),
        (format!(r#"{{"XssMatchStatement":{{{}}}}}"#, at(ARGUMENTS, &["URL_DECODE", "HTML_ENTITY_DECODE"])), 70),
        (bytes("CONTAINS", JSON, &["NONE"]), 20),
        (format!(r#"{{"XssMatchStatement":{{{}}}}}"#, at(JSON, &["LOWERCASE"])), 90),
        (
            format!(
                r#"{{"XssMatchStatement":{{{},"PreParseTextTransformations":[{{"Priority":0,"Type":"URL_DECODE"}},{{"Priority":1,"Type":"NONE"}}]}}}}"#,
                at(ARGUMENTS, &["LOWERCASE"])
            ),
            70,
        ),
        (geo.clone(), 1),
        (r#"{"AsnMatchStatement":{"AsnList":[64500,64501]}}"#.to_owned(), 1),
        (r#"{"LabelMatchStatement":{"Scope":"LABEL","Key":"awswaf:managed:x:y"}}"#.to_owned(), 1),
        (ip(""), 1),
        (forwarded("FIRST"), 1),
        (forwarded("LAST"), 1),
        (forwarded("ANY"), 5),
        (format!(r#"{{"NotStatement":{{"Statement":{geo}}}}}"#), 1),
        (format!(r#"{{"AndStatement":{{"Statements":[{geo},{}]}}}}"#, bytes("CONTAINS", PATH, &["LOWERCASE"])), 21),
        (r#"{"RateBasedStatement":{"Limit":100,"AggregateKeyType":"IP"}}"#.to_owned(), 2),
        (
            format!(
                r#"{{"RateBasedStatement":{{"Limit":100,"AggregateKeyType":"IP","ScopeDownStatement":{{"NotStatement":{{"Statement":{}}}}}}}}}"#,
                bytes("STARTS_WITH", PATH, &["LOWERCASE"])
            ),
            14,
        ),
    ] {
        assert_eq!(capacity(&[&statement]).total, wcu, "{statement}");
    }
}

#[test]
fn a_transformation_of_a_component_is_paid_once_a_rule_and_once_a_web_acl() {
    let path = format!(r#"{{"XssMatchStatement":{{{}}}}}"#, at(PATH, &["LOWERCASE"]));
    let regex =
        format!(r#"{{"RegexMatchStatement":{{"RegexString":"a",{}}}}}"#, at(PATH, &["URL_DECODE", "LOWERCASE"]));
    let other = format!(r#"{{"XssMatchStatement":{{{}}}}}"#, at(QUERY, &["LOWERCASE"]));
    let either = format!(r#"{{"OrStatement":{{"Statements":[{path},{regex},{other}]}}}}"#);
    let one = capacity(&[&either]);
    assert_eq!(one.total, 40 + 3 + 40 + 10 + 10 + 10);
    let many = capacity(&[&path, &regex, &other, &either]);
    assert_eq!(many.rules.iter().map(|rule| rule.wcu).collect::<Vec<_>>(), [50, 23, 50, 113]);
    assert_eq!(many.total, 2 * (40 + 3 + 40) + 10 + 10 + 10);
    // Headers are components of their own, whatever the case of their names.
    let header = |name: &str| {
        let component = format!(r#""SingleHeader":{{"Name":"{name}"}}"#);
        format!(r#"{{"XssMatchStatement":{{{}}}}}"#, at(&component, &["LOWERCASE"]))
    };
    assert_eq!(capacity(&[&header("referer"), &header("Referer"), &header("origin")]).total, 120 + 20);
}

#[test]
fn published_examples_come_out_as_published() {
    // AWS CLI Command Reference, "check-capacity": 15.
    let host = at(r#""SingleHeader":{"Name":"host"}"#, &["LOWERCASE"]);
    let host =
        format!(r#"{{"ByteMatchStatement":{{"SearchString":"example.com","PositionalConstraint":"EXACTLY",{host}}}}}"#);
    let geo = r#"{"GeoMatchStatement":{"CountryCodes":["US","IN"]}}"#;
    let both = format!(r#"{{"AndStatement":{{"Statements":[{host},{geo}]}}}}"#);
    let rate = r#"{"RateBasedStatement":{"Limit":1000,"AggregateKeyType":"IP"}}"#;
    assert_eq!(capacity(&[&both, rate]).total, 15);
    // AWS WAF Developer Guide, "Rate limit the requests with a specific label": a group of 25, and a rule.
    let reputation =
        r#"{"ManagedRuleGroupStatement":{"VendorName":"AWS","Name":"AWSManagedRulesAmazonIpReputationList"}}"#;
    let labelled = r#"{"RateBasedStatement":{"Limit":100,"EvaluationWindowSec":300,"AggregateKeyType":"IP",
        "ScopeDownStatement":{"LabelMatchStatement":{"Scope":"LABEL",
        "Key":"awswaf:managed:aws:amazon-ip-list:AWSManagedIPDDoSList"}}}}"#;
    assert_eq!(capacity(&[reputation, labelled]).total, 28);
    // AWS CloudFormation User Guide, "AWS::WAFv2::WebACL", "Create a web ACL with a variety of rate-based rules": 193.
    let forwarded = r#""ForwardedIPConfig":{"HeaderName":"X-Forwarded-For","FallbackBehavior":"MATCH"}"#;
    let none = r#""TextTransformations":[{"Priority":0,"Type":"NONE"}]"#;
    let rate =
        |limit: u32, more: &str| format!(r#"{{"RateBasedStatement":{{"Limit":{limit},"AggregateKeyType":{more}}}}}"#);
    let american = r#"{"GeoMatchStatement":{"CountryCodes":["US"]}}"#;
    let rules = [
        rate(
            100_000,
            &format!(
                r#""CONSTANT","ScopeDownStatement":{{"GeoMatchStatement":{{"CountryCodes":["GB"],{forwarded}}}}}"#
            ),
        ),
        rate(1000, &format!(r#""FORWARDED_IP",{forwarded}"#)),
        rate(
            2000,
            &format!(
                r#""CUSTOM_KEYS",{forwarded},"CustomKeys":[{{"Header":{{"Name":"Content-Type",{none}}}}},{{"ForwardedIP":{{}}}}]"#
            ),
        ),
        rate(
            3000,
            &format!(
                r#""CUSTOM_KEYS","CustomKeys":[{{"QueryString":{{{none}}}}},{{"HTTPMethod":{{}}}},{{"UriPath":{{{none}}}}}]"#
            ),
        ),
        american.to_owned(),
        rate(
            500,
            &format!(
                r#""CUSTOM_KEYS","ScopeDownStatement":{american},"CustomKeys":[{{"LabelNamespace":{{"Namespace":"awswaf:clientip:geo:region:"}}}}]"#
            ),
        ),
    ];
    let capacity = capacity(&rules.each_ref().map(String::as_str));
    assert_eq!(capacity.total, 193);
    assert_eq!(capacity.rules.iter().map(|rule| rule.wcu).collect::<Vec<_>>(), [3, 2, 62, 92, 1, 33]);
}

#[test]
fn a_group_costs_what_was_fixed_for_it_and_a_scope_down_comes_on_top() {
    let group = |capacity: &str| {
        let member = rule("inner", 0, &format!(r#"{{"XssMatchStatement":{{{}}}}}"#, at(PATH, &["LOWERCASE"])));
        format!(r#"{{"Name":"own","ARN":"{GROUP_ARN}",{VISIBILITY},"Rules":[{member}]{capacity}}}"#)
    };
    let refer = [rule("own", 0, &format!(r#"{{"RuleGroupReferenceStatement":{{"ARN":"{GROUP_ARN}"}}}}"#))];
    for (declared, total, different) in
        [("", 50, false), (r#","Capacity":80"#, 80, false), (r#","Capacity":30"#, 30, true)]
    {
        let capacity = loaded(&refer, "", Some(&group(declared))).capacity.unwrap();
        assert_eq!((capacity.total, capacity.groups[0].computed), (total, 50));
        let differences = capacity.differences();
        assert_eq!(!differences.is_empty(), different);
        for difference in &differences {
            assert_eq!((difference.code, difference.severity), ("capacity-differs", Severity::Warning));
            assert_eq!(difference.message, "the `Capacity` of `own` is 30, its rules come to 50");
        }
    }
    let scoped = format!(
        r#"{{"ManagedRuleGroupStatement":{{"VendorName":"AWS","Name":"AWSManagedRulesLinuxRuleSet",
        "ScopeDownStatement":{{"XssMatchStatement":{{{}}}}}}}}}"#,
        at(PATH, &["LOWERCASE"])
    );
    // The group does not ship, so the web ACL is refused; its price is known all the same.
    let loaded = loaded(&[rule("linux", 0, &scoped)], "", None);
    assert!(loaded.policy.is_none());
    assert_eq!(loaded.capacity.unwrap().total, 250);
}

#[test]
fn the_capacity_is_none_where_a_price_is_not_known() {
    for statement in [
        r#"{"ManagedRuleGroupStatement":{"VendorName":"Somebody","Name":"TheirRules"}}"#.to_owned(),
        format!(r#"{{"RuleGroupReferenceStatement":{{"ARN":"{GROUP_ARN}"}}}}"#),
        r#"{"AndStatement":{"Statements":[]}}"#.to_owned(),
        r#"{"XssMatchStatement":{"FieldToMatch":{},"TextTransformations":[{"Priority":0,"Type":"NONE"}]}}"#.to_owned(),
        r#"{"NotStatement":{"Statement":{"NoStatement":{}}}}"#.to_owned(),
    ] {
        let loaded = loaded(&[rule("r", 0, &statement)], "", None);
        assert!(loaded.capacity.is_none() && loaded.diagnostics.has_errors(), "{statement}");
    }
}

#[test]
fn what_aws_does_not_have_is_beyond_no_limit_of_aws() {
    let statement = r#"{"ManagedRuleGroupStatement":{"VendorName":"OWASP","Name":"CoreRuleSet"}}"#;
    let crs = rule("crs", 99, statement);
    let xss = |at: usize| {
        rule(&format!("r{at}"), at, &format!(r#"{{"XssMatchStatement":{{{}}}}}"#, self::at(PATH, &["NONE"])))
    };
    let judged = |count: usize| {
        let rules: Vec<_> = (0..count).map(xss).chain([crs.clone()]).collect();
        let capacity = loaded(&rules, "", None).capacity.unwrap();
        assert_eq!(capacity.total - capacity.beyond_aws, 40 * count as u64);
        assert!(capacity.beyond_aws >= 1_000);
        capacity.beyond(CapacityLimits::default()).map(|diagnostic| diagnostic.message)
    };
    assert_eq!(judged(37), None);
    let warned = "the web ACL takes 1520 capacity units besides the Core Rule Set, more than 1500";
    assert_eq!(judged(38).as_deref(), Some(warned));
}

#[test]
fn limits_and_what_the_document_says_are_judged() {
    let rules: Vec<_> = (0..128)
        .map(|at| rule(&format!("r{at}"), at, &format!(r#"{{"XssMatchStatement":{{{}}}}}"#, self::at(PATH, &["NONE"]))))
        .collect();
    let judged = |count: usize, limits: CapacityLimits| {
        let capacity = loaded(&rules[..count], "", None).capacity.unwrap();
        assert!(capacity.differences().is_empty());
        capacity.beyond(limits).map(|diagnostic| (diagnostic.severity, diagnostic.message))
    };
    let usual = CapacityLimits::default();
    assert_eq!(judged(37, usual), None);
    let (severity, message) = judged(38, usual).unwrap();
    assert_eq!(
        (severity, message.as_str()),
        (Severity::Warning, "the web ACL takes 1520 capacity units, more than 1500")
    );
    assert_eq!(judged(125, usual).unwrap().0, Severity::Warning);
    let (severity, message) = judged(126, usual).unwrap();
    assert_eq!(
        (severity, message.as_str()),
        (Severity::Error, "the web ACL takes 5040 capacity units, more than 5000")
    );
    assert_eq!(judged(126, CapacityLimits { error_above: 6000, ..usual }).unwrap().0, Severity::Warning);
    assert_eq!(judged(2, CapacityLimits { error_above: 79, ..usual }).unwrap().0, Severity::Error);

    let declared = loaded(&rules[..1], r#","Capacity":50"#, None).capacity.unwrap();
    let differences: Vec<_> = declared.differences().into_iter().collect();
    assert_eq!(differences[0].message, "`Capacity` says 50, the rules come to 40");
    assert!(differences[0].span.is_some());
    assert!(loaded(&rules[..1], r#","Capacity":40"#, None).capacity.unwrap().differences().is_empty());
}
