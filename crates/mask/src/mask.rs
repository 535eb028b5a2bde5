//! Masks over whole records.

use std::ops::Range;

use regex::bytes::Regex;

use crate::card::{CardMask, Grouping};
use crate::field::{Names, Quotes, Secrets};
use crate::json::{self, Token, Tokens};
use crate::settings::{MaskError, MaskSettings, PATTERNS_MAX, REDACTED};

/// What card numbers are counted as.
const CARD: &str = "card";
/// Bytes a compiled pattern may take.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// The masks, compiled. One serves many threads.
#[derive(Debug)]
pub struct Mask {
    cards: bool,
    names: Option<Names>,
    patterns: Vec<Regex>,
    /// What is counted: cards, then names, then patterns.
    kinds: Vec<String>,
}

/// How much was masked, a number for each of [`Mask::kinds`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(Vec<u64>);

impl Counts {
    /// The numbers, in the order of [`Mask::kinds`]; those at the end may be missing, and are 0 then.
    #[must_use]
    pub fn numbers(&self) -> &[u64] {
        &self.0
    }

    fn add(&mut self, kind: usize, more: u64) {
        if self.0.len() <= kind {
            self.0.resize(kind + 1, 0);
        }
        self.0[kind] += more;
    }
}

/// Memory that is kept between records.
#[derive(Debug)]
pub struct Scratch {
    cards: CardMask,
    lower: Vec<u8>,
    from: Vec<u8>,
    to: Vec<u8>,
    ranges: Vec<Range<usize>>,
}

impl Default for Scratch {
    fn default() -> Self {
        let cards = CardMask::new(Grouping::Card);
        Self { cards, lower: Vec::new(), from: Vec::new(), to: Vec::new(), ranges: Vec::new() }
    }
}

/// Where the record is by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Untouched,
    /// In [`Scratch::from`].
    Masked,
}

impl Mask {
    /// Compiles masks.
    ///
    /// # Errors
    ///
    /// If a name or pattern cannot be used.
    pub fn new(settings: &MaskSettings) -> Result<Self, MaskError> {
        if settings.patterns.len() > PATTERNS_MAX {
            return Err(MaskError::Patterns(settings.patterns.len()));
        }
        let names = (!settings.names.is_empty()).then(|| Names::new(&settings.names)).transpose()?;
        let mut patterns = Vec::new();
        for pattern in &settings.patterns {
            let regex = regex::bytes::RegexBuilder::new(&pattern.regex).size_limit(PATTERN_BYTES_MAX).build();
            let failed = |source| MaskError::Pattern { name: pattern.name.clone(), source: Box::new(source) };
            let regex = regex.map_err(failed)?;
            if regex.is_match(b"") {
                return Err(MaskError::EmptyPattern(pattern.name.clone()));
            }
            patterns.push(regex);
        }
        let named = settings.patterns.iter().map(|pattern| pattern.name.clone());
        let kinds = std::iter::once(CARD.to_owned()).chain(settings.names.iter().cloned()).chain(named).collect();
        Ok(Self { cards: settings.cards, names, patterns, kinds })
    }

    /// What is counted: `card`, the names of secret fields, the names of patterns.
    #[must_use]
    pub fn kinds(&self) -> &[String] {
        &self.kinds
    }

    /// The record with what is secret masked.
    ///
    /// A record that is one JSON object or array stays one: texts stay texts, numbers and objects that are masked become texts, nothing else
    /// changes. Masking once more changes nothing, unless a pattern matches what stands in place of secrets together with what is beside it.
    ///
    /// # Limits
    ///
    /// Time is linear in the record, times the number of patterns.
    pub fn apply<'b>(&self, raw: &'b [u8], scratch: &'b mut Scratch, counts: &mut Counts) -> &'b [u8] {
        let is_json = json::is_json(raw);
        let mut stage = Stage::Untouched;
        if let Some(names) = &self.names {
            let Scratch { lower, to, .. } = scratch;
            lower.clear();
            lower.extend_from_slice(raw);
            lower.make_ascii_lowercase();
            to.clear();
            if cover_fields(names.secrets(raw, lower, is_json), raw, to, counts) {
                std::mem::swap(&mut scratch.from, &mut scratch.to);
                stage = Stage::Masked;
            }
        }
        for (at, pattern) in self.patterns.iter().enumerate() {
            let Scratch { from, to, ranges, .. } = scratch;
            let record = if stage == Stage::Masked { &from[..] } else { raw };
            let count = find_matches(pattern, record, is_json, ranges);
            if count > 0 {
                counts.add(self.kinds.len() - self.patterns.len() + at, count);
                to.clear();
                cover_matches(record, is_json, ranges, to);
                std::mem::swap(from, to);
                stage = Stage::Masked;
            }
        }
        if self.cards {
            let Scratch { cards, from, to, .. } = scratch;
            let record = if stage == Stage::Masked { &from[..] } else { raw };
            if let Some(masked) = cards.apply(record) {
                to.clear();
                quote_numbers(masked, record, to);
                counts.add(0, cards.count());
                std::mem::swap(from, to);
                stage = Stage::Masked;
            }
        }
        if stage == Stage::Masked { &scratch.from } else { raw }
    }
}

/// Writes the record with the values of secret fields covered; whether there were any.
fn cover_fields(secrets: Secrets<'_>, raw: &[u8], out: &mut Vec<u8>, counts: &mut Counts) -> bool {
    let mut written = 0;
    for secret in secrets {
        if &raw[secret.range.clone()] == REDACTED.as_bytes() {
            continue;
        }
        out.extend_from_slice(&raw[written..secret.range.start]);
        push_redacted(secret.quotes, out);
        written = secret.range.end;
        counts.add(1 + secret.name, 1);
    }
    if written > 0 {
        out.extend_from_slice(&raw[written..]);
    }
    written > 0
}

fn push_redacted(quotes: Option<Quotes>, out: &mut Vec<u8>) {
    let quote = |out: &mut Vec<u8>| {
        if let Some(Quotes { mark, backslashes }) = quotes {
            out.resize(out.len() + backslashes, b'\\');
            out.push(mark);
        }
    };
    quote(out);
    out.extend_from_slice(REDACTED.as_bytes());
    quote(out);
}

/// Finds what a pattern matches: ranges in order, none touching another, each grown over what was masked before. Gives how many
/// matches there are that were not masked.
fn find_matches(pattern: &Regex, raw: &[u8], is_json: bool, ranges: &mut Vec<Range<usize>>) -> u64 {
    ranges.clear();
    let mut count = 0;
    let mut masked = memchr::memmem::find_iter(raw, REDACTED).map(|at| at..at + REDACTED.len()).peekable();
    let mut add = |found: Range<usize>| {
        let mut range = found;
        while masked.next_if(|masked| masked.end <= range.start).is_some() {}
        while let Some(masked) = masked.next_if(|masked| masked.start < range.end) {
            range = range.start.min(masked.start)..range.end.max(masked.end);
        }
        match ranges.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            _ => ranges.push(range),
        }
        count += 1;
    };
    if pattern.captures_len() > 1 {
        let groups = pattern.captures_iter(raw).filter_map(|captures| captures.get(1));
        groups.filter(|group| !group.is_empty()).for_each(|group| add(group.range()));
    } else {
        pattern.find_iter(raw).filter(|found| !found.is_empty()).for_each(|found| add(found.range()));
    }
    if !is_json {
        ranges.iter_mut().for_each(|range| *range = whole_characters(raw, range.clone()));
    }
    let before = ranges.len() as u64;
    ranges.retain(|range| &raw[range.clone()] != REDACTED.as_bytes());
    (count - u64::min(count, before)) + ranges.len() as u64
}

fn whole_characters(raw: &[u8], mut range: Range<usize>) -> Range<usize> {
    let continues = |at: usize| raw.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    // A character has four bytes at the most.
    for _ in 0..3 {
        range.start -= usize::from(range.start > 0 && continues(range.start));
        range.end += usize::from(continues(range.end));
    }
    range
}

/// Writes the record with ranges covered.
fn cover_matches(raw: &[u8], is_json: bool, ranges: &[Range<usize>], out: &mut Vec<u8>) {
    if !is_json {
        let mut written = 0;
        for range in ranges {
            let start = range.start.max(written);
            out.extend_from_slice(&raw[written..start]);
            out.extend_from_slice(REDACTED.as_bytes());
            written = range.end.max(start);
        }
        out.extend_from_slice(&raw[written..]);
        return;
    }
    let mut ranges = ranges;
    let mut written = 0;
    for token in Tokens::new(raw, 0) {
        let (Token::Text(place) | Token::Bare(place)) = &token;
        while let [first, rest @ ..] = ranges
            && first.end <= place.start
        {
            ranges = rest;
        }
        for range in ranges.iter().take_while(|range| range.start < place.end) {
            let part = range.start.max(place.start)..range.end.min(place.end);
            let (part, quotes) = match &token {
                Token::Text(text) => (json::whole_escapes(raw, text, part), None),
                Token::Bare(number) => (number.clone(), Some(Quotes { mark: b'"', backslashes: 0 })),
            };
            if part.start < written {
                continue;
            }
            out.extend_from_slice(&raw[written..part.start]);
            push_redacted(quotes, out);
            written = part.end;
        }
    }
    out.extend_from_slice(&raw[written..]);
}

/// Writes a record whose card numbers were masked, with quotes around those that were numbers of JSON.
fn quote_numbers(masked: &[u8], before: &[u8], out: &mut Vec<u8>) {
    let start = memchr::memchr2(b'{', b'[', masked).unwrap_or(masked.len());
    let mut written = 0;
    for token in Tokens::new(masked, start) {
        let Token::Bare(number) = token else { continue };
        if masked[number.clone()] != before[number.clone()] && json::is_value(masked, &number) {
            out.extend_from_slice(&masked[written..number.start]);
            out.push(b'"');
            out.extend_from_slice(&masked[number.clone()]);
            out.push(b'"');
            written = number.end;
        }
    }
    out.extend_from_slice(&masked[written..]);
}

#[cfg(test)]
mod tests;
