//! What an operator caught of a value: `TX:0` to `TX:9`.

use std::ops::Range;

/// As many groups as rules can refer to: `TX:0` to `TX:9`.
const GROUPS_MAX: usize = 10;

/// The groups of a match, by number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captures {
    groups: Vec<(u8, Captured)>,
}

/// What a group caught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Captured {
    /// These bytes of the value.
    Value(Range<usize>),
    /// Something that is no part of the value, such as a fingerprint.
    Text(Box<[u8]>),
}

impl Captured {
    /// The bytes, given the value they may be part of.
    #[must_use]
    pub fn bytes<'a>(&'a self, value: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Value(range) => &value[range.clone()],
            Self::Text(text) => text,
        }
    }
}

impl Captures {
    /// The groups that took part in the match, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &Captured)> {
        self.groups.iter().map(|(group, captured)| (*group, captured))
    }

    /// What a group caught, if it took part in the match.
    #[must_use]
    pub fn group(&self, group: u8) -> Option<&Captured> {
        self.groups.iter().find(|(known, _)| *known == group).map(|(_, captured)| captured)
    }

    /// Whether nothing was caught.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Forgets all; keeps the memory.
    pub fn clear(&mut self) {
        self.groups.clear();
    }

    /// Adds what a group caught. Groups come in ascending order; those that rules cannot refer to are dropped.
    pub(super) fn push(&mut self, group: usize, captured: Captured) {
        if group < GROUPS_MAX
            && let Ok(group) = u8::try_from(group)
        {
            self.groups.push((group, captured));
        }
    }

    /// Whether no further group would be kept.
    pub(super) fn is_full(&self, next_group: usize) -> bool {
        next_group >= GROUPS_MAX
    }
}
