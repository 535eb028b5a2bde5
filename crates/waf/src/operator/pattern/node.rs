//! A pattern as it was read.

use super::byte_set::ByteSet;

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// One byte of these.
    Byte(ByteSet),
    /// A condition on the place between two bytes.
    Place(Place),
    /// One after the other; nothing if there are none.
    Sequence(Vec<Node>),
    /// The first of these that leads to a match.
    Choice(Vec<Node>),
    /// The same several times.
    Repeat {
        /// What is repeated.
        body: Box<Node>,
        /// How often at least.
        least: u32,
        /// How often at most; any number if not given.
        most: Option<u32>,
        /// Whether as often as possible.
        greedy: bool,
    },
    /// A group whose text is caught, by its number.
    Group(u32, Box<Node>),
    /// Once matched, it is not tried otherwise. The place in the pattern, for what is said of it.
    Once(Box<Node>, usize),
    /// A condition on what stands before or behind a place.
    Look(Look),
    /// What a group caught, again; `folds` is whether in either ASCII case. The place in the pattern, for what is said of it.
    Reference { group: u32, folds: bool, at: usize },
}

/// A condition on what stands before or behind a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Look {
    /// Whether it is on what comes.
    pub(super) ahead: bool,
    /// Whether that must not match.
    pub(super) negated: bool,
    pub(super) body: Box<Node>,
    /// The place in the pattern, for what is said of it.
    pub(super) at: usize,
}

/// A condition on the place between two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Before everything.
    Start,
    /// After everything.
    End,
    /// At the start of a line.
    LineStart,
    /// At the end of a line.
    LineEnd,
    /// Between a byte of words and another.
    WordEdge,
    /// Anywhere else.
    NoWordEdge,
}

impl Node {
    pub(super) const NOTHING: Self = Self::Sequence(Vec::new());

    /// At the end, or before a line feed that is the end.
    pub(super) fn end_or_last_line_feed() -> Self {
        let line_feed = Self::Byte(ByteSet::of(b"\n"));
        let optional = Self::Repeat { body: Box::new(line_feed), least: 0, most: Some(1), greedy: false };
        Self::Sequence(vec![optional, Self::Place(Place::End)])
    }
}
