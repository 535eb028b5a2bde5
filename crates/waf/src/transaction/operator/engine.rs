//! How a regular expression is searched for: automata that are determined while they read.
//!
//! Whether a value matches, and where, is found by a lazily determined automaton that reads each byte once. Another reads
//! back from the end of a match to its start. Both are shared; what they build is in [`Caches`]. Where a hostile value makes
//! them build state after state, they give up, and a [`Sliced`] automaton searches instead.
//!
//! Only patterns with groups have the third engine, which looks at nothing but the match.
//!
//! ADR: `docs/adr/025-sliced-automata.md`, `docs/adr/027-where-matches-end.md`.

use std::ops::Range;
use std::sync::OnceLock;

use regex_automata::hybrid::BuildError;
use regex_automata::hybrid::dfa::{self, DFA};
use regex_automata::meta::{self, Regex};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::captures::Captures as Groups;
use regex_automata::{Anchored, Input, MatchError, MatchKind};
use regex_syntax::hir::Hir;

use super::sliced::{Marks, Sliced, SlicedCaches, Slots};
use crate::operator::pattern::{self, PatternError};

/// States of one automaton are kept up to this many bytes: all that honest values lead to, for the largest patterns of the
/// Core Rule Set.
const CACHE_BYTES_MAX: usize = 1 << 19;
/// A lazy automaton whose states are full goes on, without them, if it read so many bytes for each of them: building one
/// takes some microseconds, in which the sliced automaton reads a hundred bytes.
const BYTES_PER_STATE_MIN: usize = 100;
/// Values of so many bytes and more are read with an eye on the states that are built: a hostile one is not to fill the whole
/// memory before the automaton gives up on it.
const WATCHED_BYTES_MIN: usize = 4096;
/// How often that is looked at, in bytes read: seldom enough to cost nothing.
const WATCHED_EVERY: usize = 256;
/// What may be built, in bytes: so much for any value, as an honest one that is met for the first time needs, and so much for
/// each byte read, which is a state for every hundred.
const BUILT_BYTES_FREE: usize = CACHE_BYTES_MAX / 8;
const BUILT_BYTES_PER_BYTE: usize = 4;
/// The groups of longer matches, in bytes, are not found by an engine that may simulate the pattern at a microsecond a byte.
const SIMULATED_BYTES_MAX: usize = 1024;

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
    /// What searches values that the lazy automata give up on.
    sliced: OnceLock<Sliced>,
}

/// What the automata of one pattern built so far.
#[derive(Debug)]
pub(super) struct Caches {
    forward: dfa::Cache,
    backward: Option<dfa::Cache>,
    groups: Option<(meta::Cache, Groups)>,
    /// None on honest values.
    sliced: Option<Box<SlicedCaches>>,
}

/// A value that is searched, once or several times.
#[derive(Debug)]
pub(super) struct Search<'v> {
    value: &'v [u8],
    /// If the lazy automata gave up on it: what is known of it.
    marks: Option<Box<Marks>>,
    /// If it was found with them: the slots of the groups of the match that was found last.
    slots: Slots,
}

/// A lazy automaton would have had to build too many states.
#[derive(Debug)]
struct GaveUp;

impl From<MatchError> for GaveUp {
    fn from(_: MatchError) -> Self {
        Self
    }
}

impl<'v> Search<'v> {
    /// Not searched yet.
    pub(super) fn of(value: &'v [u8]) -> Self {
        Self { value, marks: None, slots: Slots::new() }
    }

    /// The value.
    pub(super) fn value(&self) -> &'v [u8] {
        self.value
    }
}

impl Caches {
    /// The memory they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let Self { forward, backward, groups, sliced } = self;
        forward.memory_usage()
            + backward.as_ref().map_or(0, dfa::Cache::memory_usage)
            + groups.as_ref().map_or(0, |(cache, _)| cache.memory_usage())
            + sliced.as_ref().map_or(0, |caches| caches.bytes())
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
        let (backward, sliced) = (OnceLock::new(), OnceLock::new());
        Ok(Self { text: text.into(), finds_empty_line, forward, backward, groups, sliced })
    }

    /// For [`Self::is_match`] alone, of what a pattern matches at most.
    pub(super) fn of_superset(hir: &Hir, bytes_max: usize) -> Result<Self, PatternError> {
        let forward = forward(hir, bytes_max)?;
        let (backward, sliced) = (OnceLock::new(), OnceLock::new());
        Ok(Self { text: "".into(), finds_empty_line: false, forward, backward, groups: None, sliced })
    }

    pub(super) fn caches(&self) -> Caches {
        Caches { forward: self.forward.create_cache(), backward: None, groups: None, sliced: None }
    }

    /// Whether it matches anywhere.
    pub(super) fn is_match(&self, value: &[u8], caches: &mut Caches) -> bool {
        if self.finds_empty_line && value.ends_with(b"\n") {
            return self.find(&mut Search::of(value), 0, caches).is_some();
        }
        match self.find_end(&Input::new(value).earliest(true), &mut caches.forward) {
            Ok(end) => end.is_some(),
            Err(GaveUp) => {
                self.forget(caches);
                self.sliced().is_match(caches.sliced.get_or_insert_default(), value)
            }
        }
    }

    /// Makes room for honest values if a hostile one took much.
    fn forget(&self, caches: &mut Caches) {
        if caches.forward.memory_usage() > CACHE_BYTES_MAX / 2 {
            caches.forward = self.forward.create_cache();
        }
    }

    /// Where the first match ends, or the first place where one does if that is asked.
    fn find_end(&self, input: &Input<'_>, cache: &mut dfa::Cache) -> Result<Option<usize>, GaveUp> {
        if input.get_span().len() < WATCHED_BYTES_MIN {
            return Ok(self.forward.try_search_fwd(cache, input)?.map(|end| end.offset()));
        }
        self.find_end_watched(input, cache)
    }

    /// The same, with an eye on how many states are built.
    fn find_end_watched(&self, input: &Input<'_>, cache: &mut dfa::Cache) -> Result<Option<usize>, GaveUp> {
        cache.search_start(input.start());
        let found = self.walk_to_end(input, cache);
        let at = found.as_ref().ok().copied().flatten();
        cache.search_finish(at.unwrap_or(input.end()));
        found
    }

    fn walk_to_end(&self, input: &Input<'_>, cache: &mut dfa::Cache) -> Result<Option<usize>, GaveUp> {
        let dfa = &self.forward;
        let mut state = dfa.start_state_forward(cache, input).map_err(|_| GaveUp)?;
        let known_bytes = cache.memory_usage();
        let mut found = None;
        let span = &input.haystack()[input.get_range()];
        for (number, window) in span.chunks(WATCHED_EVERY).enumerate() {
            let from = number * WATCHED_EVERY;
            for (at, byte) in (input.start() + from..).zip(window) {
                state = dfa.next_state(cache, state, *byte).map_err(|_| GaveUp)?;
                if state.is_tagged() {
                    // A match is seen one byte after its end.
                    if state.is_match() {
                        found = Some(at);
                        if input.get_earliest() {
                            return Ok(found);
                        }
                    } else if state.is_dead() {
                        return Ok(found);
                    } else if state.is_quit() {
                        return Err(GaveUp);
                    }
                }
            }
            let built_bytes = cache.memory_usage().saturating_sub(known_bytes);
            if built_bytes > BUILT_BYTES_FREE + from * BUILT_BYTES_PER_BYTE {
                return Err(GaveUp);
            }
            cache.search_update(input.start() + from + window.len());
        }
        let state = dfa.next_eoi_state(cache, state).map_err(|_| GaveUp)?;
        Ok(if state.is_match() { Some(input.end()) } else { found })
    }

    /// Where the first match from `at` on is.
    pub(super) fn find(&self, search: &mut Search<'_>, at: usize, caches: &mut Caches) -> Option<Range<usize>> {
        let value = search.value;
        let found = match &search.marks {
            None => match self.find_lazily(value, at, caches) {
                Ok(found) => found?,
                Err(GaveUp) => {
                    self.forget(caches);
                    caches.backward = None;
                    self.find_bounded(search, at, caches)?
                }
            },
            Some(_) => self.find_bounded(search, at, caches)?,
        };
        let is_empty_line = self.finds_empty_line && found.start == value.len() && value.ends_with(b"\n");
        (!is_empty_line).then_some(found)
    }

    fn find_lazily(&self, value: &[u8], at: usize, caches: &mut Caches) -> Result<Option<Range<usize>>, GaveUp> {
        let Some(end) = self.find_end(&Input::new(value).range(at..), &mut caches.forward)? else { return Ok(None) };
        let backward = self.backward.get_or_init(|| {
            automaton(self.backward_nfa(), MatchKind::All).expect("an automaton of any size is built lazily")
        });
        let cache = caches.backward.get_or_insert_with(|| backward.create_cache());
        let input = Input::new(value).range(at..end).anchored(Anchored::Yes);
        Ok(backward.try_search_rev(cache, &input)?.map(|start| start.offset()..end))
    }

    /// The same in a known time for each byte, and the groups with it.
    fn find_bounded(&self, search: &mut Search<'_>, at: usize, caches: &mut Caches) -> Option<Range<usize>> {
        let sliced = self.sliced();
        let caches = caches.sliced.get_or_insert_default();
        let marks = search.marks.get_or_insert_with(|| Box::new(sliced.mark(caches, search.value)));
        search.slots.resize(2 * self.groups.as_ref().map_or(0, Regex::captures_len), None);
        sliced.find(caches, marks, (search.value, at), &mut search.slots)
    }

    fn sliced(&self) -> &Sliced {
        self.sliced.get_or_init(|| {
            if self.groups.is_none() {
                return Sliced::new(self.forward.get_nfa().clone());
            }
            let hir = pattern::parse(&self.text).expect("it was read before");
            let nfa = nfa(&hir, false, None, WhichCaptures::All);
            Sliced::new(nfa.expect("what can be read without groups can be read with them"))
        })
    }

    /// The automaton that reads from the end to the start: as large as the one forward, which was within its limit, but for
    /// what the two ways differ in.
    fn backward_nfa(&self) -> NFA {
        let hir = pattern::parse(&self.text).expect("it was read before");
        nfa(&hir, true, None, WhichCaptures::None).expect("what can be read one way can be read the other")
    }

    /// Where the groups are of the match that [`Self::find`] found last, the whole match first.
    pub(super) fn groups(
        &self,
        search: &mut Search<'_>,
        found: Range<usize>,
        caches: &mut Caches,
        mut each: impl FnMut(usize, Option<Range<usize>>),
    ) {
        each(0, Some(found.clone()));
        let Some(regex) = &self.groups else { return };
        if search.marks.is_none() && found.len() > SIMULATED_BYTES_MAX {
            // From its start on, the first match is the one that was found.
            self.find_bounded(search, found.start, caches);
        }
        if search.marks.is_some() {
            let groups = search.slots.chunks_exact(2).map(|slots| Some(slots[0]?..slots[1]?));
            return groups.enumerate().skip(1).for_each(|(group, span)| each(group, span));
        }
        let (cache, groups) = caches.groups.get_or_insert_with(|| (regex.create_cache(), regex.create_captures()));
        let input = Input::new(search.value).range(found).anchored(Anchored::Yes);
        regex.search_captures_with(cache, &input, groups);
        groups.iter().enumerate().skip(1).for_each(|(group, span)| each(group, span.map(|span| span.range())));
    }
}

fn forward(hir: &Hir, bytes_max: usize) -> Result<DFA, PatternError> {
    let nfa = nfa(hir, false, Some(bytes_max), WhichCaptures::None).map_err(|cause| unbuilt(&*cause))?;
    automaton(nfa, MatchKind::LeftmostFirst).map_err(|cause| unbuilt(&*cause))
}

fn unbuilt(cause: &dyn std::error::Error) -> PatternError {
    PatternError { reason: cause.to_string(), at: None, may_backtrack: false }
}

fn nfa(
    hir: &Hir,
    backward: bool,
    bytes_max: Option<usize>,
    captures: WhichCaptures,
) -> Result<NFA, Box<thompson::BuildError>> {
    let config = thompson::Config::new()
        .utf8(false)
        .reverse(backward)
        .shrink(false)
        .nfa_size_limit(bytes_max)
        .which_captures(captures);
    thompson::Compiler::new().configure(config).build_from_hir(hir).map_err(Box::new)
}

fn grouping(hir: &Hir, bytes_max: usize) -> Result<Regex, Box<meta::BuildError>> {
    let config = meta::Config::new().utf8_empty(false).auto_prefilter(false).dfa(false).nfa_size_limit(Some(bytes_max));
    Regex::builder().configure(config).build_from_hir(hir).map_err(Box::new)
}

fn automaton(nfa: NFA, kind: MatchKind) -> Result<DFA, Box<BuildError>> {
    let config = dfa::Config::new()
        .match_kind(kind)
        .cache_capacity(CACHE_BYTES_MAX)
        .skip_cache_capacity_check(true)
        .minimum_cache_clear_count(Some(0))
        .minimum_bytes_per_state(Some(BYTES_PER_STATE_MIN));
    dfa::Builder::new().configure(config).build_from_nfa(nfa).map_err(Box::new)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex_automata::nfa::thompson::pikevm::PikeVM;

    use super::*;

    fn hold(text: &str, value: &[u8], at: usize) {
        let Ok(engine) = Engine::new(text, 1 << 20) else { return };
        let hir = pattern::parse(text).unwrap();
        let config = thompson::Config::new().utf8(false).which_captures(WhichCaptures::All);
        let nfa = thompson::Compiler::new().configure(config).build_from_hir(&hir).unwrap();
        let vm = PikeVM::builder().build_from_nfa(nfa).unwrap();
        let mut expected = vm.create_captures();
        vm.captures(&mut vm.create_cache(), Input::new(value).range(at..), &mut expected);
        let groups: Vec<_> = expected.iter().map(|span| span.map(|span| span.range())).collect();
        let expected = expected.get_match().map(|found| found.range());
        let mut caches = engine.caches();
        assert_eq!(engine.find_lazily(value, at, &mut caches).unwrap(), expected, "{text:?} in {value:?} from {at}");
        let watched = engine.find_end_watched(&Input::new(value).range(at..), &mut caches.forward).unwrap();
        assert_eq!(watched, expected.as_ref().map(|found| found.end), "watched: {text:?} in {value:?} from {at}");
        let first =
            engine.find_end_watched(&Input::new(value).range(at..).earliest(true), &mut caches.forward).unwrap();
        assert_eq!(first.is_some(), expected.is_some(), "the first: {text:?} in {value:?} from {at}");
        let (mut lazy, mut bounded) = (Search::of(value), Search::of(value));
        let found = engine.find_bounded(&mut bounded, at, &mut caches);
        assert_eq!(found, expected, "bounded: {text:?} in {value:?} from {at}");
        let Some(found) = found else { return };
        for search in [&mut lazy, &mut bounded] {
            let mut caught = Vec::new();
            engine.groups(search, found.clone(), &mut caches, |_, span| caught.push(span));
            assert_eq!(caught, groups, "groups of {text:?} in {value:?} from {at}");
        }
        if at == 0 {
            assert!(engine.is_match(value, &mut caches) || engine.finds_empty_line);
        }
    }

    #[test]
    fn groups_of_long_matches_are_those_of_a_simulation() {
        let value = [b"--ab".repeat(SIMULATED_BYTES_MAX), b"c!".to_vec()].concat();
        hold("(a)(?:(b)|(c)|-)*(!)?", &value, 0);
        hold("(b).*(c)", &value, 5);
    }

    #[test]
    fn what_the_lazy_automata_give_up_on_is_found_all_the_same() {
        let text = r"(?:a[$]?[ab]*|b[$]?[bc]*|c[$]?[ac]*|[abc]{40}[$][abc]{60}){3,9}x";
        let engine = Engine::new(text, 1 << 22).unwrap();
        let mut state = 7_u32;
        let mut value: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b"abcabcabc$"[(state >> 24) as usize % 10]
        })
        .take(20_000)
        .collect();
        let mut caches = engine.caches();
        let gave_up = engine.find_lazily(&value, 0, &mut caches).is_err();
        assert!(gave_up, "the value is not hostile enough");
        assert!(caches.bytes() < CACHE_BYTES_MAX / 2, "{} bytes were built first", caches.bytes());
        assert!(!engine.is_match(&value, &mut caches));
        assert_eq!(engine.find(&mut Search::of(&value), 0, &mut caches), None);
        value.extend_from_slice(b"$aaax");
        assert!(engine.is_match(&value, &mut caches));
        let mut search = Search::of(&value);
        let found = engine.find(&mut search, 0, &mut caches).unwrap();
        assert!(search.marks.is_some());
        assert_eq!(found.end, value.len());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

        #[test]
        fn both_ways_find_what_a_simulation_finds(
            text in "(\\((\\?:)?[abc]{1,3}[*+?]?\\|[abc.]{1,3}\\)[*+?]?|[abc.][*+?]?|\\^|\\$|\\\\b){1,6}",
            value in "[abc \n]{0,16}",
            at in 0_usize..3,
        ) {
            hold(&text, value.as_bytes(), at.min(value.len()));
        }
    }
}
