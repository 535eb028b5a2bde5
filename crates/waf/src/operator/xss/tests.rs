//! Behaviour of the detector, and that its quick check is never wrong.

use proptest::prelude::*;

use super::*;

#[test]
fn scripts_are_found_in_every_context() {
    for value in [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "\" autofocus onfocus=\"alert(1)",
        "' onmouseover='alert(1)",
        "` onclick=`x",
        "x onclick=alert(1)",
        "<a href=\"&#106;avascript:alert(1)\">",
        "<a href=' javascript:x'>",
        "<iframe src=//example.com>",
        "<!--[if IE]><script>",
        "<!DOCTYPE html>",
        "<x style=\"a:expression(b)\">",
        "<SCRIPT\t>x",
    ] {
        assert!(detect(value.as_bytes()), "{value}");
    }
}

#[test]
fn honest_values_are_let_through() {
    for value in [
        "",
        "1 < 2 and 3 > 2",
        "<b>bold</b>",
        "a <- b",
        "I <3 you",
        "**bold** [link](https://example.com/?a=b)",
        "dGVzdA==",
        "x=1&y=2",
        "SQL 実践入門",
        "<p title=\"x\">text</p>",
        "if (a<b) c=d",
    ] {
        assert!(!detect(value.as_bytes()), "{value}");
    }
}

#[test]
fn matched_data_names_what_runs() {
    assert_eq!(matched_data(b"<img src=x onerror=alert(1)>"), [b"onerror".to_vec(), b"alert(1)".to_vec()]);
    assert_eq!(matched_data(b"a<script>"), [b"script".to_vec()]);
    assert!(matched_data(b"hello").is_empty());
}

fn html_like() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("<"),
        Just(">"),
        Just("/"),
        Just("="),
        Just("'"),
        Just("\""),
        Just("`"),
        Just(" "),
        Just("<script"),
        Just("onclick"),
        Just("href"),
        Just("javascript:"),
        Just("&#106"),
        Just("<!--"),
        Just("-->"),
        Just("-"),
        Just("\0"),
        Just("<!doctype"),
        Just("<![CDATA["),
        Just("]]>"),
        Just("<?"),
        Just("<%"),
        Just("%>"),
        Just("</a"),
        Just("style"),
        Just("a"),
        Just("!"),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn quick_check_never_misses(value in prop_oneof![html_like(), prop::collection::vec(any::<u8>(), 0..64)]) {
        // Not `detect`, which relies on it.
        prop_assert!(find(&value).is_none() || may_match(&value));
    }
}
