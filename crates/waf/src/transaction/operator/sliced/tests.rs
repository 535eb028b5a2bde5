//! Sliced automata beside a simulation that keeps every state of its own.

use proptest::prelude::*;
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::{Anchored, Input};
use regex_syntax::hir::Hir;

use super::*;
use crate::operator::pattern;

fn nfa(hir: &Hir, backward: bool, which: WhichCaptures) -> NFA {
    let config = thompson::Config::new().utf8(false).reverse(backward).shrink(false).which_captures(which);
    thompson::Compiler::new().configure(config).build_from_hir(hir).unwrap()
}

/// Cut into slices of so many states.
fn sliced(hir: &Hir, backward: bool, slice_states: usize) -> Sliced {
    let mut sliced = Sliced::new(nfa(hir, backward, WhichCaptures::None));
    sliced.slice_states = slice_states.max(sliced.nfa.states().len().div_ceil(200));
    sliced.slices = sliced.nfa.states().len().div_ceil(sliced.slice_states);
    sliced
}

/// Where matches end, and where they begin, found by trying every place.
fn ends_and_starts(hir: &Hir, text: &[u8], at: usize) -> (Option<usize>, Option<usize>) {
    let vm = PikeVM::builder().build_from_nfa(nfa(hir, false, WhichCaptures::Implicit)).unwrap();
    let mut cache = vm.create_cache();
    let mut slots = [None, None];
    let start = vm.find(&mut cache, Input::new(text).range(at..)).map(|found| found.start());
    // The first end: the shortest text that a match fills.
    let mut earliest = None;
    for from in at..=text.len() {
        let input = Input::new(text).range(from..).anchored(Anchored::Yes).earliest(true);
        if vm.search_slots(&mut cache, &input, &mut slots).is_some() {
            let end = slots[1].unwrap().get();
            earliest = Some(earliest.map_or(end, |known: usize| known.min(end)));
        }
    }
    (earliest, start)
}

fn hold(text: &str, value: &[u8], at: usize, slice_states: usize) {
    let Ok(hir) = pattern::parse(text) else { return };
    let (end, start) = ends_and_starts(&hir, value, at);
    let before = at.checked_sub(1).map(|at| value[at]);
    let forward = sliced(&hir, false, slice_states);
    let mut caches = SlicedCaches::default();
    for _ in 0..2 {
        let around = Around { before, after: None };
        let found = forward.first(&mut caches, value[at..].iter().copied(), around, Starts::Anywhere);
        assert_eq!(found.map(|read| at + read), end, "end of {text:?} in {value:?} from {at}");
    }
    let backward = sliced(&hir, true, slice_states);
    let around = Around { before: None, after: before };
    let found =
        backward.last(&mut SlicedCaches::default(), value[at..].iter().rev().copied(), around, Starts::Anywhere);
    assert_eq!(found.map(|read| value.len() - read), start, "start of {text:?} in {value:?} from {at}");
    hold_where_starts_are_bounded(&hir, value, at, slice_states);
}

/// The same where matches may begin at some places only.
fn hold_where_starts_are_bounded(hir: &Hir, value: &[u8], at: usize, slice_states: usize) {
    let vm = PikeVM::builder().build_from_nfa(nfa(hir, false, WhichCaptures::Implicit)).unwrap();
    let mut cache = vm.create_cache();
    let mut end_from = |from: usize| {
        let mut slots = [None, None];
        let input = Input::new(value).range(from..).anchored(Anchored::Yes).earliest(true);
        vm.search_slots(&mut cache, &input, &mut slots).map(|_| slots[1].unwrap().get())
    };
    let forward = sliced(hir, false, slice_states);
    let mut caches = SlicedCaches::default();
    let around = Around { before: at.checked_sub(1).map(|at| value[at]), after: None };
    let bytes = || value[at..].iter().copied();
    let first = forward.first(&mut caches, bytes(), around, Starts::AtBegin);
    assert_eq!(first.map(|read| at + read), end_from(at), "from {at} in {value:?}");
    for within in 0..=value.len() - at {
        let first = forward.first(&mut caches, bytes(), around, Starts::Before(within));
        let expected = (at..at + within).filter_map(&mut end_from).min();
        assert_eq!(first.map(|read| at + read), expected, "from {at} on, {within} bytes, in {value:?}");
    }
}

#[test]
fn conditions_on_places_hold_at_edges_and_between() {
    for (text, value) in [
        (r"^a|b$", "\nxa\nb"),
        (r"\bcat\b", "concat cat"),
        (r"\B-\B|\Ba", "a--ba"),
        (r"\Aab|b\z", "abab"),
        (r"^$", "a\n\nb"),
        (r"(?:^|=)[ ]*x$", "a=  x\n"),
        (r"\b", ""),
        (r"x*", "yyy"),
    ] {
        for slice_states in [1, 3, 1000] {
            (0..=value.len()).for_each(|at| hold(text, value.as_bytes(), at, slice_states));
        }
    }
}

/// Patterns as shell rules have them: words whose letters have much between them.
fn pattern() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => "[abc$]".prop_map(|byte| if byte == "$" { r"\$".to_owned() } else { byte }),
        1 => Just(r"[ab\$]".to_owned()),
        1 => Just("[^a]".to_owned()),
        1 => prop_oneof![Just("^"), Just("$"), Just(r"\b"), Just(r"\B"), Just(r"\A"), Just(r"\z")]
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            2 => prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            2 => (inner, prop_oneof![Just("*"), Just("+"), Just("?"), Just("*?"), Just("{1,3}")])
                .prop_map(|(part, times)| format!("(?:{part}){times}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn what_matches_is_what_a_simulation_matches(
        text in pattern(),
        value in prop::collection::vec(prop::sample::select(b"abc$ \n".to_vec()), 0..24),
        at in 0_usize..4,
        slice_states in 1_usize..20,
    ) {
        hold(&text, &value, at.min(value.len()), slice_states);
    }
}

#[test]
fn what_was_forgotten_is_found_again() {
    let hir = pattern::parse(r"(?:a[$]?[ab]*|b[$]?[bc]*|c[$]?[ac]*){3,9}x").unwrap();
    let mut sliced = sliced(&hir, false, 8);
    let mut state = 7_u32;
    let mut value: Vec<u8> = (0..4_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b"abc$"[(state >> 24) as usize % 4]
        })
        .collect();
    value.push(b'x');
    let search = |sliced: &Sliced| {
        let mut caches = SlicedCaches::default();
        let found = sliced.first(&mut caches, value.iter().copied(), Around::default(), Starts::Anywhere);
        (found, caches.bytes())
    };
    let (whole, bytes) = search(&sliced);
    sliced.parts_bytes_max = bytes / 8;
    let (anew, bytes_then) = search(&sliced);
    assert_eq!(whole, anew);
    assert!(bytes_then < bytes / 2, "{bytes_then} of {bytes} bytes: nothing was forgotten");
}
