//! The JSON and YAML readers: what they take, what they refuse and where they point.

use proptest::prelude::*;
use sekisho_model::SourceFile;
use sekisho_waf_lang::document::{DEPTH_MAX, Document, Node};

fn json(text: &str) -> (Option<Document>, Vec<String>) {
    let (document, diagnostics) = Document::from_json(&SourceFile::new("t", text));
    (document, diagnostics.iter().map(ToString::to_string).collect())
}

fn yaml(text: &str) -> (Option<Document>, Vec<String>) {
    let (document, diagnostics) = Document::from_yaml(&SourceFile::new("t", text));
    (document, diagnostics.iter().map(ToString::to_string).collect())
}

/// The tree without places, in the terms of `serde_json`.
fn plain(node: Node<'_>) -> serde_json::Value {
    if let Some(entries) = node.as_object() {
        return entries.map(|(key, value)| (key.text().to_owned(), plain(value))).collect();
    }
    if let Some(items) = node.as_array() {
        return items.map(plain).collect();
    }
    match node.describe() {
        "null" => serde_json::Value::Null,
        "a boolean" => node.as_bool().expect("it is a boolean").into(),
        "a string" => node.as_str().expect("it is a string").into(),
        _ => serde_json::from_str(&node.file().text()[node.range()]).expect("a number of JSON"),
    }
}

#[test]
fn json_reads_every_kind_of_value_with_its_place() {
    let text = "\u{feff}{\"a\": [1, -2.5e3, true, null, \"x\\n\\u00e9\\ud83d\\ude00\\/\"], \"b\": {}}";
    let (document, problems) = json(text);
    assert_eq!(problems, Vec::<String>::new());
    let document = document.unwrap();
    assert_eq!(plain(document.root()), serde_json::json!({"a": [1, -2.5e3, true, null, "x\né😀/"], "b": {}}));
    let (key, value) = document.root().as_object().unwrap().next().unwrap();
    assert_eq!((&text[key.range()], &text[value.range().start..][..2]), ("\"a\"", "[1"));
}

#[test]
fn json_steps_over_plain_slips_and_reports_each() {
    let text =
        "{\n  // note\n  \"a\": 1,\n  \"a\": 2\n  \"b\": [1 2,],\n  \"c\": 01,\n  \"d\": \"\\q\tx\",\n  \"e\": yes\n}";
    let (document, problems) = json(text);
    assert!(document.is_some());
    insta::assert_snapshot!(problems.join("\n"), @r"
    t:2:3: error[comment]: JSON has no comments
    t:4:9: error[missing-comma]: expected a comma after this value
    t:5:10: error[missing-comma]: expected a comma after this value
    t:5:12: error[trailing-comma]: a comma stands before the closing bracket
    t:6:8: error[bad-number]: `01` is not a JSON number
    t:7:9: error[bad-escape]: no such escape
    t:7:11: error[control-character]: the control character U+0009 must be escaped
    t:8:8: error[bare-word]: `yes` is no JSON value
    t:4:3: error[duplicate-key]: the key `a` stands more than once
    ");
}

#[test]
fn json_refuses_what_is_not_json() {
    for text in [
        "",
        " ",
        "{",
        "[",
        "\"",
        "\"\\",
        "\"\\u",
        "\"\\ud800\"",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "[1",
        "[,1]",
        "{,}",
        "1 2",
        "{a:1}",
        "{'a':1}",
        "nul",
        "01",
        "-",
        "1.",
        ".5",
        "+1",
        "1e",
        "0x1",
        "NaN",
        "\u{a0}1",
        "\u{2028}1",
        "\u{c}1",
        "\"a\nb\"",
        "\"\u{1}\"",
        "[1,]",
        "// x\n1",
        "/*",
        "é",
        "{\"a\":1}}",
        "[}",
        "\"\\é\"",
        "\"\\u00é9\"",
    ] {
        let (_, problems) = json(text);
        assert!(!problems.is_empty(), "{text:?} was taken");
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}0{}", "[".repeat(depth), "]".repeat(depth));
    assert!(json(&nested(DEPTH_MAX)).0.is_some());
    for (open, text) in [("[", nested(DEPTH_MAX + 1)), ("[", "[".repeat(1_000_000)), ("{", "{\"a\":".repeat(200_000))] {
        let (document, problems) = json(&text);
        assert!(document.is_none(), "{open}");
        assert!(problems[0].contains("nested-too-deep"), "{problems:?}");
    }
    let (document, problems) = yaml(&"- ".repeat(DEPTH_MAX + 1));
    assert!(document.is_none());
    assert!(problems[0].contains("nested-too-deep"), "{problems:?}");
}

#[test]
fn yaml_resolves_scalars_by_the_core_schema_with_places() {
    let text =
        "é: 'あ b'\nlist:\n  - NO\n  - true\n  - ~\n  - 42\n  - \"42\"\n  - {a: 1.5}\n  - |\n    x\n    y\nlast: z\n";
    let (document, problems) = yaml(text);
    assert_eq!(problems, Vec::<String>::new());
    let document = document.unwrap();
    let expected = serde_json::json!({
        "é": "あ b", "list": ["NO", true, null, 42, "42", {"a": 1.5}, "x\ny\n"], "last": "z",
    });
    assert_eq!(plain(document.root()), expected);
    let places: Vec<_> =
        document.root().as_object().unwrap().map(|(key, value)| (&text[key.range()], &text[value.range()])).collect();
    assert_eq!(places[0], ("é", "'あ b'"));
    assert!(places[1].1.starts_with("- NO") && places[1].1.trim_end().ends_with('y'), "{:?}", places[1]);
    assert_eq!(places[2], ("last", "z"));
}

#[test]
fn yaml_refuses_what_readers_disagree_about() {
    for (text, code) in [
        ("a: &x 1\nb: *x\n", "yaml-anchor"),
        ("a: !!str 1\n", "yaml-anchor"),
        ("a: 1\na: 2\n", "duplicate-key"),
        ("? [a]\n: 1\n", "yaml-key"),
        ("a: 1\n---\nb: 2\n", "trailing-text"),
        ("a: [1\n", "yaml-syntax"),
        ("\ta: 1\n- b", "yaml-syntax"),
        ("", "unexpected-end"),
    ] {
        let (_, problems) = yaml(text);
        assert!(problems.iter().any(|problem| problem.contains(code)), "{text:?}: {problems:?}");
    }
}

proptest! {
    /// What `serde_json` takes, this takes, and reads the same; what it refuses, this reports.
    #[test]
    fn json_agrees_with_another_reader(text in r#"([\[\]{},:" \\/0-9eE.+\-utrfalsn"]|"[a-z\\"]{0,4}"|[^\x00]){0,24}"#) {
        // RFC 8259, section 8.1: a byte order mark may be ignored. This reader does, the other does not.
        let theirs = serde_json::from_str::<serde_json::Value>(text.trim_start_matches('\u{feff}'));
        prop_assume!(!text.starts_with("\u{feff}\u{feff}"));
        let (document, problems) = json(&text);
        match theirs {
            Ok(value) => {
                let only_repeated = problems.iter().all(|problem| problem.contains("duplicate-key"));
                prop_assert!(only_repeated, "{problems:?}");
                if problems.is_empty() {
                    prop_assert_eq!(plain(document.unwrap().root()), value);
                }
            }
            // It refuses numbers that do not fit a float; they are numbers all the same.
            Err(error) if error.to_string().contains("out of range") => {}
            Err(error) => prop_assert!(!problems.is_empty(), "{error}"),
        }
    }

    #[test]
    fn json_reads_back_what_is_written(value in any_value()) {
        let text = serde_json::to_string_pretty(&value).unwrap();
        let (document, problems) = json(&text);
        prop_assert!(problems.is_empty(), "{problems:?}");
        prop_assert_eq!(plain(document.unwrap().root()), value);
    }

    #[test]
    fn yaml_never_panics(text in r"([ \n\-:?&*!|>'%@#,\[\]{}a-c1é]|\r\n|---|\.\.\.){0,48}") {
        let (document, problems) = yaml(&text);
        prop_assert!(document.is_some() || !problems.is_empty());
    }
}

fn any_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        ".{0,8}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(".{0,4}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect::<serde_json::Value>()),
        ]
    })
}
