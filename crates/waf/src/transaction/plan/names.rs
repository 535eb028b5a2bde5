//! The names of `TX` variables that rules mention, as numbers.

use std::collections::HashMap;

/// How many groups of a match are kept: `TX:0` to `TX:9`.
const CAPTURES: usize = 10;

/// A `TX` variable whose name stands in a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::transaction) struct Slot(u32);

impl Slot {
    /// The variable of a group of a match.
    pub(in crate::transaction) const fn of_capture(group: u8) -> Self {
        Self(group as u32)
    }

    /// Whether it is that of a group of a match.
    pub(in crate::transaction) const fn is_capture(self) -> bool {
        self.index() < CAPTURES
    }

    pub(in crate::transaction) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The names of `TX` variables that rules mention. The first ten are `0` to `9`.
#[derive(Debug)]
pub(in crate::transaction) struct Names {
    /// As first written.
    names: Vec<Box<[u8]>>,
    /// By name in lower case.
    by_name: HashMap<Box<[u8]>, Slot>,
}

impl Names {
    pub(super) fn new() -> Self {
        let mut names = Self { names: Vec::new(), by_name: HashMap::new() };
        for group in 0..CAPTURES {
            names.intern(&group.to_string());
        }
        names
    }

    pub(super) fn intern(&mut self, name: &str) -> Slot {
        let lower: Box<[u8]> = name.to_ascii_lowercase().into_bytes().into();
        if let Some(slot) = self.by_name.get(&lower) {
            return *slot;
        }
        let slot = Slot(u32::try_from(self.names.len()).expect("fewer names than bytes of rules"));
        self.names.push(name.as_bytes().into());
        self.by_name.insert(lower, slot);
        slot
    }

    /// The variable of this name, given in lower case.
    pub(in crate::transaction) fn find(&self, lower: &[u8]) -> Option<Slot> {
        self.by_name.get(lower).copied()
    }

    /// Its name.
    pub(in crate::transaction) fn name(&self, slot: Slot) -> &[u8] {
        &self.names[slot.index()]
    }

    pub(in crate::transaction) fn len(&self) -> usize {
        self.names.len()
    }

    /// All of them.
    pub(in crate::transaction) fn slots(&self) -> impl Iterator<Item = Slot> + use<> {
        (0..u32::try_from(self.names.len()).unwrap_or(u32::MAX)).map(Slot)
    }
}
