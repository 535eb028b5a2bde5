//! Numbers as variables hold them: in their usual form.

use crate::operator::number::parse;

/// The number whose usual form this text is, such as `-12` but neither `012` nor `+12`.
pub(super) fn exact_number(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let usual = match digits {
        [b'0'] => !negative,
        [b'1'..=b'9', rest @ ..] => rest.len() < 18 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    usual.then(|| parse(text))
}

/// A number in its usual form, as text.
pub(super) struct Written {
    text: [u8; 20],
    /// Where it begins.
    at: usize,
}

impl Written {
    pub(super) fn new(number: i64) -> Self {
        let mut text = [0; 20];
        let mut at = text.len();
        let mut rest = number.unsigned_abs();
        loop {
            at -= 1;
            text[at] = b'0' + u8::try_from(rest % 10).expect("a digit");
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            // The least number has 19 digits.
            at -= 1;
            text[at] = b'-';
        }
        Self { text, at }
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.text[self.at..]
    }
}

/// Appends a number in its usual form.
pub(super) fn write_number(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(Written::new(number).text());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_number_is_written_as_it_was_read() {
        for number in [0, 7, -7, 10, 1_234_567, i64::MAX / 10, -999_999_999] {
            let mut out = Vec::new();
            write_number(number, &mut out);
            assert_eq!(out, number.to_string().as_bytes());
            assert_eq!(exact_number(&out), Some(number));
        }
        for text in ["", "-", "-0", "00", "+1", "1 ", " 1", "1x", "9999999999999999999"] {
            assert_eq!(exact_number(text.as_bytes()), None, "{text}");
        }
        for number in [i64::MIN, i64::MAX] {
            let mut out = Vec::new();
            write_number(number, &mut out);
            assert_eq!(out, number.to_string().as_bytes());
        }
    }
}
