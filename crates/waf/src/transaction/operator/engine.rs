//! How a regular expression is searched for: automata that are determined while they read.
//!
//! Whether a value matches, and where, is found by a lazily determined automaton that reads each byte once. Unlike
//! `regex_automata::meta` it never gives up: where a hostile value makes it build state after state, it forgets them and
//! goes on, at the cost of building one for each byte, which depends on the pattern but not on the value. Another reads back
//! from the end of a match to its start. Both are shared; what they build is in [`Caches`].
//!
//! Only patterns with groups have the third engine, which looks at nothing but the match.

use std::ops::Range;
use std::sync::OnceLock;

use regex_automata::hybrid::BuildError;
use regex_automata::hybrid::dfa::{self, DFA};
use regex_automata::meta::{self, Regex};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::captures::Captures as Groups;
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::hir::Hir;

use crate::operator::pattern::{self, PatternError};

/// States of one automaton are kept up to this many bytes: all that honest values lead to, for the largest patterns of the
/// Core Rule Set.
const CACHE_BYTES_MAX: usize = 1 << 20;

/// What searches for a pattern.
#[derive(Debug)]
pub(super) struct Engine {
    /// The pattern, for what is built later: reading it again takes less than keeping what it means.
    text: Box<str>,
    /// Whether it finds an empty match after a line feed that ends the value, where PCRE finds none.
    finds_empty_line: bool,
    forward: DFA,
    backward: OnceLock<DFA>,
    groups: Option<Regex>,
}

/// What the automata of one pattern built so far.
#[derive(Debug)]
pub(super) struct Caches {
    forward: dfa::Cache,
    backward: Option<dfa::Cache>,
    groups: Option<(meta::Cache, Groups)>,
}

impl Caches {
    /// The memory they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let Self { forward, backward, groups } = self;
        let backward = backward.as_ref().map_or(0, dfa::Cache::memory_usage);
        forward.memory_usage() + backward + groups.as_ref().map_or(0, |(cache, _)| cache.memory_usage())
    }
}

impl Engine {
    /// Builds what every search needs.
    pub(super) fn new(text: &str, bytes_max: usize) -> Result<Self, PatternError> {
        let (hir, finds_empty_line) = pattern::parse_with_end(text)?;
        let forward = forward(&hir, bytes_max)?;
        let groups = match hir.properties().explicit_captures_len() {
            0 => None,
            _ => Some(grouping(&hir, bytes_max).map_err(|cause| unbuilt(&*cause))?),
        };
        Ok(Self { text: text.into(), finds_empty_line, forward, backward: OnceLock::new(), groups })
    }

    /// For [`Self::is_match`] alone, of what a pattern matches at most.
    pub(super) fn of_superset(hir: &Hir, bytes_max: usize) -> Result<Self, PatternError> {
        let forward = forward(hir, bytes_max)?;
        Ok(Self { text: "".into(), finds_empty_line: false, forward, backward: OnceLock::new(), groups: None })
    }

    pub(super) fn caches(&self) -> Caches {
        Caches { forward: self.forward.create_cache(), backward: None, groups: None }
    }

    /// Whether it matches anywhere.
    pub(super) fn is_match(&self, value: &[u8], caches: &mut Caches) -> bool {
        if self.finds_empty_line && value.ends_with(b"\n") {
            return self.find(value, 0, caches).is_some();
        }
        let input = Input::new(value).earliest(true);
        self.forward.try_search_fwd(&mut caches.forward, &input).expect(NEVER_STOPS).is_some()
    }

    /// Where the first match from `at` on is.
    pub(super) fn find(&self, value: &[u8], at: usize, caches: &mut Caches) -> Option<Range<usize>> {
        let input = Input::new(value).range(at..);
        let end = self.forward.try_search_fwd(&mut caches.forward, &input).expect(NEVER_STOPS)?.offset();
        let backward = self.backward.get_or_init(|| {
            // It is as large as the one forward, which was within its limit, but for what the two ways differ in.
            let hir = pattern::parse(&self.text).expect("it was read before");
            let nfa = nfa(&hir, true, None).expect("what can be read one way can be read the other");
            automaton(nfa, MatchKind::All).expect("an automaton of any size is built lazily")
        });
        let cache = caches.backward.get_or_insert_with(|| backward.create_cache());
        let input = Input::new(value).range(at..end).anchored(Anchored::Yes);
        let start = backward.try_search_rev(cache, &input).expect(NEVER_STOPS);
        let found = start?.offset()..end;
        let is_empty_line = self.finds_empty_line && found.start == value.len() && value.ends_with(b"\n");
        (!is_empty_line).then_some(found)
    }

    /// Where the groups are of a match that [`Self::find`] found, the whole match first.
    pub(super) fn groups<'c>(
        &self,
        value: &[u8],
        found: Range<usize>,
        caches: &'c mut Caches,
    ) -> impl Iterator<Item = Option<Range<usize>>> + 'c {
        let within = self.groups.as_ref().map(|regex| {
            let (cache, groups) = caches.groups.get_or_insert_with(|| (regex.create_cache(), regex.create_captures()));
            let input = Input::new(value).range(found.clone()).anchored(Anchored::Yes);
            regex.search_captures_with(cache, &input, groups);
            groups.iter().skip(1).map(|span| span.map(|span| span.range()))
        });
        std::iter::once(Some(found)).chain(within.into_iter().flatten())
    }
}

/// An automaton without a limit on forgetting and without bytes it cannot read does not stop before the end.
const NEVER_STOPS: &str = "the automaton has nothing to give up on";

fn forward(hir: &Hir, bytes_max: usize) -> Result<DFA, PatternError> {
    let nfa = nfa(hir, false, Some(bytes_max)).map_err(|cause| unbuilt(&*cause))?;
    automaton(nfa, MatchKind::LeftmostFirst).map_err(|cause| unbuilt(&*cause))
}

fn unbuilt(cause: &dyn std::error::Error) -> PatternError {
    PatternError { reason: cause.to_string(), at: None, may_backtrack: false }
}

fn nfa(hir: &Hir, backward: bool, bytes_max: Option<usize>) -> Result<NFA, Box<thompson::BuildError>> {
    let config = thompson::Config::new()
        .utf8(false)
        .reverse(backward)
        .shrink(false)
        .nfa_size_limit(bytes_max)
        .which_captures(WhichCaptures::None);
    thompson::Compiler::new().configure(config).build_from_hir(hir).map_err(Box::new)
}

fn grouping(hir: &Hir, bytes_max: usize) -> Result<Regex, Box<meta::BuildError>> {
    let limit = Some(bytes_max);
    let config = meta::Config::new().utf8_empty(false).auto_prefilter(false).dfa(false).nfa_size_limit(limit);
    Regex::builder().configure(config).build_from_hir(hir).map_err(Box::new)
}

fn automaton(nfa: NFA, kind: MatchKind) -> Result<DFA, Box<BuildError>> {
    let config = dfa::Config::new()
        .match_kind(kind)
        .cache_capacity(CACHE_BYTES_MAX)
        .skip_cache_capacity_check(true)
        .minimum_cache_clear_count(None);
    dfa::Builder::new().configure(config).build_from_nfa(nfa).map_err(Box::new)
}
