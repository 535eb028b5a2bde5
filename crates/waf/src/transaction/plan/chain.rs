//! Chains of transformations as paths through one tree, so that a beginning shared by many tests runs once a value.

use std::collections::HashMap;

use crate::transform::{Outcome, Transform, UnicodeMap};

/// A node of the tree: what a value is after the transformations on the way to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::transaction) struct ChainId(u32);

impl ChainId {
    /// The value as received.
    pub(in crate::transaction) const ROOT: Self = Self(0);

    pub(in crate::transaction) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The tree of all chains of a policy.
#[derive(Debug, Default)]
pub(in crate::transaction) struct Chains {
    /// By node, but for the root: the node before, and the transformation from there.
    steps: Vec<(ChainId, Transform)>,
    nodes: HashMap<(ChainId, Transform), ChainId>,
    unicode_map: UnicodeMap,
}

impl Chains {
    /// No chain yet; characters are brought down to the bytes of this map.
    pub(super) fn new(unicode_map: UnicodeMap) -> Self {
        Self { unicode_map, ..Self::default() }
    }

    /// Appends a transformed value, or says that it is unchanged and appends nothing.
    pub(in crate::transaction) fn apply(&self, transform: Transform, value: &[u8], out: &mut Vec<u8>) -> Outcome {
        transform.apply_with(value, out, &self.unicode_map)
    }

    /// The nodes along a chain, one for each transformation.
    pub(super) fn add(&mut self, transforms: &[Transform]) -> Box<[ChainId]> {
        let mut at = ChainId::ROOT;
        let nodes = transforms.iter().map(|transform| {
            let next = ChainId(u32::try_from(self.steps.len() + 1).expect("fewer chains than bytes of rules"));
            at = *self.nodes.entry((at, *transform)).or_insert_with_key(|step| {
                self.steps.push(*step);
                next
            });
            at
        });
        nodes.collect()
    }

    /// How many nodes there are, the root included.
    pub(in crate::transaction) fn nodes(&self) -> usize {
        self.steps.len() + 1
    }

    /// The node before, and the transformation from there; none for the root.
    pub(in crate::transaction) fn step(&self, node: ChainId) -> Option<(ChainId, Transform)> {
        self.steps.get(node.index().checked_sub(1)?).copied()
    }
}
