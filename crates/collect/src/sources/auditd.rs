//! The Linux audit daemon: what processes did.
//!
//! A record is a line; the lines of one action share a serial number, which is the event's id.
//!
//! Source: Red Hat, "Audit event fields" and "Audit record types"; linux-audit documentation, "audit events"; values in hexadecimal hold spaces
//! or bytes that are no letters.

use std::borrow::Cow;

use sekisho_event::{Class, Column, Event};

use crate::source::{Context, Refusal, Source, text};
use crate::split::{Framing, Header};
use crate::time;

/// `/var/log/audit/audit.log`, or what audisp sends.
pub(super) const SOURCE: Source = Source {
    name: "auditd",
    about: "the Linux audit daemon: what processes did",
    framing: Framing::Lines { header: Header::None },
    parse,
};

fn class(kind: &str) -> Class {
    match kind {
        "USER_AUTH" | "USER_LOGIN" | "USER_LOGOUT" | "USER_START" | "USER_END" | "USER_ACCT" | "USER_ERR" | "LOGIN"
        | "CRED_ACQ" | "CRED_DISP" | "CRED_REFR" => Class::Authentication,
        "SYSCALL" | "EXECVE" | "PROCTITLE" | "USER_CMD" | "ANOM_ABEND" | "SECCOMP" | "OBJ_PID" => {
            Class::ProcessActivity
        }
        "PATH" | "CWD" | "AVC" => Class::FileActivity,
        _ => Class::BaseEvent,
    }
}

fn parse<'r>(raw: &'r [u8], _: Context<'r>) -> Result<Event<'r>, Refusal> {
    let line = text(raw)?;
    let (head, body) = line.split_once("msg=audit(").ok_or(Refusal::Missing("msg=audit("))?;
    let (stamp, body) = body.split_once(')').ok_or(Refusal::Missing("msg=audit("))?;
    let mut kind = "";
    let mut event_host = None;
    for word in head.split_ascii_whitespace() {
        match word.split_once('=') {
            Some(("type", value)) => kind = value,
            Some(("node", value)) => event_host = Some(value),
            _ => {}
        }
    }
    let moment = stamp.split_once(':').and_then(|(seconds, _)| time::seconds(seconds));
    let mut event = Event::new(class(kind));
    event.time(Column::Time, Some(moment.ok_or(Refusal::Field("msg=audit(", "a moment and a serial number"))?));
    event.text(Column::EventUid, Some(stamp));
    event.text(Column::Product, Some("auditd"));
    event.text(Column::RecordType, Some(kind));
    event.text(Column::DeviceHost, event_host);
    event.int(Column::SeverityId, Some(1));
    let mut unmapped = Vec::new();
    let mut arguments = Vec::new();
    let body = body.trim_start_matches([':', ' ']);
    Pairs(body).for_each(|(name, value)| pair(&mut event, kind, name, value, &mut arguments, &mut unmapped));
    if !arguments.is_empty() && event.class() == Class::ProcessActivity {
        event.text(Column::CommandLine, Some(arguments.join(" ")));
    }
    let activity = match kind {
        "EXECVE" | "USER_LOGIN" | "USER_AUTH" | "LOGIN" => 1,
        "USER_LOGOUT" => 2,
        _ => 99,
    };
    event.int(Column::ActivityId, Some(activity));
    event.set_unmapped(unmapped.join(" "));
    Ok(event)
}

/// Fields `name=value`; values may be in quotes, and `msg='…'` holds fields of its own.
struct Pairs<'r>(&'r str);

impl<'r> Iterator for Pairs<'r> {
    type Item = (&'r str, &'r str);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            // Behind a group separator, newer daemons add what numbers stand for.
            self.0 = self.0.trim_start_matches([' ', '\'', '\u{1d}']);
            let (name, rest) = self.0.split_once('=')?;
            // Words without a value may stand before a name.
            let name = name.rsplit([' ', '\u{1d}']).next().unwrap_or(name);
            if let Some(inner) = rest.strip_prefix('\'').filter(|_| name == "msg") {
                self.0 = inner;
                continue;
            }
            let (value, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => {
                    let end = rest.find([' ', '\'', '\u{1d}']).unwrap_or(rest.len());
                    rest.split_at(end)
                }
            };
            self.0 = after;
            return Some((name, value));
        }
    }
}

fn pair<'r>(
    event: &mut Event<'r>,
    kind: &str,
    name: &'r str,
    value: &'r str,
    arguments: &mut Vec<Cow<'r, str>>,
    unmapped: &mut Vec<String>,
) {
    let is_none = matches!(value, "?" | "(none)" | "(null)" | "");
    let number = || value.parse::<i64>().ok();
    let column = match name {
        _ if is_none => None,
        "exe" => Some(if kind == "AVC" { Column::FilePath } else { Column::ProcessPath }),
        "comm" => Some(Column::ProcessName),
        "cwd" => Some(Column::WorkingDirectory),
        "cmd" | "proctitle" => Some(Column::CommandLine),
        "terminal" | "tty" => Some(Column::Terminal),
        "acct" => Some(Column::TargetUser),
        "uid" => Some(Column::UserUid),
        "AUID" => Some(Column::UserName),
        "addr" => Some(Column::SrcIp),
        "hostname" => Some(Column::SrcHost),
        "op" => Some(Column::Operation),
        "key" => Some(Column::RuleName),
        "name" => Some(Column::FilePath),
        "res" | "success" => {
            let is_success = matches!(value, "success" | "yes" | "1");
            event.text(Column::Status, Some(if is_success { "Success" } else { "Failure" }));
            return;
        }
        "pid" => {
            set_number(event, Column::Pid, number());
            return;
        }
        "ppid" => {
            set_number(event, Column::ParentPid, number());
            return;
        }
        "exit" => Some(Column::StatusCode),
        _ => None,
    };
    let is_argument = kind == "EXECVE"
        && name.strip_prefix('a').is_some_and(|rest| rest.bytes().next().is_some_and(|byte| byte.is_ascii_digit()));
    if is_argument && !name.ends_with("_len") {
        arguments.push(decoded(value));
        return;
    }
    match column.filter(|column| event.table().columns().contains(column)) {
        Some(column) => {
            let encoded = matches!(name, "exe" | "comm" | "cwd" | "cmd" | "proctitle" | "acct" | "name" | "key");
            event.text(column, Some(if encoded { decoded(value) } else { value.into() }));
        }
        None => unmapped.push(format!("{name}={value}")),
    }
}

fn set_number(event: &mut Event<'_>, column: Column, number: Option<i64>) {
    if event.table().columns().contains(&column) {
        event.int(column, number);
    }
}

/// A value in hexadecimal as the text it stands for; zero bytes between arguments become spaces.
fn decoded(value: &str) -> Cow<'_, str> {
    let is_hex = value.len() >= 4
        && value.len().is_multiple_of(2)
        && value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
    if !is_hex {
        return Cow::Borrowed(value);
    }
    let bytes: Option<Vec<u8>> =
        (0..value.len() / 2).map(|at| u8::from_str_radix(&value[at * 2..at * 2 + 2], 16).ok()).collect();
    let text = bytes.map(|bytes| bytes.into_iter().map(|byte| if byte == 0 { b' ' } else { byte }).collect());
    let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
    // Numbers of few digits are hexadecimal too; a text of control characters is none.
    match text {
        Some(text) if !text.contains(|letter: char| letter.is_control()) => Cow::Owned(text),
        _ => Cow::Borrowed(value),
    }
}

#[cfg(test)]
mod tests {
    use sekisho_event::{Table, Value};

    use super::*;

    fn text<'e>(event: &'e Event<'_>, column: Column) -> &'e str {
        match event.get(column) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    #[test]
    fn system_calls_and_commands_are_told() {
        let raw = b"type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e syscall=2 success=no exit=-13 a0=7fffd19c5592 items=1 ppid=2686 pid=3538 \
            auid=1000 uid=1000 gid=1000 tty=pts0 ses=1 comm=\"cat\" exe=\"/bin/cat\" subj=unconfined key=\"sshd_config\"";
        let event = SOURCE.tells(raw).unwrap();
        assert_eq!((event.table(), text(&event, Column::EventUid)), (Table::Process, "1364481363.243:24287"));
        assert_eq!((text(&event, Column::ProcessPath), text(&event, Column::RuleName)), ("/bin/cat", "sshd_config"));
        assert_eq!((text(&event, Column::Status), event.get(Column::ParentPid)), ("Failure", Some(&Value::Int(2_686))));
        assert!(event.unmapped().contains("syscall=2"));
        let raw = b"type=EXECVE msg=audit(1.5:7): argc=3 a0=\"sh\" a1=\"-c\" a2=6563686F2061";
        assert_eq!(text(&SOURCE.tells(raw).unwrap(), Column::CommandLine), "sh -c echo a");
    }

    #[test]
    fn logins_are_told() {
        let raw = b"node=web1 type=USER_LOGIN msg=audit(1700000000.100:9): pid=9 uid=0 auid=1000 ses=2 msg='op=login id=1000 exe=\"/usr/sbin/sshd\" \
            hostname=192.0.2.1 addr=192.0.2.1 terminal=/dev/pts/0 res=failed'\x1dUID=\"root\" AUID=\"alice\" ID=\"alice\"";
        let event = SOURCE.tells(raw).unwrap();
        assert_eq!((event.class(), text(&event, Column::SrcIp)), (Class::Authentication, "192.0.2.1"));
        assert_eq!((text(&event, Column::Status), text(&event, Column::DeviceHost)), ("Failure", "web1"));
        assert_eq!(text(&event, Column::UserName), "alice");
    }

    #[test]
    fn what_is_no_record_is_refused() {
        assert_eq!(SOURCE.tells(b"hello").unwrap_err(), Refusal::Missing("msg=audit("));
        assert!(matches!(SOURCE.tells(b"type=X msg=audit(now:1): a=b").unwrap_err(), Refusal::Field(..)));
    }

    #[test]
    fn logins_and_logouts_are_told_apart() {
        for (kind, activity) in [("USER_LOGIN", 1), ("USER_LOGOUT", 2), ("USER_ACCT", 99)] {
            let line = format!("type={kind} msg=audit(1795348800.123:7): pid=1 uid=0 res=success");
            let event = SOURCE.tells(line.as_bytes()).unwrap();
            assert_eq!(event.class(), Class::Authentication);
            assert_eq!(event.get(Column::ActivityId), Some(&Value::Int(activity)), "{kind}");
        }
    }
}
