//! `TIME` and its parts, in UTC.

use std::io::Write as _;

use sekisho_model::Timestamp;

use crate::ir::phased::Variable;

const S_PER_DAY: u64 = 86_400;

/// Appends what a variable of time says of `now`; whether it is one.
///
/// Months count from 0 and days of the week from Sunday, 0. Source: ModSecurity Reference Manual, `TIME…`; where it means
/// the server's local time, this is UTC, which all edges of a fleet agree on.
pub(super) fn write_time(variable: Variable, now: Timestamp, out: &mut Vec<u8>) -> bool {
    let epoch_s = now.unix_ms() / 1_000;
    let (days, second) = (epoch_s / S_PER_DAY, epoch_s % S_PER_DAY);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let (year, month, day) = date(days);
    let written = match variable {
        Variable::Time => write!(out, "{hour:02}:{minute:02}:{second:02}"),
        Variable::TimeDay => write!(out, "{day}"),
        Variable::TimeEpoch => write!(out, "{epoch_s}"),
        Variable::TimeHour => write!(out, "{hour}"),
        Variable::TimeMin => write!(out, "{minute}"),
        Variable::TimeMon => write!(out, "{}", month - 1),
        Variable::TimeSec => write!(out, "{second}"),
        Variable::TimeWday => write!(out, "{}", (days + 4) % 7),
        Variable::TimeYear => write!(out, "{year}"),
        _ => return false,
    };
    written.expect("memory takes whatever is written");
    true
}

/// Year, month (from 1) and day of the month of a day since 1970-01-01, in the Gregorian calendar: counted from the 1st of
/// March of year 0, so that a leap day is the last of its year.
fn date(days: u64) -> (u64, u64, u64) {
    const DAYS_PER_ERA: u64 = 146_097;
    const DAYS_TO_1970: u64 = 719_468;
    let days = days + DAYS_TO_1970;
    let (era, day_of_era) = (days / DAYS_PER_ERA, days % DAYS_PER_ERA);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(unix_s: u64) -> String {
        use Variable as V;
        let variables =
            [V::TimeYear, V::TimeMon, V::TimeDay, V::TimeWday, V::Time, V::TimeHour, V::TimeMin, V::TimeSec];
        let texts = variables.map(|variable| {
            let mut out = Vec::new();
            assert!(write_time(variable, Timestamp::from_unix_ms(unix_s * 1_000), &mut out));
            String::from_utf8(out).unwrap()
        });
        texts.join(" ")
    }

    #[test]
    fn parts_of_known_times() {
        assert_eq!(all(0), "1970 0 1 4 00:00:00 0 0 0");
        assert_eq!(all(951_782_399), "2000 1 28 1 23:59:59 23 59 59");
        assert_eq!(all(951_782_400), "2000 1 29 2 00:00:00 0 0 0");
        assert_eq!(all(1_709_251_199), "2024 1 29 4 23:59:59 23 59 59");
        assert_eq!(all(4_107_542_400), "2100 2 1 1 00:00:00 0 0 0");
    }
}
