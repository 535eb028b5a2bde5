//! What the admin address answers when it is asked for samples: the response of `GetSampledRequests`.
//!
//! Where AWS stops at the first 5,000 requests of a time range, all of it is drawn from here; the range in the answer is
//! the one asked for, as far as samples are kept.
//!
//! Source: API reference, `GetSampledRequests`: 1 to 500 items, the last three hours; times are seconds since the epoch.

use std::sync::Arc;

use jiff::Timestamp as Instant;
use sekisho_model::Timestamp;
use thiserror::Error;

use super::draw::Draw;
use super::reservoir::{KEPT_MS, Reservoir, Sample};
use super::store::{ALL, DEFAULT_ACTION, Samples};
use crate::record::push_text;

/// Items of an answer, if the question does not say.
const ITEMS_DEFAULT: usize = 100;
/// Items of an answer at most. Source: API model, `ListMaxItems`.
const ITEMS_MAX: usize = 500;
/// Bytes of a value in a question.
const VALUE_BYTES_MAX: usize = 1024;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    name: String,
    items_max: usize,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Unanswerable {
    /// A parameter that means nothing here.
    #[error("unknown parameter {0:?}; known are rule-metric-name, max-items, start-time and end-time")]
    Parameter(String),
    /// A parameter given twice.
    #[error("{0} is given twice")]
    Twice(&'static str),
    /// A value that cannot be read.
    #[error("{name} is {value:?}; {expected}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// The range ends before it begins, or before samples are kept.
    #[error("the time range is empty: end-time must be after start-time, and in the last three hours")]
    Range,
    /// No rule goes by this name.
    #[error("no rule has the metric name {name:?}; known are {known}")]
    Name {
        /// The name.
        name: String,
        /// Those there are.
        known: String,
    },
}

impl Ask {
    /// Reads the query of a request.
    pub(crate) fn parse(query: &str) -> Result<Self, Unanswerable> {
        let (mut name, mut items, mut start, mut end) = (None, None, None, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value);
            let (slot, known) = match key {
                "rule-metric-name" => (&mut name, "rule-metric-name"),
                "max-items" => (&mut items, "max-items"),
                "start-time" => (&mut start, "start-time"),
                "end-time" => (&mut end, "end-time"),
                _ => return Err(Unanswerable::Parameter(cut(key.to_owned()))),
            };
            if slot.replace(value).is_some() {
                return Err(Unanswerable::Twice(known));
            }
        }
        let items_max = match items {
            None => ITEMS_DEFAULT,
            Some(text) => text.parse().ok().filter(|items| (1..=ITEMS_MAX).contains(items)).ok_or_else(|| {
                let expected = "expected a whole number from 1 to 500";
                Unanswerable::Value { name: "max-items", value: cut(text), expected }
            })?,
        };
        let start = start.map(|text| time("start-time", text)).transpose()?;
        let end = end.map(|text| time("end-time", text)).transpose()?;
        Ok(Self { name: name.unwrap_or_else(|| ALL.to_owned()), items_max, start, end })
    }
}

/// A time in seconds since the epoch, or as RFC 3339 has it.
fn time(name: &'static str, text: String) -> Result<Timestamp, Unanswerable> {
    let seconds = || text.parse::<f64>().ok().filter(|seconds| (0.0..1e11).contains(seconds));
    let written = || text.parse::<Instant>().ok().and_then(|at| u64::try_from(at.as_millisecond()).ok());
    let ms = seconds().map(|seconds| (seconds * 1000.0) as u64).or_else(written);
    ms.map(Timestamp::from_unix_ms).ok_or_else(|| {
        let expected = "expected seconds since the epoch, or a time such as 2026-11-22T09:30:00Z";
        Unanswerable::Value { name, value: cut(text), expected }
    })
}

/// A value with percent-encodings undone. `+` stays, as times have it.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |at: usize| bytes.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        match (bytes[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn cut(mut text: String) -> String {
    let end = text.floor_char_boundary(VALUE_BYTES_MAX);
    text.truncate(end);
    text
}

/// A sample that may be part of the answer.
struct Candidate {
    sample: Sample,
    slot: usize,
    /// Requests that each sample of its slot stands for.
    weight: f64,
}

impl Samples {
    /// The names that samples can be asked for: the metric names of rules, and of the policy for its default action.
    pub(crate) fn answer_names(&self) -> Vec<u8> {
        let names = self.names();
        let mut out = b"{\"RuleMetricNames\":[".to_vec();
        for (at, name) in names.reservoirs.keys().enumerate() {
            out.extend_from_slice(if at == 0 { b"\"" } else { b",\"" });
            push_text(&mut out, name.as_bytes());
            out.push(b'"');
        }
        out.extend_from_slice(b"],\"DefaultAction\":\"");
        push_text(&mut out, names.default_action.as_bytes());
        out.extend_from_slice(b"\"}\n");
        out
    }

    /// The answer as JSON.
    pub(crate) fn answer(&self, ask: &Ask, now: Timestamp) -> Result<Vec<u8>, Unanswerable> {
        let earliest = Timestamp::from_unix_ms(now.unix_ms().saturating_sub(KEPT_MS));
        let start = ask.start.unwrap_or(earliest).max(earliest);
        let end = ask.end.unwrap_or(now);
        if end < start {
            return Err(Unanswerable::Range);
        }
        let found = {
            let names = self.names();
            names.find(&ask.name).ok_or_else(|| {
                let known = [ALL, DEFAULT_ACTION].into_iter().chain(names.reservoirs.keys().map(String::as_str));
                let known = cut(known.collect::<Vec<_>>().join(", "));
                Unanswerable::Name { name: cut(ask.name.clone()), known }
            })?
        };
        let (candidates, slots) = gather(&found, start, end);
        let population: u64 = slots.iter().sum();
        let chosen = choose(candidates, ask.items_max, self.draw);
        Ok(write(&chosen, &slots, population, start, end))
    }
}

fn gather(reservoirs: &[Arc<Reservoir>], start: Timestamp, end: Timestamp) -> (Vec<Candidate>, Vec<u64>) {
    let (mut candidates, mut slots) = (Vec::new(), Vec::new());
    for found in reservoirs.iter().flat_map(|reservoir| reservoir.window(start, end)) {
        let weight = found.population as f64 / found.samples.len().max(1) as f64;
        candidates.extend(found.samples.into_iter().map(|sample| Candidate { sample, slot: slots.len(), weight }));
        slots.push(found.population);
    }
    (candidates, slots)
}

/// Chooses as many as asked for, each as likely as the requests it stands for are many; the latest first.
///
/// Source: Efraimidis and Spirakis, "Weighted random sampling with a reservoir" (2006), algorithm A-Res.
fn choose(mut candidates: Vec<Candidate>, items_max: usize, draw: Draw) -> Vec<Candidate> {
    if candidates.len() > items_max {
        let key = |(at, candidate): (usize, &Candidate)| {
            let chance = (draw.number(at as u64) >> 11) as f64 / (1_u64 << 53) as f64;
            chance.powf(1.0 / candidate.weight)
        };
        let keys: Vec<f64> = candidates.iter().enumerate().map(key).collect();
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_by(|&a, &b| keys[b].total_cmp(&keys[a]));
        let mut kept = vec![false; candidates.len()];
        order.iter().take(items_max).for_each(|&at| kept[at] = true);
        let mut at = 0;
        candidates.retain(|_| {
            at += 1;
            kept[at - 1]
        });
    }
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.sample.at));
    candidates
}

fn write(chosen: &[Candidate], slots: &[u64], population: u64, start: Timestamp, end: Timestamp) -> Vec<u8> {
    let mut of_slot = vec![0_u64; slots.len()];
    chosen.iter().for_each(|candidate| of_slot[candidate.slot] += 1);
    let mut out = b"{\"SampledRequests\":[".to_vec();
    for (at, candidate) in chosen.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        let stands_for = slots[candidate.slot] as f64 / of_slot[candidate.slot] as f64;
        out.extend_from_slice(&candidate.sample.json);
        out.extend_from_slice(format!(",\"Weight\":{}}}", stands_for.round().max(1.0) as u64).as_bytes());
    }
    let seconds = |at: Timestamp| format!("{}.{:03}", at.unix_ms() / 1000, at.unix_ms() % 1000);
    let window = format!("{{\"StartTime\":{},\"EndTime\":{}}}", seconds(start), seconds(end));
    out.extend_from_slice(format!("],\"PopulationSize\":{population},\"TimeWindow\":{window}}}\n").as_bytes());
    out
}

#[cfg(test)]
mod tests;
