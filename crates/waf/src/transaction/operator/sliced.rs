//! A set of states kept in slices: what searches where a lazily determined automaton meets a new set at nearly every byte.
//!
//! Patterns that allow quotes, variables and escapes between all letters of many words can be at hundreds of places at once,
//! and a hostile value leads through ever new sets of them: determining each takes microseconds. But the sets differ in
//! their combinations. Cut into slices, runs of neighbouring states, a few hundred distinct parts make up tens of
//! thousands of sets. So each slice is determined on its own: its next part depends on its part and the byte, and, seldom,
//! on states of other slices that lead into it, which are united with it. A byte takes one step for each slice.
//!
//! Sets have no order, so that this tells whether and where a match ends, but not which one a backtracking engine prefers.
//!
//! # Limits
//!
//! At most [`SLICES_MAX`] look-ups a byte where parts are known. A part that is not known takes time in proportion to the
//! states of the pattern, whatever the value.

mod parts;

use regex_automata::nfa::thompson::NFA;

use parts::{Before, Parts};

/// States of a slice, about: so few that their combinations within it are few.
const SLICE_STATES: usize = 64;
/// The most slices: a byte takes a step for each.
const SLICES_MAX: usize = 16;
/// What parts and their steps may take, in bytes, before they are forgotten: all that the largest patterns of the Core Rule
/// Set were led to by values made for it, several times over.
const PARTS_BYTES_MAX: usize = 4 << 20;

/// Where no match may begin any more, it is looked so often, in bytes, whether any is left.
const PLACES_BETWEEN_LOOKS: usize = 64;

/// A pattern's states, cut into slices.
#[derive(Debug)]
pub(super) struct Sliced {
    nfa: NFA,
    /// By byte: its class.
    class_of: Box<[u8; 256]>,
    /// By class: one of its bytes.
    bytes: Box<[u8]>,
    slices: usize,
    slice_states: usize,
    /// Whether what stands before a place matters.
    has_looks: bool,
    parts_bytes_max: usize,
}

/// What stands around the text that is searched.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Around {
    /// The byte that was read before, if there is one.
    pub(super) before: Option<u8>,
    /// The byte that would be read after.
    pub(super) after: Option<u8>,
}

/// Where matches may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Starts {
    /// Anywhere.
    Anywhere,
    /// Before any byte but the first so many are read.
    Before(usize),
    /// Where the text begins.
    AtBegin,
}

/// What a search writes to.
#[derive(Debug, Default)]
pub(super) struct SlicedCaches {
    /// Where matches may begin at the place at hand, and where they may not.
    open: Parts,
    closed: Parts,
}

impl SlicedCaches {
    /// The memory they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.open.bytes() + self.closed.bytes()
    }
}

impl Sliced {
    /// Of an automaton without a prefix that skips bytes: where matches may begin is asked with each search.
    pub(super) fn new(nfa: NFA) -> Self {
        let classes = nfa.byte_classes();
        let mut class_of = Box::new([0; 256]);
        (0..=u8::MAX).for_each(|byte| class_of[usize::from(byte)] = classes.get(byte));
        let mut bytes = vec![0; usize::from(class_of.iter().copied().max().unwrap_or(0)) + 1];
        (0..=u8::MAX).rev().for_each(|byte| bytes[usize::from(class_of[usize::from(byte)])] = byte);
        let states = nfa.states().len();
        let slices = states.div_ceil(SLICE_STATES).clamp(1, SLICES_MAX);
        Self {
            class_of,
            bytes: bytes.into(),
            slices,
            slice_states: states.div_ceil(slices).max(1),
            has_looks: !nfa.look_set_any().is_empty(),
            parts_bytes_max: PARTS_BYTES_MAX,
            nfa,
        }
    }

    /// After how many bytes the first match ends. Bytes are given in the order the automaton reads them.
    pub(super) fn first(
        &self,
        caches: &mut SlicedCaches,
        bytes: impl Iterator<Item = u8>,
        around: Around,
        starts: Starts,
    ) -> Option<usize> {
        self.search(caches, bytes, around, starts, true)
    }

    /// After how many bytes the last match ends.
    pub(super) fn last(
        &self,
        caches: &mut SlicedCaches,
        bytes: impl Iterator<Item = u8>,
        around: Around,
        starts: Starts,
    ) -> Option<usize> {
        self.search(caches, bytes, around, starts, false)
    }

    fn search(
        &self,
        SlicedCaches { open, closed }: &mut SlicedCaches,
        mut bytes: impl Iterator<Item = u8>,
        around: Around,
        starts: Starts,
        is_first: bool,
    ) -> Option<usize> {
        let (mut found, mut read) = (None, 0);
        let before = self.before(around.before);
        let open_bytes = match starts {
            Starts::Anywhere => usize::MAX,
            Starts::Before(bytes) => bytes,
            Starts::AtBegin => 0,
        };
        open.begin(self, before, true);
        for byte in bytes.by_ref().take(open_bytes) {
            if open.read(self, byte) {
                found = Some(read);
                if is_first {
                    return found;
                }
            }
            read += 1;
        }
        if starts == Starts::Anywhere {
            return if open.matches_at_end(self, around.after) { Some(read) } else { found };
        }
        closed.begin(self, before, false);
        match starts {
            Starts::AtBegin => closed.enter(self, self.nfa.start_anchored()),
            Starts::Anywhere | Starts::Before(_) => closed.take_over(self, open),
        }
        for byte in bytes {
            if read % PLACES_BETWEEN_LOOKS == 0 && closed.are_empty(self) {
                return found;
            }
            if closed.read(self, byte) {
                found = Some(read);
                if is_first {
                    return found;
                }
            }
            read += 1;
        }
        if closed.matches_at_end(self, around.after) { Some(read) } else { found }
    }

    /// What a byte, or the beginning, is to the place after it.
    fn before(&self, byte: Option<u8>) -> Before {
        if self.has_looks { Before::of(byte) } else { Before::default() }
    }

    fn slice_of(&self, state: usize) -> usize {
        state / self.slice_states
    }

    /// How many classes of bytes there are.
    fn classes(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests;
