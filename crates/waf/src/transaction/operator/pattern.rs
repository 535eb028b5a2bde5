//! The regular expressions of a policy: each text once, built when it is first searched for.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use regex_automata::Input;
use regex_automata::meta::{Config, Regex};
use regex_automata::util::captures::Captures as Groups;

use super::{Captured, Captures, OperatorMemory};
use crate::Limits;
use crate::operator::pattern::{self, PatternError};

/// How many places of a value are tried for one that a check accepts: a page full of digits must not take a search at each.
const STARTS_MAX: usize = 4096;

/// The patterns of one policy.
#[derive(Debug)]
pub(super) struct Patterns {
    policy: Arc<()>,
    by_text: HashMap<String, Pattern>,
    bytes_max: usize,
}

impl Patterns {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { policy: Arc::new(()), by_text: HashMap::new(), bytes_max: limits.regex_bytes_max }
    }

    pub(super) fn add(&mut self, text: &str) -> Result<Pattern, PatternError> {
        if let Some(known) = self.by_text.get(text) {
            return Ok(known.clone());
        }
        let regex = build(text, self.bytes_max)?;
        let built = Built { regex: OnceLock::from(regex), policy: Arc::clone(&self.policy), index: self.by_text.len() };
        let pattern = Pattern(Arc::new(built));
        self.by_text.insert(text.to_owned(), pattern.clone());
        Ok(pattern)
    }
}

fn build(text: &str, bytes_max: usize) -> Result<Regex, PatternError> {
    let hir = pattern::parse(text)?;
    Regex::builder()
        .configure(Config::new().utf8_empty(false).nfa_size_limit(Some(bytes_max)))
        .build_from_hir(&hir)
        .map_err(|error| PatternError { reason: error.to_string(), at: None })
}

/// A regular expression over bytes, ready to search.
#[derive(Debug, Clone)]
pub struct Pattern(Arc<Built>);

#[derive(Debug)]
struct Built {
    regex: OnceLock<Regex>,
    policy: Arc<()>,
    index: usize,
}

impl Pattern {
    /// Whether it matches anywhere in a value.
    pub fn is_match(&self, value: &[u8], memory: &mut OperatorMemory) -> bool {
        let (regex, cache) = self.engine(memory);
        regex.search_half_with(cache, &Input::new(value).earliest(true)).is_some()
    }

    /// Whether it matches; if so, the groups of the first match are added to `captures`.
    pub fn captures(&self, value: &[u8], memory: &mut OperatorMemory, captures: &mut Captures) -> bool {
        self.is_match(value, memory) && self.next(value, 0, memory, captures, 0).is_some()
    }

    /// Whether it matches; if so, the groups of all matches are added to `captures`, numbered on.
    pub fn captures_of_all(&self, value: &[u8], memory: &mut OperatorMemory, captures: &mut Captures) -> bool {
        if !self.is_match(value, memory) {
            return false;
        }
        let (mut at, mut first_group) = (0, 0);
        while at <= value.len() && !captures.is_full(first_group) {
            let Some((found, groups)) = self.next(value, at, memory, captures, first_group) else { break };
            first_group += groups;
            at = if found.is_empty() { found.end + 1 } else { found.end };
        }
        true
    }

    /// The first match, one after the other, of which `accept` thinks well.
    pub(super) fn find_that(
        &self,
        value: &[u8],
        memory: &mut OperatorMemory,
        accept: impl Fn(&[u8]) -> bool,
    ) -> Option<Range<usize>> {
        let mut at = 0;
        for _ in 0..STARTS_MAX {
            let (regex, cache) = self.engine(memory);
            let found = regex.search_with(cache, &Input::new(value).range(at..))?.range();
            if accept(&value[found.clone()]) {
                return Some(found);
            }
            // A number may begin within what is none.
            at = found.start + 1;
            if at > value.len() {
                break;
            }
        }
        None
    }

    /// Adds the groups of the first match from `at` on; returns where it is and how many groups it has up to the last one
    /// that took part.
    fn next(
        &self,
        value: &[u8],
        at: usize,
        memory: &mut OperatorMemory,
        captures: &mut Captures,
        first_group: usize,
    ) -> Option<(Range<usize>, usize)> {
        let (regex, cache) = self.engine(memory);
        let mut groups: Groups = regex.create_captures();
        regex.search_captures_with(cache, &Input::new(value).range(at..), &mut groups);
        let found = groups.get_match()?.range();
        let mut count = 0;
        for (group, span) in groups.iter().enumerate() {
            if let Some(span) = span {
                captures.push(first_group + group, Captured::Value(span.range()));
                count = group + 1;
            }
        }
        Some((found, count))
    }

    fn engine<'m>(&self, memory: &'m mut OperatorMemory) -> (&Regex, &'m mut regex_automata::meta::Cache) {
        let regex = self.0.regex.get().expect("it is built when it is added");
        let cache = memory.cache(&self.0.policy, self.0.index);
        (regex, cache.get_or_insert_with(|| Box::new(regex.create_cache())))
    }
}
