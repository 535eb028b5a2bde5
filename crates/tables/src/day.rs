//! Days as tables write them.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

/// Microseconds of a day.
pub(crate) const DAY_US: i64 = 86_400_000_000;

const EPOCH: Date = Date::constant(1970, 1, 1);

/// Days since 1970-01-01 of `2026-11-22`.
pub(crate) fn parse(day: &str) -> Option<i32> {
    let day: Date = day.parse().ok()?;
    Some(day.since(EPOCH).ok()?.get_days())
}

/// `2026-11-22`, from days since 1970-01-01. Days beyond the calendar's are its last.
pub(crate) fn show(day: i32) -> String {
    let end = if day < 0 { Date::MIN } else { Date::MAX };
    EPOCH.checked_add(day.days()).unwrap_or(end).to_string()
}

/// Microseconds since 1970-01-01T00:00:00Z of a moment in RFC 3339.
pub(crate) fn moment_us(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond)
}

/// A moment in RFC 3339 with milliseconds, none if it is beyond the calendar.
pub(crate) fn show_moment_ms(time_ms: i64) -> Option<String> {
    Timestamp::from_millisecond(time_ms).ok().map(|moment| format!("{moment:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_survive_their_texts() {
        for day in [-719_162, -1, 0, 1, 20_779, 2_932_896] {
            assert_eq!(parse(&show(day)), Some(day), "{}", show(day));
        }
        assert_eq!((show(20_779).as_str(), parse("x")), ("2026-11-22", None));
        assert_eq!(show_moment_ms(1_795_348_800_123).as_deref(), Some("2026-11-22T12:00:00.123Z"));
        assert_eq!(moment_us("2026-11-22T12:00:00.123Z"), Some(1_795_348_800_123_000));
        assert_eq!(show_moment_ms(i64::MAX), None);
    }
}
