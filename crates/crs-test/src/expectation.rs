//! What must come of a request, and what of an outcome differs from it.
//!
//! Source: `go-ftw` (`runner`, `check`): what is compared, and what an expected error leaves uncompared.

use std::fmt;

use regex::Regex;
use sekisho_waf_lang::document::Node;

use crate::outcome::Outcome;
use crate::reading::Reading;

const FIELDS: &[&str] = &[
    "status",
    "response_contains",
    "log_contains",
    "no_log_contains",
    "log",
    "expect_error",
    "retry_once",
    "isolated",
];
const LOG_FIELDS: &[&str] = &["expect_ids", "no_expect_ids", "match_regex", "no_match_regex"];

/// What must come of a request. What is not mentioned is not compared.
#[derive(Debug, Clone, Default)]
pub struct Expectation {
    status: Option<u64>,
    response_contains: Option<Regex>,
    rules: Vec<u64>,
    no_rules: Vec<u64>,
    log: Vec<Regex>,
    no_log: Vec<Regex>,
    error: bool,
    isolated: bool,
}

/// Something that differs from what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The request was expected to get no readable response.
    Answered {
        /// The status of the response it got.
        status: u16,
    },
    /// There is no readable response.
    Unanswered,
    /// The status.
    Status {
        /// The expected one.
        expected: u64,
        /// The one of the response.
        got: u16,
    },
    /// The response does not contain what this expression finds.
    Response {
        /// The expression.
        pattern: String,
    },
    /// These rules did not match.
    Missing(Vec<u64>),
    /// These rules matched.
    Unexpected(Vec<u64>),
    /// A rule was expected to match alone.
    NotAlone(u64),
    /// The log does not contain what this expression finds.
    Log(String),
    /// The log contains what this expression finds.
    NoLog(String),
    /// Something is otherwise with the matcher's short cuts than without.
    ShortCut(String),
}

impl Expectation {
    pub(crate) fn read(node: Node<'_>, reading: &mut Reading) -> Self {
        let mut expectation = Self::default();
        for (key, node) in reading.fields(node, FIELDS) {
            match key.text() {
                "status" => expectation.status = reading.number(node),
                "response_contains" => expectation.response_contains = pattern(node, reading),
                "log_contains" => expectation.log.extend(pattern(node, reading)),
                "no_log_contains" => expectation.no_log.extend(pattern(node, reading)),
                "log" => expectation.read_log(node, reading),
                "expect_error" => expectation.error = reading.truth(node).unwrap_or_default(),
                "isolated" => expectation.isolated = reading.truth(node).unwrap_or_default(),
                // For logs that come late; who calls waits for them instead.
                "retry_once" => _ = reading.truth(node),
                _ => {}
            }
        }
        if expectation.isolated && expectation.rules.len() != 1 {
            reading.problem(node.error("not-isolated", "`isolated` needs exactly one of `expect_ids`"));
        }
        expectation
    }

    fn read_log(&mut self, node: Node<'_>, reading: &mut Reading) {
        for (key, node) in reading.fields(node, LOG_FIELDS) {
            match key.text() {
                "expect_ids" => self.rules = numbers(node, reading),
                "no_expect_ids" => self.no_rules = numbers(node, reading),
                "match_regex" => self.log.extend(pattern(node, reading)),
                "no_match_regex" => self.no_log.extend(pattern(node, reading)),
                _ => {}
            }
        }
    }

    /// What differs; nothing if the outcome is as expected. Where an error is expected, nothing else is compared but whether
    /// the matcher's short cuts change anything.
    #[must_use]
    pub fn differences(&self, outcome: &Outcome) -> Vec<Difference> {
        let short_cuts = outcome.short_cuts.iter().cloned().map(Difference::ShortCut);
        let mut differences = self.unexpected(outcome);
        differences.extend(short_cuts);
        differences
    }

    fn unexpected(&self, outcome: &Outcome) -> Vec<Difference> {
        let response = match (&outcome.response, self.error) {
            (None, true) => return Vec::new(),
            (Some(response), true) => return vec![Difference::Answered { status: response.status }],
            (None, false) => return vec![Difference::Unanswered],
            (Some(response), false) => response,
        };
        let mut differences = Vec::new();
        if let Some(expected) = self.status.filter(|status| *status != u64::from(response.status)) {
            differences.push(Difference::Status { expected, got: response.status });
        }
        if let Some(pattern) = self.response_contains.as_ref().filter(|pattern| !pattern.is_match(&response.text())) {
            differences.push(Difference::Response { pattern: pattern.as_str().to_owned() });
        }
        self.compare_log(outcome, &mut differences);
        differences
    }

    fn compare_log(&self, outcome: &Outcome, differences: &mut Vec<Difference>) {
        let seen = outcome.rules();
        let (found, missing): (Vec<_>, Vec<_>) = self.rules.iter().partition(|rule| seen.contains(rule));
        if !missing.is_empty() {
            differences.push(Difference::Missing(missing));
        }
        let unexpected: Vec<_> = self.no_rules.iter().copied().filter(|rule| seen.contains(rule)).collect();
        if !unexpected.is_empty() {
            differences.push(Difference::Unexpected(unexpected));
        }
        if let Some(rule) = found.first().filter(|_| self.isolated && seen.len() > 1) {
            differences.push(Difference::NotAlone(*rule));
        }
        if self.log.is_empty() && self.no_log.is_empty() {
            return;
        }
        let text = outcome.log_text();
        let lacking = self.log.iter().filter(|pattern| !pattern.is_match(&text));
        differences.extend(lacking.map(|pattern| Difference::Log(pattern.as_str().to_owned())));
        let present = self.no_log.iter().filter(|pattern| pattern.is_match(&text));
        differences.extend(present.map(|pattern| Difference::NoLog(pattern.as_str().to_owned())));
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |rules: &[u64]| rules.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Self::Answered { status } => write!(f, "expected no response, got status {status}"),
            Self::Unanswered => f.write_str("expected a response, got none"),
            Self::Status { expected, got } => write!(f, "expected status {expected}, got {got}"),
            Self::Response { pattern } => write!(f, "expected the response to contain `{pattern}`"),
            Self::Missing(rules) => write!(f, "expected {} to match", list(rules)),
            Self::Unexpected(rules) => write!(f, "expected {} not to match", list(rules)),
            Self::NotAlone(rule) => write!(f, "expected {rule} to match alone"),
            Self::Log(pattern) => write!(f, "expected the log to contain `{pattern}`"),
            Self::NoLog(pattern) => write!(f, "expected the log not to contain `{pattern}`"),
            Self::ShortCut(what) => write!(f, "the matcher's short cuts change what is decided: {what}"),
        }
    }
}

fn numbers(node: Node<'_>, reading: &mut Reading) -> Vec<u64> {
    reading.items(node).into_iter().filter_map(|item| reading.number(item)).collect()
}

fn pattern(node: Node<'_>, reading: &mut Reading) -> Option<Regex> {
    let text = reading.text(node)?;
    match Regex::new(&text) {
        Ok(pattern) => Some(pattern),
        Err(problem) => {
            let reason = problem.to_string();
            let reason = reason.lines().last().unwrap_or_default();
            reading.problem(node.error("bad-regex", format!("not a regular expression: {reason}")));
            None
        }
    }
}
