//! Moments, as sources write them, in microseconds since 1970-01-01T00:00:00Z.

use jiff::Timestamp;

/// RFC 3339, with `T` or a space between date and time, and an offset or `Z`.
pub(crate) fn rfc3339(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond)
}

/// Seconds, with or without a fraction.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let micros = fraction
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(6)
        .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    whole.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(micros)
}

/// Milliseconds.
pub(crate) fn millis(number: i64) -> Option<i64> {
    number.checked_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        assert_eq!(rfc3339("2023-07-10T12:20:01Z"), Some(1_688_991_601_000_000));
        assert_eq!(rfc3339("2023-07-10T12:20:01.5+09:00"), Some(1_688_959_201_500_000));
        assert_eq!(rfc3339("2023-07-10"), None);
        assert_eq!(seconds("1432917027.25"), Some(1_432_917_027_250_000));
        assert_eq!((seconds("-1"), seconds(""), seconds("99999999999999999999")), (None, None, None));
        assert_eq!(millis(i64::MAX), None);
    }
}
