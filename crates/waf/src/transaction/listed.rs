//! Values that rules may change while they are looked at, copied before the first of them is.

use super::plan::TargetPlan;

/// Values with their full names.
#[derive(Debug, Default)]
pub(super) struct Listed {
    bytes: Vec<u8>,
    values: Vec<Value>,
}

/// Where a value stands: its name, and right after it the value.
#[derive(Debug, Clone, Copy)]
struct Value {
    start: usize,
    middle: usize,
    end: usize,
}

impl Listed {
    /// Forgets all; keeps the memory.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.values.clear();
    }

    /// Forgets all; gives memory back beyond `bytes_kept`.
    pub(super) fn shrink(&mut self, bytes_kept: usize) {
        self.clear();
        self.bytes.shrink_to(bytes_kept);
        self.values.shrink_to(bytes_kept / size_of::<Value>());
    }

    /// Adds a member of a target: its full name is the target's and, in a collection, its own.
    pub(super) fn push(&mut self, target: &TargetPlan, name: &[u8], write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(target.label.as_bytes());
        if target.is_collection() && !name.is_empty() {
            self.bytes.push(b':');
            self.bytes.extend_from_slice(name);
        }
        let middle = self.bytes.len();
        write(&mut self.bytes);
        self.values.push(Value { start, middle, end: self.bytes.len() });
    }

    /// Keeps the values whose full names `keep` says yes to.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&[u8]) -> bool) {
        let bytes = &self.bytes;
        self.values.retain(|value| keep(&bytes[value.start..value.middle]));
    }

    /// Full name and value of each.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let bytes = |from: usize, to: usize| &self.bytes[from..to];
        self.values.iter().map(move |value| (bytes(value.start, value.middle), bytes(value.middle, value.end)))
    }
}
