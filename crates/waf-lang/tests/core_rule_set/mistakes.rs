//! Whatever is wrong with the group, or with what it is told, is said with its place.

use sekisho_model::Severity;
use sekisho_waf_lang::aws::ManagedCatalogue;
use serde_json::json;

use super::{RULES, catalogue, load_text, loaded, overridden, problems, told};

#[test]
fn what_cannot_be_honoured_is_refused_by_name() {
    let catalogue = catalogue(RULES);
    let all = |more| problems(&loaded(more, "None", &catalogue));
    let error = |code: &'static str, message: &str| (code, Severity::Error, message.to_owned());
    let warning = |message: &str| ("no-effect", Severity::Warning, message.to_owned());
    let no_effect = "`OutboundAnomalyScoreThreshold` has no effect: a rule group sees requests, not responses";
    assert_eq!(all(told(json!({"OutboundAnomalyScoreThreshold": 4}))), [warning(no_effect)]);
    assert_eq!(
        all(told(json!({"Paranoia": 2}))).first().map(|(code, severity, _)| (*code, *severity)),
        Some(("unknown-field", Severity::Error))
    );
    for wrong in
        [json!({"ParanoiaLevel": 5}), json!({"ParanoiaLevel": "2"}), json!({"InboundAnomalyScoreThreshold": 0})]
    {
        assert!(loaded(told(wrong.clone()), "None", &catalogue).policy.is_none(), "{wrong}");
    }
    let twice = json!({"ManagedRuleGroupConfigs": [{"OWASPCoreRuleSet": {}}, {"OWASPCoreRuleSet": {}}]});
    assert_eq!(all(twice), [error("unexpected-field", "`OWASPCoreRuleSet` is given twice")]);
    let other = json!({"ManagedRuleGroupConfigs": [{"LoginPath": "/login"}]});
    assert!(loaded(other, "None", &catalogue).policy.is_none());
    let unknown = all(overridden("901100", json!({"Count": {}})));
    assert_eq!(unknown.len(), 1, "{unknown:?}");
    assert_eq!((unknown[0].0, unknown[0].1), ("unknown-rule", Severity::Warning));
    let dropping = super::catalogue("SecRuleEngine On\nSecAction \"id:1,phase:1,drop\"");
    let refused = problems(&loaded(json!({}), "None", &dropping));
    assert_eq!(refused, [error("not-supported", "rules of a group cannot drop or redirect: `1`")]);
    let none = loaded(json!({}), "None", &ManagedCatalogue::new());
    assert_eq!(problems(&none), [error("unknown-group", "the rule files of the OWASP Core Rule Set were not given")]);
    assert_eq!(none.capacity.map(|capacity| capacity.total), Some(1_701));
}

/// Whatever is wrong, in the order of the file, as it is printed.
fn shown(text: &str) -> String {
    load_text(text, &catalogue(RULES)).diagnostics.render(false)
}

#[test]
fn every_mistake_in_the_readable_form_has_its_place_and_a_way_out() {
    insta::assert_snapshot!("readable", shown(include_str!("mistakes.yaml")));
}

#[test]
fn every_mistake_in_terraform_has_its_place_and_a_way_out() {
    insta::assert_snapshot!("terraform", shown(include_str!("mistakes.tf")));
}

#[test]
fn every_mistake_in_json_has_its_place_and_a_way_out() {
    insta::assert_snapshot!("json", shown(include_str!("mistakes.json")));
}
