//! How a regular expression is searched for: automata that are determined while they read.
//!
//! Whether a value matches, and where, is found by a lazily determined automaton that reads each byte once. Another reads
//! back from the end of a match to its start. Both are shared; what they build is in [`Caches`]. Where a hostile value makes
//! them build state after state, they give up, and [`Sliced`] automata search instead.
//!
//! Only patterns with groups have the third engine, which looks at nothing but the match.
//!
//! ADR: `docs/adr/025-sliced-automata.md`.

use std::ops::Range;
use std::sync::OnceLock;

use regex_automata::hybrid::BuildError;
use regex_automata::hybrid::dfa::{self, DFA};
use regex_automata::meta::{self, Regex};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::captures::Captures as Groups;
use regex_automata::{Anchored, Input, MatchError, MatchKind};
use regex_syntax::hir::Hir;

use super::sliced::{Around, Sliced, SlicedCaches, Starts};
use crate::operator::pattern::{self, PatternError};

/// States of one automaton are kept up to this many bytes: all that honest values lead to, for the largest patterns of the
/// Core Rule Set.
const CACHE_BYTES_MAX: usize = 1 << 19;
/// A lazy automaton whose states are full goes on, without them, if it read so many bytes for each of them: building one
/// takes some microseconds, in which the sliced automaton reads a hundred bytes.
const BYTES_PER_STATE_MIN: usize = 100;

/// How often a match that began before the one at hand is looked for: in patterns of the Core Rule Set there is hardly one.
const STARTS_MAX: usize = 8;

/// Where the match that begins first begins.
enum FirstStart {
    Known(usize),
    /// There is one, but too many others within it.
    Unknown,
}

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
    bounded: Bounded,
}

/// What searches values that the lazy automata give up on, each built when it is first needed.
#[derive(Debug, Default)]
struct Bounded {
    forward: OnceLock<Sliced>,
    backward: OnceLock<Sliced>,
    /// Finds where a match ends whose start is known.
    end: OnceLock<Regex>,
}

/// What the automata of one pattern built so far.
#[derive(Debug)]
pub(super) struct Caches {
    forward: dfa::Cache,
    backward: Option<dfa::Cache>,
    groups: Option<(meta::Cache, Groups)>,
    bounded: BoundedCaches,
}

/// Those of the automata behind them; none on honest values.
#[derive(Debug, Default)]
struct BoundedCaches {
    forward: Option<Box<SlicedCaches>>,
    backward: Option<Box<SlicedCaches>>,
    end: Option<meta::Cache>,
}

impl Caches {
    /// The memory they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let Self { forward, backward, groups, bounded } = self;
        let BoundedCaches { forward: sliced_forward, backward: sliced_backward, end } = bounded;
        let sliced = |caches: &Option<Box<SlicedCaches>>| caches.as_ref().map_or(0, |caches| caches.bytes());
        forward.memory_usage()
            + backward.as_ref().map_or(0, dfa::Cache::memory_usage)
            + groups.as_ref().map_or(0, |(cache, _)| cache.memory_usage())
            + sliced(sliced_forward)
            + sliced(sliced_backward)
            + end.as_ref().map_or(0, meta::Cache::memory_usage)
    }
}

impl Engine {
    /// Builds what every search needs.
    pub(super) fn new(text: &str, bytes_max: usize) -> Result<Self, PatternError> {
        let (hir, finds_empty_line) = pattern::parse_with_end(text)?;
        let forward = forward(&hir, bytes_max)?;
        let groups = match hir.properties().explicit_captures_len() {
            0 => None,
            _ => Some(grouping(&hir, Some(bytes_max)).map_err(|cause| unbuilt(&*cause))?),
        };
        Ok(Self {
            text: text.into(),
            finds_empty_line,
            forward,
            backward: OnceLock::new(),
            groups,
            bounded: Bounded::default(),
        })
    }

    /// For [`Self::is_match`] alone, of what a pattern matches at most.
    pub(super) fn of_superset(hir: &Hir, bytes_max: usize) -> Result<Self, PatternError> {
        let forward = forward(hir, bytes_max)?;
        let bounded = Bounded::default();
        Ok(Self { text: "".into(), finds_empty_line: false, forward, backward: OnceLock::new(), groups: None, bounded })
    }

    pub(super) fn caches(&self) -> Caches {
        Caches { forward: self.forward.create_cache(), backward: None, groups: None, bounded: BoundedCaches::default() }
    }

    /// Whether it matches anywhere.
    pub(super) fn is_match(&self, value: &[u8], caches: &mut Caches) -> bool {
        if self.finds_empty_line && value.ends_with(b"\n") {
            return self.find(value, 0, caches).is_some();
        }
        let input = Input::new(value).earliest(true);
        match self.forward.try_search_fwd(&mut caches.forward, &input) {
            Ok(found) => found.is_some(),
            Err(_gave_up) => {
                caches.forward = self.forward.create_cache();
                self.is_match_bounded(value, &mut caches.bounded)
            }
        }
    }

    /// Whether it matches anywhere, in a known time for each byte.
    fn is_match_bounded(&self, value: &[u8], caches: &mut BoundedCaches) -> bool {
        let automaton = self.bounded.forward.get_or_init(|| Sliced::new(self.forward.get_nfa().clone()));
        let caches = caches.forward.get_or_insert_default();
        automaton.first(caches, value.iter().copied(), Around::default(), Starts::Anywhere).is_some()
    }

    /// Where the first match from `at` on is.
    pub(super) fn find(&self, value: &[u8], at: usize, caches: &mut Caches) -> Option<Range<usize>> {
        let found = match self.find_lazily(value, at, caches) {
            Ok(found) => found?,
            Err(_gave_up) => {
                caches.forward = self.forward.create_cache();
                caches.backward = None;
                self.find_bounded(value, at, &mut caches.bounded)?
            }
        };
        let is_empty_line = self.finds_empty_line && found.start == value.len() && value.ends_with(b"\n");
        (!is_empty_line).then_some(found)
    }

    fn find_lazily(&self, value: &[u8], at: usize, caches: &mut Caches) -> Result<Option<Range<usize>>, MatchError> {
        let input = Input::new(value).range(at..);
        let Some(end) = self.forward.try_search_fwd(&mut caches.forward, &input)? else { return Ok(None) };
        let end = end.offset();
        let backward = self.backward.get_or_init(|| {
            automaton(self.backward_nfa(), MatchKind::All).expect("an automaton of any size is built lazily")
        });
        let cache = caches.backward.get_or_insert_with(|| backward.create_cache());
        let input = Input::new(value).range(at..end).anchored(Anchored::Yes);
        Ok(backward.try_search_rev(cache, &input)?.map(|start| start.offset()..end))
    }

    /// The same in a known time for each byte: where a match begins first, then where the one that begins there ends.
    fn find_bounded(&self, value: &[u8], at: usize, caches: &mut BoundedCaches) -> Option<Range<usize>> {
        let first = self.first_start(value, at, caches)?;
        let regex = self.bounded.end.get_or_init(|| {
            let hir = pattern::parse(&self.text).expect("it was read before");
            grouping(&hir, None).expect("without a limit it can be built once more")
        });
        let cache = caches.end.get_or_insert_with(|| regex.create_cache());
        let input = match first {
            FirstStart::Known(start) => Input::new(value).range(start..).anchored(Anchored::Yes),
            FirstStart::Unknown => Input::new(value).range(at..),
        };
        Some(regex.search_with(cache, &input)?.range())
    }

    /// Where the match from `at` on begins that begins first.
    ///
    /// The match that ends first need not be it: one that began before it may still be under way. If so, the first to end
    /// among those takes its place.
    fn first_start(&self, value: &[u8], at: usize, caches: &mut BoundedCaches) -> Option<FirstStart> {
        let forward = self.bounded.forward.get_or_init(|| Sliced::new(self.forward.get_nfa().clone()));
        let backward = self.bounded.backward.get_or_init(|| Sliced::new(self.backward_nfa()));
        let forward_caches = caches.forward.get_or_insert_default();
        let backward_caches = caches.backward.get_or_insert_default();
        let before = at.checked_sub(1).map(|before| value[before]);
        let mut first = |starts| {
            let around = Around { before, after: None };
            Some(at + forward.first(forward_caches, value[at..].iter().copied(), around, starts)?)
        };
        let mut end = first(Starts::Anywhere)?;
        for _ in 0..STARTS_MAX {
            let around = Around { before: value.get(end).copied(), after: before };
            let bytes = value[at..end].iter().rev().copied();
            let start = end - backward.last(backward_caches, bytes, around, Starts::AtBegin)?;
            match first(Starts::Before(start - at)) {
                Some(later) => end = later,
                None => return Some(FirstStart::Known(start)),
            }
        }
        Some(FirstStart::Unknown)
    }

    /// The automaton that reads from the end to the start: as large as the one forward, which was within its limit, but for
    /// what the two ways differ in.
    fn backward_nfa(&self) -> NFA {
        let hir = pattern::parse(&self.text).expect("it was read before");
        nfa(&hir, true, None).expect("what can be read one way can be read the other")
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

fn grouping(hir: &Hir, bytes_max: Option<usize>) -> Result<Regex, Box<meta::BuildError>> {
    let config = meta::Config::new().utf8_empty(false).auto_prefilter(false).dfa(false).nfa_size_limit(bytes_max);
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
        let config = thompson::Config::new().utf8(false).which_captures(WhichCaptures::Implicit);
        let nfa = thompson::Compiler::new().configure(config).build_from_hir(&hir).unwrap();
        let vm = PikeVM::builder().build_from_nfa(nfa).unwrap();
        let expected = vm.find(&mut vm.create_cache(), Input::new(value).range(at..)).map(|found| found.range());
        let mut caches = engine.caches();
        assert_eq!(engine.find_lazily(value, at, &mut caches).unwrap(), expected, "{text:?} in {value:?} from {at}");
        let bounded = engine.find_bounded(value, at, &mut caches.bounded);
        assert_eq!(bounded, expected, "bounded: {text:?} in {value:?} from {at}");
        if at == 0 {
            assert_eq!(engine.is_match_bounded(value, &mut caches.bounded), expected.is_some());
        }
    }

    #[test]
    fn a_match_that_began_before_is_found_first() {
        hold("a[^x]*x|b|cd", b"-a-b-cd-x", 0);
        hold("a[^x]*x|b|cd", b"-a-b-cd-", 0);
        // One within the other, oftener than is looked for.
        let many = "a[^1]*1|b[^2]*2|c[^3]*3|d[^4]*4|e[^5]*5|f[^6]*6|g[^7]*7|h[^8]*8|i[^9]*9|j[^0]*0|k";
        hold(many, b"abcdefghijk0987654321", 0);
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
        assert!(!engine.is_match(&value, &mut caches));
        assert_eq!(engine.find(&value, 0, &mut caches), None);
        value.extend_from_slice(b"$aaax");
        assert!(engine.is_match(&value, &mut caches));
        let found = engine.find(&value, 0, &mut caches).unwrap();
        assert_eq!(Some(found.clone()), engine.find_bounded(&value, 0, &mut caches.bounded));
        assert_eq!(found.end, value.len());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

        #[test]
        fn both_ways_find_what_a_simulation_finds(
            text in "(\\(\\?:[abc]{1,3}[*+?]?\\|[abc.]{1,3}\\)[*+?]?|[abc.][*+?]?|\\^|\\$|\\\\b){1,6}",
            value in "[abc \n]{0,16}",
            at in 0_usize..3,
        ) {
            hold(&text, value.as_bytes(), at.min(value.len()));
        }
    }
}
