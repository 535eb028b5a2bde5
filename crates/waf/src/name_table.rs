//! Names seen so far within groups, told apart by their bytes.
//!
//! Finds repeated keys of JSON objects and repeated query arguments in time linear in their length, whatever names a
//! client sends: the hash is keyed at random, names of one hash are compared.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};
use std::ops::Range;

/// Tables with room for more names than this are given back before the next use.
const NAMES_KEPT_MAX: usize = 4096;
/// Likewise the text of names, in bytes.
const TEXT_KEPT_BYTES_MAX: usize = 256 * 1024;

/// Names by the order in which they were first seen.
#[derive(Debug, Default)]
pub(crate) struct NameTable {
    keyed: RandomState,
    by_hash: HashMap<u64, usize, BuildHasherDefault<Hashed>>,
    names: Vec<Name>,
    text: Vec<u8>,
}

#[derive(Debug)]
struct Name {
    group: usize,
    text: Range<usize>,
    /// Another name of the same hash.
    next: Option<usize>,
}

/// What is a hash already needs no other.
#[derive(Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Whether a name is new to its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It is; its number.
    First(usize),
    /// It is not; the number it got then.
    Again(usize),
}

impl NameTable {
    /// Forgets all names, keeping memory for the next.
    pub(crate) fn clear(&mut self) {
        if self.names.capacity() > NAMES_KEPT_MAX || self.text.capacity() > TEXT_KEPT_BYTES_MAX {
            *self = Self::default();
        }
        self.by_hash.clear();
        self.names.clear();
        self.text.clear();
    }

    /// Adds the name that `write` appends to a buffer.
    pub(crate) fn add(&mut self, group: usize, write: impl FnOnce(&mut Vec<u8>)) -> Seen {
        let start = self.text.len();
        write(&mut self.text);
        let hash = self.keyed.hash_one((group, &self.text[start..]));
        let first = self.by_hash.get(&hash).copied();
        let mut at = first;
        while let Some(index) = at {
            let name = &self.names[index];
            if name.group == group && self.text[name.text.clone()] == self.text[start..] {
                self.text.truncate(start);
                return Seen::Again(index);
            }
            at = name.next;
        }
        let index = self.names.len();
        self.by_hash.insert(hash, index);
        self.names.push(Name { group, text: start..self.text.len(), next: first });
        Seen::First(index)
    }

    /// The name with a number.
    pub(crate) fn name(&self, index: usize) -> &[u8] {
        &self.text[self.names[index].text.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::{NameTable, Seen};

    #[test]
    fn names_are_told_apart_by_group_and_bytes() {
        let mut table = NameTable::default();
        let mut add = |group, name: &str| table.add(group, |out| out.extend_from_slice(name.as_bytes()));
        assert_eq!(add(0, "a"), Seen::First(0));
        assert_eq!(add(0, "b"), Seen::First(1));
        assert_eq!(add(1, "a"), Seen::First(2));
        assert_eq!(add(0, "a"), Seen::Again(0));
        assert_eq!(add(0, ""), Seen::First(3));
        assert_eq!(add(0, ""), Seen::Again(3));
        assert_eq!(table.name(1), b"b");
        table.clear();
        assert_eq!(table.add(0, |out| out.push(b'b')), Seen::First(0));
    }
}
