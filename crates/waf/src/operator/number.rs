//! `@eq`, `@ge`, `@gt`, `@le`, `@lt`: numbers as C's `strtoll` reads them.
//!
//! Source: ModSecurity Reference Manual, `eq` and the other numerical operators.

use crate::ir::Comparison;

/// Whether the number in `value` compares so to the number in `than`.
pub(crate) fn holds(comparison: Comparison, value: &[u8], than: &[u8]) -> bool {
    compares(comparison, parse(value), parse(than))
}

/// Whether a number compares so to another.
pub(crate) fn compares(comparison: Comparison, value: i64, than: i64) -> bool {
    match comparison {
        Comparison::Eq => value == than,
        Comparison::Ne => value != than,
        Comparison::Le => value <= than,
        Comparison::Lt => value < than,
        Comparison::Ge => value >= than,
        Comparison::Gt => value > than,
    }
}

/// The number a text begins with, after white space: a sign and digits; 0 if there are none. What is beyond 64 bits is the
/// largest or the least number.
pub(crate) fn parse(text: &[u8]) -> i64 {
    let start = text.iter().position(|byte| !matches!(byte, b' ' | 0x09..=0x0d)).unwrap_or(text.len());
    let (negative, digits) = match &text[start..] {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let digits = digits.iter().map_while(|byte| char::from(*byte).to_digit(10));
    digits.fold(0_i64, |number, digit| {
        let digit = i64::from(digit);
        let shifted = number.saturating_mul(10);
        if negative { shifted.saturating_sub(digit) } else { shifted.saturating_add(digit) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_number_a_text_begins_with() {
        for (text, number) in [
            ("", 0),
            ("7", 7),
            (" \t\r\n\x0b\x0c+42x9", 42),
            ("-3", -3),
            ("--3", 0),
            ("x7", 0),
            ("0x10", 0),
            ("9223372036854775807", i64::MAX),
            ("9223372036854775808", i64::MAX),
            ("99999999999999999999999999999999", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("-99999999999999999999999999999999", i64::MIN),
        ] {
            assert_eq!(parse(text.as_bytes()), number, "{text:?}");
        }
    }

    #[test]
    fn compares_numbers_not_texts() {
        assert!(holds(Comparison::Gt, b"10", b"9"));
        assert!(holds(Comparison::Eq, b"010", b"10 "));
        assert!(holds(Comparison::Ne, b"1", b"2"));
        assert!(holds(Comparison::Le, b"-1", b""));
        assert!(!holds(Comparison::Lt, b"5", b"5"));
        assert!(holds(Comparison::Ge, b"5", b"5"));
    }
}
