//! Behaviour of the detector, and that its quick check is never wrong.

use proptest::prelude::*;

use super::*;

fn low(value: &str) -> Option<String> {
    detect(value.as_bytes(), SqliSensitivity::Low).map(|fingerprint| fingerprint.as_str().to_owned())
}

fn high(value: &str) -> bool {
    detect(value.as_bytes(), SqliSensitivity::High).is_some()
}

#[test]
fn injections_have_fingerprints() {
    assert_eq!(low("1' OR '1'='1").as_deref(), Some("s&sos"));
    assert_eq!(low("1 UNION SELECT name FROM users--").as_deref(), Some("1UEnk"));
    assert_eq!(low("1; DROP TABLE users").as_deref(), Some("1;Tnn"));
    assert_eq!(low("\" or 1=1 -- ").as_deref(), Some("s&1c"));
    assert_eq!(low("1 /*!50000union*/ select 1").as_deref(), Some("X"));
    assert_eq!(low(": when /*! x").as_deref(), Some("X"));
    assert_eq!(low("1' in boolean mode) union all select 1#").as_deref(), Some("sk)UE"));
    assert_eq!(low("'x' into outfile '/tmp/a").as_deref(), Some("sks"));
}

#[test]
fn honest_values_have_none() {
    for value in [
        "",
        "O'Brien",
        "SQL 実践入門",
        "UNION SELECT で学ぶデータベース",
        "drop table lamp",
        "select your size from the list",
        "1 < 2",
        "rock and roll",
        "it's 5 o'clock; see you",
        "a@example.com",
        "f47ac10b-58cc-4372-a567-0e02b2c3d479",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "2026-11-21T10:00:00Z",
    ] {
        assert_eq!(low(value), None, "{value}");
    }
}

#[test]
fn high_sensitivity_sees_what_follows_text_and_short_conjunctions() {
    for value in ["blue suede shoes size 8 union select password from users", "1 or 1", "a ` or 1=1 #"] {
        assert_eq!(low(value), None, "{value}");
        assert!(high(value), "{value}");
    }
    for value in ["", "O'Brien", "SQL 実践入門", "drop table lamp", "rock and roll", "a, b or c"] {
        assert!(!high(value), "{value}");
    }
}

#[test]
fn matched_data_is_the_tokens_as_written() {
    let matched = |value: &[u8]| matched_data(value, SqliSensitivity::Low);
    assert_eq!(matched(b"10 AND 1=1"), [b"10".to_vec(), b"AND".to_vec(), b"1".to_vec()]);
    assert_eq!(matched(b"x' or @@version --")[2], b"@@version");
    assert!(matched(b"hello").is_empty());
}

fn sql_like() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("select"),
        Just("union"),
        Just("or"),
        Just("and"),
        Just("1"),
        Just("0x1f"),
        Just("0b1"),
        Just("1e"),
        Just("2e3"),
        Just("'"),
        Just("\""),
        Just("`"),
        Just("--"),
        Just("#"),
        Just("/*"),
        Just("*/"),
        Just("("),
        Just(")"),
        Just(" "),
        Just(";"),
        Just("="),
        Just(","),
        Just("."),
        Just("@"),
        Just("$a$"),
        Just("{"),
        Just("}"),
        Just("\\"),
        Just("from"),
        Just("sleep"),
        Just("null"),
        Just("in"),
        Just("not"),
        Just("int"),
        Just("x'1f'"),
        Just("q'("),
        Just("_"),
        Just("表"),
        Just("collate"),
        Just("like"),
        Just("user"),
        Just("drop"),
        Just("[a]"),
        Just("::"),
        Just("true"),
        Just("\0"),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat().into_bytes())
}

fn words_and_digits() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("select"),
        Just("union"),
        Just("or"),
        Just("1"),
        Just("0x"),
        Just("0b01"),
        Just("1e"),
        Just("2e3"),
        Just("1d"),
        Just("from"),
        Just("null"),
        Just("_"),
        Just("あ"),
        Just("true"),
        Just("exec"),
        Just("99"),
        Just("f"),
        Just("int"),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn quick_check_never_misses(value in prop_oneof![sql_like(), words_and_digits(), prop::collection::vec(any::<u8>(), 0..64)]) {
        for sensitivity in [SqliSensitivity::Low, SqliSensitivity::High] {
            // Not `detect`, which relies on it.
            prop_assert!(find(&value, sensitivity).is_none() || may_match(&value));
        }
    }

    #[test]
    fn high_finds_all_that_low_finds(value in sql_like()) {
        if detect(&value, SqliSensitivity::Low).is_some() {
            prop_assert!(detect(&value, SqliSensitivity::High).is_some());
        }
    }
}
