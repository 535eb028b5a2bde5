//! nginx: requests, and errors.
//!
//! Source: nginx documentation, `ngx_http_log_module` (format `combined`, and what is often added to it: the addresses forwarded for); the form of
//! the error log in nginx's `ngx_log.c`. Times of the error log have no offset and are taken to be UTC.

use sekisho_event::{Class, Column, Event};

use super::aws_waf::activity;
use crate::fields::{path_and_query, request_line, spaced};
use crate::source::{Context, Refusal, Source, text};
use crate::split::{Framing, Header};
use crate::time;

/// Fields of the format `combined`.
const FIELDS: usize = 9;

/// nginx's logs; Apache's access log has the same form.
pub(super) const SOURCE: Source = Source {
    name: "nginx",
    about: "nginx: requests and errors",
    framing: Framing::Lines { header: Header::None },
    parse,
};

fn parse<'r>(raw: &'r [u8], _: Context<'r>) -> Result<Event<'r>, Refusal> {
    let line = text(raw)?;
    let stamp = line.get(..19).and_then(|stamp| time::in_utc("%Y/%m/%d %H:%M:%S", stamp));
    match stamp {
        Some(time) => Ok(error(time, line[19..].trim_start())),
        None => access(line),
    }
}

fn access(line: &str) -> Result<Event<'_>, Refusal> {
    let fields = spaced(line);
    if fields.len() < FIELDS {
        return Err(Refusal::Fields { found: fields.len(), expected: FIELDS });
    }
    let number = |at: usize| fields[at].and_then(|text| text.parse::<i64>().ok());
    let mut event = Event::new(Class::HttpActivity);
    event.time(Column::Time, Some(fields[3].and_then(time::common_log).ok_or(Refusal::Field("time", "a moment"))?));
    event.text(Column::Product, Some("nginx"));
    event.text(Column::SrcIp, fields[0]);
    event.text(Column::UserName, fields[2]);
    let (method, target, version) = fields[4].map(request_line).unwrap_or_default();
    event.int(Column::ActivityId, method.map(activity));
    event.text(Column::Method, method);
    event.text(Column::HttpVersion, version);
    event.text(Column::Url, target);
    if let Some((path, query)) = target.map(path_and_query) {
        event.text(Column::Path, Some(path));
        event.text(Column::Query, query);
    }
    let status = number(5);
    event.int(Column::HttpStatus, status);
    event.int(Column::SeverityId, Some(if status.is_some_and(|status| status >= 500) { 2 } else { 1 }));
    event.int(Column::ResponseBytes, number(6));
    event.text(Column::Referrer, fields[7]);
    event.text(Column::UserAgent, fields[8]);
    if let Some(addresses) = fields.get(9).copied().flatten() {
        event.texts(Column::ForwardedFor, addresses.split(',').map(|address| address.trim().into()).collect());
    }
    let rest = fields.iter().skip(10).map(|field| field.unwrap_or("-")).collect::<Vec<_>>().join(" ");
    event.set_unmapped(rest);
    Ok(event)
}

/// `[level] pid#tid: *connection message, client: …, server: …, request: "…", host: "…"`.
fn error(time: i64, rest: &str) -> Event<'_> {
    let mut event = Event::new(Class::BaseEvent);
    event.time(Column::Time, Some(time));
    event.text(Column::Product, Some("nginx"));
    event.text(Column::ProcessName, Some("nginx"));
    let (level, rest) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).unwrap_or(("", rest));
    let severity = match level {
        "debug" | "info" => 1,
        "notice" => 2,
        "warn" => 3,
        "error" => 4,
        "crit" | "alert" => 5,
        "emerg" => 6,
        _ => 0,
    };
    event.int(Column::SeverityId, Some(severity));
    event.text(Column::Severity, Some(level));
    let rest = rest.trim_start();
    let (process, message) = rest.split_once(": ").unwrap_or(("", rest));
    event.int(Column::Pid, process.split('#').next().and_then(|pid| pid.parse().ok()));
    event.text(Column::Message, Some(message));
    let said = |name: &str| {
        let (_, value) = message.rsplit_once(name)?;
        Some(value.split(", ").next().unwrap_or(value).trim_matches('"'))
    };
    event.text(Column::SrcIp, said(", client: "));
    event.text(Column::Host, said(", host: "));
    let target = said(", request: ").and_then(|request| request_line(request).1);
    event.text(Column::Path, target.map(|target| path_and_query(target).0));
    event.int(Column::ActivityId, Some(99));
    event
}

#[cfg(test)]
mod tests {
    use sekisho_event::Value;

    use super::*;

    #[test]
    fn requests_are_told() {
        let raw = br#"203.0.113.7 - alice [22/Nov/2026:10:02:03 +0900] "GET /a?b=\"c HTTP/1.1" 502 612 "https://x.example/" "curl/7" "192.0.2.1, 192.0.2.2""#;
        let event = SOURCE.tells(raw).unwrap();
        assert_eq!(event.get(Column::Time), Some(&Value::Time(1_795_309_323_000_000)));
        assert_eq!(
            (event.get(Column::HttpStatus), event.get(Column::SeverityId)),
            (Some(&Value::Int(502)), Some(&Value::Int(2)))
        );
        assert_eq!(event.get(Column::Path), Some(&Value::Text("/a".into())));
        assert_eq!(event.get(Column::ForwardedFor), Some(&Value::Texts(vec!["192.0.2.1".into(), "192.0.2.2".into()])));
        let broken = br#"203.0.113.7 - - [22/Nov/2026:10:02:03 +0900] "\x16\x03\x01" 400 157 "-" "-""#;
        assert_eq!(SOURCE.tells(broken).unwrap().get(Column::Referrer), None);
    }

    #[test]
    fn errors_are_told() {
        let raw = br#"2026/11/22 01:02:03 [error] 29#31: *7 open() "/x" failed (2: No such file), client: 203.0.113.7, server: _, request: "GET /x HTTP/1.1", host: "a.example""#;
        let event = SOURCE.tells(raw).unwrap();
        assert_eq!(
            (event.get(Column::SeverityId), event.get(Column::Pid)),
            (Some(&Value::Int(4)), Some(&Value::Int(29)))
        );
        assert_eq!(event.get(Column::SrcIp), Some(&Value::Text("203.0.113.7".into())));
        assert_eq!(event.get(Column::Host), Some(&Value::Text("a.example".into())));
    }

    #[test]
    fn what_is_neither_is_refused() {
        assert_eq!(SOURCE.tells(b"hello").unwrap_err(), Refusal::Fields { found: 1, expected: 9 });
        assert_eq!(SOURCE.tells(b"a b c d e f g h i").unwrap_err(), Refusal::Field("time", "a moment"));
    }
}
