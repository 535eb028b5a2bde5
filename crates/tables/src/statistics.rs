//! What a table's log says of a file, so that it need not be opened.
//!
//! Source: Delta transaction log protocol, "Per-file Statistics".

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use crate::day::{moment_us, show_moment_ms};

/// Columns the log has least and greatest values of.
pub(crate) const WITH_STATISTICS: [&str; 3] = ["time", "log", "record"];

/// Microseconds of a millisecond: times in the log have no finer parts.
const MS_US: i64 = 1_000;

/// Of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statistics {
    pub(crate) rows: u64,
    /// Rounded outwards to milliseconds.
    pub(crate) time_us: Option<RangeInclusive<i64>>,
    /// Rows without a time.
    pub(crate) without_time: u64,
    pub(crate) records: RangeInclusive<u64>,
    pub(crate) log: String,
}

impl Statistics {
    pub(crate) fn to_json(&self) -> String {
        let (mut least, mut greatest) = (Map::new(), Map::new());
        let mut know = |column: &str, from: Value, to: Value| {
            least.insert(column.to_owned(), from);
            greatest.insert(column.to_owned(), to);
        };
        let time = self.time_us.as_ref().and_then(|range| {
            let from = show_moment_ms(range.start().div_euclid(MS_US))?;
            Some((from, show_moment_ms(range.end().saturating_add(MS_US - 1).div_euclid(MS_US))?))
        });
        if let Some((from, to)) = time {
            know("time", from.into(), to.into());
        }
        know("log", self.log.as_str().into(), self.log.as_str().into());
        know("record", (*self.records.start()).into(), (*self.records.end()).into());
        json!({
            "numRecords": self.rows,
            "minValues": least,
            "maxValues": greatest,
            "nullCount": { "time": self.without_time, "log": 0, "record": 0 },
        })
        .to_string()
    }

    pub(crate) fn from_json(text: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(text).ok()?;
        let (least, greatest) = (&json["minValues"], &json["maxValues"]);
        let rows = json["numRecords"].as_u64()?;
        let without_time = json["nullCount"]["time"].as_u64().unwrap_or(rows);
        let time = |values: &Value| values["time"].as_str().and_then(moment_us);
        let time_us = time(least).zip(time(greatest)).map(|(from, to)| from..=to);
        let records = least["record"].as_u64()?..=greatest["record"].as_u64()?;
        let log = least["log"].as_str()?.to_owned();
        Some(Self { rows, time_us, without_time, records, log })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_file_is_read_again() {
        let said = Statistics {
            rows: 7,
            time_us: Some(1_795_348_800_123_456..=1_795_348_800_999_999),
            without_time: 1,
            records: 5..=900,
            log: "sekisho.example/lake".to_owned(),
        };
        let read = Statistics::from_json(&said.to_json()).unwrap();
        assert_eq!(read.time_us, Some(1_795_348_800_123_000..=1_795_348_801_000_000));
        assert_eq!(Statistics { time_us: said.time_us.clone(), ..read }, said);
        let timeless = Statistics { time_us: None, without_time: 7, ..said };
        assert_eq!(Statistics::from_json(&timeless.to_json()), Some(timeless));
        assert_eq!(Statistics::from_json("{}"), None);
    }
}
