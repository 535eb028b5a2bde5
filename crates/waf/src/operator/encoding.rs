//! `@validateUrlEncoding` and `@validateUtf8Encoding`: whether an encoding is broken.
//!
//! Source: ModSecurity Reference Manual, the operators of these names; RFC 3986, section 2.1; RFC 3629.

use memchr::memchr_iter;

/// Whether some `%` is not followed by two hexadecimal digits.
pub(crate) fn is_broken_percent(value: &[u8]) -> bool {
    let mut from = 0;
    memchr_iter(b'%', value).any(|at| {
        // Digits of an escape are no percent signs, so that escapes never overlap.
        debug_assert!(at >= from);
        from = at + 1;
        !matches!(value.get(from..from + 2), Some([high, low]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
    })
}

/// Whether it is not UTF-8: overlong forms, surrogates and what is beyond U+10FFFF among it.
pub(crate) fn is_broken_utf8(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_need_two_digits() {
        for (value, broken) in [
            ("", false),
            ("%41%4a", false),
            ("100%", true),
            ("%4", true),
            ("%4g", true),
            ("%%41", true),
            ("%41%", true),
            ("plain", false),
        ] {
            assert_eq!(is_broken_percent(value.as_bytes()), broken, "{value}");
        }
    }

    #[test]
    fn only_the_shortest_forms_of_characters_are_utf8() {
        for valid in [&b""[..], b"a", "é日😀".as_bytes(), b"\xf4\x8f\xbf\xbf"] {
            assert!(!is_broken_utf8(valid), "{}", valid.escape_ascii());
        }
        for broken in [&b"\xff"[..], b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3"] {
            assert!(is_broken_utf8(broken), "{}", broken.escape_ascii());
        }
    }
}
