//! Values of the store after transformations, each computed once.
//!
//! A value that a transformation changes gets a row: what it is at each node of the tree of chains. Most values have none.

use std::ops::Range;

use super::plan::{ChainId, Chains};
use super::{Store, ValueId};
use crate::transform::{Outcome, Transform};

/// Values of a store after transformations.
#[derive(Debug, Default)]
pub(super) struct Transformed {
    /// By value: its row, from 1; 0 if it has none.
    rows: Vec<u32>,
    /// Row by row, by node.
    forms: Vec<Form>,
    /// Nodes of the tree of chains.
    nodes: usize,
    texts: Vec<Range<usize>>,
    bytes: Vec<u8>,
    buffer: Vec<u8>,
}

/// What a value became at a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Form(u32);

impl Form {
    const UNKNOWN: Self = Self(0);
    /// Nothing changed it.
    pub(super) const AS_RECEIVED: Self = Self(1);
    const FIRST_TEXT: u32 = 2;

    fn text(self) -> Option<usize> {
        Some(self.0.checked_sub(Self::FIRST_TEXT)? as usize)
    }
}

impl Transformed {
    /// Forgets everything; gives memory back beyond `bytes_kept`.
    pub(super) fn begin(&mut self, chains: &Chains, bytes_kept: usize) {
        self.nodes = chains.nodes();
        self.rows.clear();
        self.rows.shrink_to(bytes_kept / size_of::<u32>());
        self.forms.clear();
        self.forms.shrink_to(bytes_kept / size_of::<Form>());
        self.texts.clear();
        self.texts.shrink_to(bytes_kept / size_of::<Range<usize>>());
        for buffer in [&mut self.bytes, &mut self.buffer] {
            buffer.clear();
            buffer.shrink_to(bytes_kept);
        }
    }

    /// The bytes it takes, used or not.
    pub(super) fn capacity(&self) -> usize {
        let Self { rows, forms, nodes: _, texts, bytes, buffer } = self;
        rows.capacity() * size_of::<u32>()
            + forms.capacity() * size_of::<Form>()
            + texts.capacity() * size_of::<Range<usize>>()
            + bytes.capacity()
            + buffer.capacity()
    }

    /// The bytes in use.
    pub(super) fn used(&self) -> usize {
        let Self { rows, forms, nodes: _, texts, bytes, buffer } = self;
        rows.len() * size_of::<u32>()
            + forms.len() * size_of::<Form>()
            + texts.len() * size_of::<Range<usize>>()
            + bytes.len()
            + buffer.len()
    }

    /// Computes what a value is at a node, and at all nodes before.
    pub(super) fn compute(&mut self, chains: &Chains, store: &Store, value: ValueId, node: ChainId) -> Form {
        let Some((before, transform)) = chains.step(node) else { return Form::AS_RECEIVED };
        let known = self.form(value, node);
        if known != Form::UNKNOWN {
            return known;
        }
        let before = self.compute(chains, store, value, before);
        let form = self.step(chains, store, (value, node), before, transform);
        if form == before {
            self.set(store, value, node, form);
        }
        form
    }

    /// Computes what a value is at a node from what it is at the node before; kept if it is something else.
    pub(super) fn step(
        &mut self,
        chains: &Chains,
        store: &Store,
        (value, node): (ValueId, ChainId),
        before: Form,
        transform: Transform,
    ) -> Form {
        let known = self.form(value, node);
        if known != Form::UNKNOWN {
            return known;
        }
        let start = self.bytes.len();
        let outcome = match before.text() {
            None => chains.apply(transform, store.value(value), &mut self.bytes),
            Some(text) => {
                self.buffer.clear();
                self.buffer.extend_from_slice(&self.bytes[self.texts[text].clone()]);
                chains.apply(transform, &self.buffer, &mut self.bytes)
            }
        };
        if outcome == Outcome::Unchanged {
            return before;
        }
        self.texts.push(start..self.bytes.len());
        let text = u32::try_from(self.texts.len() - 1).expect("fewer texts than 2^32");
        let form = Form(text + Form::FIRST_TEXT);
        self.set(store, value, node, form);
        form
    }

    fn set(&mut self, store: &Store, value: ValueId, node: ChainId, form: Form) {
        if self.rows.len() < store.values() {
            self.rows.resize(store.values(), 0);
        }
        let row = &mut self.rows[value.index()];
        if *row == 0 {
            *row = u32::try_from(self.forms.len() / self.nodes + 1).expect("fewer values than 2^32");
            self.forms.resize(self.forms.len() + self.nodes, Form::UNKNOWN);
        }
        self.forms[(*row as usize - 1) * self.nodes + node.index()] = form;
    }

    fn form(&self, value: ValueId, node: ChainId) -> Form {
        match self.rows.get(value.index()) {
            Some(row) if *row != 0 => self.forms[(*row as usize - 1) * self.nodes + node.index()],
            _ => Form::UNKNOWN,
        }
    }

    /// The bytes of a form.
    pub(super) fn bytes<'t>(&'t self, store: &'t Store, value: ValueId, form: Form) -> &'t [u8] {
        form.text().map_or_else(|| store.value(value), |text| &self.bytes[self.texts[text].clone()])
    }

    /// What a value is at a node that was computed.
    pub(super) fn get<'t>(&'t self, store: &'t Store, value: ValueId, node: ChainId) -> &'t [u8] {
        self.bytes(store, value, self.form(value, node))
    }
}
