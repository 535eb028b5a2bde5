//! A record on its way into a table.

use crate::day::DAY_US;

/// How far before its arrival an event may have happened to be filed under its own day.
const LATE_DAYS_MAX: i64 = 400;
/// How far after its arrival: clocks differ.
const EARLY_DAYS_MAX: i64 = 1;

/// A record as the write-ahead log has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrived<'r> {
    /// Its index among all records of its log.
    pub index: u64,
    /// What it comes from.
    pub source: &'r str,
    /// What the header of its file said; empty if there was none.
    pub header: &'r str,
    /// When it came in, in milliseconds since 1970-01-01T00:00:00Z.
    pub received_ms: i64,
    /// Its bytes as they are kept.
    pub raw: &'r [u8],
}

impl Arrived<'_> {
    /// The day it is filed under, in days since 1970-01-01: that of its event, unless that lies so far from its arrival that the record could
    /// have itself deleted early, or kept for ever.
    #[must_use]
    pub fn day(&self, time_us: Option<i64>) -> i32 {
        let of = |time_us: i64| i32::try_from(time_us.div_euclid(DAY_US)).expect("days of microseconds fit");
        let received_us = self.received_us();
        let from = received_us.saturating_sub(LATE_DAYS_MAX * DAY_US);
        let to = received_us.saturating_add(EARLY_DAYS_MAX * DAY_US);
        of(time_us.filter(|time| (from..=to).contains(time)).unwrap_or(received_us))
    }

    /// When it came in, in microseconds. One that is beyond them is the last they can say.
    #[must_use]
    pub fn received_us(&self) -> i64 {
        self.received_ms.saturating_mul(1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_cannot_have_itself_deleted_by_lying_about_its_time() {
        let now = 1_795_348_800_000;
        let arrived = Arrived { index: 0, source: "", header: "", received_ms: now, raw: b"" };
        let today = 20_779;
        let day_us = |days: i64| Some(now * 1_000 + days * DAY_US);
        assert_eq!((arrived.day(None), arrived.day(day_us(0))), (today, today));
        assert_eq!((arrived.day(day_us(1)), arrived.day(day_us(2))), (today + 1, today));
        assert_eq!((arrived.day(day_us(-400)), arrived.day(day_us(-401))), (today - 400, today));
        assert_eq!(arrived.day(Some(i64::MIN)), today);
        let never = Arrived { received_ms: i64::MAX, ..arrived };
        assert_eq!(never.day(Some(0)), never.day(None));
    }
}
