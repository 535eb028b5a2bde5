//! What two engines made of the same requests, and where it differs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::causes::{Cause, cause_of};
use super::decision::Decision;
use super::exchange::Answer;
use super::request::Request;

/// What became of a request at one engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) answer: Answer,
    /// None if no transaction was logged: the server refused the request before any rule.
    pub(super) decision: Option<Decision>,
}

/// A request that was not decided alike.
#[derive(Debug)]
pub(super) struct Difference<'a> {
    pub(super) request: &'a Request,
    pub(super) theirs: &'a Outcome,
    pub(super) ours: &'a Outcome,
}

impl Difference<'_> {
    /// Rules that matched only there, and only here.
    pub(super) fn rules(&self) -> (Vec<u64>, Vec<u64>) {
        let rules = |outcome: &Outcome| outcome.decision.as_ref().map(|found| found.rules.clone()).unwrap_or_default();
        let (theirs, ours) = (rules(self.theirs), rules(self.ours));
        (theirs.difference(&ours).copied().collect(), ours.difference(&theirs).copied().collect())
    }

    fn shown(&self) -> String {
        let (theirs, ours) = self.rules();
        let scores = |outcome: &Outcome| {
            let scores = outcome.decision.as_ref().map(|found| found.scores.as_deref().unwrap_or("no scores"));
            scores.unwrap_or("no transaction").to_owned()
        };
        let head: String = String::from_utf8_lossy(&self.request.bytes).chars().take(400).collect();
        format!(
            "- {}: theirs {:?}, ours {:?}; rules only theirs {theirs:?}, only ours {ours:?}\n    theirs {}\n    ours   {}\n    {head:?}\n",
            self.request.name,
            self.theirs.answer,
            self.ours.answer,
            scores(self.theirs),
            scores(self.ours),
        )
    }
}

/// All requests of a run, sorted by how they went.
#[derive(Debug)]
pub(super) struct Tally<'a> {
    requests: usize,
    blocked: usize,
    causes: BTreeMap<&'static str, (&'static Cause, Vec<Difference<'a>>)>,
    unexplained: Vec<Difference<'a>>,
}

impl<'a> Tally<'a> {
    pub(super) fn of(requests: &'a [Request], theirs: &'a [Outcome], ours: &'a [Outcome]) -> Self {
        let mut tally = Self { requests: requests.len(), blocked: 0, causes: BTreeMap::new(), unexplained: Vec::new() };
        for ((request, theirs), ours) in requests.iter().zip(theirs).zip(ours) {
            tally.blocked += usize::from(theirs.answer == Answer::Status(403));
            if theirs == ours {
                continue;
            }
            let difference = Difference { request, theirs, ours };
            match cause_of(&difference) {
                Some(cause) => tally.causes.entry(cause.name).or_insert((cause, Vec::new())).1.push(difference),
                None => tally.unexplained.push(difference),
            }
        }
        tally
    }

    pub(super) fn unexplained(&self) -> usize {
        self.unexplained.len()
    }

    pub(super) fn report(&self, paranoia: u8, shown_max: usize) -> String {
        let explained: usize = self.causes.values().map(|(_, found)| found.len()).sum();
        let mut text = format!(
            "paranoia {paranoia}: {} requests, {} refused with 403 by ModSecurity, {} decided alike, {explained} differ \
             for a known cause, {} differ\n",
            self.requests,
            self.blocked,
            self.requests - explained - self.unexplained.len(),
            self.unexplained.len()
        );
        for (cause, found) in self.causes.values() {
            writeln!(text, "  {:>5} {}", found.len(), cause.name).expect("a String takes any text");
        }
        text.push_str(&groups(&self.unexplained));
        for difference in self.unexplained.iter().take(shown_max) {
            text.push_str(&difference.shown());
        }
        text
    }
}

/// Differences that look the same, counted: what to look at first.
fn groups(differences: &[Difference<'_>]) -> String {
    let mut groups: BTreeMap<String, (usize, &str)> = BTreeMap::new();
    for difference in differences {
        let (theirs, ours) = difference.rules();
        let answers = match difference.theirs.answer == difference.ours.answer {
            true => "same answer".to_owned(),
            false => format!("{:?} and {:?}", difference.theirs.answer, difference.ours.answer),
        };
        let transaction = match (&difference.theirs.decision, &difference.ours.decision) {
            (None, Some(_)) => ", no transaction there",
            (Some(_), None) => ", no transaction here",
            _ => "",
        };
        let key = format!("{answers}{transaction}; only theirs {theirs:?}, only ours {ours:?}");
        groups.entry(key).or_insert((0, &difference.request.name)).0 += 1;
    }
    let mut sorted: Vec<_> = groups.into_iter().collect();
    sorted.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    sorted.iter().map(|(key, (count, name))| format!("  {count:>5} {key}; such as {name}\n")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_differs_is_counted_and_shown() {
        let request = Request { name: "one".to_owned(), bytes: b"GET / HTTP/1.1\r\n\r\n".to_vec() };
        let requests = [request.clone(), request];
        let outcome = |rules: &[u64], status| Outcome {
            answer: Answer::Status(status),
            decision: Some(Decision { rules: BTreeSet::from_iter(rules.iter().copied()), scores: None }),
        };
        let theirs = [outcome(&[1], 200), outcome(&[1, 2], 403)];
        let ours = [outcome(&[1], 200), outcome(&[1, 3], 200)];
        let tally = Tally::of(&requests, &theirs, &ours);
        assert_eq!(tally.unexplained(), 1);
        let report = tally.report(1, 5);
        assert!(report.contains("only theirs [2], only ours [3]") && report.contains("1 decided alike"), "{report}");
    }
}
