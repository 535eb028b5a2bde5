//! The requests of a test sent in their order, and what became of the test.

use crate::case::Test;
use crate::expectation::Difference;
use crate::outcome::Outcome;
use crate::wire;

/// A request that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The request line, control characters escaped.
    pub line: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a test.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestResult {
    /// The stages that came to something else than expected.
    pub failures: Vec<StageFailure>,
    /// Why HTTP refused a request before any rule could, if it did.
    pub refused: Option<String>,
}

/// A stage that came to something else than expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageFailure {
    /// Which stage of its test, from 1.
    pub stage: usize,
    /// The request line, control characters escaped.
    pub request: String,
    /// What differs.
    pub differences: Vec<Difference>,
    /// The rules that matched.
    pub rules: Vec<u64>,
}

impl Test {
    /// Sends the request of each stage: `send` takes its bytes and says what came of it, at least the response, on which the
    /// next request may depend.
    pub fn send(&self, mut send: impl FnMut(&[u8]) -> Outcome) -> Vec<Sent> {
        let mut memory = wire::Memory::default();
        let stages = self.stages.iter().map(|stage| {
            let bytes = wire::request(&stage.input, &memory);
            let outcome = send(&bytes);
            memory.learn(&stage.input, outcome.response.as_ref());
            Sent { line: request_line(&bytes), outcome }
        });
        stages.collect()
    }

    /// Compares what came of each stage with what was expected.
    #[must_use]
    pub fn judge(&self, sent: &[Sent]) -> TestResult {
        let mut result = TestResult::default();
        for (index, (stage, Sent { line, outcome })) in self.stages.iter().zip(sent).enumerate() {
            result.refused = result.refused.or_else(|| outcome.refused.clone());
            let differences = stage.expectation.differences(outcome);
            if !differences.is_empty() {
                let rules = outcome.rules();
                result.failures.push(StageFailure { stage: index + 1, request: line.clone(), differences, rules });
            }
        }
        result
    }
}

/// The request line, for people.
fn request_line(bytes: &[u8]) -> String {
    /// Longer lines are cut: what differs is told below them.
    const CHARS_MAX: usize = 160;
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
    let mut text: String = line.chars().take(CHARS_MAX).flat_map(shown).collect();
    if line.chars().nth(CHARS_MAX).is_some() {
        text.push('…');
    }
    text
}

fn shown(character: char) -> Vec<char> {
    if character.is_control() { character.escape_default().collect() } else { vec![character] }
}
