//! Walks everything that ships: the groups are AWS's, every rule is documented and passes its own tests on both
//! evaluators, its near misses pass the whole starter web ACL, and the starter web ACL loads.

use sekisho_content::{Lists, RuleTest, TestKind, catalogue, groups, rule_tests, starter};
use sekisho_model::Timestamp;
use sekisho_waf::ir::{Action, Policy, Rule, RuleKind};
use sekisho_waf::{Context, KnownToken, Limits, NoPlaces, NoRates, RuleSet, Scratch, reference};
use sekisho_waf_lang::aws::{ContentGroup, LoadOptions, load};
use serde_json::Value;

fn all_groups(lists: &Lists) -> Vec<ContentGroup> {
    groups(lists).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

fn context() -> Context<'static> {
    Context { now: Timestamp::from_unix_ms(0), rates: &NoRates, places: &NoPlaces, token: &KnownToken::NONE }
}

/// A policy of rules that only count, so that each is evaluated.
fn counting(rules: impl IntoIterator<Item = Rule>) -> RuleSet {
    let mut rules: Vec<Rule> = rules.into_iter().collect();
    for rule in &mut rules {
        if let RuleKind::Match { action, .. } = &mut rule.kind {
            *action = Action::COUNT.into();
        }
    }
    let policy = Policy {
        name: "test".to_owned(),
        id: "test".to_owned(),
        default_action: Action::ALLOW,
        rules,
        body_inspected_bytes_max: None,
        token_domains: Vec::new(),
        visibility: "acl".into(),
        protection: Default::default(),
    };
    RuleSet::compile(policy, Limits::default()).expect("the rules compile")
}

/// The names of the rules that match a test's request, by the compiled matcher.
fn matched(rule_set: &RuleSet, test: &RuleTest, scratch: &mut Scratch) -> Vec<String> {
    test.with_request(|request| {
        let verdict = rule_set.evaluate(request, &context(), scratch);
        verdict.non_terminating.iter().map(|hit| hit.rule.resolve(rule_set.policy()).name.clone()).collect()
    })
}

#[test]
fn groups_are_those_of_aws() {
    let Some(file) = crate::shared::file("aws-waf/managed-rules.json") else { return };
    let known: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let groups = all_groups(&Lists::default());
    assert_eq!(groups.len(), 5);
    for content in groups {
        let group = &content.group;
        let known = &known[&group.name];
        assert_eq!(group.vendor, "AWS");
        assert_eq!(group.label_namespace, format!("{}:", known["labelNamespace"].as_str().unwrap()), "{}", group.name);
        assert_eq!(group.capacity, known["WCU"].as_u64(), "{}", group.name);
        let described = |rule: &Rule| {
            let RuleKind::Match { action, .. } = &rule.kind else { panic!("{} is no match rule", rule.name) };
            let action = if action.action.terminates() { "Block" } else { "Count" };
            (rule.name.clone(), action.to_owned(), rule.labels.join(","))
        };
        let text = |rule: &Value, key: &str| rule[key].as_str().unwrap().to_owned();
        let expected: Vec<_> = known["rules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| (text(rule, "Name"), text(rule, "Action"), text(rule, "Label")))
            .collect();
        assert_eq!(group.rules.iter().map(described).collect::<Vec<_>>(), expected, "{}", group.name);
    }
}

#[test]
fn every_rule_is_documented_and_has_tests_of_each_kind() {
    for content in all_groups(&Lists::default()) {
        for page in &content.rules {
            assert!(page.file().name().ends_with(&format!("/{}/{}.yaml", content.group.name, page.id)), "{}", page.id);
            assert!(!page.title.is_empty() && page.why.len() > 40 && !page.references.is_empty(), "{}", page.id);
            assert!(page.references.iter().all(|link| link.starts_with("https://")), "{}", page.id);
            let tests = rule_tests(page).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
            for kind in [TestKind::Match, TestKind::NearMiss, TestKind::Evasion] {
                assert!(tests.iter().any(|test| test.kind == kind), "{} has no test of kind {kind:?}", page.id);
            }
        }
    }
}

#[test]
fn every_rule_passes_its_tests_on_both_evaluators() {
    let mut failures = Vec::new();
    let mut count = 0;
    let content = all_groups(&Lists::default());
    for (rule, page) in content.iter().flat_map(|group| group.group.rules.iter().zip(&group.rules)) {
        let plain = counting([rule.clone()]);
        let mut scratch = Scratch::default();
        for test in rule_tests(page).unwrap() {
            count += 1;
            let listed = (test.lists != Lists::default()).then(|| counting([rule_with(&rule.name, &test.lists)]));
            let rule_set = listed.as_ref().unwrap_or(&plain);
            let compiled = !matched(rule_set, &test, &mut scratch).is_empty();
            let slow = test.with_request(|request| {
                reference::evaluate(rule_set.policy(), &Limits::default(), request, &context()).0
            });
            let slow = !slow.non_terminating.is_empty();
            if compiled != test.expects_match() || slow != compiled {
                failures.push(format!("{} / {:?} {}: {compiled}, reference {slow}", page.id, test.kind, test.name));
            }
        }
    }
    assert!(count > 250, "only {count} tests");
    assert!(failures.is_empty(), "{} of {count} tests fail:\n{}", failures.len(), failures.join("\n"));
}

fn rule_with(name: &str, lists: &Lists) -> Rule {
    let groups = all_groups(lists);
    groups.into_iter().flat_map(|group| group.group.rules).find(|rule| rule.name == name).expect("the rule is there")
}

#[test]
fn near_misses_pass_all_other_rules_that_block() {
    let content = all_groups(&Lists::default());
    let blocking = content
        .iter()
        .filter(|group| group.group.name != "AWSManagedRulesAdminProtectionRuleSet")
        .flat_map(|group| group.group.rules.iter().cloned());
    let all = counting(blocking.filter(|rule| rule.name != "SizeRestrictions_BODY" && !rule.name.starts_with("Host_")));
    let mut scratch = Scratch::default();
    for page in content.iter().flat_map(|group| &group.rules) {
        for test in rule_tests(page).unwrap().iter().filter(|test| test.kind == TestKind::NearMiss) {
            assert_eq!(matched(&all, test, &mut scratch), Vec::<String>::new(), "{} / {}", page.id, test.name);
        }
    }
}

#[test]
fn the_starter_web_acl_loads_without_a_word() {
    let lists = Lists { allow: vec!["192.0.2.0/24".parse().unwrap()], ..Lists::default() };
    let starter = starter(&lists);
    let catalogue = catalogue(&lists).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let loaded = load(&starter.acl, &starter.resources, &catalogue, &LoadOptions::default());
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.diagnostics.render(false));
    let policy = loaded.policy.unwrap();
    let names: Vec<_> = policy.rules.iter().map(|rule| rule.name.as_str()).collect();
    let expected = [
        "allow-list",
        "common",
        "known-bad-inputs",
        "sql-injection",
        "admin-protection",
        "ip-reputation",
        "rate-limit",
    ];
    assert_eq!(names, expected);
    RuleSet::compile(policy, Limits::default()).unwrap();
}
