//! Managed groups that ship: rule files in YAML, read with the statements of AWS.

use sekisho_model::SourceFile;
use sekisho_waf::ir::{Action, Condition, Field, Operator, Oversize, RegexSource, RuleKind, Test};
use sekisho_waf_lang::aws::{GroupFiles, LoadedGroup, NamedSets, Scope, load_managed_group, lower_statement};
use sekisho_waf_lang::document::Document;

const GROUP: &str = "name: Shipped\nvendor: AWS\nlabelNamespace: \"awswaf:managed:aws:shipped:\"\ncapacity: 700\n";

const PATTERNS: &str = "name: scanners\npatterns:\n  - regex: 'sqlmap/\\d'\n    meaning: the scanner names itself\n";

fn rule(id: &str, statement: &str) -> String {
    format!(
        "id: {id}\ntitle: Finds {id}\nwhy: It matters.\nfalse_positives: None known.\nreferences:\n  - https://example.com\n\
         label: {id}\naction: Block\nstatement:\n  {statement}\ntests:\n  match: [x]\n"
    )
}

fn loaded(group: &str, rules: &[String]) -> LoadedGroup {
    let mut sets = NamedSets::new();
    let problems = sets.add_pattern_file(&SourceFile::new("scanners.yaml", PATTERNS));
    assert!(problems.is_empty(), "{}", problems.render(false));
    sets.add_addresses("reputation", vec!["192.0.2.0/24".parse().expect("a range")]);
    let rules: Vec<_> =
        rules.iter().enumerate().map(|(at, text)| SourceFile::new(format!("{at}.yaml"), text.as_str())).collect();
    load_managed_group(&GroupFiles { group: &SourceFile::new("group.yaml", group), rules: &rules, sets: &sets })
}

const BODY_VALUES: &str = "RegexPatternSetReferenceStatement: {Name: scanners, FieldToMatch: {BodyValues: {OversizeHandling: MATCH}}, \
                           TextTransformations: [{Priority: 0, Type: NONE}]}";
const ADDRESS: &str = "IPSetReferenceStatement: {Name: reputation}";
const LABEL: &str = "LabelMatchStatement: {Scope: LABEL, Key: first}";
const PLAIN: &str = "ByteMatchStatement: {SearchString: dGVzdA==, FieldToMatch: {UriPath: {}}, PositionalConstraint: CONTAINS, \
                     TextTransformations: [{Priority: 0, Type: NONE}]}";

#[test]
fn reads_a_group_with_its_sets_and_pages() {
    let rules = [rule("first", BODY_VALUES), rule("second", ADDRESS), rule("third", LABEL), rule("fourth", PLAIN)];
    let loaded = loaded(GROUP, &rules);
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.diagnostics.render(false));
    let content = loaded.group.unwrap();
    assert_eq!((content.group.vendor.as_str(), content.group.capacity), ("AWS", Some(700)));
    let kinds: Vec<_> = content.group.rules.iter().map(|rule| &rule.kind).collect();
    let RuleKind::Match { when: Condition::Test(Test { field, operator, oversize, .. }), action } = kinds[0] else {
        panic!()
    };
    assert_eq!((field, *oversize), (&Field::BodyValues, Oversize::Match));
    assert_eq!(*operator, Operator::Regex(vec![RegexSource(r"sqlmap/\d".to_owned())]));
    assert_eq!(action.action, Action::block());
    assert!(matches!(kinds[1], RuleKind::Match { when: Condition::Ip { .. }, .. }));
    let RuleKind::Match { when: Condition::Label(label), .. } = kinds[2] else { panic!() };
    assert!(label.holds("awswaf:managed:aws:shipped:first"));
    // Search strings are plain text here, whatever they look like.
    let RuleKind::Match { when: Condition::Test(Test { operator: Operator::Bytes { literal, .. }, .. }), .. } =
        kinds[3]
    else {
        panic!()
    };
    assert_eq!(literal, b"dGVzdA==");
    assert_eq!(content.group.rules[0].labels, ["awswaf:managed:aws:shipped:first"]);
    assert_eq!(content.rules[0].title, "Finds first");
    assert_eq!(content.rules[0].false_positives, ["None known."]);
    assert!(content.rules[0].tests().unwrap().get("match").is_some());
}

#[test]
fn the_group_file_may_order_its_rules() {
    let rules = [rule("first", ADDRESS), rule("second", ADDRESS)];
    let ordered = loaded(&format!("{GROUP}rules: [second, first]\n"), &rules).group.unwrap();
    let names: Vec<_> = ordered.group.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["second", "first"]);
    let wrong = loaded(&format!("{GROUP}rules: [second, third]\n"), &rules);
    let codes: Vec<_> = wrong.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, ["unknown-rule", "rule-not-listed"]);
}

#[test]
fn shows_problems_in_the_rule_s_own_file() {
    let broken = rule("first", &BODY_VALUES.replace("scanners", "scaners")).replace("why: It matters.\n", "whi: x\n");
    let loaded = loaded(GROUP, &[broken]);
    assert!(loaded.group.is_none());
    insta::assert_snapshot!(loaded.diagnostics.render(false));
}

#[test]
fn one_statement_can_be_lowered_by_itself() {
    let sets = NamedSets::new();
    let scope = Scope::of_content("awswaf:managed:aws:shipped:", Vec::new(), &sets);
    let (document, _) = Document::from_yaml(&SourceFile::new("s", "GeoMatchStatement: {CountryCodes: [NO]}"));
    let (condition, diagnostics) = lower_statement(document.unwrap().root(), &scope);
    assert!(diagnostics.is_empty());
    assert!(matches!(condition, Some(Condition::Geo { countries, .. }) if countries == ["NO"]));
}
