//! Rule groups as web ACLs use them: overrides, exclusions, Firewall Manager's lists, what groups are told.

use sekisho_model::{Severity, SourceFile};
use sekisho_waf::ir::{Action, Group, Policy, RuleKind};
use sekisho_waf_lang::aws::{LoadOptions, Loaded, ManagedCatalogue, ManagedGroup, load};
use serde_json::{Value, json};

const GROUP_ARN: &str = "arn:aws:wafv2:ap-northeast-1:111122223333:regional/rulegroup/own/b2";

fn visibility() -> Value {
    json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m"})
}

/// A rule that matches `word` in the query.
fn rule(name: &str, priority: u32, action: Value) -> Value {
    json!({
        "Name": name, "Priority": priority, "Action": action, "VisibilityConfig": visibility(),
        "RuleLabels": [{"Name": format!("seen:{name}")}],
        "Statement": {"ByteMatchStatement": {
            "SearchString": name, "FieldToMatch": {"QueryString": {}}, "PositionalConstraint": "CONTAINS",
            "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
        }},
    })
}

fn own_group() -> Value {
    json!({
        "Name": "own", "ARN": GROUP_ARN, "Capacity": 50, "VisibilityConfig": visibility(),
        "Rules": [rule("second", 2, json!({"Count": {}})), rule("first", 1, json!({"Block": {}}))],
    })
}

fn own(more: Value) -> Value {
    let mut statement = json!({"ARN": GROUP_ARN});
    merge(&mut statement, more);
    json!({"RuleGroupReferenceStatement": statement})
}

fn managed(more: Value) -> Value {
    let mut statement = json!({"VendorName": "AWS", "Name": "Shipped"});
    merge(&mut statement, more);
    json!({"ManagedRuleGroupStatement": statement})
}

fn merge(into: &mut Value, more: Value) {
    let Value::Object(more) = more else { panic!("{more}") };
    into.as_object_mut().expect("an object takes members").extend(more);
}

fn refers(name: &str, priority: u32, statement: Value, override_action: Value) -> Value {
    json!({
        "Name": name, "Priority": priority, "Statement": statement, "OverrideAction": override_action,
        "VisibilityConfig": visibility(),
    })
}

fn loaded(rules: Value, more: Value) -> Loaded {
    let mut acl = json!({
        "Name": "shop", "ARN": "arn:aws:wafv2:ap-northeast-1:111122223333:regional/webacl/shop/a1",
        "DefaultAction": {"Allow": {}}, "VisibilityConfig": visibility(), "Rules": rules,
    });
    merge(&mut acl, more);
    let group = [SourceFile::new("group.json", own_group().to_string())];
    load(&SourceFile::new("acl.json", acl.to_string()), &group, &catalogue(), &LoadOptions::default())
}

fn catalogue() -> ManagedCatalogue {
    let only_own = json!([refers("own", 0, own(json!({})), json!({"None": {}}))]);
    let acl = json!({
        "Name": "shop", "ARN": "arn:aws:wafv2:ap-northeast-1:111122223333:regional/webacl/shop/a1",
        "DefaultAction": {"Allow": {}}, "VisibilityConfig": visibility(), "Rules": only_own,
    });
    let group = [SourceFile::new("group.json", own_group().to_string())];
    let acl = SourceFile::new("acl.json", acl.to_string());
    let policy =
        load(&acl, &group, &ManagedCatalogue::new(), &LoadOptions::default()).policy.expect("the group alone loads");
    let mut catalogue = ManagedCatalogue::new();
    catalogue.add(ManagedGroup {
        vendor: "AWS".to_owned(),
        name: "Shipped".to_owned(),
        label_namespace: "awswaf:managed:aws:shipped:".to_owned(),
        capacity: Some(70),
        rules: group_of(&policy, "own").0.rules.clone(),
    });
    catalogue
}

fn group_of<'p>(policy: &'p Policy, name: &str) -> (&'p Group, bool) {
    let rule = policy.rules.iter().find(|rule| rule.name == name).expect("the policy has the rule");
    let RuleKind::Group { group, count_only, .. } = &rule.kind else { panic!("{name} is no group") };
    (group, *count_only)
}

fn problems(loaded: &Loaded) -> Vec<(&'static str, Severity, String)> {
    loaded.diagnostics.iter().map(|found| (found.code, found.severity, found.message.clone())).collect()
}

#[test]
fn firewall_manager_s_groups_stand_before_and_after_the_web_acl_s_rules() {
    let of_manager = |name: &str, priority: u32, statement: Value, action: Value| {
        json!({
            "Name": name, "Priority": priority, "FirewallManagerStatement": statement, "OverrideAction": action,
            "VisibilityConfig": visibility(),
        })
    };
    let none = || json!({"None": {}});
    let narrowed = managed(json!({
        "RuleActionOverrides": [{"Name": "first", "ActionToUse": {"Count": {}}}],
        "ScopeDownStatement": {"GeoMatchStatement": {"CountryCodes": ["JP"]}},
    }));
    let rules = json!([rule("mine-late", 90, json!({"Block": {}})), rule("mine", 0, json!({"Block": {}}))]);
    let lists = json!({
        "PreProcessFirewallManagerRuleGroups": [
            of_manager("pre-b", 100, own(json!({})), json!({"Count": {}})),
            of_manager("pre-a", 99, narrowed, none()),
        ],
        "PostProcessFirewallManagerRuleGroups": [of_manager("post", 0, managed(json!({})), none())],
        "ManagedByFirewallManager": true,
        "RetrofittedByFirewallManager": true,
    });
    let loaded = loaded(rules, lists);
    assert_eq!(problems(&loaded), []);
    let capacity = loaded.capacity.unwrap();
    assert_eq!(capacity.total, 70 + 1 + 50 + 10 + 10 + 70);
    let policy = loaded.policy.unwrap();
    let names: Vec<_> = policy.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["pre-a", "pre-b", "mine", "mine-late", "post"]);
    let (group, count_only) = group_of(&policy, "pre-b");
    assert!(count_only && !group.managed);
    let (group, count_only) = group_of(&policy, "pre-a");
    assert!(!count_only && group.managed);
    let RuleKind::Group { scope_down: Some(_), .. } = &policy.rules[0].kind else { panic!() };
    let RuleKind::Match { action, .. } = &group.rules[0].kind else { panic!() };
    assert_eq!((&action.action, &action.overridden), (&Action::COUNT, &Some(Action::block())));
}

#[test]
fn firewall_manager_s_lists_are_read_as_strictly_as_rules() {
    let broken = json!({
        "PreProcessFirewallManagerRuleGroups": [
            {"Name": "a", "Priority": 1, "FirewallManagerStatement": {"GeoMatchStatement": {"CountryCodes": ["JP"]}},
             "OverrideAction": {"None": {}}, "VisibilityConfig": visibility()},
            {"Name": "b", "Priority": 1, "FirewallManagerStatement": own(json!({})), "OverrideActoin": {"None": {}},
             "VisibilityConfig": visibility()},
        ],
    });
    let loaded = loaded(json!([]), broken);
    assert!(loaded.policy.is_none() && loaded.capacity.is_none());
    let found = problems(&loaded);
    for (code, message) in [
        ("unknown-field", "unknown field `GeoMatchStatement`"),
        ("duplicate-priority", "the rule `a` has the priority 1 too"),
        ("unknown-field", "unknown field `OverrideActoin`"),
        ("missing-field", "FirewallManagerRuleGroup needs `OverrideAction`"),
    ] {
        assert!(found.contains(&(code, Severity::Error, message.to_owned())), "{message}: {found:?}");
    }
}

#[test]
fn an_override_holds_over_an_exclusion_and_neither_stands_twice() {
    let excluded = |names: &[&str], overridden: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| json!({"Name": name})).collect();
        let overridden: Vec<_> =
            overridden.iter().map(|name| json!({"Name": name, "ActionToUse": {"Allow": {}}})).collect();
        let statement = own(json!({"ExcludedRules": names, "RuleActionOverrides": overridden}));
        loaded(json!([refers("own", 0, statement, json!({"None": {}}))]), json!({}))
    };
    let both = excluded(&["first", "second"], &["first"]);
    let message = "the rule `first` is overridden too: the override holds".to_owned();
    assert_eq!(problems(&both), [("no-effect", Severity::Warning, message)]);
    let policy = both.policy.unwrap();
    let (group, _) = group_of(&policy, "own");
    assert_eq!(group.excluded, ["second"]);
    let RuleKind::Match { action, .. } = &group.rules[0].kind else { panic!() };
    assert_eq!((&action.action, &action.overridden), (&Action::ALLOW, &Some(Action::block())));
    let twice = excluded(&["first", "first"], &[]);
    let message = "the rule `first` is excluded twice".to_owned();
    assert_eq!(problems(&twice), [("duplicate-override", Severity::Error, message)]);
    let nothing = excluded(&["third-rule"], &[]);
    assert_eq!(problems(&nothing)[0].0, "unknown-rule");
    let help = nothing.diagnostics.iter().next().unwrap().help.clone();
    assert_eq!(help.as_deref(), Some("its rules are first, second"));
}

#[test]
fn what_a_group_is_told_is_checked_and_must_be_for_that_group() {
    let told = |group: &str, config: Value| {
        let statement = json!({"ManagedRuleGroupStatement": {
            "VendorName": "AWS", "Name": group, "ManagedRuleGroupConfigs": [config],
        }});
        problems(&loaded(json!([refers("told", 0, statement, json!({"None": {}}))]), json!({})))
    };
    let bots = |inner: Value| json!({"AWSManagedRulesBotControlRuleSet": inner});
    let unknown = |group: &str| {
        let message = format!("no managed rule group `{group}` of vendor `AWS` ships");
        ("unknown-group", Severity::Error, message)
    };
    let error = |code: &'static str, message: &str| (code, Severity::Error, message.to_owned());
    // Right in itself: the group alone is what is wrong.
    let right = [
        (
            "AWSManagedRulesBotControlRuleSet",
            bots(json!({"InspectionLevel": "TARGETED", "EnableMachineLearning": false})),
        ),
        (
            "AWSManagedRulesATPRuleSet",
            json!({"AWSManagedRulesATPRuleSet": {
                "LoginPath": "/login", "EnableRegexInPath": false,
                "RequestInspection": {"PayloadType": "JSON", "UsernameField": {"Identifier": "/u"},
                                      "PasswordField": {"Identifier": "/p"}},
                "ResponseInspection": {"StatusCode": {"SuccessCodes": [200], "FailureCodes": [401, 403]}},
            }}),
        ),
        ("AWSManagedRulesATPRuleSet", json!({"LoginPath": "/login"})),
        (
            "AWSManagedRulesACFPRuleSet",
            json!({"AWSManagedRulesACFPRuleSet": {
                "CreationPath": "/new", "RegistrationPagePath": "/register",
                "RequestInspection": {"PayloadType": "FORM_ENCODED", "EmailField": {"Identifier": "e"},
                                      "PhoneNumberFields": [{"Identifier": "t"}], "AddressFields": []},
                "ResponseInspection": {"BodyContains": {"SuccessStrings": ["ok"], "FailureStrings": ["no"]}},
            }}),
        ),
        (
            "AWSManagedRulesAntiDDoSRuleSet",
            json!({"AWSManagedRulesAntiDDoSRuleSet": {
                "ClientSideActionConfig": {"Challenge": {"UsageOfAction": "ENABLED", "Sensitivity": "HIGH",
                    "ExemptUriRegularExpressions": [{"RegexString": "\\/api\\/"}]}},
                "SensitivityToBlock": "LOW",
            }}),
        ),
    ];
    for (group, config) in right {
        assert_eq!(told(group, config), [unknown(group)]);
    }
    let group = "AWSManagedRulesBotControlRuleSet";
    for (config, expected) in [
        (bots(json!({"InspectionLevel": "TARGETTED"})), error("unknown-value", "`TARGETTED` is no inspection level")),
        (bots(json!({})), error("missing-field", "AWSManagedRulesBotControlRuleSet needs `InspectionLevel`")),
        (
            bots(json!({"InspectionLevel": "COMMON", "EnableMachineLearning": "yes"})),
            error("wrong-type", "expected true or false, found a string"),
        ),
        (json!({"InspectionLevel": "COMMON"}), error("unknown-field", "unknown field `InspectionLevel`")),
        (
            json!({"LoginPath": "/login"}),
            error(
                "unexpected-field",
                "`LoginPath` configures `AWSManagedRulesATPRuleSet`, not `AWSManagedRulesBotControlRuleSet`",
            ),
        ),
    ] {
        let found = told(group, config);
        assert!(found.contains(&expected) && found.contains(&unknown(group)), "{found:?}");
    }
    let found = told("Shipped", bots(json!({"InspectionLevel": "COMMON"})));
    assert_eq!(found, [error("unexpected-field", "the group `Shipped` takes no configuration")]);
}

#[test]
fn labels_of_rules_keep_to_aws_s_bounds() {
    let labelled = |label: &str| {
        let mut rule = rule("r", 0, json!({"Count": {}}));
        rule["RuleLabels"] = json!([{"Name": label}]);
        problems(&loaded(json!([rule]), json!({})))
    };
    let long = "x".repeat(128);
    for label in ["a:b:c:d:e:name", &long, &format!("{long}:{long}"), "AWS:wafs", "aws-like"] {
        assert_eq!(labelled(label), [], "{label}");
    }
    for (label, code) in [
        ("a:b:c:d:e:f:name", "bad-length"),
        (&*format!("{long}y"), "bad-length"),
        ("team:awswaf", "reserved-label"),
        ("awswaf:1:webacl:x:y", "reserved-label"),
        ("aws", "reserved-label"),
        ("waf:x", "reserved-label"),
        ("x:managed:y", "reserved-label"),
        ("rulegroup", "reserved-label"),
        ("webacl", "reserved-label"),
        ("regexpatternset", "reserved-label"),
        ("ipset:x", "reserved-label"),
        ("a b", "bad-characters"),
    ] {
        let found = labelled(label);
        assert_eq!(
            found.first().map(|(code, severity, _)| (*code, *severity)),
            Some((code, Severity::Error)),
            "{label}"
        );
    }
}

#[test]
fn settings_of_other_services_are_checked_and_change_nothing() {
    let with = |more: Value| problems(&loaded(json!([]), more));
    let application = json!({"ApplicationConfig": {"Attributes": [{"Name": "TYPE", "Values": ["API", "WEB"]}]}});
    assert_eq!(with(application), []);
    let found = with(json!({"OnSourceDDoSProtectionConfig": {"ALBLowReputationMode": "ALWAYS_ON"}}));
    assert_eq!((found.len(), found[0].0, found[0].1), (1, "no-effect", Severity::Warning));
    let found = with(json!({"OnSourceDDoSProtectionConfig": {"ALBLowReputationMode": "SOMETIMES"}}));
    assert_eq!(found[0].0, "unknown-value");
    let found = with(json!({"ApplicationConfig": {"Atributes": []}}));
    assert_eq!(found[0].0, "unknown-field");
}
