//! An exported web ACL with every supported statement, and the documents it refers to.

use sekisho_model::SourceFile;
use sekisho_waf::ir::{
    Action, ActionInForce, AddressSource, Condition, Field, ForwardedPosition, JsonMatch, JsonPattern, JsonPointer,
    JsonPointers, LabelScope, LabelTest, MapMatch, MapPattern, MapScope, OnInvalidJson, OnMissing, Operator, Oversize,
    Policy, Position, PreParse, RateKey, RegexSource, Rule, RuleKind, SqliSensitivity,
};
use sekisho_waf::transform::Transform;
use sekisho_waf_lang::aws::{LoadOptions, ManagedCatalogue, ManagedGroup, ResourceType, load};

const WEB_ACL: &str = include_str!("fixtures/export/web-acl.json");
const RESOURCES: [(&str, &str); 3] = [
    ("ip-set.json", include_str!("fixtures/export/ip-set.json")),
    ("regex-pattern-set.json", include_str!("fixtures/export/regex-pattern-set.json")),
    ("rule-group.json", include_str!("fixtures/export/rule-group.json")),
];

fn resources() -> Vec<SourceFile> {
    RESOURCES.into_iter().map(|(name, text)| SourceFile::new(name, text)).collect()
}

fn catalogue() -> ManagedCatalogue {
    let namespace = "awswaf:managed:aws:core-rule-set:";
    let rule = |name: &str, label: &str| Rule {
        name: name.to_owned(),
        visibility: name.into(),
        labels: vec![format!("{namespace}{label}")],
        kind: RuleKind::Match { when: Condition::And(Vec::new()), action: Action::block().into() },
    };
    let mut catalogue = ManagedCatalogue::new();
    catalogue.add(ManagedGroup {
        vendor: "AWS".to_owned(),
        name: "AWSManagedRulesCommonRuleSet".to_owned(),
        label_namespace: namespace.to_owned(),
        capacity: Some(700),
        rules: vec![
            rule("NoUserAgent_HEADER", "NoUserAgent_Header"),
            rule("SizeRestrictions_BODY", "SizeRestrictions_Body"),
        ],
    });
    catalogue
}

#[test]
fn a_web_acl_under_firewall_manager_loads_with_its_groups_around_its_rules() {
    let acl = include_str!("fixtures/export/firewall-manager.json");
    let loaded = load(&SourceFile::new("acl.json", acl), &resources(), &catalogue(), &LoadOptions::default());
    let problems: Vec<_> = loaded.diagnostics.iter().map(|problem| problem.code).collect();
    assert_eq!(problems, ["no-effect"], "{}", loaded.diagnostics.render(false));
    assert!(loaded.capacity.unwrap().differences().is_empty());
    let policy = loaded.policy.unwrap();
    let names: Vec<_> = policy.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["PREFMManaged-001", "PREFMManaged-002", "team-block-paths", "POSTFMManaged-001"]);
    let group = |at: usize| match &policy.rules[at].kind {
        RuleKind::Group { group, count_only, .. } => (group, *count_only),
        kind => panic!("{kind:?}"),
    };
    assert_eq!(group(0).0.excluded, ["SizeRestrictions_BODY"]);
    // The same group twice, each use with its own overrides.
    assert!(group(1).1 && !group(3).1);
    let action = |at: usize| match &group(at).0.rules[0].kind {
        RuleKind::Match { action, .. } => action.clone(),
        kind => panic!("{kind:?}"),
    };
    assert!(matches!(action(1).action, Action::Captcha(_)));
    assert_eq!(action(1).overridden.as_ref(), Some(&action(3).action));
}

fn policy() -> Policy {
    let loaded = load(&SourceFile::new("web-acl.json", WEB_ACL), &resources(), &catalogue(), &LoadOptions::default());
    loaded.policy.unwrap_or_else(|| panic!("{}", loaded.diagnostics.render(false)))
}

fn rule<'p>(policy: &'p Policy, name: &str) -> &'p Rule {
    policy.rules.iter().find(|rule| rule.name == name).expect("the rule is in the fixture")
}

fn condition<'p>(policy: &'p Policy, name: &str) -> &'p Condition {
    match &rule(policy, name).kind {
        RuleKind::Match { when, .. } => when,
        kind => panic!("{kind:?}"),
    }
}

fn parts(condition: &Condition) -> &[Condition] {
    match condition {
        Condition::And(parts) | Condition::Or(parts) => parts,
        other => panic!("{other:?}"),
    }
}

fn test(condition: &Condition) -> &sekisho_waf::ir::Test {
    match condition {
        Condition::Test(test) => test,
        other => panic!("{other:?}"),
    }
}

#[test]
fn loads_with_the_warnings_it_deserves_and_no_other() {
    let loaded = load(&SourceFile::new("web-acl.json", WEB_ACL), &resources(), &catalogue(), &LoadOptions::default());
    let problems: Vec<_> = loaded.diagnostics.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(problems.join("\n"));
    let policy = loaded.policy.unwrap();
    assert_eq!(policy.name, "shop");
    assert!(policy.id.starts_with("arn:aws:wafv2:ap-northeast-1:111122223333:regional/webacl/shop/"));
    assert_eq!(policy.default_action, Action::ALLOW);
    assert_eq!(policy.body_inspected_bytes_max, Some(64 << 10));
}

#[test]
fn compiles_into_a_matcher() {
    sekisho_waf::RuleSet::compile(policy(), sekisho_waf::Limits::default()).unwrap();
}

#[test]
fn the_body_limit_is_that_of_the_resource_type() {
    for (resource_type, limit) in [
        (ResourceType::ApiGateway, Some(32 << 10)),
        (ResourceType::CloudFront, Some(64 << 10)),
        (ResourceType::LoadBalancer, None),
    ] {
        let options = LoadOptions { resource_type: Some(resource_type) };
        let policy = load(&SourceFile::new("a", WEB_ACL), &resources(), &catalogue(), &options).policy.unwrap();
        assert_eq!(policy.body_inspected_bytes_max, limit, "{resource_type:?}");
    }
}

#[test]
fn rules_stand_in_the_order_of_their_priority() {
    let policy = policy();
    let names: Vec<_> = policy.rules.iter().map(|rule| rule.name.as_str()).collect();
    let expected = [
        "allow-office",
        "common",
        "payments",
        "mark-japan",
        "block-others",
        "injection",
        "shapes",
        "forwarded-office",
        "rate-login",
        "rate-all",
    ];
    assert_eq!(names, expected);
}

#[test]
fn sets_carry_their_contents() {
    let policy = policy();
    let Condition::Ip { source: AddressSource::Client, set } = condition(&policy, "allow-office") else { panic!() };
    let ranges = ["192.0.2.0/24", "198.51.100.7/32"].map(|range| range.parse::<ipnet::IpNet>().unwrap());
    assert_eq!(set.addresses, ranges.into_iter().collect());
    let Condition::Ip { source: AddressSource::Forwarded { header, position, invalid_matches }, .. } =
        condition(&policy, "forwarded-office")
    else {
        panic!()
    };
    assert_eq!((header.as_str(), *position, *invalid_matches), ("x-forwarded-for", ForwardedPosition::Any, true));
    let set = test(&parts(&parts(condition(&policy, "block-others"))[1])[2]);
    assert_eq!(set.field, Field::SingleHeader("user-agent".to_owned()));
    assert_eq!(set.transforms, [Transform::Lowercase, Transform::CompressWhiteSpace]);
    // `\<` is a plain `<` to AWS, and a word boundary to the engine.
    assert_eq!(
        set.operator,
        Operator::Regex(vec![RegexSource(r"sqlmap\/[0-9]".to_owned()), RegexSource("<nikto>".to_owned())])
    );
}

#[test]
fn actions_keep_their_headers_and_bodies() {
    let policy = policy();
    let RuleKind::Match { action, .. } = &rule(&policy, "allow-office").kind else { panic!() };
    let Action::Allow { insert } = &action.action else { panic!() };
    assert_eq!((insert[0].name.as_str(), insert[0].value.as_str()), ("x-amzn-waf-office", "yes"));
    let RuleKind::Match { action, .. } = &rule(&policy, "block-others").kind else { panic!() };
    let Action::Block(response) = &action.action else { panic!() };
    assert_eq!((response.status, response.headers[0].name.as_str()), (403, "x-reason"));
    let body = response.body.as_ref().unwrap();
    assert_eq!((body.content_type.as_str(), body.content.as_str()), ("application/json", "{\"error\":\"blocked\"}"));
}

#[test]
fn labels_are_qualified_by_their_context() {
    let policy = policy();
    assert_eq!(rule(&policy, "mark-japan").labels, ["awswaf:111122223333:webacl:shop:origin:home"]);
    let Condition::Not(home) = &parts(condition(&policy, "block-others"))[0] else { panic!() };
    let label = |scope, key: &str, context: Option<&str>| {
        Condition::Label(LabelTest { scope, key: key.to_owned(), context: context.map(str::to_owned) })
    };
    assert_eq!(**home, label(LabelScope::Label, "home", Some("awswaf:111122223333:webacl:shop:")));
    let others = parts(&parts(condition(&policy, "block-others"))[1]);
    assert_eq!(others[0], label(LabelScope::Namespace, "awswaf:managed:aws:core-rule-set:", None));
    assert_eq!(others[1], Condition::Asn { source: AddressSource::Client, asns: vec![64496, u32::MAX] });
    let RuleKind::Group { group, .. } = &rule(&policy, "payments").kind else { panic!() };
    assert_eq!(group.rules[0].labels, ["awswaf:111122223333:rulegroup:payments:card:query"]);
    let RuleKind::Rate { scope_down: Some(scope_down), .. } = &group.rules[1].kind else { panic!() };
    assert_eq!(*scope_down, label(LabelScope::Namespace, "card:", Some("awswaf:111122223333:rulegroup:payments:")));
}

#[test]
fn groups_have_their_overrides_applied() {
    let policy = policy();
    let RuleKind::Group { group, scope_down, count_only } = &rule(&policy, "common").kind else { panic!() };
    assert_eq!((group.id.as_str(), group.managed, *count_only), ("AWS#AWSManagedRulesCommonRuleSet", true, false));
    assert_eq!(group.excluded, ["NoUserAgent_HEADER"]);
    assert!(matches!(scope_down, Some(Condition::Not(_))));
    for rule in &group.rules {
        let RuleKind::Match { action, .. } = &rule.kind else { panic!() };
        assert_eq!(
            *action,
            ActionInForce { action: Action::COUNT, overridden: Some(Action::block()) },
            "{}",
            rule.name
        );
    }
    let RuleKind::Group { group, scope_down: None, count_only: true } = &rule(&policy, "payments").kind else {
        panic!()
    };
    assert!(!group.managed && group.id.contains("rulegroup/payments"));
    let RuleKind::Match { action, .. } = &group.rules[0].kind else { panic!() };
    assert_eq!(action.overridden, Some(Action::COUNT));
    let Action::Block(response) = &action.action else { panic!() };
    assert_eq!((response.status, response.body.is_some()), (451, true));
}

#[test]
fn rates_have_their_key_window_and_scope() {
    let policy = policy();
    let RuleKind::Rate { limit, window_s, key, scope_down, .. } = &rule(&policy, "rate-login").kind else { panic!() };
    assert_eq!((*limit, *window_s, scope_down.is_some()), (100, 60, true));
    let RateKey::Address(AddressSource::Forwarded { position: ForwardedPosition::First, .. }) = key else { panic!() };
    let RuleKind::Rate { limit, window_s, key, .. } = &rule(&policy, "rate-all").kind else { panic!() };
    assert_eq!((*limit, *window_s, key), (2000, 300, &RateKey::Address(AddressSource::Client)));
}

#[test]
fn fields_keep_their_names_and_fallbacks() {
    let policy = policy();
    let injection = parts(condition(&policy, "injection"));
    assert_eq!(test(&injection[0]).operator, Operator::Sqli(SqliSensitivity::High));
    assert_eq!(test(&injection[1]).operator, Operator::Sqli(SqliSensitivity::Low));
    assert_eq!((&test(&injection[1]).field, test(&injection[1]).oversize), (&Field::Body, Oversize::Match));
    let map = |names: &[&str], excluded: bool, scope| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        MapMatch { pattern: if excluded { MapPattern::Excluded(names) } else { MapPattern::Included(names) }, scope }
    };
    assert_eq!(test(&injection[2]).field, Field::Cookies(map(&["sessionId"], true, MapScope::Value)));
    assert_eq!(test(&injection[3]).field, Field::Headers(map(&["referer", "origin"], false, MapScope::All)));
    assert_eq!(test(&injection[3]).oversize, Oversize::NoMatch);
    let shapes: Vec<_> = parts(condition(&policy, "shapes")).iter().map(test).collect();
    let fields: Vec<_> = shapes.iter().map(|test| &test.field).collect();
    let argument = Field::SingleQueryArgument { name: "file".to_owned(), pre_parse: Vec::new() };
    let pointers = ["/a~1b/0", "/user/roles"].map(|path| JsonPointer::parse(path).unwrap());
    let roles = Field::JsonBody(JsonMatch {
        pattern: JsonPattern::Included(JsonPointers::new(pointers.to_vec())),
        scope: MapScope::Value,
        on_invalid: OnInvalidJson::NoMatch,
    });
    let on_invalid = OnInvalidJson::InspectParsed;
    let json = Field::JsonBody(JsonMatch { pattern: JsonPattern::All, scope: MapScope::All, on_invalid });
    let arguments = Field::AllQueryArguments { pre_parse: vec![PreParse::UrlDecode, PreParse::CombineDuplicates] };
    assert_eq!(
        fields,
        [
            &Field::QueryString,
            &Field::UriPath,
            &Field::Method,
            &Field::HeaderOrder,
            &Field::Ja3,
            &Field::Ja4,
            &Field::UriFragment,
            &argument,
            &roles,
            &json,
            &arguments,
        ]
    );
    assert_eq!((shapes[8].oversize, shapes[9].oversize), (Oversize::Match, Oversize::Continue));
    assert_eq!(shapes[5].on_missing, OnMissing::Match);
    assert_eq!(shapes[6].on_missing, OnMissing::NoMatch);
    let literal = Operator::Bytes { literal: b"token".to_vec(), position: Position::ContainsWord };
    assert_eq!(shapes[6].operator, literal);
}

#[test]
fn the_bare_web_acl_and_a_plain_text_one_mean_the_same() {
    let exported: serde_json::Value = serde_json::from_str(WEB_ACL).unwrap();
    let bare = exported["WebACL"].to_string();
    let plain =
        regex::Regex::new(r#""SearchString":"([^"]*)""#).unwrap().replace_all(&bare, |found: &regex::Captures<'_>| {
            use base64::Engine as _;
            let bytes = base64::engine::general_purpose::STANDARD.decode(&found[1]).unwrap();
            format!(r#""SearchString":"{}""#, String::from_utf8(bytes).unwrap())
        });
    for text in [bare.as_str(), plain.as_ref()] {
        let loaded = load(&SourceFile::new("bare", text), &resources(), &catalogue(), &LoadOptions::default());
        assert_eq!(loaded.policy, Some(policy()), "{}", loaded.diagnostics.render(false));
    }
}

#[test]
fn base64_in_lines_is_base64() {
    let encoded = regex::Regex::new(r#""SearchString": "([^"]{3})([^"]*)""#).unwrap();
    for line_end in ["\\n", "\\r\\n"] {
        let wrapped = encoded.replace_all(WEB_ACL, format!("\"SearchString\": \"$1{line_end}$2{line_end}\""));
        assert_ne!(wrapped, WEB_ACL);
        let loaded = load(&SourceFile::new("wrapped", wrapped), &resources(), &catalogue(), &LoadOptions::default());
        assert_eq!(loaded.policy, Some(policy()), "{}", loaded.diagnostics.render(false));
    }
}
