//! Patterns that need to go back: what they match, that they match what a linear engine does where there is one, and that
//! hostile values bring them to an end.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::engine::Search;
use super::*;
use crate::operator::pattern;

const BYTES_MAX: usize = 1 << 20;

fn backtracker(text: &str, steps_max: u32) -> Backtracker {
    let (written, at_most) = pattern::parse_backtracking(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let at_most = Engine::of_superset(&at_most, BYTES_MAX).unwrap();
    Backtracker::new(written, at_most, steps_max, BYTES_MAX).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn search(backtracker: &Backtracker, value: &[u8]) -> Result<Option<Groups>, GaveUp> {
    backtracker.find(value, 0, &mut backtracker.caches(), &mut Budget::default())
}

#[track_caller]
fn check(text: &str, value: &[u8], expect: Option<&[u8]>) {
    let found = search(&backtracker(text, 10_000), value).expect("few steps are enough");
    let found = found.map(|groups| groups[0].clone().expect("a match has a place"));
    assert_eq!(found.map(|range| &value[range]), expect, "{text} in {value:?}");
}

/// As PCRE2 has them: pcre2pattern(3), "Lookahead assertions" and what follows.
#[test]
fn patterns_match_what_pcre_matches() {
    check(r"foo(?!bar)", b"foobar foobaz", Some(b"foo"));
    check(r"^(?!.*evil).+$", b"an evil one", None);
    check(r"^(?!.*evil).+$", b"good", Some(b"good"));
    check(r"(?<!a)b", b"abb", Some(b"b"));
    check(r"(?<=ab|c)d", b"ad abd", Some(b"d"));
    check(r"(?<!ab|c)d", b"abd cd", None);
    check(r"(?<=\d{3})x", b"12x123x", Some(b"x"));
    check(r"(a+)b\1", b"aabaa", Some(b"aabaa"));
    check(r"(a)?b\1", b"b", None);
    check(r#"(["'])[^"']*\1"#, br#"'a" "b'"#, Some(br#"" ""#));
    check(r"(?i)(ab)\1", b"abAB", Some(b"abAB"));
    check(r"(ab)\1", b"abAB", None);
    check(r"(?<q>[xy])\k<q>", b"xyy", Some(b"yy"));
    check(r"(?P<q>[xy])(?P=q)", b"xyy", Some(b"yy"));
    check(r"(x)(y)\g{-1}\g1", b"xyyx", Some(b"xyyx"));
    check(r"(?>a*)ab", b"aaab", None);
    check(r"a*+ab", b"aaab", None);
    check(r"(?>abc|ab)c", b"abc", None);
    check(r"(?=.*[A-Z])(?=.*\d).{8,}", b"Passw0rd", Some(b"Passw0rd"));
    check(r"(?:(?=a)a)+", b"xaab", Some(b"aa"));
    check(r"a(?=$)", b"a\nb", Some(b"a"));
    check(r"^(?=x)", b"a\nx", Some(b""));
    check(r"^(?!x)", b"x\n", None);
    check(r"\bfoo\b(?!\()", b"foobar foo( foo", Some(b"foo"));
    check(r"(?x) a (?= b ) # c", b"ab", Some(b"a"));
}

/// Each byte is one character, whatever it is: no UTF-8 is looked for, and classes are PCRE's.
#[test]
fn patterns_are_about_bytes() {
    check(r"(?<=\xc3)\xa9", "\u{e9}".as_bytes(), Some(b"\xa9"));
    check(r"^.(?=\xff)", b"\xfe\xff", Some(b"\xfe"));
    check(r"(?!a)[\x80-\xff]+", b"a\x80\xff\0", Some(b"\x80\xff"));
    check(r"(.)\1", b"\x00\xe9\xe9", Some(b"\xe9\xe9"));
    check(r"(?i)\xe9(?=x)", b"\xc9x", None);
    check(r"(?=.)[^\w]", b"a\xe9", Some(b"\xe9"));
    check(r"(?!b)\h", b"f\xa0", Some(b"\xa0"));
    check(r"(?!b)[a&&c]+", b"&", Some(b"&"));
    check(r"(?!b)[[:alpha:]]+", b"1ax", Some(b"ax"));
    check("(?!b)\u{e9}", "\u{e9}".as_bytes(), Some("\u{e9}".as_bytes()));
    check(r"(?=(?s).)\x{0}", b"a\0", Some(b"\0"));
    check(r"(?!b)[^\x00-\xff]|c(?=d)", b"cd", Some(b"c"));
}

#[test]
fn what_no_engine_matches_is_refused() {
    for text in
        [r"(?<=a+)b", r"(?<!a|b*)c", r"(?<=(a)\1)b", r"(?R)", r"(?(1)a|b)", r"(*COMMIT)a", r"(?|a|b)", r"\Ka", r"\2(a)"]
    {
        assert!(pattern::check_backtracking(text, BYTES_MAX).is_err(), "{text}");
    }
    assert!(pattern::check_backtracking(r"(?!a)b", BYTES_MAX).is_ok());
    assert!(pattern::check_backtracking("ab", BYTES_MAX).is_ok(), "a linear engine does it");
    let deep = |levels: usize| format!("{}(?!a){}", "(b".repeat(levels), ")".repeat(levels));
    assert!(pattern::check_backtracking(&deep(20), BYTES_MAX).is_ok());
    assert!(pattern::check_backtracking(&deep(200), BYTES_MAX).is_err(), "it nests too deep");
}

/// Whatever a hostile value does, a search ends soon, and so do all of a transaction together.
#[test]
fn hostile_values_are_given_up() {
    let value = [b"a".repeat(1_000), b"!".to_vec()].concat();
    for text in [r"^(?:a|aa)+(?![a!])", r"^(a*)*\1b?(?![a!])", r"(?:a|a)+(?![a!])"] {
        assert_eq!(search(&backtracker(text, 1_000_000), &value), Err(GaveUp), "{text}");
    }
    let backtracker = backtracker(r"^(?:a|aa)+(?![a!])", 1_000_000);
    let (mut caches, mut budget) = (backtracker.caches(), Budget::default());
    let start = Instant::now();
    for _ in 0..10_000 {
        assert_eq!(backtracker.find(&value, 0, &mut caches, &mut budget), Err(GaveUp));
    }
    let long = b"a".repeat(VALUE_BYTES_MAX + 1);
    assert_eq!(backtracker.find(&long, 0, &mut caches, &mut Budget::default()), Err(GaveUp));
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

/// A long value that what the pattern matches at most is not in takes no step back.
#[test]
fn values_that_cannot_match_take_a_linear_engine_alone() {
    let backtracker = backtracker(r"(?<!x)select\b(?!\()", 1);
    let value = b"nothing of interest ".repeat(100_000);
    assert_eq!(search(&backtracker, &value), Ok(None));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    /// What a linear engine can match, backtracking matches too, with the same groups.
    #[test]
    fn backtracking_agrees_with_the_linear_engine(
        pattern in r"(a|b|\.|\[ab\]|\[\^a\]|a\*|b\+\?|\(a\|b\)|\(a\*b\)|\(\?:ab\)\{1,2\}|\$|\^|\\b|\\B|\\n){1,8}",
        // After a line feed at the very end the two differ: see `after_last_line`.
        value in "([ab\n ]{0,11}[ab ])?",
    ) {
        let engine = Engine::new(&pattern, BYTES_MAX).unwrap();
        let mut caches = engine.caches();
        let mut linear = Search::of(value.as_bytes());
        let groups = engine.find(&mut linear, 0, &mut caches).map(|found| {
            let mut groups = Vec::new();
            engine.groups(&mut linear, found, &mut caches, |_, span| groups.push(span));
            groups.truncate(10);
            groups
        });
        let found = search(&backtracker(&pattern, 1_000_000), value.as_bytes()).unwrap();
        let found = found.map(|groups| groups.into_iter().take(10).collect::<Vec<_>>());
        prop_assert_eq!(found, groups);
    }

    /// No pattern makes building or searching panic.
    #[test]
    fn no_pattern_panics(
        pattern in r"[a-c.*+?(){}\[\]|^$\\,:<>=!0-9kgbdw-]{0,24}",
        value in proptest::collection::vec(any::<u8>(), 0..32),
    ) {
        if pattern::check_backtracking(&pattern, BYTES_MAX).is_ok() && pattern::check(&pattern).is_err() {
            let _ = search(&backtracker(&pattern, 1_000), &value);
        }
    }
}
