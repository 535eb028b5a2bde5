//! Holds the tables of `docs/seclang.md` against those of the code, both ways.

use std::collections::BTreeSet;

use sekisho_waf::ir::phased::Variable;
use sekisho_waf::transform::Transform;

use super::directive::{DIRECTIVES, Directive};
use super::{Entry, LoadOptions, NoFiles, action, load, operator, refused};

const DOCS: &str = include_str!("../../../../docs/seclang.md");

/// The text under a heading, up to the next of its level.
fn section(heading: &str) -> &'static str {
    let start = DOCS.find(&format!("\n## {heading}\n")).expect("the manual has the section");
    let rest = &DOCS[start + 4..];
    rest.find("\n## ").map_or(rest, |end| &rest[..end])
}

/// The words in backquotes of the table that begins with this heading, and of its first column only if so wished.
fn table(section: &'static str, heading: &str, first_only: bool) -> BTreeSet<&'static str> {
    let start = section.find(&format!("| {heading} |")).expect("the section has the table");
    let rows = section[start..].lines().take_while(|line| line.starts_with('|')).skip(2);
    rows.flat_map(|row| words(if first_only { row.split(" | ").next().unwrap_or(row) } else { row })).collect()
}

fn words(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split('`').skip(1).step_by(2)
}

fn names(table: &[refused::Refused]) -> BTreeSet<&'static str> {
    table.iter().map(|(name, _)| *name).collect()
}

/// Each name stands in the manual with the reason that the code gives.
fn reasons_stand(section: &str, table: &[refused::Refused]) {
    for (name, reason) in table {
        let row =
            section.lines().find(|line| line.contains(&format!("`{name}`")) || line.contains(&format!("`@{name}`")));
        let row = row.unwrap_or_else(|| panic!("{name} is not in the manual"));
        let known = row.contains(reason) || row.contains("they exist for `@rsub`");
        assert!(known, "{name}: {reason}\n{row}");
    }
}

#[test]
fn directives_are_in_the_manual() {
    let section = section("Directives");
    let known = |wanted: bool| -> BTreeSet<&str> {
        let effective = |directive| directive != Directive::WithoutEffect;
        DIRECTIVES.iter().filter(|known| effective(known.directive) == wanted).map(|known| known.name).collect()
    };
    assert_eq!(table(section, "honoured", false), known(true));
    assert_eq!(table(section, "without effect", true), known(false));
    assert_eq!(table(section, "refused", true), names(refused::DIRECTIVES));
    reasons_stand(section, refused::DIRECTIVES);
}

#[test]
fn variables_are_in_the_manual() {
    let section = section("Variables");
    let list = section.lines().find(|line| line.starts_with("`ARGS`")).expect("the section has the list");
    let start = section.find(list).expect("it is a part of it");
    let list = &section[start..section.find("\n\n| refused").expect("the table follows")];
    assert_eq!(words(list).collect::<BTreeSet<_>>(), Variable::ALL.iter().map(|known| known.name()).collect());
    assert_eq!(table(section, "refused", true), names(refused::VARIABLES));
    reasons_stand(section, refused::VARIABLES);
}

#[test]
fn operators_are_in_the_manual() {
    let section = section("Operators");
    let of_operators = |words: BTreeSet<&'static str>| -> BTreeSet<&'static str> {
        words.into_iter().filter_map(|word| word.strip_prefix('@')).collect()
    };
    assert_eq!(of_operators(table(section, "honoured", false)), operator::names().collect());
    assert_eq!(of_operators(table(section, "refused", true)), names(refused::OPERATORS));
    reasons_stand(section, refused::OPERATORS);
}

#[test]
fn transformations_are_in_the_manual() {
    let known = Transform::ALL.iter().flat_map(|known| known.seclang_names()).copied().chain(["none", "t:none"]);
    assert_eq!(words(section("Transformations")).collect::<BTreeSet<_>>(), known.collect());
}

#[test]
fn actions_are_in_the_manual() {
    let section = section("Actions");
    let listed = table(section, "honoured", false);
    for name in action::names() {
        assert!(listed.contains(name), "{name} is not in the manual");
    }
    assert_eq!(table(section, "refused", true), names(refused::ACTIONS));
    reasons_stand(section, refused::ACTIONS);
    for name in action::control_names().chain(names(refused::CONTROLS)) {
        assert!(section.contains(&format!("`{name}`")), "ctl:{name} is not in the manual");
    }
}

/// What these rules are refused for.
fn codes(text: &str) -> Vec<&'static str> {
    let loaded = load(&[Entry::text("rules.conf", text)], &NoFiles, &LoadOptions::default());
    assert!(loaded.policy.is_none(), "{text}");
    loaded.diagnostics.iter().map(|problem| problem.code).collect()
}

#[test]
fn what_is_refused_is_refused_by_name_in_any_case() {
    let spelt = |name: &str| [name.to_owned(), name.to_ascii_lowercase(), name.to_ascii_uppercase()];
    for name in refused::DIRECTIVES.iter().flat_map(|(name, _)| spelt(name)) {
        assert_eq!(codes(&format!("{name} On")), ["unsupported-directive"]);
        let off = load(&[Entry::text("a", format!("{name} Off"))], &NoFiles, &LoadOptions::default());
        assert!(off.diagnostics.is_empty(), "{name}");
    }
    for name in refused::VARIABLES.iter().flat_map(|(name, _)| spelt(name)) {
        assert_eq!(codes(&format!("SecRule {name} a id:1,phase:1,pass")), ["unsupported-variable"]);
        assert_eq!(codes(&format!("SecAction id:1,phase:1,pass,msg:%{{{name}}}")), ["unsupported-variable"]);
    }
    for name in refused::OPERATORS.iter().flat_map(|(name, _)| spelt(name)) {
        assert_eq!(codes(&format!("SecRule ARGS \"!@{name} a\" id:1,phase:1,pass")), ["unsupported-operator"]);
    }
    for name in refused::ACTIONS.iter().flat_map(|(name, _)| spelt(name)) {
        assert_eq!(codes(&format!("SecAction id:1,phase:1,pass,{name}:a")), ["unsupported-action"]);
    }
    for name in refused::CONTROLS.iter().flat_map(|(name, _)| spelt(name)) {
        assert_eq!(codes(&format!("SecAction id:1,phase:1,pass,ctl:{name}=On")), ["unsupported-control"]);
    }
}

#[test]
fn what_is_honoured_is_not_refused_and_known_once() {
    let mut seen = BTreeSet::new();
    for name in DIRECTIVES.iter().map(|known| known.name).chain(names(refused::DIRECTIVES)) {
        assert!(seen.insert(name.to_ascii_lowercase()), "{name} is there twice");
    }
    for name in operator::names().chain(names(refused::OPERATORS)) {
        assert!(seen.insert(format!("@{}", name.to_ascii_lowercase())), "{name} is there twice");
    }
    for name in action::names().chain(names(refused::ACTIONS)) {
        assert!(seen.insert(format!(",{}", name.to_ascii_lowercase())), "{name} is there twice");
    }
    for name in Variable::ALL.iter().map(|known| known.name()).chain(names(refused::VARIABLES)) {
        assert!(seen.insert(format!("%{}", name.to_ascii_lowercase())), "{name} is there twice");
    }
}
