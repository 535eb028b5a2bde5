//! Numbers as rules write and read them.

/// The number a text begins with, after white space: a sign and digits. 0 if it begins with none; the nearest there is if
/// it is out of range.
///
/// Source: ModSecurity 3 reads operands of numeric operators and of `setvar` with C's `atoi` and its kin.
pub(super) fn leading_number(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit()).map(|byte| i64::from(byte - b'0'));
    if negative {
        digits.fold(0, |number: i64, digit| number.saturating_mul(10).saturating_sub(digit))
    } else {
        digits.fold(0, |number: i64, digit| number.saturating_mul(10).saturating_add(digit))
    }
}

/// Appends a number in its usual form.
pub(super) fn write_number(number: i64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).expect("a digit");
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_text_begins_with() {
        for (text, expected) in [
            ("5", 5),
            (" \t-12x", -12),
            ("+7", 7),
            ("", 0),
            ("x1", 0),
            ("- 1", 0),
            ("99999999999999999999", i64::MAX),
            ("-99999999999999999999", i64::MIN),
        ] {
            assert_eq!(leading_number(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn writes_the_extremes() {
        for number in [0, 7, -7, i64::MIN, i64::MAX] {
            let mut out = Vec::new();
            write_number(number, &mut out);
            assert_eq!(out, number.to_string().as_bytes());
        }
    }
}
