//! Values of the store after transformations, each computed once.

use std::collections::HashMap;
use std::ops::Range;

use super::plan::{ChainId, Chains};
use super::{Store, ValueId};
use crate::transform::{Outcome, Transform};

/// Values of a store after transformations.
#[derive(Debug, Default)]
pub(super) struct Transformed {
    bytes: Vec<u8>,
    known: HashMap<(ValueId, ChainId), Form>,
    buffer: Vec<u8>,
}

/// What a value became.
#[derive(Debug, Clone)]
enum Form {
    AsReceived,
    Changed(Range<usize>),
}

impl Transformed {
    /// Forgets everything; gives memory back beyond `bytes_kept`.
    pub(super) fn clear(&mut self, bytes_kept: usize) {
        self.bytes.clear();
        self.bytes.shrink_to(bytes_kept);
        self.known.clear();
        self.buffer.clear();
        self.buffer.shrink_to(bytes_kept);
    }

    /// Computes what a value is at a node, and at all nodes before.
    pub(super) fn compute(&mut self, chains: &Chains, store: &Store, value: ValueId, node: ChainId) {
        if self.known.contains_key(&(value, node)) {
            return;
        }
        let Some((before, transform)) = chains.step(node) else { return };
        self.compute(chains, store, value, before);
        let form = self.known.get(&(value, before)).cloned().unwrap_or(Form::AsReceived);
        let form = self.apply(chains, store, value, &form, transform).unwrap_or(form);
        self.known.insert((value, node), form);
    }

    /// None if nothing changes.
    fn apply(
        &mut self,
        chains: &Chains,
        store: &Store,
        value: ValueId,
        form: &Form,
        transform: Transform,
    ) -> Option<Form> {
        let start = self.bytes.len();
        let outcome = match form {
            Form::AsReceived => chains.apply(transform, store.value(value), &mut self.bytes),
            Form::Changed(range) => {
                self.buffer.clear();
                self.buffer.extend_from_slice(&self.bytes[range.clone()]);
                chains.apply(transform, &self.buffer, &mut self.bytes)
            }
        };
        (outcome == Outcome::Changed).then_some(Form::Changed(start..self.bytes.len()))
    }

    /// What a value is at a node that was computed.
    pub(super) fn get<'t>(&'t self, store: &'t Store, value: ValueId, node: ChainId) -> &'t [u8] {
        match self.known.get(&(value, node)) {
            Some(Form::Changed(range)) => &self.bytes[range.clone()],
            Some(Form::AsReceived) | None => store.value(value),
        }
    }
}
