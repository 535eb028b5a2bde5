//! Patterns that no linear engine can match, searched for by one that backtracks, within bounds.
//!
//! A linear engine is asked first, for what the pattern matches at most: most values end there. What is left is searched
//! with few steps back, then with as many as are allowed. A step can take as long as the value, so that steps are fewer where
//! values are longer, and all searches of a transaction share a [`Budget`].

use std::ops::Range;
use std::sync::OnceLock;

use fancy_regex::Regex;

use super::budget::{Budget, GaveUp};
use super::engine::{Caches, Engine};
use crate::operator::pattern::{PatternError, Written};

/// Values longer than this (bytes) are not searched: what is kept to go back to takes several times as much.
pub(super) const VALUE_BYTES_MAX: usize = 64 * 1024;

/// Steps back that are tried first: what honest values need.
const FEW_STEPS: u64 = 256;

/// Steps times bytes of the value that one search may take.
const SEARCH_WORK_MAX: u64 = 1 << 24;

/// Values of up to 1 KiB, and of up to four times as many bytes for each class after that.
const CLASSES: usize = 4;
const SMALLEST_CLASS_BYTES: u64 = 1024;

/// A pattern that needs to go back.
#[derive(Debug)]
pub(super) struct Backtracker {
    at_most: Engine,
    written: Written,
    few: Regex,
    /// With as many steps as values of a class may take.
    many: [OnceLock<Option<Regex>>; CLASSES],
    steps_max: u64,
    bytes_max: usize,
}

/// Where the groups of a match are, the whole match first.
pub(super) type Groups = Vec<Option<Range<usize>>>;

impl Backtracker {
    /// Builds it; `at_most` searches for what the pattern matches at most.
    pub(super) fn new(
        written: Written,
        at_most: Engine,
        steps_max: u32,
        bytes_max: usize,
    ) -> Result<Self, PatternError> {
        let steps_max = u64::from(steps_max);
        let few = written.build(whole(FEW_STEPS.min(steps_max)), bytes_max)?;
        Ok(Self { at_most, written, few, many: Default::default(), steps_max, bytes_max })
    }

    /// For what is searched first.
    pub(super) fn caches(&self) -> Caches {
        self.at_most.caches()
    }

    /// The groups of the first match from `at` on.
    pub(super) fn find(
        &self,
        value: &[u8],
        at: usize,
        caches: &mut Caches,
        budget: &mut Budget,
    ) -> Result<Option<Groups>, GaveUp> {
        if !self.at_most.is_match(value, caches) {
            return Ok(None);
        }
        if value.len() > VALUE_BYTES_MAX {
            return Err(GaveUp);
        }
        let class = (0..CLASSES).find(|class| value.len() as u64 <= class_bytes(*class)).unwrap_or(CLASSES - 1);
        let many = self.steps_max.min(SEARCH_WORK_MAX / class_bytes(class));
        let few = FEW_STEPS.min(self.steps_max);
        budget.spend(few * (value.len() as u64 + 1))?;
        if let Ok(found) = search(&self.few, value, at) {
            return Ok(found);
        }
        budget.spend(many.saturating_sub(few) * (value.len() as u64 + 1))?;
        let build = || self.written.build(whole(many), self.bytes_max).ok();
        let patient = self.many[class].get_or_init(build).as_ref().ok_or(GaveUp)?;
        search(patient, value, at)
    }
}

/// The longest values of a class.
fn class_bytes(class: usize) -> u64 {
    SMALLEST_CLASS_BYTES << (2 * class)
}

fn whole(steps: u64) -> usize {
    usize::try_from(steps).unwrap_or(usize::MAX)
}

fn search(regex: &Regex, value: &[u8], at: usize) -> Result<Option<Groups>, GaveUp> {
    let found = regex.captures_from_pos(value, at).map_err(|_| GaveUp)?;
    Ok(found.map(|groups| groups.iter().map(|group| group.map(|group| group.range())).collect()))
}

#[cfg(test)]
mod tests;
