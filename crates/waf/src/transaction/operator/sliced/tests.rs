//! Sliced automata beside a simulation that keeps every state, and all groups, of its own.

use proptest::prelude::*;
use regex_automata::Input;
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::nfa::thompson::{self, WhichCaptures};

use super::*;
use crate::operator::pattern;

fn nfa(text: &str) -> Option<NFA> {
    let hir = pattern::parse(text).ok()?;
    let config = thompson::Config::new().utf8(false).shrink(false).which_captures(WhichCaptures::All);
    Some(thompson::Compiler::new().configure(config).build_from_hir(&hir).unwrap())
}

/// How a pattern is cut, and what is kept.
#[derive(Debug, Clone, Copy)]
struct Cut {
    slice_states: usize,
    parts_bytes_max: usize,
    block_places: usize,
}

impl Cut {
    const WHOLE: Self = Self { slice_states: 1_000, parts_bytes_max: PARTS_BYTES_MAX, block_places: BLOCK_PLACES };

    fn apply(self, nfa: NFA) -> Sliced {
        let mut sliced = Sliced::new(nfa);
        let states = sliced.nfa.states().len();
        sliced.slices = states.div_ceil(self.slice_states).clamp(1, SLICES_MAX);
        sliced.slice_of = slices_of(states, sliced.slices);
        sliced.parts_bytes_max = self.parts_bytes_max;
        sliced.block_places = self.block_places;
        sliced
    }
}

fn hold(text: &str, value: &[u8], cut: Cut) {
    let Some(nfa) = nfa(text) else { return };
    let vm = PikeVM::builder().build_from_nfa(nfa.clone()).unwrap();
    let sliced = cut.apply(nfa);
    let mut cache = vm.create_cache();
    let mut expected = vm.create_captures();
    let mut caches = SlicedCaches::default();
    vm.captures(&mut cache, value, &mut expected);
    assert_eq!(sliced.is_match(&mut caches, value), expected.is_match(), "{text:?} in {value:?}, {cut:?}");
    let mut marks = sliced.mark(&mut caches, value);
    let mut slots = vec![None; 2 * expected.group_len()];
    // From the end and from the start: blocks are read again either way.
    for at in (0..=value.len()).rev().chain(0..=value.len()) {
        vm.captures(&mut cache, Input::new(value).range(at..), &mut expected);
        let found = sliced.find(&mut caches, &mut marks, (value, at), &mut slots);
        let whole = expected.get_match().map(|found| found.range());
        assert_eq!(found, whole, "{text:?} in {value:?} from {at}, {cut:?}");
        if found.is_some() {
            let groups = slots.chunks(2).map(|slots| Some(slots[0]?..slots[1]?));
            let expected: Vec<_> = expected.iter().map(|span| span.map(|span| span.range())).collect();
            assert_eq!(groups.collect::<Vec<_>>(), expected, "groups of {text:?} in {value:?} from {at}, {cut:?}");
        }
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
            hold(text, value.as_bytes(), Cut { slice_states, ..Cut::WHOLE });
        }
    }
}

#[test]
fn what_comes_first_in_a_pattern_is_preferred() {
    for (text, value) in [
        ("a|ab", "xab"),
        ("(a|ab)(c|bcd)(d*)", "abcd"),
        ("(a*?)(a*)", "aaa"),
        ("(a|b)*?c|(a*)", "aabac"),
        ("((a)|(b))+", "abab"),
        ("(|a)+b?", "aab"),
        ("(a*)*", "aab"),
        ("a[^x]*x|b|cd", "-a-b-cd-x"),
        ("a[^x]*x|b|cd", "-a-b-cd-"),
        ("(?:a[^1]*1|b[^2]*2|c[^3]*3)|d", "abcd321"),
    ] {
        hold(text, value.as_bytes(), Cut::WHOLE);
        hold(text, value.as_bytes(), Cut { slice_states: 2, parts_bytes_max: 1, block_places: 2 });
    }
}

/// Patterns as shell rules have them: words whose letters have much between them.
fn pattern() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => "[abc$]".prop_map(|byte| if byte == "$" { r"\$".to_owned() } else { byte }),
        1 => Just(r"[ab\$]".to_owned()),
        1 => Just("[^a]".to_owned()),
        1 => prop_oneof![Just("^"), Just("$"), Just(r"\b"), Just(r"\B"), Just(r"\A"), Just(r"\z"), Just("")]
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let times = prop::sample::select(vec!["*", "+", "?", "*?", "+?", "??", "{1,3}", "{0,2}?"]);
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            2 => prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            1 => prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("({})", parts.join("|"))),
            2 => (inner, times).prop_map(|(part, times)| format!("(?:{part}){times}")),
        ]
    })
}

fn cut() -> impl Strategy<Value = Cut> {
    let bytes = prop_oneof![Just(1_usize), 500_usize..5_000, Just(PARTS_BYTES_MAX)];
    (1_usize..20, bytes, prop_oneof![1_usize..8, Just(BLOCK_PLACES)])
        .prop_map(|(slice_states, parts_bytes_max, block_places)| Cut { slice_states, parts_bytes_max, block_places })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn what_matches_is_what_a_simulation_matches(
        text in pattern(),
        value in prop::collection::vec(prop::sample::select(b"abc$ \n\r".to_vec()), 0..24),
        cut in cut(),
    ) {
        hold(&text, &value, cut);
    }
}

#[test]
fn what_was_forgotten_is_found_again() {
    let text = r"(?:(a)[$]?[ab]*|b[$]?[bc]*|c[$]?[ac]*){3,9}x|a[^x]*(b)x";
    let mut state = 7_u32;
    let mut value: Vec<u8> = (0..4_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b"abc$"[(state >> 24) as usize % 4]
        })
        .collect();
    value.extend_from_slice(b"abx");
    let cut = Cut { slice_states: 8, ..Cut::WHOLE };
    let search = |cut: Cut| {
        let sliced = cut.apply(nfa(text).unwrap());
        let (mut caches, mut slots) = (SlicedCaches::default(), vec![None; 6]);
        let mut marks = sliced.mark(&mut caches, &value);
        let bytes = caches.bytes();
        (sliced.find(&mut caches, &mut marks, (&value, 0), &mut slots), slots, bytes)
    };
    let (found, slots, bytes) = search(cut);
    assert_eq!(found.as_ref().map(|found| found.end), Some(value.len()));
    let (found_anew, slots_anew, bytes_then) = search(Cut { parts_bytes_max: bytes / 8, block_places: 300, ..cut });
    assert_eq!((found, slots), (found_anew, slots_anew));
    assert!(bytes_then < bytes / 2, "{bytes_then} of {bytes} bytes: nothing was forgotten");
}
