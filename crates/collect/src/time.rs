//! Moments, as sources write them, in microseconds since 1970-01-01T00:00:00Z.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

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

/// `06/Feb/2019:00:00:38 +0000`, as web servers write it.
pub(crate) fn common_log(text: &str) -> Option<i64> {
    with_offset("%d/%b/%Y:%H:%M:%S %z", text)
}

/// A moment in a format that says the offset. Formats are those of `strptime`.
pub(crate) fn with_offset(format: &str, text: &str) -> Option<i64> {
    Some(Timestamp::strptime(format, text).ok()?.as_microsecond())
}

/// A date and a time of day without an offset, taken to be UTC.
pub(crate) fn in_utc(format: &str, text: &str) -> Option<i64> {
    let moment = DateTime::strptime(format, text).ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(moment.timestamp().as_microsecond())
}

/// A month, a day and a time of day without a year, taken to be UTC: of the year that brings it nearest to when it came in.
pub(crate) fn without_year(text: &str, received_ms: i64) -> Option<i64> {
    let received = Timestamp::from_millisecond(received_ms).ok()?;
    let year = i32::from(received.to_zoned(TimeZone::UTC).year());
    let moments = (year - 1..=year + 1).filter_map(|year| in_utc("%Y %b %e %H:%M:%S", &format!("{year} {text}")));
    moments.min_by_key(|moment| moment.abs_diff(received.as_microsecond()))
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
        assert_eq!(common_log("06/Feb/2019:09:00:38 +0900"), Some(1_549_411_238_000_000));
        assert_eq!(common_log("06/Feb/2019"), None);
        // Came in on 2026-01-01 at 00:00:05 UTC: the last evening of the year before.
        assert_eq!(without_year("Dec 31 23:59:59", 1_767_225_605_000), Some(1_767_225_599_000_000));
        assert_eq!(without_year("Jan  1 00:00:01", 1_767_225_605_000), Some(1_767_225_601_000_000));
        assert_eq!(without_year("Foo  1 00:00:01", 0), None);
    }
}
