//! What two logs tell of the same transactions, fact by fact: of those that both have, and of the rules that both name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::entry::{Entries, Entry, Facts};

/// The fact that a log has a transaction at all.
pub(super) const PRESENCE: &str = "presence";
/// The rules that matched and the scores.
pub(super) const DECISION: &str = "decision";
/// How often a rule matched.
pub(super) const TIMES: &str = "times";

/// The request's target, in which one log may mask the digits of card numbers.
pub(super) const TARGET: &str = "target";

/// Longest part of a value that is printed, in characters.
const SHOWN_CHARS_MAX: usize = 160;

/// How often each fact was told alike, and otherwise.
#[derive(Debug, Default)]
pub(super) struct Told {
    transactions: usize,
    matches: usize,
    facts: BTreeMap<&'static str, Tally>,
}

/// Of one fact.
#[derive(Debug, Default)]
struct Tally {
    alike: usize,
    otherwise: usize,
    /// The first that was told otherwise.
    example: Option<String>,
}

impl Told {
    /// Compares facts that both logs have. With `apart`, only where the same was decided, and not what they tell of these rules.
    pub(super) fn of(one: &Entries, other: &Entries, apart: Option<&BTreeSet<u64>>) -> Self {
        let mut told = Self::default();
        let clients: BTreeSet<_> = one.keys().chain(other.keys()).collect();
        for client in clients {
            let is_in = |entries: &Entries| if entries.contains_key(client) { "there" } else { "missing" }.to_owned();
            told.count(PRESENCE, &is_in(one), &is_in(other), || client.to_string());
            let (Some(here), Some(there)) = (one.get(client), other.get(client)) else { continue };
            if apart.is_some() && here.decision != there.decision {
                continue;
            }
            told.transactions += 1;
            let decision = |entry: &Entry| format!("{:?}", entry.decision);
            told.count(DECISION, &decision(here), &decision(there), || client.to_string());
            told.compare(&here.facts, &there.facts, || client.to_string());
            for (rule, matches) in &here.rules {
                let is_apart = apart.is_some_and(|apart| apart.contains(rule));
                let Some(others) = there.rules.get(rule).filter(|_| !is_apart) else { continue };
                told.count(TIMES, &matches.len().to_string(), &others.len().to_string(), || format!("{client} {rule}"));
                for (here, there) in matches.iter().zip(others) {
                    told.matches += 1;
                    told.compare(here, there, || format!("{client} {rule}"));
                }
            }
        }
        told
    }

    fn compare(&mut self, one: &Facts, other: &Facts, at: impl Fn() -> String) {
        for (name, here) in one {
            if let Some(there) = other.get(name) {
                let there = if name == &TARGET && masks(there, here) { here } else { there };
                self.count(name, here, there, &at);
            }
        }
    }

    fn count(&mut self, name: &'static str, here: &str, there: &str, at: impl Fn() -> String) {
        let tally = self.facts.entry(name).or_default();
        if here == there {
            tally.alike += 1;
        } else {
            tally.otherwise += 1;
            tally.example.get_or_insert_with(|| format!("{}: {} and {}", at(), shown(here), shown(there)));
        }
    }

    /// Facts among `names` that were told otherwise, and those of them that were never compared: nothing is proved by them.
    pub(super) fn failed(&self, names: &[&str]) -> Vec<String> {
        let failed = names.iter().filter(|name| self.facts.get(**name).is_none_or(|tally| tally.otherwise > 0));
        failed.map(|name| (*name).to_owned()).collect()
    }

    pub(super) fn report(&self, of: &str) -> String {
        let mut text = format!("{of}: {} transactions, {} matches\n", self.transactions, self.matches);
        for (name, Tally { alike, otherwise, example }) in &self.facts {
            let example = example.as_ref().map(|example| format!("; such as {example}")).unwrap_or_default();
            writeln!(text, "  {name:<10} {alike:>7} alike, {otherwise:>6} otherwise{example}")
                .expect("a String takes any text");
        }
        text
    }
}

/// Whether one text is another with stars for some of its digits.
fn masks(masked: &str, plain: &str) -> bool {
    let alike = |(masked, plain): (u8, u8)| masked == plain || masked == b'*' && plain.is_ascii_digit();
    masked.len() == plain.len() && masked.bytes().zip(plain.bytes()).all(alike)
}

fn shown(value: &str) -> String {
    format!("{:?}", value.chars().take(SHOWN_CHARS_MAX).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_with_its_digits_masked_is_the_same_target() {
        let told = |one: &str, other: &str| {
            let of = |target: &str| {
                let entry = Entry { facts: Facts::from([(TARGET, target.to_owned())]), ..Entry::default() };
                Entries::from([("127.0.1.1".parse().expect("an address"), entry)])
            };
            Told::of(&of(one), &of(other), None).failed(&[TARGET])
        };
        assert!(told("/?a=4111&b=1", "/?a=***1&b=1").is_empty());
        assert_eq!(
            [told("/?a=4111", "/?a=***2"), told("/?a=word", "/?a=***d"), told("/?a=4111", "/?a=**11*")],
            [[TARGET]; 3]
        );
    }

    fn entries(status: &str, messages: &[&str]) -> Entries {
        let matches = messages.iter().map(|message| Facts::from([("message", (*message).to_owned())])).collect();
        let facts = Facts::from([("status", status.to_owned())]);
        let entry = Entry { facts, rules: BTreeMap::from([(1, matches)]), ..Entry::default() };
        Entries::from([("127.0.1.1".parse().expect("an address"), entry)])
    }

    #[test]
    fn what_is_told_otherwise_is_counted_and_what_was_not_compared_proves_nothing() {
        let told = Told::of(&entries("200", &["a", "b"]), &entries("200", &["a", "c"]), None);
        assert_eq!(told.failed(&[PRESENCE, DECISION, "status", "message", TIMES, "data"]), ["message", "data"]);
        let report = told.report("x");
        assert!(report.contains("1 alike,      1 otherwise; such as 127.0.1.1 1: \"b\" and \"c\""), "{report}");
        assert_eq!(
            Told::of(&entries("200", &["a"]), &Entries::new(), None).failed(&[PRESENCE, "status"]),
            [PRESENCE, "status"]
        );
    }
}
