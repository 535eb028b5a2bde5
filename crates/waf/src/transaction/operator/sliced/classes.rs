//! Bytes that mean the same to a pattern.

use std::collections::{HashMap, HashSet};

use super::mirror::{Edge, Mirror};
use super::place::Before;

/// Bytes in classes: those of one are read by the same edges, and conditions on places cannot tell them apart. Letters
/// whose case does not matter share one, as do all bytes that nothing names.
#[derive(Debug)]
pub(super) struct Classes {
    /// By byte: its class.
    of: Box<[u8; 256]>,
    /// By class: one of its bytes.
    bytes: Box<[u8]>,
}

impl Classes {
    /// Of an automaton of so many states. `has_looks`: conditions on places look at bytes, too.
    pub(super) fn of(mirror: &Mirror, states: usize, has_looks: bool) -> Self {
        let mut of = Box::new([0; 256]);
        if has_looks {
            (0..=u8::MAX).for_each(|byte| of[usize::from(byte)] = Before::of(Some(byte)).number());
        }
        let mut known = HashSet::new();
        for state in 0..states as u32 {
            // Edges between the same two states are neighbours.
            for edges in mirror.edges(state).chunk_by(|one, two| one.to() == two.to()) {
                let read = read(edges);
                if read.contains(&true) && known.insert(read) {
                    split(&mut of, &read);
                }
            }
        }
        let classes = of.iter().copied().max().map_or(0, usize::from) + 1;
        let mut bytes = vec![0; classes];
        (0..=u8::MAX).rev().for_each(|byte| bytes[usize::from(of[usize::from(byte)])] = byte);
        Self { of, bytes: bytes.into() }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.bytes.len()
    }

    /// The class of a byte.
    pub(super) fn class(&self, byte: u8) -> usize {
        usize::from(self.of[usize::from(byte)])
    }

    /// A byte of a class.
    pub(super) fn byte(&self, class: usize) -> u8 {
        self.bytes[class]
    }
}

/// By byte: whether any of these edges reads it.
fn read(edges: &[Edge]) -> [bool; 256] {
    let mut read = [false; 256];
    for edge in edges {
        if let Edge::Bytes { first, last, .. } = edge {
            read[usize::from(*first)..=usize::from(*last)].fill(true);
        }
    }
    read
}

/// Parts those that are read from those that are not.
fn split(of: &mut [u8; 256], read: &[bool; 256]) {
    let mut numbers = HashMap::new();
    for (class, read) in of.iter_mut().zip(read) {
        let next = u8::try_from(numbers.len()).unwrap_or(u8::MAX);
        *class = *numbers.entry((*class, *read)).or_insert(next);
    }
}

#[cfg(test)]
mod tests {
    use regex_automata::nfa::thompson::{self, WhichCaptures};

    use super::*;
    use crate::operator::pattern;

    fn classes(text: &str) -> Classes {
        let hir = pattern::parse(text).unwrap();
        let config = thompson::Config::new().utf8(false).shrink(false).which_captures(WhichCaptures::All);
        let nfa = thompson::Compiler::new().configure(config).build_from_hir(&hir).unwrap();
        Classes::of(&Mirror::of(&nfa), nfa.states().len(), !nfa.look_set_any().is_empty())
    }

    #[test]
    fn what_a_pattern_cannot_tell_apart_is_one_class() {
        let words = classes("(?i)cat|dog");
        assert_eq!(words.count(), 7);
        assert!(words.class(b'C') == words.class(b'c') && words.class(b'-') == words.class(b'\n'));
        assert_ne!(words.class(b'c'), words.class(b'd'));
        assert!((0..words.count()).all(|class| words.class(words.byte(class)) == class));
    }

    #[test]
    fn conditions_on_places_tell_bytes_apart() {
        let classes = classes(r"(?m)\bx$");
        assert_ne!(classes.class(b'a'), classes.class(b'-'));
        assert_ne!(classes.class(b'-'), classes.class(b'\n'));
        assert_ne!(classes.class(b'a'), classes.class(b'x'));
        assert_eq!(classes.class(b'a'), classes.class(b'_'));
    }

    #[test]
    fn all_bytes_may_differ() {
        let text: Vec<String> =
            (0..=u8::MAX).map(|byte| format!(r"\x{byte:02x}{{{}}}", u32::from(byte) % 3 + 1)).collect();
        assert_eq!(classes(&text.concat()).count(), 256);
    }
}
