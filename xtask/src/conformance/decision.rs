//! What an engine made of a request: the rules that matched, and all scores.

use std::collections::BTreeSet;

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

/// What was decided in a transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Decision {
    /// Rules that matched and are logged, without [`SCORES_RULE`].
    pub(super) rules: BTreeSet<u64>,
    /// All scores in words; none if the transaction did not come to its end.
    pub(super) scores: Option<String>,
}

impl Decision {
    /// Takes in a rule that matched.
    pub(super) fn add(&mut self, id: Option<u64>, message: &Value) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directive_names_every_score() {
        assert!(scores_rule().contains("in=%{tx.blocking_inbound_anomaly_score} out=%{tx."), "{}", scores_rule());
    }
}
