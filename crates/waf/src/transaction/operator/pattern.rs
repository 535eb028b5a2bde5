//! The regular expressions of a policy: each text once.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::budget::Budget;
use super::engine::Caches;
use super::searcher::{Building, Searcher};
use super::{Captures, OperatorMemory};
use crate::operator::pattern::PatternError;

/// The patterns of one policy.
#[derive(Debug)]
pub(super) struct Patterns {
    policy: Arc<()>,
    by_text: HashMap<String, Pattern>,
    building: Building,
}

impl Patterns {
    pub(super) fn new(building: Building) -> Self {
        Self { policy: Arc::new(()), by_text: HashMap::new(), building }
    }

    pub(super) fn building(&self) -> Building {
        self.building
    }

    pub(super) fn add(&mut self, text: &str) -> Result<Pattern, PatternError> {
        if let Some(known) = self.by_text.get(text) {
            return Ok(known.clone());
        }
        let searcher = Searcher::new(text, self.building)?;
        let built = Built { searcher, policy: Arc::clone(&self.policy), index: self.by_text.len() };
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
    searcher: Searcher,
    policy: Arc<()>,
    index: usize,
}

impl Pattern {
    /// Whether it matches anywhere in a value.
    pub fn is_match(&self, value: &[u8], memory: &mut OperatorMemory) -> bool {
        self.search(memory, |searcher, caches, budget| searcher.is_match(value, caches, budget))
    }

    /// Whether it matches; if so, the groups of the first match are added to `captures`.
    pub fn captures(&self, value: &[u8], memory: &mut OperatorMemory, captures: &mut Captures) -> bool {
        self.search(memory, |searcher, caches, budget| searcher.captures(value, (caches, budget), captures))
    }

    /// Whether it matches; if so, the groups of all matches are added to `captures`, numbered on.
    pub fn captures_of_all(&self, value: &[u8], memory: &mut OperatorMemory, captures: &mut Captures) -> bool {
        self.search(memory, |searcher, caches, budget| searcher.captures_of_all(value, (caches, budget), captures))
    }

    /// The first match, one after the other, of which `accept` thinks well.
    pub(super) fn find_that(
        &self,
        value: &[u8],
        memory: &mut OperatorMemory,
        accept: impl Fn(&[u8]) -> bool,
    ) -> Option<Range<usize>> {
        self.search(memory, |searcher, caches, budget| searcher.find_that(value, (caches, budget), accept))
    }

    fn search<T>(
        &self,
        memory: &mut OperatorMemory,
        search: impl FnOnce(&Searcher, &mut Caches, &mut Budget) -> T,
    ) -> T {
        let Built { searcher, policy, index } = &*self.0;
        let create = || searcher.caches();
        memory.with(policy, *index, create, |caches, budget| search(searcher, caches, budget))
    }
}
