//! Searches for a pattern, with whichever engine it takes.

use std::num::NonZeroU32;
use std::ops::Range;

use super::backtracker::{Backtracker, Groups};
use super::budget::Budget;
use super::engine::{Caches, Engine, Search};
use super::{Captured, Captures};
use crate::operator::pattern::{self, PatternError};

/// How many places of a value are tried for one that a check accepts: a page full of digits must not take a search at each.
const STARTS_MAX: usize = 4096;

/// How patterns are built.
#[derive(Debug, Clone, Copy)]
pub(super) struct Building {
    /// One takes this many bytes at most.
    pub(super) bytes_max: usize,
    /// Those that no linear engine can match take this many steps back for a value; without it they are refused.
    pub(super) steps_max: Option<NonZeroU32>,
}

/// What searches for a pattern.
#[derive(Debug)]
pub(super) enum Searcher {
    Linear(Box<Engine>),
    Backtracking(Box<Backtracker>),
}

impl Searcher {
    /// Builds it.
    pub(super) fn new(text: &str, building: Building) -> Result<Self, PatternError> {
        let Building { bytes_max, steps_max } = building;
        match steps_max {
            Some(steps_max) if pattern::check(text).is_err_and(|error| error.may_backtrack) => {
                let (written, at_most) = pattern::parse_backtracking(text)?;
                let at_most = Engine::of_superset(&at_most, bytes_max)?;
                let backtracker = Backtracker::new(written, at_most, steps_max.get(), bytes_max)?;
                Ok(Self::Backtracking(Box::new(backtracker)))
            }
            _ => Ok(Self::Linear(Box::new(Engine::new(text, bytes_max)?))),
        }
    }

    pub(super) fn caches(&self) -> Caches {
        match self {
            Self::Linear(engine) => engine.caches(),
            Self::Backtracking(backtracker) => backtracker.caches(),
        }
    }

    /// Whether it matches anywhere.
    pub(super) fn is_match(&self, value: &[u8], caches: &mut Caches, budget: &mut Budget) -> bool {
        match self {
            Self::Linear(engine) => engine.is_match(value, caches),
            Self::Backtracking(backtracker) => {
                let answer = backtracker.find(value, 0, caches, budget);
                budget.known(answer).is_some()
            }
        }
    }

    /// Whether it matches; if so, the groups of the first match are added to `captures`.
    pub(super) fn captures(
        &self,
        value: &[u8],
        (caches, budget): (&mut Caches, &mut Budget),
        captures: &mut Captures,
    ) -> bool {
        self.next((&mut Search::of(value), 0), caches, budget, captures, 0).is_some()
    }

    /// Whether it matches; if so, the groups of all matches are added to `captures`, numbered on.
    pub(super) fn captures_of_all(
        &self,
        value: &[u8],
        (caches, budget): (&mut Caches, &mut Budget),
        captures: &mut Captures,
    ) -> bool {
        let (mut at, mut first_group) = (0, 0);
        let mut search = Search::of(value);
        let mut matched = false;
        // Each match adds a group at least, so that there are no more searches than groups rules can refer to.
        while at <= value.len() && !captures.is_full(first_group) {
            let Some((found, groups)) = self.next((&mut search, at), caches, budget, captures, first_group) else {
                break;
            };
            matched = true;
            first_group += groups;
            at = if found.is_empty() { found.end + 1 } else { found.end };
        }
        matched
    }

    /// The first match, one after the other, of which `accept` thinks well.
    pub(super) fn find_that(
        &self,
        value: &[u8],
        (caches, budget): (&mut Caches, &mut Budget),
        accept: impl Fn(&[u8]) -> bool,
    ) -> Option<Range<usize>> {
        let mut at = 0;
        let mut search = Search::of(value);
        for _ in 0..STARTS_MAX {
            let found = match self {
                Self::Linear(engine) => engine.find(&mut search, at, caches),
                Self::Backtracking(backtracker) => {
                    whole(backtracker, (value, at), caches, budget).map(|(found, _)| found)
                }
            }?;
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
        (search, at): (&mut Search<'_>, usize),
        caches: &mut Caches,
        budget: &mut Budget,
        captures: &mut Captures,
        first_group: usize,
    ) -> Option<(Range<usize>, usize)> {
        let mut count = 0;
        let mut keep = |group: usize, caught: Option<Range<usize>>| {
            if let Some(caught) = caught {
                captures.push(first_group + group, Captured::Value(caught));
                count = group + 1;
            }
        };
        let found = match self {
            Self::Linear(engine) => {
                let found = engine.find(search, at, caches)?;
                engine.groups(search, found.clone(), caches, keep);
                found
            }
            Self::Backtracking(backtracker) => {
                let (found, groups) = whole(backtracker, (search.value(), at), caches, budget)?;
                groups.into_iter().enumerate().for_each(|(group, caught)| keep(group, caught));
                found
            }
        };
        Some((found, count))
    }
}

/// Where a pattern that needs to go back first matches, and its groups.
fn whole(
    backtracker: &Backtracker,
    (value, at): (&[u8], usize),
    caches: &mut Caches,
    budget: &mut Budget,
) -> Option<(Range<usize>, Groups)> {
    let answer = backtracker.find(value, at, caches, budget);
    let groups = budget.known(answer)?;
    Some((groups.first().cloned().flatten()?, groups))
}
