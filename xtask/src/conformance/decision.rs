//! What an engine made of a request: as the audit log of one tells, and the records of the other.

use std::collections::{BTreeSet, HashMap};
use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use serde_json::Value;

/// A rule behind all others that writes the scores down: its message is [`Decision::scores`].
pub(super) const SCORES_RULE: u64 = 9_000_001;

/// The directive of [`SCORES_RULE`].
pub(super) fn scores_rule() -> String {
    let scores: Vec<String> = SCORES.iter().map(|(word, variable)| format!("{word}=%{{tx.{variable}}}")).collect();
    format!("SecAction \"id:{SCORES_RULE},phase:5,pass,t:none,log,auditlog,msg:'{}'\"", scores.join(" "))
}

/// Scores, as the report and as the Core Rule Set call them.
const SCORES: [(&str, &str); 11] = [
    ("in", "blocking_inbound_anomaly_score"),
    ("out", "blocking_outbound_anomaly_score"),
    ("detected", "detection_inbound_anomaly_score"),
    ("sqli", "sql_injection_score"),
    ("xss", "xss_score"),
    ("rce", "rce_score"),
    ("lfi", "lfi_score"),
    ("rfi", "rfi_score"),
    ("php", "php_injection_score"),
    ("http", "http_violation_score"),
    ("sess", "session_fixation_score"),
];

/// A transaction as an audit log has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Decision {
    /// Rules that matched and are logged, without [`SCORES_RULE`].
    pub(super) rules: BTreeSet<u64>,
    /// All scores in words; none if the transaction did not come to its end.
    pub(super) scores: Option<String>,
}

impl Decision {
    fn add(&mut self, id: Option<u64>, message: &Value) {
        match id {
            Some(SCORES_RULE) => self.scores = message.as_str().map(str::to_owned),
            Some(id) if !NOT_AUDITED.contains(&id) => {
                self.rules.insert(id);
            }
            _ => {}
        }
    }
}

/// Rules that stand in an error log and in no audit log (`noauditlog`): one side knows the one, the other the other.
const NOT_AUDITED: [u64; 1] = [980_170];

/// Reads the records of a checkpoint that has ended, by client address: one JSON object a line.
///
/// # Errors
///
/// If a line is no such object.
pub(super) fn read_records(records: &[u8]) -> Result<HashMap<Ipv4Addr, Decision>> {
    let mut decisions = HashMap::new();
    for line in records.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let record: Value = serde_json::from_slice(line).context("read a record")?;
        let client = record["httpRequest"]["clientIp"].as_str().and_then(|address| address.parse().ok());
        let client: Ipv4Addr = client.with_context(|| format!("find the client in {record}"))?;
        let Some(found) = record["secLang"]["matchedRules"].as_array() else { continue };
        let mut decision = Decision::default();
        for matched in found {
            decision.add(matched["ruleId"].as_u64(), &matched["message"]);
        }
        decisions.insert(client, decision);
    }
    Ok(decisions)
}

/// Reads an audit log of one JSON object a line, by client address.
///
/// # Errors
///
/// If a line is no such object.
pub(super) fn read(log: &[u8]) -> Result<HashMap<Ipv4Addr, Decision>> {
    let mut decisions: HashMap<Ipv4Addr, Decision> = HashMap::new();
    for line in log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let line = String::from_utf8_lossy(line);
        let entry: Value = serde_json::from_str(&line).with_context(|| format!("read the audit log line {line}"))?;
        let entry = &entry["transaction"];
        let client = entry["client_ip"].as_str().and_then(|address| address.parse().ok());
        let client: Ipv4Addr = client.with_context(|| format!("find the client in {line}"))?;
        // An error page may be a transaction of its own beside that of the request.
        let decision = decisions.entry(client).or_default();
        for message in entry["messages"].as_array().into_iter().flatten() {
            let id = match &message["details"]["ruleId"] {
                Value::String(text) => text.parse().ok(),
                id => id.as_u64(),
            };
            decision.add(id, &message["message"]);
        }
    }
    Ok(decisions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_and_scores_are_read_by_client() -> Result<()> {
        let line = |client: &str, rule: &str, message: &str| {
            format!(
                r#"{{"transaction":{{"client_ip":"{client}","messages":[{{"message":"{message}","details":{{"ruleId":"{rule}"}}}}]}}}}"#
            )
        };
        let scores = SCORES_RULE.to_string();
        let log = [line("127.0.1.0", "920350", "m"), line("127.0.1.0", &scores, "in=3 out=0")].join("\n");
        let read = read(log.as_bytes())?;
        let expected = Decision { rules: BTreeSet::from([920_350]), scores: Some("in=3 out=0".to_owned()) };
        assert_eq!(read.get(&Ipv4Addr::new(127, 0, 1, 0)), Some(&expected));
        assert!(super::read(b"{}\n").is_err());
        Ok(())
    }

    #[test]
    fn records_tell_the_same() -> Result<()> {
        let record = format!(
            r#"{{"httpRequest":{{"clientIp":"127.0.1.1"}},"secLang":{{"matchedRules":[{{"ruleId":920350,"message":"m"}},
            {{"ruleId":980170,"message":"x"}},{{"ruleId":{SCORES_RULE},"message":"in=3 out=0"}}]}}}}"#
        );
        let records = format!("{}\n{}\n", record.replace('\n', ""), r#"{"httpRequest":{"clientIp":"127.0.1.2"}}"#);
        let read = read_records(records.as_bytes())?;
        let expected = Decision { rules: BTreeSet::from([920_350]), scores: Some("in=3 out=0".to_owned()) };
        assert_eq!(read, HashMap::from([(Ipv4Addr::new(127, 0, 1, 1), expected)]));
        Ok(())
    }

    #[test]
    fn the_directive_names_every_score() {
        assert!(scores_rule().contains("in=%{tx.blocking_inbound_anomaly_score} out=%{tx."), "{}", scores_rule());
    }
}
