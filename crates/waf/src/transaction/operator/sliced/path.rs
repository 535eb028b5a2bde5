//! The way through a pattern that an engine which goes back would take: at each place the first that leads to a match.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use regex_automata::nfa::thompson::State;
use regex_automata::util::primitives::StateID;

use super::marks::Marks;
use super::parts::Parts;
use super::place::Before;
use super::{Sliced, SlicedCaches};

/// Choices are forgotten when they take so many bytes.
const CHOICES_BYTES_MAX: usize = 1 << 20;

/// How many choices are looked for in one place before the table of all is asked.
const RECENT: usize = 1 << RECENT_BITS;
const RECENT_BITS: u32 = 10;
/// The key of no choices.
const NO_KEY: (u32, u16) = (u32::MAX, u16::MAX);

/// By slot: the place of a group's start or end, where it took part.
pub(in super::super) type Slots = Vec<Option<usize>>;

/// The ways on from states, as far as they were asked for.
#[derive(Debug, Default)]
pub(super) struct Choices {
    /// By state, what is before a place and what is after it: where its choices are.
    known: HashMap<(u32, u16), (u32, u32), RandomState>,
    /// Those that were asked for lately.
    recent: Vec<((u32, u16), (u32, u32))>,
    choices: Vec<Choice>,
    /// Slots that choices set.
    slots: Vec<u32>,
    met: Vec<u32>,
    round: u32,
    stack: Vec<Frame>,
}

/// A way on from a state at a place.
#[derive(Debug, Clone, Copy)]
struct Choice {
    to: To,
    /// Within [`Choices::slots`].
    slots: (u32, u32),
}

#[derive(Debug, Clone, Copy)]
enum To {
    /// A match ends.
    Match,
    /// This state reads the byte and leads to the other.
    Byte { by: u32, to: u32 },
}

/// What is left to look at.
#[derive(Debug)]
enum Frame {
    State(StateID),
    /// Forgets the slot that was set last.
    Unset,
}

impl Choices {
    /// The memory they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.known.len() * 2 * size_of::<((u32, u16), (u32, u32))>()
            + self.choices.len() * size_of::<Choice>()
            + self.slots.len() * size_of::<u32>()
    }

    /// The ways on from a state, those first that an engine which goes back would try first; no more after a match.
    fn of(&mut self, sliced: &Sliced, state: u32, before: Before, next: Option<u8>) -> (usize, usize) {
        let class = next.map_or(0, |byte| sliced.classes.class(byte) as u16 + 1);
        let key = (state, class << 3 | u16::from(before.number()));
        self.recent.resize(RECENT, (NO_KEY, (0, 0)));
        let place = state.wrapping_mul(0x9e37_79b1).wrapping_add(u32::from(key.1).wrapping_mul(0x85eb_ca6b))
            >> (u32::BITS - RECENT_BITS);
        let recent = self.recent[place as usize];
        let (from, to) = if recent.0 == key { recent.1 } else { self.look_up(sliced, key, before, next) };
        self.recent[place as usize] = (key, (from, to));
        (from as usize, to as usize)
    }

    fn look_up(&mut self, sliced: &Sliced, key: (u32, u16), before: Before, next: Option<u8>) -> (u32, u32) {
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        if self.bytes() > CHOICES_BYTES_MAX {
            self.known.clear();
            self.recent.fill((NO_KEY, (0, 0)));
            self.choices.clear();
            self.slots.clear();
        }
        let from = self.choices.len() as u32;
        self.gather(sliced, key.0, before, next);
        let range = (from, self.choices.len() as u32);
        self.known.insert(key, range);
        range
    }

    fn gather(&mut self, sliced: &Sliced, state: u32, before: Before, next: Option<u8>) {
        self.met.resize(sliced.nfa.states().len(), 0);
        self.round = self.round.checked_add(1).unwrap_or_else(|| {
            self.met.fill(0);
            1
        });
        let mut set: Vec<u32> = Vec::new();
        self.stack.clear();
        self.stack.push(Frame::State(id(state)));
        while let Some(frame) = self.stack.pop() {
            let Frame::State(state) = frame else {
                set.pop();
                continue;
            };
            if std::mem::replace(&mut self.met[state.as_usize()], self.round) == self.round {
                continue;
            }
            let by = state.as_u32();
            let to = match sliced.nfa.state(state) {
                State::ByteRange { trans } => {
                    next.filter(|byte| trans.matches_byte(*byte)).map(|_| To::Byte { by, to: trans.next.as_u32() })
                }
                State::Sparse(steps) => {
                    let then = next.and_then(|byte| steps.matches_byte(byte));
                    then.map(|then| To::Byte { by, to: then.as_u32() })
                }
                State::Dense(steps) => {
                    let then = next.and_then(|byte| steps.matches_byte(byte));
                    then.map(|then| To::Byte { by, to: then.as_u32() })
                }
                State::Look { look, next: then } => {
                    if before.holds(sliced.nfa.look_matcher(), *look, next) {
                        self.stack.push(Frame::State(*then));
                    }
                    None
                }
                State::Union { alternates } => {
                    self.stack.extend(alternates.iter().rev().map(|then| Frame::State(*then)));
                    None
                }
                State::BinaryUnion { alt1, alt2 } => {
                    self.stack.extend([*alt2, *alt1].map(Frame::State));
                    None
                }
                State::Capture { next, slot, .. } => {
                    set.push(slot.as_u32());
                    self.stack.extend([Frame::Unset, Frame::State(*next)]);
                    None
                }
                State::Match { .. } => Some(To::Match),
                State::Fail => None,
            };
            let Some(to) = to else { continue };
            let from = self.slots.len() as u32;
            self.slots.extend_from_slice(&set);
            self.choices.push(Choice { to, slots: (from, self.slots.len() as u32) });
            if matches!(to, To::Match) {
                return;
            }
        }
    }
}

/// Where the match that begins at a place ends; `slots` are those of its groups then.
pub(super) fn follow(
    sliced: &Sliced,
    SlicedCaches { parts, choices }: &mut SlicedCaches,
    marks: &mut Marks,
    (text, start): (&[u8], usize),
    slots: &mut Slots,
) -> usize {
    slots.fill(None);
    let (mut state, mut place) = (sliced.mirror.start, start);
    loop {
        let before = place.checked_sub(1).map_or(Before::of(None), |before| sliced.before(text[before]));
        let range = choices.of(sliced, state, before, text.get(place).copied());
        let Some(choice) = choose(sliced, (&choices.choices[range.0..range.1], parts), marks, text, place) else {
            debug_assert!(false, "a match began at {start} and leads nowhere at {place}");
            return place;
        };
        for slot in &choices.slots[choice.slots.0 as usize..choice.slots.1 as usize] {
            if let Some(slot) = slots.get_mut(*slot as usize) {
                *slot = Some(place);
            }
        }
        match choice.to {
            To::Match => return place,
            To::Byte { to, .. } => (state, place) = (to, place + 1),
        }
    }
}

/// The first choice that leads to a match, as one of them does.
fn choose(
    sliced: &Sliced,
    (choices, parts): (&[Choice], &mut Parts),
    marks: &mut Marks,
    text: &[u8],
    place: usize,
) -> Option<Choice> {
    let (last, others) = choices.split_last()?;
    let is_alive = |choice: &&Choice| match choice.to {
        To::Match => true,
        To::Byte { by, .. } => marks.is_alive(sliced, parts, text, place, by),
    };
    Some(*others.iter().find(is_alive).unwrap_or(last))
}

fn id(state: u32) -> StateID {
    StateID::new(state as usize).expect("it was a state's number")
}
