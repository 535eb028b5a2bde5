//! `@streq`, `@contains`, `@containsWord`, `@beginsWith`, `@endsWith`, `@within`: a value against a text.
//!
//! All compare bytes, NUL among them; libmodsecurity ends the value of `@within` at a NUL, which lets `GET\0x` pass for
//! `GET`.
//!
//! Source: ModSecurity Reference Manual, the operators of these names.

use std::net::IpAddr;

use memchr::memmem;

use crate::ir::phased::TextTest;

/// Whether `value` compares so to `text`.
pub(crate) fn holds(test: TextTest, value: &[u8], text: &[u8]) -> bool {
    match test {
        TextTest::Equals => value == text,
        TextTest::Contains => memmem::find(value, text).is_some(),
        TextTest::ContainsWord => contains_word(value, text),
        TextTest::BeginsWith => value.starts_with(text),
        TextTest::EndsWith => value.ends_with(text),
        TextTest::Within => memmem::find(text, value).is_some(),
    }
}

/// Whether `word` stands in `value` with no letter before or after it. Digits and underscores separate words, as in
/// libmodsecurity.
fn contains_word(value: &[u8], word: &[u8]) -> bool {
    let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
    // Overlapping places count too: in `aa a` the word `a` stands only at the end.
    let mut from = 0;
    while let Some(found) = value.get(from..).and_then(|rest| memmem::find(rest, word)) {
        let (start, end) = (from + found, from + found + word.len());
        if word.is_empty() || !is_letter(value[..start].last()) && !is_letter(value.get(end)) {
            return true;
        }
        from = start + 1;
    }
    false
}

/// The address a value is, for `@ipMatch` and `@geoLookup`.
pub(crate) fn address(value: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_between_what_is_no_letter() {
        for (value, word, expected) in [
            ("", "", true),
            ("x", "", true),
            ("", "x", false),
            ("select", "select", true),
            ("xselect select", "select", true),
            ("_select9", "select", true),
            ("selects", "select", false),
            ("aaa a", "a", true),
            ("aaaa", "a", false),
            ("aa-aa", "aa-aa", true),
        ] {
            let held = holds(TextTest::ContainsWord, value.as_bytes(), word.as_bytes());
            assert_eq!(held, expected, "{word:?} in {value:?}");
        }
    }

    #[test]
    fn a_nul_does_not_end_a_value() {
        assert!(!holds(TextTest::Within, b"GET\0x", b"GET POST"));
        assert!(!holds(TextTest::Equals, b"GET\0", b"GET"));
        assert!(holds(TextTest::EndsWith, b"a\0b", b"b"));
        assert!(holds(TextTest::Within, b"", b""));
    }

    #[test]
    fn reads_addresses() {
        assert!(address(b"192.0.2.1").is_some() && address(b"2001:db8::1").is_some());
        assert!(address(b"192.0.2.1/24").is_none() && address(b"\xff").is_none() && address(b"").is_none());
    }
}
