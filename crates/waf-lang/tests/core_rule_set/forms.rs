//! The group in every form of a web ACL: each is read as what it was written from, and means the same.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use sekisho_model::{Severity, SourceFile};
use sekisho_waf::ir::{Condition, Policy, RuleKind};
use sekisho_waf_lang::aws::ManagedCatalogue;
use sekisho_waf_lang::forms::{Form, convert};
use serde_json::{Value, json};

use super::{RULES, catalogue, load_text, overridden, told, web_acl};

const FORMS: [Form; 4] = [Form::Json, Form::Terraform, Form::CloudFormation, Form::Readable];

fn written(text: &str, to: Form) -> String {
    let found = convert(&[SourceFile::new("in", text)], None, to);
    found.text.unwrap_or_else(|| panic!("{}\n{text}", found.diagnostics.render(false)))
}

/// All that a web ACL means, the rules of its groups included; they are not compared by what they say, but by who shares them.
fn meaning(text: &str, catalogue: &ManagedCatalogue) -> String {
    let loaded = load_text(text, catalogue);
    let policy: Policy = loaded.policy.unwrap_or_else(|| panic!("{}\n{text}", loaded.diagnostics.render(false)));
    let of_group = |rule: &sekisho_waf::ir::Rule| match &rule.kind {
        RuleKind::Group { group, .. } => match &group.rules[0].kind {
            RuleKind::Match { when: Condition::Phased(found), .. } => format!("{:?}", found.group.policy()),
            other => panic!("{other:?}"),
        },
        _ => String::new(),
    };
    let groups: Vec<String> = policy.rules.iter().map(of_group).collect();
    // Forms give resources ids of their own.
    let policy = Policy { id: String::new(), ..policy };
    format!("{policy:#?}\n{groups:#?}")
}

fn action() -> impl Strategy<Value = Value> {
    let insert = json!({"CustomRequestHandling": {"InsertHeaders": [{"Name": "why", "Value": "crs"}]}});
    select(vec![
        json!({"Count": {}}),
        json!({"Count": insert}),
        json!({"Allow": {}}),
        json!({"Block": {}}),
        json!({"Block": {"CustomResponse": {"ResponseCode": 429}}}),
        json!({"Captcha": {}}),
        json!({"Challenge": {}}),
    ])
}

/// What a web ACL says of the group, and of its result.
fn group() -> impl Strategy<Value = (Value, &'static str)> {
    let settings =
        (prop::option::of(1..=4_i64), prop::option::of(1..=1_000_000_i64), prop::option::of(1..=1_000_000_i64));
    let overrides = subsequence(vec!["200002", "942100", "942110", "942200", "949110"], 0..=5).prop_flat_map(|names| {
        let count = names.len();
        (Just(names), prop::collection::vec(action(), count))
    });
    let parts = (prop::option::of(settings), overrides, any::<bool>(), any::<bool>(), select(vec!["None", "Count"]));
    parts.prop_map(|(settings, (names, actions), narrowed, versioned, result)| {
        let mut group = serde_json::Map::new();
        if let Some((paranoia, inbound, outbound)) = settings {
            let named = [
                ("ParanoiaLevel", paranoia),
                ("InboundAnomalyScoreThreshold", inbound),
                ("OutboundAnomalyScoreThreshold", outbound),
            ];
            let given: BTreeMap<_, _> = named.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            group.extend(told(json!(given)).as_object().cloned().unwrap_or_default());
        }
        if !names.is_empty() {
            let overrides =
                names.iter().zip(&actions).map(|(name, action)| json!({"Name": name, "ActionToUse": action}));
            group.insert("RuleActionOverrides".to_owned(), overrides.collect());
        }
        if narrowed {
            let scope = json!({"SizeConstraintStatement": {
                "FieldToMatch": {"QueryString": {}}, "ComparisonOperator": "GT", "Size": 6,
                "TextTransformations": [{"Priority": 0, "Type": "NONE"}]}});
            group.insert("ScopeDownStatement".to_owned(), scope);
        }
        if versioned {
            group.insert("Version".to_owned(), json!("4.29.0"));
        }
        (Value::Object(group), result)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_group_means_the_same_in_every_form((group, result) in group()) {
        let catalogue = catalogue(RULES);
        let original = web_acl(group, result);
        let expected = meaning(&original, &catalogue);
        let json = written(&original, Form::Json);
        for form in FORMS {
            let text = written(&original, form);
            prop_assert_eq!(&meaning(&text, &catalogue), &expected, "{}", text);
            prop_assert_eq!(&written(&text, Form::Json), &json, "{}", text);
        }
    }
}

#[test]
fn what_the_group_is_told_reads_as_people_write_it() {
    let text = web_acl(told(json!({"ParanoiaLevel": 2, "InboundAnomalyScoreThreshold": 7})), "Count");
    let readable = written(&text, Form::Readable);
    let part = "group: OWASP/CoreRuleSet\n        core-rule-set: {inbound-threshold: 7, paranoia: 2}\n";
    assert!(readable.contains(part), "{readable}");
    let terraform = written(&text, Form::Terraform);
    let part = "owasp_core_rule_set {\n            paranoia_level                  = 2\n            inbound_anomaly_score_threshold = 7\n";
    assert!(terraform.contains(part), "{terraform}");
    let cloudformation = written(&text, Form::CloudFormation);
    let part = "- OWASPCoreRuleSet:\n                    ParanoiaLevel: 2\n                    InboundAnomalyScoreThreshold: 7\n";
    assert!(cloudformation.contains(part), "{cloudformation}");
}

#[test]
fn numbers_of_rules_need_no_quotes_where_forms_convert() {
    let catalogue = catalogue(RULES);
    let expected = meaning(&web_acl(overridden("942100", json!({"Count": {}})), "None"), &catalogue);
    let text = web_acl(overridden("942100", json!({"Count": {}})), "None");
    for form in [Form::Terraform, Form::CloudFormation, Form::Readable] {
        let quoted = written(&text, form);
        let plain = quoted.replace("\"942100\"", "942100");
        assert_ne!(plain, quoted);
        assert_eq!(meaning(&plain, &catalogue), expected, "{plain}");
    }
}

#[test]
fn forms_that_go_to_aws_say_that_it_has_no_such_group() {
    let text = web_acl(json!({}), "None");
    for (form, codes) in FORMS.into_iter().zip([&[][..], &["unknown-to-aws"][..], &["unknown-to-aws"][..], &[][..]]) {
        let found = convert(&[SourceFile::new("in", text.as_str())], None, form);
        let said: Vec<_> = found.diagnostics.iter().map(|problem| (problem.code, problem.severity)).collect();
        let expected: Vec<_> = codes.iter().map(|&code| (code, Severity::Warning)).collect();
        assert_eq!(said, expected, "{form:?}");
        assert!(found.text.is_some());
    }
}

#[test]
fn what_terraform_shows_of_its_state_is_read() {
    let visibility =
        json!([{"cloudwatch_metrics_enabled": true, "metric_name": "m", "sampled_requests_enabled": true}]);
    let told = json!([{"paranoia_level": 2, "inbound_anomaly_score_threshold": 7,
        "outbound_anomaly_score_threshold": null}]);
    let group = json!([{
        "vendor_name": "OWASP", "name": "CoreRuleSet", "version": "", "rule_action_override": [],
        "managed_rule_group_configs": [{"login_path": "", "owasp_core_rule_set": told}], "scope_down_statement": []}]);
    let rule = json!({
        "name": "crs", "priority": 0, "action": [], "override_action": [{"count": [], "none": [{}]}],
        "statement": [{"managed_rule_group_statement": group}], "visibility_config": visibility});
    let web_acl = json!({
        "name": "shop", "id": "shop", "scope": "REGIONAL",
        "arn": "arn:aws:wafv2:us-east-1:000000000000:regional/webacl/shop/shop",
        "default_action": [{"allow": [{"custom_request_handling": []}], "block": []}],
        "visibility_config": visibility, "rule": [rule]});
    let resource = json!({
        "address": "aws_wafv2_web_acl.shop", "mode": "managed", "type": "aws_wafv2_web_acl", "name": "shop",
        "values": web_acl});
    let state = json!({
        "format_version": "1.0", "terraform_version": "1.9.0",
        "values": {"root_module": {"resources": [resource]}}});
    let json: Value = serde_json::from_str(&written(&state.to_string(), Form::Json)).expect("it is JSON");
    let statement = &json["WebACL"]["Rules"][0]["Statement"]["ManagedRuleGroupStatement"];
    let told = json!([{"OWASPCoreRuleSet": {"ParanoiaLevel": 2, "InboundAnomalyScoreThreshold": 7}}]);
    assert_eq!(statement["ManagedRuleGroupConfigs"], told, "{json:#}");
}
