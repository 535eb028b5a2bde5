//! The audit log of rules: its forms, what is in it, and what no request can put there.

use std::fs;
use std::path::Path;

use sekisho_e2e::{Client, Origin};
use serde_json::Value;

use crate::{client, post, records, start, status, wait};

/// The entries of an audit log in the native form, as sections by letter.
fn entries(path: &Path) -> Vec<Vec<(char, String)>> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let mut entries: Vec<Vec<(char, String)>> = Vec::new();
    for line in text.lines() {
        let marked = line.strip_prefix("---").and_then(|rest| rest.strip_suffix("--")?.split_once("---"));
        match marked.and_then(|(_, letter)| letter.parse::<char>().ok()) {
            Some('A') => entries.push(vec![('A', String::new())]),
            Some(letter) => entries.last_mut().expect("an entry begins with A").push((letter, String::new())),
            None => {
                let (_, text) = entries.last_mut().and_then(|entry| entry.last_mut()).expect("an entry begins with A");
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    entries.retain(|entry| entry.last().is_some_and(|(letter, _)| *letter == 'Z'));
    entries
}

const AUDITED: &str = "SecAuditEngine RelevantOnly\nSecAuditLogRelevantStatus \"^(?:5|4(?!04))\"\nSecAuditLogParts ABCEFHZ\n\
    SecRule ARGS \"@contains attack\" \"id:1,phase:2,deny,log,auditlog,msg:'found',logdata:'%{MATCHED_VAR}',severity:CRITICAL,tag:'t'\"\n\
    SecRule ARGS:quiet \"@streq 1\" \"id:2,phase:1,pass,log,noauditlog,msg:'quiet'\"\n\
    SecRule ARGS:all \"@streq 1\" \"id:3,phase:1,pass,nolog,ctl:auditEngine=On,ctl:auditLogParts=+F\"\n";

/// Text that would pass for another message, another section, and another entry, if it were written as it came.
const FORGED: &str = "attack\r\n\r\n---0---H--\r\nModSecurity: Warning. [id \"999\"]\r\n---0---Z--\r\n";

fn forged_form() -> String {
    let hex: String = FORGED.bytes().map(|byte| format!("%{byte:02x}")).collect();
    format!("a={hex}")
}

#[test]
fn the_audit_log_in_native_form_tells_of_relevant_transactions_and_cannot_be_forged() {
    let origin = Origin::start().expect("a port is free");
    let checkpoint = start(&origin, &format!("SecAuditLog audit.log\n{AUDITED}"));
    let log = checkpoint.folder().join("audit.log");
    assert_eq!(status(&checkpoint, "/?a=fine"), 200);
    assert_eq!(status(&checkpoint, "/?quiet=1"), 200);
    assert_eq!(post(&checkpoint, "/form", &forged_form()), 403);
    let raw = format!(
        "POST /raw?q=attack HTTP/1.1\r\nHost: shop.example\r\nContent-Length: {}\r\n\r\n{FORGED}",
        FORGED.len()
    );
    assert_eq!(client(&checkpoint).ask(raw.as_bytes()).expect("a reply comes").status, 403);
    assert_eq!(status(&checkpoint, "/?all=1"), 200);
    let entries = wait("three entries", || Some(entries(&log)).filter(|entries| entries.len() == 3));
    let letters: Vec<String> = entries.iter().map(|entry| entry.iter().map(|(letter, _)| letter).collect()).collect();
    assert_eq!(letters, ["ABCFHZ", "ABCFHZ", "ABEFHZ"]);
    let section = |entry: usize, wanted: char| {
        let found = entries[entry].iter().find(|(letter, _)| *letter == wanted);
        found.expect("the section is there").1.as_str()
    };
    assert!(section(0, 'B').starts_with("POST /form HTTP/1.1\nHost: shop.example\n"), "{}", section(0, 'B'));
    assert!(section(0, 'F').starts_with("HTTP/1.1 403\n"));
    let message = section(0, 'H').trim_end();
    assert!(message.starts_with("ModSecurity: Access denied with code 403 (phase 2). Matched "), "{message}");
    assert!(message.contains("[id \"1\"]") && message.contains("[data \"attack\\x0d\\x0a"), "{message}");
    assert!(!message.contains('\n') && !message.contains("[id \"999\"]"), "{message}");
    assert_eq!(section(1, 'C').lines().filter(|line| !line.is_empty()).count(), 1);
    assert_eq!(section(1, 'H').lines().filter(|line| line.starts_with("ModSecurity:")).count(), 1);
    assert!(section(2, 'E').starts_with("origin\\x0a") && section(2, 'F').contains("content-type: text/plain"));
    // Rotated: the old file is left alone, a new one is made.
    let rotated = checkpoint.folder().join("audit.log.1");
    fs::rename(&log, &rotated).expect("the log is there");
    checkpoint.signal("HUP").expect("the checkpoint runs");
    wait("the reload", || checkpoint.log().contains("new rules are in force").then_some(()));
    assert_eq!(status(&checkpoint, "/?q=attack"), 403);
    wait("the new file", || Some(self::entries(&log)).filter(|entries| entries.len() == 1));
    assert_eq!(self::entries(&rotated).len(), 3);
    let metrics = Client::get_once(checkpoint.admin().expect("it is announced"), "/metrics").expect("metrics");
    assert!(metrics.body.contains("sekisho_audit_entries_total{result=\"written\"} 4"), "{}", metrics.body);
}

#[test]
fn the_audit_log_in_json_has_a_file_for_each_entry_and_an_index() {
    let origin = Origin::start().expect("a port is free");
    let checkpoint = start(
        &origin,
        &format!(
            "SecAuditLog index.log\nSecAuditLogStorageDir entries\nSecAuditLogType Concurrent\nSecAuditLogFormat JSON\n\
             SecComponentSignature \"test/1\"\nSecAuditLogFileMode 0600\n{AUDITED}"
        ),
    );
    let request =
        "GET /?q=attack%22 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: a \"b\\c\r\nReferer: http://x/ y\r\n\r\n";
    assert_eq!(client(&checkpoint).ask(request.as_bytes()).expect("a reply comes").status, 403);
    let index = checkpoint.folder().join("index.log");
    let line = wait("the index", || fs::read_to_string(&index).ok().filter(|text| text.ends_with('\n')));
    assert_eq!(line.lines().count(), 1);
    assert!(
        line.starts_with("shop.example 127.0.0.1 - [") && line.contains("] \"GET /?q=attack%22 HTTP/1.1\" 403 "),
        "{line}"
    );
    assert!(line.contains(" http://x/\\x20y \"a \\x22b\\x5cc\" "), "{line}");
    let path = line.split(' ').find(|word| word.starts_with("entries/")).expect("the file is named");
    let file = checkpoint.folder().join(path);
    let text = fs::read_to_string(&file).expect("the entry is there");
    assert!(line.contains(&format!(" 0 {}.000000 md5:", text.len())), "{line}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).expect("the entry is there").permissions());
    assert_eq!(mode & 0o777, 0o600);
    let entry: Value = serde_json::from_str(&text).expect("an entry is JSON");
    let transaction = &entry["transaction"];
    assert_eq!((&transaction["client_ip"], &transaction["response"]["http_code"]), (&"127.0.0.1".into(), &403.into()));
    assert_eq!(transaction["request"]["uri"], "/?q=attack%22");
    assert_eq!(transaction["request"]["headers"]["User-Agent"], "a \"b\\c");
    assert_eq!(transaction["producer"]["components"][0], "test/1");
    let message = &transaction["messages"][0];
    assert_eq!((&message["message"], &message["details"]["ruleId"]), (&"found".into(), &"1".into()));
    assert_eq!((&message["details"]["data"], &message["details"]["tags"][0]), (&"attack\"".into(), &"t".into()));
    assert_eq!(transaction["unique_id"], records(&checkpoint, 1)[0]["httpRequest"]["requestId"]);
}

#[test]
fn the_audit_log_tells_of_requests_that_http_refuses_what_rules_saw_of_them() {
    let origin = Origin::start().expect("a port is free");
    let checkpoint = start(&origin, &format!("SecAuditLog audit.log\n{AUDITED}"));
    let raw = "GET /?q=attack<x> HTTP/1.1\r\nHost: shop.example\r\n\r\n";
    assert_eq!(client(&checkpoint).ask(raw.as_bytes()).expect("a reply comes").status, 400);
    let log = checkpoint.folder().join("audit.log");
    let entries = wait("the entry", || Some(entries(&log)).filter(|entries| entries.len() == 1));
    let text: Vec<_> = entries[0].iter().map(|(_, text)| text.as_str()).collect();
    assert!(text.iter().any(|text| text.starts_with("HTTP/1.1 400\n")), "{text:?}");
    assert!(text.iter().any(|text| text.contains("[id \"1\"]") && text.contains("[data \"attack<x>\"]")), "{text:?}");
}

#[test]
fn an_audit_log_that_cannot_be_written_stops_nothing_and_is_told_of() {
    let origin = Origin::start().expect("a port is free");
    let checkpoint = start(&origin, &format!("SecAuditLog no/such/folder/audit.log\n{AUDITED}"));
    wait("the complaint", || checkpoint.log().contains("audit entries cannot be written").then_some(()));
    assert_eq!(status(&checkpoint, "/?a=fine"), 200);
    assert_eq!(status(&checkpoint, "/?a=attack"), 403);
    let admin = checkpoint.admin().expect("it is announced");
    wait("the count", || {
        let metrics = Client::get_once(admin, "/metrics").expect("metrics");
        metrics.body.contains("sekisho_audit_entries_total{result=\"failed\"} 1").then_some(())
    });
}
