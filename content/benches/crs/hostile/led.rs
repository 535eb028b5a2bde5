//! Texts led through the automaton of a pattern: at every byte to a set of states as new and as large as can be found,
//! but never to a match.

use std::collections::HashSet;

use regex_automata::nfa::thompson::{self, NFA, State, WhichCaptures};
use regex_automata::util::primitives::StateID;
use sekisho_waf::ir::phased::{Item, PhasedOperator};
use sekisho_waf::operator::pattern;

use super::shapes;
use crate::loads::Load;
use crate::rules::Rules;

/// Texts led through a pattern: which of them is slowest is chance.
const TEXTS: u64 = 2;
/// So much of a text is led; the rest repeats it.
const LED_BYTES: usize = 30_000;
/// Before a text that is led backward: enough for a lazy automaton to give up.
const LED_FORWARD_BYTES: usize = 6_000;
/// Bytes tried at each place.
const TRIED: usize = 8;
/// One place in so many is left to chance.
const CHANCE: usize = 5;

/// A small generator of numbers that look like chance, the same every time.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }
}

/// Every regular expression of the rules, with the number of its rule.
pub(crate) fn patterns(rules: &Rules) -> Vec<(u64, String)> {
    let mut known = HashSet::new();
    let mut found = Vec::new();
    for item in &rules.policy().items {
        let Item::Rule(rule) = item else { continue };
        for test in rule.links.iter().filter_map(|link| link.test.as_ref()) {
            if let PhasedOperator::Regex { pattern, .. } = &test.operator
                && known.insert(pattern.clone())
            {
                found.push((rule.id, pattern.clone()));
            }
        }
    }
    found
}

/// Texts for each pattern of the rules whose number begins so, as the text of a form with files.
pub(crate) fn all(rules: &Rules, part: &str, bytes: usize) -> Vec<Load> {
    let asked = patterns(rules).into_iter().filter(|(rule, _)| rule.to_string().starts_with(part));
    let led = asked.flat_map(|(rule, pattern)| {
        (1..=TEXTS).flat_map(move |number| {
            let mut chance = Chance::new(rule * 1_000_003 + number);
            let forward = text(&pattern, LED_BYTES, &mut chance);
            let both = both_ways(&pattern, &mut chance);
            let load =
                |text: Vec<u8>, ways| shapes::multipart(&format!("text {number} led {ways} {rule}"), &text, bytes);
            [forward.map(|text| load(text, "through")), both.map(|text| load(text, "both ways through"))]
        })
    });
    led.flatten().collect()
}

/// A text of so many bytes led through a pattern; none if it matches what is empty.
pub(crate) fn text(pattern: &str, bytes_led: usize, chance: &mut Chance) -> Option<Vec<u8>> {
    led(pattern, false, bytes_led, chance)
}

/// A text whose beginning is led through a pattern, and the rest of it from the end: an engine that gives up reading
/// forward, and then reads backward.
fn both_ways(pattern: &str, chance: &mut Chance) -> Option<Vec<u8>> {
    let mut text = text(pattern, LED_FORWARD_BYTES, chance)?;
    text.extend(led(pattern, true, LED_BYTES, chance)?.iter().rev());
    Some(text)
}

fn led(pattern: &str, backward: bool, bytes_led: usize, chance: &mut Chance) -> Option<Vec<u8>> {
    let hir = pattern::parse(pattern).ok()?;
    let config =
        thompson::Config::new().utf8(false).shrink(false).reverse(backward).which_captures(WhichCaptures::None);
    let nfa = thompson::Compiler::new().configure(config).build_from_hir(&hir).ok()?;
    let bytes: Vec<u8> = nfa.byte_classes().representatives(..).filter_map(|unit| unit.as_u8()).collect();
    let mut walk = Walk { met: vec![0; nfa.states().len()], round: 0, nfa };
    let mut set = walk.step(&[], 0)?;
    let mut known = HashSet::new();
    let mut text = Vec::new();
    for _ in 0..bytes_led {
        let tried = if chance.below(CHANCE) == 0 { 1 } else { TRIED };
        let next = (0..tried).filter_map(|_| {
            let byte = bytes[chance.below(bytes.len())];
            let next = walk.step(&set, byte)?;
            Some((usize::from(!known.contains(&next)) * 5_000 + next.len() * 20 + chance.below(200), byte, next))
        });
        let Some((_, byte, next)) = next.max_by_key(|(worth, ..)| *worth) else { continue };
        text.push(byte);
        known.insert(next.clone());
        set = next;
    }
    (!text.is_empty()).then_some(text)
}

/// Follows all ways through an automaton; conditions on places are taken to hold.
struct Walk {
    nfa: NFA,
    met: Vec<u32>,
    round: u32,
}

impl Walk {
    /// The states after a byte, a match having begun anywhere; none if one ends.
    fn step(&mut self, set: &[StateID], byte: u8) -> Option<Vec<StateID>> {
        self.round += 1;
        let mut next = Vec::new();
        let mut stack = vec![self.nfa.start_anchored()];
        stack.extend(set.iter().filter_map(|state| match self.nfa.state(*state) {
            State::ByteRange { trans } => trans.matches_byte(byte).then_some(trans.next),
            State::Sparse(steps) => steps.matches_byte(byte),
            State::Dense(steps) => steps.matches_byte(byte),
            _ => None,
        }));
        while let Some(state) = stack.pop() {
            if std::mem::replace(&mut self.met[state.as_usize()], self.round) == self.round {
                continue;
            }
            match self.nfa.state(state) {
                State::ByteRange { .. } | State::Sparse(_) | State::Dense(_) => next.push(state),
                State::Look { next, .. } | State::Capture { next, .. } => stack.push(*next),
                State::Union { alternates } => stack.extend_from_slice(alternates),
                State::BinaryUnion { alt1, alt2 } => stack.extend([*alt1, *alt2]),
                State::Fail => {}
                State::Match { .. } => return None,
            }
        }
        next.sort_unstable();
        Some(next)
    }
}
