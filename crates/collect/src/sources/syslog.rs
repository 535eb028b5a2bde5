//! Messages of systems and programs: RFC 5424, RFC 3164, and the lines that syslog daemons write to files.
//!
//! Of the daemon of SSH, logins are told as such.
//!
//! Source: RFC 5424, section 6; RFC 3164, section 4.1; rsyslog's `RSYSLOG_TraditionalFileFormat` and `RSYSLOG_FileFormat`; OpenSSH, `auth.c`.

use std::borrow::Cow;

use sekisho_event::{Class, Column, Event};

use crate::source::{Context, Refusal, Source};
use crate::split::{Framing, Header};
use crate::time;

/// Syslog, from files or the network.
pub(super) const SOURCE: Source = Source {
    name: "syslog",
    about: "syslog: messages of systems and programs",
    framing: Framing::Lines { header: Header::None },
    parse,
};

/// Names of facilities by number. Source: RFC 5424, table 1.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];
/// Names of severities by number. Source: RFC 5424, table 2.
const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// What stands before a message.
#[derive(Default)]
struct Head<'r> {
    time: Option<i64>,
    host: Option<&'r str>,
    program: Option<&'r str>,
    pid: Option<i64>,
    id: Option<&'r str>,
    structured: Option<&'r str>,
}

fn parse<'r>(raw: &'r [u8], context: Context<'r>) -> Result<Event<'r>, Refusal> {
    // Messages of all times come in all encodings: what is no UTF-8 is shown as such, and kept as it came in `raw`.
    let line = String::from_utf8_lossy(raw);
    match line {
        Cow::Borrowed(line) => tell(line, context, Cow::Borrowed),
        Cow::Owned(line) => tell(&line, context, |text| Cow::Owned(text.to_owned())),
    }
}

fn tell<'l, 'r>(
    line: &'l str,
    context: Context<'_>,
    keep: impl Fn(&'l str) -> Cow<'r, str>,
) -> Result<Event<'r>, Refusal> {
    let (priority, rest) = priority(line);
    let versioned = rest.strip_prefix("1 ").filter(|_| priority.is_some());
    let (head, message) = match versioned {
        Some(rest) => rfc5424(rest),
        None => rfc3164(rest, context.received_ms),
    };
    let at = match (head.time, priority) {
        (Some(time), _) => time,
        // RFC 3164 wants the receiver's time then; a line without either is no message.
        (None, Some(_)) => time::millis(context.received_ms).ok_or(Refusal::Missing("a moment"))?,
        (None, None) => return Err(Refusal::Missing("a priority or a moment")),
    };
    let login =
        head.program.filter(|name| *name == "sshd" || *name == "sshd-session").and_then(|_| Login::told(message));
    let mut event = Event::new(if login.is_some() { Class::Authentication } else { Class::BaseEvent });
    event.time(Column::Time, Some(at));
    event.text(Column::Product, Some("syslog"));
    let mut text = |column, value: Option<&'l str>| event.text(column, value.map(&keep));
    text(Column::DeviceHost, head.host);
    text(Column::ProcessName, head.program);
    text(Column::RecordType, head.id);
    text(Column::Message, Some(message));
    if let Some(login) = &login {
        text(Column::TargetUser, login.user);
        text(Column::SrcIp, login.address);
        text(Column::AuthProtocol, login.method);
        text(Column::Status, Some(if login.succeeded { "Success" } else { "Failure" }));
        event.int(Column::SrcPort, login.port);
    }
    event.int(Column::ActivityId, Some(if login.is_some() { 1 } else { 99 }));
    event.int(Column::Pid, head.pid);
    let severity = priority.map(|(_, severity)| severity);
    event.text(Column::Facility, priority.map(|(facility, _)| FACILITIES[facility]));
    if event.table().columns().contains(&Column::Severity) {
        event.text(Column::Severity, severity.map(|severity| SEVERITIES[severity]));
    }
    event.int(Column::SeverityId, Some(severity.map_or(0, |severity| [6, 5, 5, 4, 3, 2, 1, 1][severity])));
    event.set_unmapped(head.structured.map(&keep).unwrap_or_default());
    Ok(event)
}

/// Facility and severity, and what follows.
fn priority(line: &str) -> (Option<(usize, usize)>, &str) {
    let parsed = line.strip_prefix('<').and_then(|rest| rest.split_once('>')).and_then(|(number, rest)| {
        let number: usize = number.parse().ok().filter(|_| number.len() <= 3)?;
        (number < FACILITIES.len() * 8).then_some(((number / 8, number % 8), rest))
    });
    parsed.map_or((None, line), |(priority, rest)| (Some(priority), rest))
}

fn rfc5424(rest: &str) -> (Head<'_>, &str) {
    let mut parts = rest.splitn(6, ' ');
    let mut next = || parts.next().filter(|part| *part != "-");
    let (time, host, program, pid, id) = (next(), next(), next(), next(), next());
    let rest = parts.next().unwrap_or_default();
    let (structured, message) = structured_data(rest);
    let head = Head {
        time: time.and_then(time::rfc3339),
        host,
        program,
        pid: pid.and_then(|pid| pid.parse().ok()),
        id,
        structured,
    };
    (head, message.strip_prefix('\u{feff}').unwrap_or(message))
}

/// `[id name="value" …][…]`, and the message behind it.
fn structured_data(rest: &str) -> (Option<&str>, &str) {
    if let Some(message) = rest.strip_prefix('-') {
        return (None, message.strip_prefix(' ').unwrap_or(message));
    }
    let (mut in_text, mut escaped, mut in_element) = (false, false, false);
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' if !in_text => in_element = true,
            b']' if !in_text => in_element = false,
            b' ' if !in_element => return (Some(&rest[..at]).filter(|data| !data.is_empty()), &rest[at + 1..]),
            _ => {}
        }
    }
    if rest.starts_with('[') { (Some(rest), "") } else { (None, rest) }
}

fn rfc3164(rest: &str, received_ms: i64) -> (Head<'_>, &str) {
    let mut head = Head::default();
    let stamped = match rest.get(..15).and_then(|stamp| time::without_year(stamp, received_ms)) {
        Some(time) => Some((time, &rest[15..])),
        None => rest.split_once(' ').and_then(|(stamp, rest)| Some((time::rfc3339(stamp)?, rest))),
    };
    let Some((time, rest)) = stamped else { return (head, rest) };
    head.time = Some(time);
    let rest = rest.trim_start_matches(' ');
    let (host, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    head.host = Some(host).filter(|host| !host.is_empty());
    let Some((tag, message)) = rest.split_once(':').filter(|(tag, _)| !tag.contains(' ') && tag.len() <= 64) else {
        return (head, rest);
    };
    let (program, pid) = match tag.split_once('[') {
        Some((program, pid)) => (program, pid.strip_suffix(']').and_then(|pid| pid.parse().ok())),
        None => (tag, None),
    };
    head.program = Some(program);
    head.pid = pid;
    (head, message.strip_prefix(' ').unwrap_or(message))
}

/// What the daemon of SSH says of someone who wants in.
struct Login<'r> {
    user: Option<&'r str>,
    address: Option<&'r str>,
    port: Option<i64>,
    method: Option<&'r str>,
    succeeded: bool,
}

impl<'r> Login<'r> {
    fn told(message: &'r str) -> Option<Self> {
        let (word, rest) = message.split_once(' ')?;
        let (method, rest) = match word {
            "Accepted" | "Failed" => rest.split_once(" for ").map(|(method, rest)| (Some(method), rest))?,
            "Invalid" => (None, rest.strip_prefix("user ")?),
            _ => return None,
        };
        let rest = rest.strip_prefix("invalid user ").unwrap_or(rest);
        // Whoever wants in chooses the name: the last ` from ` is the daemon's.
        let (user, rest) = rest.rsplit_once(" from ").or_else(|| rest.strip_prefix("from ").map(|rest| ("", rest)))?;
        let mut words = rest.split(' ');
        let address = words.next().filter(|address| address.parse::<std::net::IpAddr>().is_ok());
        let port = words.next().filter(|word| *word == "port").and_then(|_| words.next()?.parse().ok());
        Some(Self { user: Some(user), address, port, method, succeeded: word == "Accepted" })
    }
}

#[cfg(test)]
mod tests {
    use sekisho_event::Value;

    use super::*;

    fn text<'e>(event: &'e Event<'_>, column: Column) -> &'e str {
        match event.get(column) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    #[test]
    fn the_standards_examples_are_told() {
        let raw = "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog 17 ID47 [exampleSDID@32473 iut=\"3\" eventSource=\"App]lication\" x=\"\\\"\"] \u{feff}An application";
        let event = SOURCE.tells(raw.as_bytes()).unwrap();
        assert_eq!(event.get(Column::Time), Some(&Value::Time(1_065_910_455_003_000)));
        assert_eq!((text(&event, Column::Facility), text(&event, Column::Severity)), ("local4", "notice"));
        assert_eq!((text(&event, Column::Message), event.get(Column::Pid)), ("An application", Some(&Value::Int(17))));
        assert!(event.unmapped().starts_with("[exampleSDID@32473") && event.unmapped().ends_with(']'));
        let event =
            SOURCE.tells(b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8").unwrap();
        assert_eq!((text(&event, Column::DeviceHost), text(&event, Column::ProcessName)), ("mymachine", "su"));
        assert_eq!(text(&event, Column::Message), "'su root' failed for lonvick on /dev/pts/8");
        let event = SOURCE.tells(b"<0>1990 Oct 22 10:52:01 TZ-6 scapegoat: hello").unwrap();
        assert_eq!(event.get(Column::Time), Some(&Value::Time(1_795_348_800_000_000)));
    }

    #[test]
    fn logins_are_told_and_names_cannot_forge_addresses() {
        let raw = b"Nov 22 01:02:03 web1 sshd[812]: Failed password for invalid user a from 10.0.0.1 from 203.0.113.9 port 4022 ssh2";
        let event = SOURCE.tells(raw).unwrap();
        assert_eq!((event.class(), text(&event, Column::SrcIp)), (Class::Authentication, "203.0.113.9"));
        assert_eq!((text(&event, Column::TargetUser), text(&event, Column::Status)), ("a from 10.0.0.1", "Failure"));
        let raw = b"2026-11-22T01:02:03.5+09:00 web1 sshd-session[9]: Accepted publickey for alice from 2001:db8::1 port 1 ssh2: ED25519 SHA256:x";
        let event = SOURCE.tells(raw).unwrap();
        assert_eq!((text(&event, Column::SrcIp), text(&event, Column::Status)), ("2001:db8::1", "Success"));
        assert_eq!(text(&event, Column::AuthProtocol), "publickey");
    }

    #[test]
    fn bytes_of_other_encodings_are_kept() {
        let event = SOURCE.tells(b"<13>Nov 22 01:02:03 h p: caf\xe9").unwrap();
        assert_eq!(text(&event, Column::Message), "caf\u{fffd}");
        assert_eq!(SOURCE.tells(b"just words").unwrap_err(), Refusal::Missing("a priority or a moment"));
    }
}
