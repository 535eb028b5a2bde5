//! Every transformation has vectors, every shipped rule has its tests, every fuzz target is where it is run from.

use super::finding::Finding;
use super::rust_source::RustSource;
use super::tree::{Tree, stem};

const TRANSFORMS: &str = "crates/waf/src/transform/";
const VECTORS: &str = "crates/waf/tests/vectors/transform/";
const RULES: &str = "content/waf/managed/";
const FUZZ: &str = "fuzz/";
const FUZZ_TARGETS: &str = "fuzz/src/bin/";

/// The kinds of test a shipped rule must have.
const RULE_TESTS: &[&str] = &["match", "near_miss", "evasion"];

pub(super) fn check_transforms(tree: &Tree) -> Vec<Finding> {
    let transforms = tree.under(TRANSFORMS, ".rs").filter(|(_, text)| is_transform(text)).map(|(path, _)| path);
    let mut findings = Vec::new();
    for path in transforms {
        let vectors = format!("{VECTORS}{}.json", stem(path));
        if tree.text(&vectors).is_none_or(|text| !holds_vectors(text)) {
            let help = format!("write {vectors}: a JSON list of inputs and outputs, from a source other than the code");
            findings.push(Finding::new(path, 1, "a transformation without vectors", help));
        }
    }
    for (path, _) in tree.under(VECTORS, ".json") {
        if !tree.has(&format!("{TRANSFORMS}{}.rs", stem(path))) {
            let help = format!("name it after the file in {TRANSFORMS} that it tests, or delete it");
            findings.push(Finding::new(path, 1, "vectors of no transformation", help));
        }
    }
    findings
}

/// Whether a file beside the transformations is one: at its top it states the growth of its output, or applies itself.
fn is_transform(text: &str) -> bool {
    let code = RustSource::new(text).code_without_tests();
    code.lines().any(|line| line.starts_with("pub(super) const GROWTH") || line.starts_with("pub(super) fn apply("))
}

fn holds_vectors(text: &str) -> bool {
    let json = serde_json::from_str::<serde_json::Value>(text);
    json.is_ok_and(|json| json.as_array().is_some_and(|list| !list.is_empty()))
}

pub(super) fn broken_transforms() -> Tree {
    Tree::sample(&[
        ("crates/waf/src/transform/a.rs", "//! A.\npub(super) const GROWTH: u8 = 1;\n"),
        ("crates/waf/src/transform/b.rs", "//! B.\npub(super) fn apply() {}\n"),
        ("crates/waf/tests/vectors/transform/b.json", "[]"),
        ("crates/waf/tests/vectors/transform/c.json", "[{}]"),
    ])
}

pub(super) fn check_rules(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in
        tree.paths().filter(|path| path.starts_with(RULES) && !path.ends_with(".md") && !path.ends_with("/group.yaml"))
    {
        let text = tree.text(path).unwrap_or_default();
        for kind in RULE_TESTS.iter().filter(|kind| !has_key(text, kind)) {
            let help = "a rule file holds its tests: at least one match, one near miss, one evasion";
            findings.push(Finding::new(path, 1, format!("a rule without a `{kind}` test"), help));
        }
    }
    findings
}

/// Whether `key` stands in the text as a key of JSON, TOML or YAML, or at the end of a TOML heading.
fn has_key(text: &str, key: &str) -> bool {
    text.match_indices(key).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + key.len()..].trim_start_matches(['"', ' ']).chars().next();
        !before.is_some_and(|before| before.is_alphanumeric() || before == '_')
            && matches!(after, Some(':' | '=' | ']'))
    })
}

pub(super) fn broken_rules() -> Tree {
    Tree::sample(&[("content/waf/managed/sqli/a.toml", "title = \"match\"\n[[tests.match]]\nnear_miss = 1\n")])
}

pub(super) fn check_fuzz(tree: &Tree) -> Vec<Finding> {
    let stray = tree
        .under(FUZZ, ".rs")
        .filter(|(path, text)| !path.starts_with(FUZZ_TARGETS) && text.contains("fuzz_target!("));
    stray
        .map(|(path, _)| {
            let help = format!("move it to {FUZZ_TARGETS}, where `cargo xtask fuzz` looks");
            Finding::new(path, 1, "a fuzz target that is never run", help)
        })
        .collect()
}

pub(super) fn broken_fuzz() -> Tree {
    Tree::sample(&[("fuzz/fuzz_targets/a.rs", "//! A.\nfuzz_target!(|bytes: &[u8]| {});\n")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_empty_and_orphaned_vectors_are_found() {
        let found = check_transforms(&broken_transforms());
        let paths: Vec<_> = found.iter().map(|finding| stem(&finding.path)).collect();
        assert_eq!(paths, ["a", "b", "c"]);
    }

    #[test]
    fn what_transformations_share_needs_no_vectors() {
        let files = [
            ("crates/waf/src/transform/digits.rs", "//! D.\npub(super) fn hex() {}\n"),
            ("crates/waf/src/transform/a.rs", "//! A.\npub(super) const GROWTH: u8 = 1;\n"),
            ("crates/waf/tests/vectors/transform/a.json", "[{\"input\": \"A\"}]"),
        ];
        assert_eq!(check_transforms(&Tree::sample(&files)), []);
    }

    #[test]
    fn a_rule_without_one_kind_of_test_is_found() {
        let found = check_rules(&broken_rules());
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("`evasion`"), "{}", found[0].message);
    }

    #[test]
    fn tests_are_recognised_in_each_format() {
        for text in [
            "match: near_miss: evasion:",
            "[[match]]\nnear_miss = []\n[a.evasion]",
            r#"{"match" : 1, "near_miss":2, "evasion":3}"#,
        ] {
            assert_eq!(check_rules(&Tree::sample(&[("content/waf/managed/a.json", text)])), [], "{text}");
        }
        assert!(!has_key("rematch:", "match") && !has_key("match near", "match"));
    }

    #[test]
    fn a_target_in_its_place_passes() {
        assert_eq!(check_fuzz(&Tree::sample(&[("fuzz/src/bin/a.rs", "fuzz_target!(|b| {});")])), []);
    }
}
