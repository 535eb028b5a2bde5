//! Explanations.

use super::words::shown;

#[test]
fn bytes_are_shown_escaped_and_cut() {
    assert_eq!(shown("a\u{1b}[31m\n日\u{202e}".as_bytes()), "a\\u{1b}[31m\\n日\\u{202e}");
    assert_eq!(shown(b"\xff\x00"), "\\xff\\u{0}");
    assert!(shown(&[b'a'; 500]).ends_with("… (500 bytes)"));
    assert!(shown("日".repeat(50).as_bytes()).starts_with('日'));
}
