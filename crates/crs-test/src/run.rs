//! Tests taken through rules in this process, one way or both.
//!
//! Both ways: each request is judged with the matcher's short cuts and without them, and whatever differs fails its test.

use std::sync::Arc;

use sekisho_model::Timestamp;
use sekisho_waf::transaction::{Judging, PhasedRules};

use crate::case::Test;
use crate::exchange::{Exchange, Seen};
use crate::outcome::Outcome;
use crate::result::TestResult;

/// Between the stages of a test, as if a person had waited: a millisecond.
const STAGE_MS: u64 = 1;

/// Takes tests through rules, one after another. One a thread.
#[derive(Debug)]
pub struct Runner {
    exchange: Exchange,
    /// Another way of judging, which must come to the same.
    other: Option<Exchange>,
}

impl Runner {
    /// A runner of these rules. With [`Judging::Both`], requests are judged as a service does it besides.
    #[must_use]
    pub fn new(rules: Arc<PhasedRules>, judging: Judging) -> Self {
        let other = (judging == Judging::Both).then(|| Exchange::new(Arc::clone(&rules), Judging::Prefiltered));
        Self { exchange: Exchange::new(rules, judging), other }
    }

    /// Takes the requests of a test through the rules, from `now` on. Collections are empty at the start of each test.
    pub fn run(&mut self, test: &Test, now: Timestamp) -> TestResult {
        self.forget();
        let mut now = now;
        let sent = test.send(|bytes| {
            let outcome = self.request(bytes, &test.id, now);
            now = Timestamp::from_unix_ms(now.unix_ms() + STAGE_MS);
            outcome
        });
        test.judge(&sent)
    }

    /// Takes the first request in `bytes` through the rules. Collections are as the requests before left them.
    pub fn request(&mut self, bytes: &[u8], unique_id: &str, now: Timestamp) -> Outcome {
        let seen = self.exchange.run(bytes, unique_id, now);
        let other = self.other.as_mut().map(|other| other.run(bytes, unique_id, now));
        let short_cuts = other.map(|other| differences(&seen, &other)).unwrap_or_default();
        Outcome { short_cuts, ..seen.outcome }
    }

    /// Empties the collections.
    pub fn forget(&mut self) {
        self.exchange.forget();
        if let Some(other) = &mut self.other {
            other.forget();
        }
    }
}

/// What is otherwise with short cuts.
fn differences(without: &Seen, with: &Seen) -> Vec<String> {
    let mut found: Vec<String> = without.missed.clone();
    if without.outcome.response != with.outcome.response {
        let status = |seen: &Seen| match &seen.outcome.response {
            Some(response) => response.status.to_string(),
            None => "none".to_owned(),
        };
        found.push(format!("response {} without, {} with", status(without), status(with)));
    }
    let (here, there) = (&without.matched, &with.matched);
    if let Some(at) = (0..here.len().max(there.len())).find(|&at| here.get(at) != there.get(at)) {
        let line = |lines: &[String]| lines.get(at).map_or("no further match", String::as_str).to_owned();
        found.push(format!("match {} without: {}; with: {}", at + 1, line(here), line(there)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Response;

    fn seen(status: u16, matched: &[&str]) -> Seen {
        let response = Some(Response { status, ..Response::default() });
        let outcome = Outcome { response, ..Outcome::default() };
        Seen { outcome, matched: matched.iter().map(|line| (*line).to_owned()).collect(), missed: Vec::new() }
    }

    #[test]
    fn what_is_otherwise_with_short_cuts_is_told() {
        assert!(differences(&seen(200, &["a", "b"]), &seen(200, &["a", "b"])).is_empty());
        assert_eq!(
            differences(&seen(403, &["a", "b"]), &seen(200, &["a"])),
            ["response 403 without, 200 with", "match 2 without: b; with: no further match"]
        );
        let missed = Seen { missed: vec!["rule 1 matches".to_owned()], ..seen(200, &[]) };
        assert_eq!(differences(&missed, &seen(200, &["a"])).len(), 2);
    }
}
