//! Patterns as PCRE means them.

use proptest::prelude::*;
use regex_automata::meta::{Config, Regex};

use super::parse;

fn build(pattern: &str) -> Regex {
    let hir = parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error} at {:?}", error.at));
    Regex::builder().configure(Config::new().utf8_empty(false)).build_from_hir(&hir).unwrap()
}

/// What the pattern finds in a value: the groups from 0 on, or nothing.
fn check(pattern: &str, value: &[u8], expected: Option<&[&[u8]]>) {
    let regex = build(pattern);
    let mut groups = regex.create_captures();
    regex.captures(value, &mut groups);
    let found: Vec<&[u8]> = groups.iter().map(|span| span.map_or(&b""[..], |span| &value[span.range()])).collect();
    let found = groups.is_match().then_some(found);
    assert_eq!(found.as_deref(), expected, "{pattern} in {}", value.escape_ascii());
}

fn finds(pattern: &str, value: &[u8], text: &[u8]) {
    let regex = build(pattern);
    let found = regex.find(value).map(|found| &value[found.range()]);
    assert_eq!(found, Some(text), "{pattern} in {}", value.escape_ascii());
}

fn misses(pattern: &str, value: &[u8]) {
    assert!(!build(pattern).is_match(value), "{pattern} in {}", value.escape_ascii());
}

#[test]
fn lines_and_dots_are_as_modsecurity_has_them() {
    finds("a.b", b"a\nb", b"a\nb");
    finds("^b$", b"a\nb\nc", b"b");
    misses("(?-m)^b$", b"a\nb\nc");
    misses("(?-s)a.b", b"a\nb");
    finds(r"a\z", b"a", b"a");
    misses(r"a\z", b"a\n");
    finds(r"(?-m)a$", b"a\n", b"a\n");
    finds(r"a\Z", b"a\n", b"a\n");
    misses(r"\Ab", b"a\nb");
    finds(r"a\Nb", b"axb", b"axb");
    misses(r"a\Nb", b"a\nb");
}

#[test]
fn all_is_about_bytes() {
    finds(r"\x{c2}[\x{a0}-\xa2]", b"\xc2\xa1", b"\xc2\xa1");
    finds("é", "é".as_bytes(), "é".as_bytes());
    finds("é+", b"\xc3\xa9\xa9", b"\xc3\xa9\xa9");
    finds("[é]", b"\xa9", b"\xa9");
    finds("[^a]", b"a\xff", b"\xff");
    finds(r"\101\x41\x4\0\12", b"AA\x04\0\n", b"AA\x04\0\n");
    finds(r"\o{101}\cA\e\a\f", b"A\x01\x1b\x07\x0c", b"A\x01\x1b\x07\x0c");
    finds(r"\C", b"\xff", b"\xff");
    misses("(?i)é", "É".as_bytes());
    misses("(?i)k", "\u{212a}".as_bytes());
    finds(r"\p{L}\P{L}\p{^L}\pN", b"\xe9-+7", b"\xe9-+7");
    misses(r"\w", b"\xe9");
}

#[test]
fn escapes_are_pcre_s() {
    finds(r"\h\H\v\V", b"\xa0a\x85b", b"\xa0a\x85b");
    finds(r"\s+", b"\x0b\x0c\r\n\t ", b"\x0b\x0c\r\n\t ");
    finds(r"a\Rb", b"a\r\nb", b"a\r\nb");
    finds(r"\<\/\-\_\!\%", b"</-_!%", b"</-_!%");
    finds(r"a\Q.*(\E+b", b"a.*((b", b"a.*((b");
    finds(r"\Q\E\Qa\Eb\E", b"ab", b"ab");
    finds(r"\bor\b", b"for or", b"or");
    finds(r"\Bor", b"or for", b"or");
    for broken in [r"\", r"\y", r"\x{100}", r"\400", r"[\B]", r"\c", r"\x{4", r"\p{Nothing}", r"[a\"] {
        assert!(parse(broken).is_err(), "{broken}");
    }
}

#[test]
fn braces_and_brackets_stand_for_themselves_where_they_mean_nothing() {
    finds("a{", b"a{", b"a{");
    finds("a{,2}", b"a{,2}", b"a{,2}");
    finds("a{x}]}", b"a{x}]}", b"a{x}]}");
    finds("{", b"{", b"{");
    finds("[]a]+", b"]a", b"]a");
    finds("[^]a]", b"]b", b"b");
    finds("[[]", b"[", b"[");
    finds("[a-]+", b"a-", b"a-");
    finds(r"[\w-.]+", b"a-.", b"a-.");
    finds("[+--]+", b"+,-", b"+,-");
    finds("[a&&b]+", b"a&b", b"a&b");
    finds("[a~~b]+", b"a~b", b"a~b");
    finds("[[:alpha:][:^print:]]+", b"a\0b", b"a\0b");
    finds("(?i)[[:upper:]]+", b"aA", b"aA");
    finds("(?i)[^x]", b"Xxy", b"y");
    finds(r"[\b]", b"\x08", b"\x08");
    finds(r"[\Q]^\E]+", b"]^", b"]^");
    finds("[[:a]", b":", b":");
    for broken in ["[a", "[]", "[b-a]", "[[:none:]]", "[[.a.]]"] {
        assert!(parse(broken).is_err(), "{broken}");
    }
}

#[test]
fn flags_end_with_their_group() {
    finds("(?i)a(?-i)b", b"Ab", b"Ab");
    misses("(?i)a(?-i)b", b"AB");
    finds("(?:(?i)a|b)c", b"Bc", b"Bc");
    misses("(?:(?i)a|b)c", b"BC");
    finds("(?i:a)b", b"Ab", b"Ab");
    misses("(?i:a)b", b"AB");
    finds("(?x) a b # c\n c", b"abc", b"abc");
    finds("(?xx)[a b]+", b"ab b", b"ab");
    check("(?n)(a)(?<x>b)", b"ab", Some(&[b"ab", b"b"]));
    finds("(?U)a+", b"aaa", b"a");
    finds("(?U)a+?", b"aaa", b"aaa");
    misses("(?^)a.", b"a\n");
    assert!(parse("(?q)").is_err() && parse("(?i").is_err());
}

#[test]
fn groups_are_numbered_as_they_open() {
    check("(?<x>a)(?P<y>b)(?'z'c)(d)", b"abcd", Some(&[b"abcd", b"a", b"b", b"c", b"d"]));
    check("(a)|(b)", b"b", Some(&[b"b", b"", b"b"]));
    check("(?:a(?#note)(b))+", b"abab", Some(&[b"abab", b"b"]));
    check("(a*?)(a*)", b"aa", Some(&[b"aa", b"", b"aa"]));
    let many = build("(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)");
    assert_eq!(many.captures_len(), 10, "rules refer to nine and the whole");
}

#[test]
fn quantifiers_need_something_to_repeat() {
    finds("a{2}{2}", b"aaaaa", b"aaaa");
    finds("(?:a|b){2,3}?", b"abab", b"ab");
    for broken in ["*a", "a**", "(+)", "|?", "a{3,2}", "a{65536}", "(?i)*"] {
        assert!(parse(broken).is_err(), "{broken}");
    }
}

#[test]
fn possessive_and_atomic_parts_are_taken_where_they_change_nothing() {
    finds("a*+b", b"aab", b"aab");
    finds(r#""[^"]*+""#, br#"x"abc""#, br#""abc""#);
    finds(r"\d++(?:\.\d++)?+", b"1.25", b"1.25");
    finds(r"(?>\s*)x", b"  x", b"  x");
    finds("(?>abc|de)f", b"def", b"def");
    finds("x(?>a+)", b"xaa", b"xaa");
    finds("(?:ab)*+c", b"ababc", b"ababc");
    for changed in ["a*+a", "a++.", "(?>a|ab)c", "(?:a*+b?)*a", r"a*+\b", r"a\R$", "(?>a*b?)b", r"\R\n"] {
        let error = parse(changed).unwrap_err();
        assert!(error.reason.contains("linear"), "{changed}: {error}");
    }
}

#[test]
fn what_cannot_be_linear_is_named_with_its_place() {
    for (pattern, at, what) in [
        ("ab(?=c)", 2, "look-ahead"),
        ("a(?!c)", 1, "look-ahead"),
        ("(?<=a)b", 0, "look-behind"),
        ("(?<!a)b", 0, "look-behind"),
        (r"(a)\1", 3, "back-reference"),
        (r"(?<n>a)\k<n>", 7, "back-reference"),
        ("(?<n>a)(?P=n)", 7, "back-reference"),
        ("a(?R)", 1, "recursion"),
        ("(?1)", 0, "recursion"),
        ("(?(1)a|b)", 0, "condition"),
        ("(?|a|b)", 0, "branch reset"),
        ("(*COMMIT)a", 0, "verb"),
    ] {
        let error = parse(pattern).unwrap_err();
        assert_eq!(error.at, Some(at), "{pattern}: {error}");
        assert!(error.reason.contains(what) && error.reason.contains("linear"), "{pattern}: {error}");
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(250)).is_ok());
    assert!(parse(&nested(251)).is_err() && parse(&"(".repeat(1 << 20)).is_err());
    assert!(parse("a)").is_err() && parse("(a").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn no_pattern_panics(pattern in r"[a-c.*+?(){}\[\]|^$\\,:<>=!#0-9QExibsdw \-]{0,24}") {
        let _ = parse(&pattern);
    }

    /// Patterns that both syntaxes read alike mean the same in both.
    #[test]
    fn plain_patterns_mean_what_the_engine_means(
        pattern in r"(a|b|\.|\[ab\]|\[\^a\]|a\*|b\+\?|\(a\|b\)|\(\?:ab\)\{1,2\}|\$|\^|\\b){1,8}",
        value in "[ab\n ]{0,12}",
    ) {
        let ours = build(&pattern);
        let syntax = regex_automata::util::syntax::Config::new().unicode(false).utf8(false);
        let syntax = syntax.multi_line(true).dot_matches_new_line(true);
        let engine = Regex::builder().syntax(syntax).configure(Config::new().utf8_empty(false)).build(&pattern).unwrap();
        let groups = |regex: &Regex| {
            let mut groups = regex.create_captures();
            regex.captures(value.as_bytes(), &mut groups);
            (groups.is_match(), groups.iter().take(10).collect::<Vec<_>>())
        };
        prop_assert_eq!(groups(&ours), groups(&engine));
    }
}
