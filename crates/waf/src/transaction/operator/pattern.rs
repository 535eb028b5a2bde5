//! The regular expressions of a policy: each text once.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::engine::{Caches, Engine};
use super::{Captured, Captures, OperatorMemory};
use crate::Limits;
use crate::operator::pattern::PatternError;

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
        let engine = Engine::new(text, self.bytes_max)?;
        let built = Built { engine, policy: Arc::clone(&self.policy), index: self.by_text.len() };
        let pattern = Pattern(Arc::new(built));
        self.by_text.insert(text.to_owned(), pattern.clone());
        Ok(pattern)
    }
}

/// A regular expression over bytes, ready to search.
#[derive(Debug, Clone)]
pub struct Pattern(Arc<Built>);

#[derive(Debug)]
struct Built {
    engine: Engine,
    policy: Arc<()>,
    index: usize,
}

impl Pattern {
    /// Whether it matches anywhere in a value.
    pub fn is_match(&self, value: &[u8], memory: &mut OperatorMemory) -> bool {
        self.search(memory, |engine, caches| engine.is_match(value, caches))
    }

    /// Whether it matches; if so, the groups of the first match are added to `captures`.
    pub fn captures(&self, value: &[u8], memory: &mut OperatorMemory, captures: &mut Captures) -> bool {
        self.search(memory, |engine, caches| {
            engine.is_match(value, caches) && next(engine, value, 0, caches, captures, 0).is_some()
        })
    }

    /// Whether it matches; if so, the groups of all matches are added to `captures`, numbered on.
    pub fn captures_of_all(&self, value: &[u8], memory: &mut OperatorMemory, captures: &mut Captures) -> bool {
        self.search(memory, |engine, caches| {
            if !engine.is_match(value, caches) {
                return false;
            }
            let (mut at, mut first_group) = (0, 0);
            // Each match adds a group at least, so that there are no more searches than groups rules can refer to.
            while at <= value.len() && !captures.is_full(first_group) {
                let Some((found, groups)) = next(engine, value, at, caches, captures, first_group) else { break };
                first_group += groups;
                at = if found.is_empty() { found.end + 1 } else { found.end };
            }
            true
        })
    }

    /// The first match, one after the other, of which `accept` thinks well.
    pub(super) fn find_that(
        &self,
        value: &[u8],
        memory: &mut OperatorMemory,
        accept: impl Fn(&[u8]) -> bool,
    ) -> Option<Range<usize>> {
        self.search(memory, |engine, caches| {
            let mut at = 0;
            for _ in 0..STARTS_MAX {
                let found = engine.find(value, at, caches)?;
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
        })
    }

    fn search<T>(&self, memory: &mut OperatorMemory, search: impl FnOnce(&Engine, &mut Caches) -> T) -> T {
        let Built { engine, policy, index } = &*self.0;
        memory.with(policy, *index, || engine.caches(), |caches| search(engine, caches))
    }
}

/// Adds the groups of the first match from `at` on; returns where it is and how many groups it has up to the last one that
/// took part.
fn next(
    engine: &Engine,
    value: &[u8],
    at: usize,
    caches: &mut Caches,
    captures: &mut Captures,
    first_group: usize,
) -> Option<(Range<usize>, usize)> {
    let found = engine.find(value, at, caches)?;
    let mut count = 0;
    for (group, caught) in engine.groups(value, found.clone(), caches).enumerate() {
        if let Some(caught) = caught {
            captures.push(first_group + group, Captured::Value(caught));
            count = group + 1;
        }
    }
    Some((found, count))
}
