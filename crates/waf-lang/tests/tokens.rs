//! Captcha and Challenge actions, their immunity times and token domains.

use sekisho_model::{Diagnostics, SourceFile};
use sekisho_waf::ir::{Action, Policy, Rule, RuleKind, TokenAction};
use sekisho_waf_lang::aws::{LoadOptions, ManagedCatalogue, ManagedGroup, load};

const ACL_ARN: &str = "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/shop/3f1e2d3c";
const GROUP_ARN: &str = "arn:aws:wafv2:eu-west-1:111122223333:regional/rulegroup/own/0f1e2d3c";

/// A rule group with two rules, of which the first has times of its own.
fn own_group() -> String {
    format!(
        r#"{{"Name":"own","ARN":"{GROUP_ARN}","VisibilityConfig":{{"MetricName":"own"}},"Rules":[
            {{"Name":"timed","Priority":0,"VisibilityConfig":{{"MetricName":"timed"}},"Statement":{ANY},
              "Action":{{"Captcha":{{}}}},{CAPTCHA_90},{CHALLENGE_600}}},
            {{"Name":"plain","Priority":1,"VisibilityConfig":{{"MetricName":"plain"}},"Statement":{ANY},
              "Action":{{"Block":{{}}}}}}]}}"#
    )
}

const ANY: &str = r#"{"GeoMatchStatement":{"CountryCodes":["JP"]}}"#;
const CAPTCHA_90: &str = r#""CaptchaConfig":{"ImmunityTimeProperty":{"ImmunityTime":90}}"#;
const CHALLENGE_600: &str = r#""ChallengeConfig":{"ImmunityTimeProperty":{"ImmunityTime":600}}"#;
const CAPTCHA_120: &str = r#""CaptchaConfig":{"ImmunityTimeProperty":{"ImmunityTime":120}}"#;

/// Loads a web ACL with these members and rules.
fn loaded(members: &str, rules: &str) -> (Option<Policy>, Diagnostics) {
    let text = format!(
        r#"{{"Name":"shop","ARN":"{ACL_ARN}","DefaultAction":{{"Allow":{{}}}},"VisibilityConfig":{{"MetricName":"shop"}},
            "Rules":[{rules}]{members}}}"#
    );
    let mut catalogue = ManagedCatalogue::new();
    let rules = vec![Rule {
        name: "Managed".to_owned(),
        visibility: "Managed".into(),
        labels: Vec::new(),
        kind: RuleKind::Match { when: sekisho_waf::ir::Condition::And(Vec::new()), action: Action::block().into() },
    }];
    catalogue.add(ManagedGroup {
        vendor: "AWS".to_owned(),
        name: "Group".to_owned(),
        label_namespace: "awswaf:managed:aws:group:".to_owned(),
        capacity: None,
        rules,
    });
    let resources = [SourceFile::new("group.json", own_group())];
    let loaded = load(&SourceFile::new("acl.json", text), &resources, &catalogue, &LoadOptions::default());
    (loaded.policy, loaded.diagnostics)
}

fn rule(members: &str) -> String {
    format!(r#"{{"Name":"r","Priority":0,"VisibilityConfig":{{"MetricName":"r"}},{members}}}"#)
}

fn plain(members: &str) -> String {
    rule(&format!(r#""Statement":{ANY},{members}"#))
}

fn policy(members: &str, rules: &str) -> Policy {
    let (policy, diagnostics) = loaded(members, rules);
    assert_eq!(diagnostics.iter().count(), 0, "{}", diagnostics.render(false));
    policy.expect("a policy")
}

#[track_caller]
fn problems(members: &str, rules: &str, expected: &[&str]) {
    let (_, diagnostics) = loaded(members, rules);
    let codes: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, expected, "{}", diagnostics.render(false));
}

fn asked(immunity_s: u64) -> TokenAction {
    TokenAction { insert: Vec::new(), immunity_s }
}

fn actions(policy: &Policy) -> Vec<Action> {
    match &policy.rules[0].kind {
        RuleKind::Group { group, .. } => {
            group.rules.iter().map(|rule| rule.action().expect("a rule of a group acts").action.clone()).collect()
        }
        _ => vec![policy.rules[0].action().expect("the rule acts").action.clone()],
    }
}

#[test]
fn a_rules_own_time_holds_then_the_web_acls_then_five_minutes() {
    let captcha = r#""Action":{"Captcha":{}}"#;
    let both = plain(&format!("{captcha},{CAPTCHA_90},{CHALLENGE_600}"));
    assert_eq!(actions(&policy("", &both)), [Action::Captcha(asked(90))]);
    assert_eq!(actions(&policy(&format!(",{CAPTCHA_120}"), &both)), [Action::Captcha(asked(90))]);
    assert_eq!(actions(&policy(&format!(",{CAPTCHA_120}"), &plain(captcha))), [Action::Captcha(asked(120))]);
    assert_eq!(actions(&policy(&format!(",{CHALLENGE_600}"), &plain(captcha))), [Action::Captcha(asked(300))]);
    let challenge = plain(r#""Action":{"Challenge":{}},"ChallengeConfig":{}"#);
    assert_eq!(actions(&policy(&format!(",{CHALLENGE_600}"), &challenge)), [Action::Challenge(asked(600))]);
    assert!(policy("", &challenge).asks_for_token());
    assert!(!policy("", &plain(r#""Action":{"Block":{}}"#)).asks_for_token());
}

#[test]
fn a_rate_based_rule_may_ask_and_headers_are_inserted() {
    let rate = rule(
        r#""Statement":{"RateBasedStatement":{"Limit":100,"AggregateKeyType":"IP"}},
           "Action":{"Challenge":{"CustomRequestHandling":{"InsertHeaders":[{"Name":"met","Value":"yes"}]}}}"#,
    );
    let actions = actions(&policy("", &rate));
    let [Action::Challenge(asked)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!((asked.insert[0].name.as_str(), asked.insert[0].value.as_str()), ("x-amzn-waf-met", "yes"));
}

#[test]
fn rules_of_a_group_take_the_web_acls_time_unless_they_have_their_own() {
    let refer = |overrides: &str| {
        rule(&format!(
            r#""Statement":{{"RuleGroupReferenceStatement":{{"ARN":"{GROUP_ARN}"{overrides}}}}},
               "OverrideAction":{{"None":{{}}}}"#
        ))
    };
    let acl = format!(",{CAPTCHA_120}");
    assert_eq!(actions(&policy(&acl, &refer(""))), [Action::Captcha(asked(90)), Action::block()]);
    let to = r#","RuleActionOverrides":[{"Name":"timed","ActionToUse":{"Challenge":{}}},
                {"Name":"plain","ActionToUse":{"Captcha":{}}}]"#;
    assert_eq!(actions(&policy(&acl, &refer(to))), [Action::Challenge(asked(600)), Action::Captcha(asked(120))]);
    let managed = rule(
        r#""Statement":{"ManagedRuleGroupStatement":{"VendorName":"AWS","Name":"Group",
              "RuleActionOverrides":[{"Name":"Managed","ActionToUse":{"Captcha":{}}}]}},"OverrideAction":{"None":{}}"#,
    );
    assert_eq!(actions(&policy(&acl, &managed)), [Action::Captcha(asked(120))]);
    let useless = format!("{},{CAPTCHA_90}}}", managed.strip_suffix('}').unwrap());
    problems("", &useless, &["no-effect"]);
}

#[test]
fn times_out_of_range_are_refused() {
    for (config, times) in [("CaptchaConfig", [59, 259_201]), ("ChallengeConfig", [299, 259_201])] {
        for time in times {
            let config = format!(r#","{config}":{{"ImmunityTimeProperty":{{"ImmunityTime":{time}}}}}"#);
            problems(&config, "", &["out-of-range"]);
            problems("", &plain(&format!(r#""Action":{{"Captcha":{{}}}}{config}"#)), &["out-of-range"]);
        }
    }
    problems(r#","CaptchaConfig":{"ImmunityTimeProperty":{}}"#, "", &["missing-field"]);
    problems("", &plain(r#""Action":{"Captcha":{"Immunity":1}}"#), &["unknown-field"]);
}

#[test]
fn token_domains_are_read_and_checked() {
    let domains = |list: &str| format!(r#","TokenDomains":[{list}]"#);
    let policy = policy(&domains(r#""Example.COM",".shop.example.org","shop.co.uk""#), "");
    assert_eq!(policy.token_domains, ["example.com", "shop.example.org", "shop.co.uk"]);
    for suffix in ["com", "gov.au", "Co.Uk", ".co.jp", "github.io", "localhost"] {
        problems(&domains(&format!("\"{suffix}\"")), "", &["public-suffix"]);
    }
    problems(&domains(r#""exa mple.com""#), "", &["bad-characters"]);
    problems(&domains(r#""""#), "", &["bad-length"]);
    problems(&domains(r#""example.com/shop""#), "", &["no-effect"]);
    problems(r#","TokenDomains":"example.com""#, "", &["wrong-type"]);
}
