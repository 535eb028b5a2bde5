//! A set of states kept in slices: what searches where a lazily determined automaton meets a new set at nearly every byte.
//!
//! Patterns that allow quotes, variables and escapes between all letters of many words can be at hundreds of places at once,
//! and a hostile value leads through ever new sets of them: determining each takes microseconds. But the sets differ in
//! their combinations. Cut into slices, runs of neighbouring states, a few hundred distinct parts make up tens of
//! thousands of sets. So each slice is determined on its own: its next part depends on its part and the byte, and on states
//! of other slices that lead into it, which are united with it. A byte takes one step for each slice.
//!
//! Sets have no order, and a match has one: which of the ways through a pattern comes first. So the text is read from its
//! end ([`Marks`]): the sets are then the states from which a match can be reached, and tell where matches begin. From the
//! first start on, the first way at each place that leads to a match is the one that an engine which goes back would take
//! (`path`). That tells where the match ends, and its groups.
//!
//! # Limits
//!
//! Reading a text takes at most [`SLICES_MAX`] look-ups and unions a byte where parts are known. A part that is not known
//! takes time in proportion to the states of the pattern, whatever the value. Following a match takes a look-up a byte,
//! and a search in one part for each way that could be taken.

mod classes;
mod marks;
mod mirror;
mod parts;
mod path;
mod place;

use std::ops::Range;

use regex_automata::nfa::thompson::NFA;

use classes::Classes;
use marks::BLOCK_PLACES;
use mirror::Mirror;
use parts::Parts;
use path::Choices;
use place::Before;

pub(super) use marks::Marks;
pub(super) use path::Slots;

/// States of a slice, about: so few that their combinations within it are few.
const SLICE_STATES: usize = 64;
/// The most slices: a byte takes a step for each.
const SLICES_MAX: usize = 16;
/// What parts and their steps may take, in bytes, before they are forgotten: all that the largest patterns of the Core Rule
/// Set were led to by values made for it, several times over.
const PARTS_BYTES_MAX: usize = 4 << 20;

/// A pattern's states, cut into slices.
#[derive(Debug)]
pub(super) struct Sliced {
    nfa: NFA,
    mirror: Mirror,
    classes: Classes,
    /// A row of steps is so long, as a power of two: it has all classes.
    row_bits: u32,
    slices: usize,
    /// By state: its slice.
    slice_of: Box<[u8]>,
    /// Whether what stands before a place matters.
    has_looks: bool,
    parts_bytes_max: usize,
    block_places: usize,
}

/// What a search writes to.
#[derive(Debug, Default)]
pub(super) struct SlicedCaches {
    parts: Parts,
    choices: Choices,
}

impl SlicedCaches {
    /// The memory they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.parts.bytes() + self.choices.bytes()
    }
}

impl Sliced {
    /// Of an automaton that reads forward.
    pub(super) fn new(nfa: NFA) -> Self {
        let mirror = Mirror::of(&nfa);
        let has_looks = !nfa.look_set_any().is_empty();
        let classes = Classes::of(&mirror, nfa.states().len(), has_looks);
        let slices = nfa.states().len().div_ceil(SLICE_STATES).clamp(1, SLICES_MAX);
        Self {
            row_bits: classes.count().next_power_of_two().trailing_zeros(),
            classes,
            slices,
            slice_of: slices_of(nfa.states().len(), slices),
            has_looks,
            parts_bytes_max: PARTS_BYTES_MAX,
            block_places: BLOCK_PLACES,
            mirror,
            nfa,
        }
    }

    /// Whether it matches anywhere.
    pub(super) fn is_match(&self, caches: &mut SlicedCaches, text: &[u8]) -> bool {
        let parts = &mut caches.parts;
        let mut places = [parts.begin(self), [0; SLICES_MAX]];
        let [now, then] = &mut places;
        let (mut now, mut then) = (now, then);
        for byte in text.iter().rev() {
            if parts.is_full(self) {
                let sets = parts.sets(self, now);
                parts.forget();
                *now = parts.resume(self, &sets);
            }
            if parts.read(self, *byte, now, then) {
                return true;
            }
            std::mem::swap(&mut now, &mut then);
        }
        parts.starts_here(self, now)
    }

    /// Reads a text, so that all its matches can be found. Until the last of them was, the caches serve no other text.
    pub(super) fn mark(&self, caches: &mut SlicedCaches, text: &[u8]) -> Marks {
        Marks::of(self, &mut caches.parts, text)
    }

    /// The first match from `at` on in a text that was read; fills the slots of its groups.
    pub(super) fn find(
        &self,
        caches: &mut SlicedCaches,
        marks: &mut Marks,
        (text, at): (&[u8], usize),
        slots: &mut Slots,
    ) -> Option<Range<usize>> {
        let start = marks.next_start(at)?;
        Some(start..path::follow(self, caches, marks, (text, start), slots))
    }

    /// What a byte is to the place after it, in the order of reading.
    fn before(&self, byte: u8) -> Before {
        if self.has_looks { Before::of(Some(byte)) } else { Before::default() }
    }

    fn slice_of(&self, state: u32) -> usize {
        usize::from(self.slice_of[state as usize])
    }
}

/// By state: its slice, of so many.
fn slices_of(states: usize, slices: usize) -> Box<[u8]> {
    let slice_states = states.div_ceil(slices).max(1);
    (0..states).map(|state| u8::try_from(state / slice_states).expect("there are few slices")).collect()
}

#[cfg(test)]
mod tests;
