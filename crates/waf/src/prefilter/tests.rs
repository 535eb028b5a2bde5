//! Whatever a pattern matches, its condition lets through.

use proptest::prelude::*;
use proptest::string::bytes_regex;
use regex_automata::meta::Regex;

use super::{ByteSet, Condition, Filter, FilterMemory, Present, erasable};
use crate::operator::pattern;

/// Patterns in the manner of rule files: evasions between letters, alternatives that share beginnings, edges, classes.
const PATTERNS: &[&str] = &[
    r"(?i)\bunion\b.{1,20}?\bselect\b",
    r#"(?i)c["'\\^]*m["'\\^]*d(?:["'\\^]*\.["'\\^]*e["'\\^]*x["'\\^]*e)?"#,
    r#"w["'\)\[\\]*(?:(?:\|\|\s*)?\$[a-z]*)?g["'\)\[\\]*(?:(?:\|\|\s*)?\$[a-z]*)?e["'\)\[\\]*(?:(?:\|\|\s*)?\$[a-z]*)?t["'\)\[\\]*(?:(?:\|\|\s*)?\$[a-z]*)?s"#,
    r"(?:j|&#(?:74|106);)(?:[\t\n]|&tab;)*(?:a|&#(?:65|97);)(?:[\t\n]|&tab;)*(?:v|&#(?:86|118);)(?:[\t\n]|&tab;)*(?:a|&#65;)",
    r"(?:^|[;|&])\s*(?:ls|cat|id|w(?:get|ho)?)(?:$|[\s;|&])",
    r"<[^0-9<>a-z]*s[^0-9<>a-z]*?c[^0-9<>a-z]*?r[^0-9<>a-z]*?i[^0-9<>a-z]*?p[^0-9<>a-z]*?t",
    r"^[^']*'[\s]*(?:and|or)\b",
    r"\W{4}",
    r"(?:[!-/:-@][^!-/:-@]*?){3}",
    r"\.\.[/\\]|%2e%2e|0x2f",
    r"(?:ab|a|b){2,9}c+d*e",
    r"[a-z]+=(?:[^:=]+:[^;]+;)*?[^:=]+:url",
    r"x?y*z{0,3}",
    r"\Bon[a-z]{3,8}[\t ]*=",
    r"^$",
    r"\n.*?(?:set-cookie|location):",
];

/// Whether the condition on a pattern lets a text through.
fn lets_through(written: &str, is_lowered: bool, text: &[u8]) -> bool {
    let hir = pattern::parse(written).unwrap();
    let mut sets = erasable(std::iter::once(&hir));
    sets.push(ByteSet::of(b"\"'\\^"));
    let condition = Condition::of(&hir, is_lowered, &sets);
    let filter = Filter::new(std::iter::once((0, &condition)), 1);
    let mut answer = [0];
    let wanted = vec![u64::MAX; answer.len()];
    filter.ask(text, Present::in_text(text), &wanted, &mut FilterMemory::default(), &mut answer);
    answer[0] == 1
}

/// A pattern and a text that has a match of it, most times.
fn pattern_and_text() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    // Runs of one byte, some of them long.
    let run = (prop::sample::select(&b"a '\"$;&\n<x0.\\"[..]), prop_oneof![1..3_usize, 1..60_usize]);
    let runs = move || proptest::collection::vec(run.clone().prop_map(|(byte, length)| vec![byte; length]), 0..5);
    let around = move || runs().prop_map(|runs| runs.concat());
    prop::sample::select(PATTERNS).prop_flat_map(move |written| {
        let plain =
            written.replace("(?i)", "").replace(r"\b", "").replace(r"\B", "").replace('^', "").replace("$)", ")");
        let matching = match bytes_regex(&plain) {
            Ok(strategy) => strategy.boxed(),
            Err(_) => Just(Vec::new()).boxed(),
        };
        (around(), matching, around())
            .prop_map(move |(before, matching, after)| (written, [before, matching, after].concat()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_condition_lets_through_what_its_pattern_matches((written, text) in pattern_and_text(), upper in any::<bool>()) {
        let text = if upper { text.to_ascii_uppercase() } else { text };
        let regex = Regex::builder().build_from_hir(&pattern::parse(written).unwrap()).unwrap();
        if regex.is_match(&text) {
            prop_assert!(lets_through(written, false, &text), "{written} matches {:?}", text.escape_ascii().to_string());
        }
        if regex.is_match(text.to_ascii_lowercase().as_slice()) {
            prop_assert!(lets_through(written, true, &text), "{written} matches {:?} lowered", text.escape_ascii().to_string());
        }
    }
}

#[test]
fn honest_texts_are_ruled_out() {
    for (written, text) in [
        (r"(?i)\bunion\b.{1,20}?\bselect\b", "the union of two sets"),
        (r"(?:^|[;|&])\s*(?:ls|cat|id|w(?:get|ho)?)(?:$|[\s;|&])", "catalogue of ideas"),
        (r"\.\.[/\\]|%2e%2e|0x2f", "notes.txt"),
    ] {
        assert!(!lets_through(written, false, text.as_bytes()), "{written}");
    }
}
