//! Any JSON objects: events of programs that no other source knows.
//!
//! Time, severity and message are looked for under the names most programs use; all else stays as it came.

use sekisho_event::{Class, Column, Event};

use crate::json::Object;
use crate::source::{Context, Refusal, Source};
use crate::split::Framing;
use crate::time;

/// Any JSON objects, one after another.
pub(super) const SOURCE: Source = Source {
    name: "json",
    about: "any JSON objects: events of programs",
    framing: Framing::Json { member: "", depth: 0 },
    parse,
};

/// Names under which programs write when something happened.
const TIMES: [&str; 8] = ["time", "timestamp", "@timestamp", "ts", "date", "datetime", "eventTime", "created_at"];
const MESSAGES: [&str; 4] = ["message", "msg", "log", "event"];
const LEVELS: [&str; 4] = ["level", "severity", "lvl", "log.level"];

fn parse<'r>(raw: &'r [u8], context: Context<'r>) -> Result<Event<'r>, Refusal> {
    let mut object = Object::parse(raw)?;
    let mut event = Event::new(Class::BaseEvent);
    let at = TIMES.iter().find_map(|name| moment(&mut object, name)).or_else(|| time::millis(context.received_ms));
    event.time(Column::Time, Some(at.ok_or(Refusal::Missing("time"))?));
    event.text(Column::Message, MESSAGES.iter().find_map(|name| object.text(name)));
    let level = LEVELS.iter().find_map(|name| object.text(name));
    event.int(Column::SeverityId, Some(level.as_deref().map_or(0, severity)));
    event.text(Column::Severity, level);
    event.text(Column::DeviceHost, object.either("host", "hostname"));
    event.text(Column::ProcessName, object.either("service", "app"));
    event.text(Column::RequestUid, object.either("request_id", "requestId"));
    event.int(Column::ActivityId, Some(99));
    event.set_unmapped(object.rest());
    Ok(event)
}

/// RFC 3339, or a number of seconds, milliseconds, microseconds or nanoseconds, by its size.
fn moment(object: &mut Object<'_>, name: &str) -> Option<i64> {
    if let Some(moment) = object.time(name) {
        return Some(moment);
    }
    if let Some(number) = object.int(name) {
        return match number.unsigned_abs() {
            0..100_000_000_000 => number.checked_mul(1_000_000),
            100_000_000_000..100_000_000_000_000 => number.checked_mul(1_000),
            100_000_000_000_000..100_000_000_000_000_000 => Some(number),
            _ => Some(number / 1_000),
        };
    }
    object.text_if(name, time::seconds)
}

fn severity(level: &str) -> i64 {
    match level.to_ascii_lowercase().as_str() {
        "trace" | "debug" | "info" | "information" | "10" | "20" | "30" => 1,
        "notice" => 2,
        "warn" | "warning" | "40" => 3,
        "error" | "err" | "50" => 4,
        "critical" | "crit" | "alert" | "60" => 5,
        "fatal" | "emergency" | "panic" => 6,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use sekisho_event::Value;

    use super::*;

    #[test]
    fn moments_are_found_in_every_form() {
        let at = |raw: &str| match SOURCE.tells(raw.as_bytes()).unwrap().get(Column::Time) {
            Some(Value::Time(time)) => *time,
            other => panic!("{other:?}"),
        };
        for time in [
            "\"2026-11-22T01:02:03Z\"",
            "1795309323",
            "1795309323000",
            "1795309323000000",
            "1795309323000000000",
            "1795309323.0",
        ] {
            assert_eq!(at(&format!(r#"{{"ts":{time}}}"#)), 1_795_309_323_000_000, "{time}");
        }
        assert_eq!(at("{}"), 1_795_348_800_000_000);
    }

    #[test]
    fn what_has_no_column_stays() {
        let event = SOURCE.tells(br#"{"level":"WARN","msg":"slow","a":{"b":1},"time":"soon"}"#).unwrap();
        assert_eq!(
            (event.get(Column::SeverityId), event.unmapped()),
            (Some(&Value::Int(3)), r#"{"a":{"b":1},"time":"soon"}"#)
        );
        assert!(matches!(SOURCE.tells(b"[1]"), Err(Refusal::Json(_))));
    }
}
