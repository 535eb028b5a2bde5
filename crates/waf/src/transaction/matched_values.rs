//! The values that matched: `MATCHED_VAR`, `MATCHED_VARS` and their names.
//!
//! Values of the store are referred to; others, which rules may change, are copied.

use std::ops::Range;

use super::plan::{ChainId, Program};
use super::transformed::Transformed;
use super::{Store, ValueId};

/// A value that matched.
#[derive(Debug, Clone)]
pub(super) enum Seen {
    /// A value of the store, as a test's target, after transformations.
    Stored { link: usize, target: usize, value: ValueId, node: ChainId },
    /// Bytes of [`MatchedValues`]: the full name, the value before transformations, and the value as it matched.
    Copied { name: Range<usize>, received: Range<usize>, value: Range<usize> },
}

/// The values that matched.
#[derive(Debug, Default)]
pub(super) struct MatchedValues {
    last: Option<Seen>,
    /// All of them, if anything looks at all.
    all: Vec<Seen>,
    /// Whether one found no room.
    is_partial: bool,
    bytes: Vec<u8>,
}

impl MatchedValues {
    /// Forgets all.
    pub(super) fn clear(&mut self) {
        if self.last.is_none() {
            return;
        }
        self.last = None;
        self.is_partial = false;
        self.all.clear();
        self.bytes.clear();
    }

    /// Forgets all; gives memory back beyond `bytes_kept`.
    pub(super) fn begin(&mut self, bytes_kept: usize) {
        self.clear();
        self.bytes.shrink_to(bytes_kept);
        self.all.shrink_to(bytes_kept / size_of::<Seen>());
    }

    /// Adds a value of the store.
    pub(super) fn add_stored(&mut self, keep: bool, seen: Seen) {
        self.make_room(keep);
        self.add(keep, seen);
    }

    /// Adds a value that is copied, unless it is kept besides others and there is no room for it.
    pub(super) fn add_copy(&mut self, keep: bool, name: &[u8], received: &[u8], value: &[u8], bytes_max: usize) {
        self.make_room(keep);
        if self.bytes.len() + name.len() + received.len() + value.len() > bytes_max {
            self.is_partial = true;
            return;
        }
        let name = self.copy(name);
        let received_at = self.copy(received);
        let value = if value == received { received_at.clone() } else { self.copy(value) };
        self.add(keep, Seen::Copied { name, received: received_at, value });
    }

    fn make_room(&mut self, keep: bool) {
        if !keep {
            self.clear();
        }
    }

    fn add(&mut self, keep: bool, seen: Seen) {
        if keep {
            self.all.push(seen.clone());
        }
        self.last = Some(seen);
    }

    fn copy(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }

    pub(super) fn last(&self) -> Option<&Seen> {
        self.last.as_ref()
    }

    pub(super) fn all(&self) -> &[Seen] {
        &self.all
    }

    /// Appends the full names of all values that are kept, each once and followed by a NUL byte, if that takes at most `bytes_max`
    /// and none found no room; otherwise nothing. A name that has a NUL byte within stands for more names than there are.
    pub(super) fn write_names(&self, bytes_max: usize, program: &Program, store: &Store, out: &mut Vec<u8>) {
        let mut name = Vec::new();
        for seen in &self.all {
            name.clear();
            self.write_name(seen, program, store, &mut name);
            if !names(out).any(|known| known == name) {
                out.extend_from_slice(&name);
                out.push(0);
            }
            if out.len() > bytes_max {
                break;
            }
        }
        if self.is_partial || out.len() > bytes_max {
            out.clear();
        }
    }

    /// Appends the full name of a value, such as `ARGS:q`.
    pub(super) fn write_name(&self, seen: &Seen, program: &Program, store: &Store, out: &mut Vec<u8>) {
        match seen {
            Seen::Copied { name, .. } => out.extend_from_slice(&self.bytes[name.clone()]),
            Seen::Stored { link, target, value, .. } => {
                let Some(test) = &program.links[*link].test else { return };
                let target = &test.targets[*target];
                out.extend_from_slice(target.label.as_bytes());
                let name = store.name(*value);
                if target.is_collection() && !name.is_empty() {
                    out.push(b':');
                    out.extend_from_slice(name);
                }
            }
        }
    }

    /// A value as it matched.
    pub(super) fn value<'v>(&'v self, seen: &Seen, store: &'v Store, transformed: &'v Transformed) -> &'v [u8] {
        match seen {
            Seen::Copied { value, .. } => &self.bytes[value.clone()],
            Seen::Stored { value, node, .. } => transformed.get(store, *value, *node),
        }
    }

    /// A value before its transformations.
    pub(super) fn received<'v>(&'v self, seen: &Seen, store: &'v Store) -> &'v [u8] {
        match seen {
            Seen::Copied { received, .. } => &self.bytes[received.clone()],
            Seen::Stored { value, .. } => store.value(*value),
        }
    }
}

/// Texts that are each followed by a NUL byte.
pub(super) fn names(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == 0).map(|name| name.strip_suffix(b"\0").unwrap_or(name))
}
