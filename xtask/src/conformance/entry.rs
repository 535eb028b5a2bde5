//! What a log tells of a transaction: of the request and its answer, and of each rule that matched.

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use serde_json::Value;

use super::decision::{Decision, SCORES_RULE};
use super::told::TARGET;

/// A transaction in a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) decision: Decision,
    /// Of the request and its answer, by name.
    pub(super) facts: Facts,
    /// By rule: of each time it matched, in order.
    pub(super) rules: BTreeMap<u64, Vec<Facts>>,
}

/// Transactions by client address.
pub(super) type Entries = HashMap<Ipv4Addr, Entry>;

/// Names and values, as far as a log has them.
pub(super) type Facts = BTreeMap<&'static str, String>;

/// Where the facts of a match stand in an audit log: in its `details`, but for the message.
const IN_AUDIT: [(&str, &str); 9] = [
    ("data", "data"),
    ("severity", "severity"),
    ("version", "ver"),
    ("revision", "rev"),
    ("file", "file"),
    ("line", "lineNumber"),
    ("maturity", "maturity"),
    ("accuracy", "accuracy"),
    ("match", "match"),
];

/// The names of severities, by number. Source: ModSecurity Reference Manual, `severity`.
const SEVERITIES: [&str; 8] = ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"];

impl Entry {
    fn add(&mut self, rule: Option<u64>, message: &Value, mut facts: Facts) {
        self.decision.add(rule, message);
        let Some(rule) = rule.filter(|rule| *rule != SCORES_RULE) else { return };
        // ModSecurity 3.0.9 leaves the end of a line that goes on in a message, and the backslash of `\"`.
        facts.insert("message", text(message).replace("\\\n", "").replace("\\\"", "\""));
        self.rules.entry(rule).or_default().push(facts);
    }
}

/// A string as it is, nothing for null, other values as JSON writes them.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn client(address: &Value, line: &str) -> Result<Ipv4Addr> {
    let client = address.as_str().and_then(|address| address.parse().ok());
    client.with_context(|| format!("find the client in {line}"))
}

fn lines(log: &[u8]) -> impl Iterator<Item = std::borrow::Cow<'_, str>> {
    log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(String::from_utf8_lossy)
}

/// Reads the records of a checkpoint that has ended: one JSON object a line.
///
/// # Errors
///
/// If a line is no such object.
pub(super) fn read_records(records: &[u8]) -> Result<Entries> {
    let mut entries = HashMap::new();
    for line in lines(records) {
        let record: Value = serde_json::from_str(&line).with_context(|| format!("read the record {line}"))?;
        let client = client(&record["httpRequest"]["clientIp"], &line)?;
        let Some(found) = record["secLang"]["matchedRules"].as_array() else { continue };
        let mut entry = Entry::default();
        let status = [&record["responseCodeSent"], &record["secLang"]["responseStatus"]];
        if let Some(status) = status.into_iter().find(|status| !status.is_null()) {
            entry.facts.insert("status", text(status));
        }
        // That of a request that HTTP refuses is not told in records.
        let method = Some(text(&record["httpRequest"]["httpMethod"])).filter(|method| !method.is_empty());
        entry.facts.extend(method.map(|method| ("method", method)));
        for matched in found {
            let names = ["data", "version", "file", "line", "tags"];
            let mut facts: Facts = names.map(|name| (name, text(&matched[name]))).into();
            facts.insert("severity", severity(&matched["severity"]));
            entry.add(matched["ruleId"].as_u64(), &matched["message"], facts);
        }
        entries.insert(client, entry);
    }
    Ok(entries)
}

/// The number of a severity, as audit logs have it; 0 if there is none.
fn severity(name: &Value) -> String {
    let number = SEVERITIES.iter().position(|known| Some(*known) == name.as_str());
    number.unwrap_or(0).to_string()
}

/// Reads an audit log of one JSON object a line.
///
/// # Errors
///
/// If a line is no such object.
pub(super) fn read_audit_log(log: &[u8]) -> Result<Entries> {
    let mut entries: Entries = HashMap::new();
    for line in lines(log) {
        let read: Value = serde_json::from_str(&line).with_context(|| format!("read the audit log line {line}"))?;
        let read = &read["transaction"];
        let client = client(&read["client_ip"], &line)?;
        // An error page may be a transaction of its own beside that of the request: the first is the request's.
        let entry = entries.entry(client).or_default();
        let facts = [
            ("status", &read["response"]["http_code"]),
            ("method", &read["request"]["method"]),
            (TARGET, &read["request"]["uri"]),
            ("protocol", &read["request"]["http_version"]),
            ("engine", &read["producer"]["secrules_engine"]),
            ("components", &read["producer"]["components"]),
        ];
        for (name, value) in facts {
            entry.facts.entry(name).or_insert_with(|| text(value));
        }
        for message in read["messages"].as_array().into_iter().flatten() {
            let details = &message["details"];
            let mut facts: Facts = IN_AUDIT.map(|(name, key)| (name, text(&details[key]))).into();
            facts.insert("tags", text(&details["tags"]));
            entry.add(text(&details["ruleId"]).parse().ok(), &message["message"], facts);
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn decision() -> Decision {
        Decision { rules: BTreeSet::from([920_350]), scores: Some("in=3 out=0".to_owned()) }
    }

    #[test]
    fn rules_scores_and_facts_are_read_by_client() -> Result<()> {
        let log = format!(
            r#"{{"transaction":{{"client_ip":"127.0.1.0","response":{{"http_code":403}},"messages":[
            {{"message":"m","details":{{"ruleId":"920350","severity":"4","lineNumber":"7","tags":["a","b"]}}}},
            {{"message":"in=3 out=0","details":{{"ruleId":"{SCORES_RULE}"}}}}]}}}}"#
        );
        let read = read_audit_log(log.replace('\n', "").as_bytes())?;
        let entry = &read[&Ipv4Addr::new(127, 0, 1, 0)];
        assert_eq!((&entry.decision, entry.facts["status"].as_str()), (&decision(), "403"));
        let rule = &entry.rules[&920_350][0];
        assert_eq!(["severity", "line", "tags", "message"].map(|name| rule[name].as_str()), ["4", "7", "a, b", "m"]);
        assert!(read_audit_log(b"{}\n").is_err());
        Ok(())
    }

    #[test]
    fn records_tell_the_same() -> Result<()> {
        let record = format!(
            r#"{{"httpRequest":{{"clientIp":"127.0.1.1"}},"responseCodeSent":403,"secLang":{{"matchedRules":[
            {{"ruleId":920350,"message":"m","severity":"WARNING","line":7,"tags":["a","b"]}},
            {{"ruleId":980170,"message":"x"}},{{"ruleId":{SCORES_RULE},"message":"in=3 out=0"}}]}}}}"#
        );
        let records = format!("{}\n{}\n", record.replace('\n', ""), r#"{"httpRequest":{"clientIp":"127.0.1.2"}}"#);
        let read = read_records(records.as_bytes())?;
        let entry = &read[&Ipv4Addr::new(127, 0, 1, 1)];
        assert_eq!((read.len(), &entry.decision, entry.facts["status"].as_str()), (1, &decision(), "403"));
        let rule = &entry.rules[&920_350][0];
        assert_eq!(["severity", "line", "tags", "message"].map(|name| rule[name].as_str()), ["4", "7", "a, b", "m"]);
        Ok(())
    }
}
