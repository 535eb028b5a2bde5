//! `TX` and `ENV`: variables that end with the transaction.
//!
//! A variable whose name stands in a rule has a place of its own; others are found by name. Numbers are kept as numbers and
//! written only when a text is asked for. Nothing is allocated once the memory is warm.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::TransactionLimits;
use super::number::Written;
use super::plan::{Names, NumberGate, Slot};
use crate::operator::number::{compares, parse};

/// The variables of one collection.
#[derive(Debug, Default)]
pub(super) struct TxVariables {
    slots: Vec<TxValue>,
    /// Which of them were set in this transaction.
    touched: Vec<Slot>,
    /// The first `named_count` are in use.
    named: Vec<Named>,
    named_count: usize,
    /// By hash of the name in lower case: the last variable with it.
    by_hash: HashMap<u64, usize>,
    hasher: RandomState,
    /// Of all texts, and the names of named variables.
    bytes: usize,
}

/// The value of a variable.
#[derive(Debug, Default)]
pub(super) struct TxValue {
    form: Form,
    number: i64,
    text: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Form {
    #[default]
    Unset,
    Number,
    Text,
}

#[derive(Debug, Default)]
struct Named {
    /// As first written.
    name: Vec<u8>,
    value: TxValue,
    /// The variable before it with the same hash.
    before: Option<usize>,
}

/// Where a variable is.
#[derive(Debug, Clone, Copy)]
pub(super) enum TxPlace {
    Slot(Slot),
    Named(usize),
}

impl TxValue {
    /// The number it holds or begins with; none if it is not set.
    pub(super) fn number(&self) -> Option<i64> {
        match self.form {
            Form::Unset => None,
            Form::Number => Some(self.number),
            Form::Text => Some(parse(&self.text)),
        }
    }

    pub(super) fn is_set(&self) -> bool {
        self.form != Form::Unset
    }

    /// Appends it as text.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        self.lend(|text| out.extend_from_slice(text));
    }

    /// Lends it as text, an empty one if it is not set.
    pub(super) fn lend<T>(&self, then: impl FnOnce(&[u8]) -> T) -> T {
        match self.form {
            Form::Unset => then(b""),
            Form::Number => then(Written::new(self.number).text()),
            Form::Text => then(&self.text),
        }
    }

    fn text_bytes(&self) -> usize {
        if self.form == Form::Text { self.text.len() } else { 0 }
    }
}

impl TxVariables {
    /// Forgets all variables, and fits itself to a program of so many names.
    pub(super) fn begin(&mut self, slots: usize, limits: &TransactionLimits) {
        for slot in self.touched.drain(..) {
            let value = &mut self.slots[slot.index()];
            value.form = Form::Unset;
            value.text.clear();
            value.text.shrink_to(limits.log_text_bytes_max);
        }
        self.slots.resize_with(slots, TxValue::default);
        if self.bytes > limits.bytes_kept_max {
            self.named = Vec::new();
            self.by_hash = HashMap::new();
        }
        self.named_count = 0;
        self.by_hash.clear();
        self.bytes = 0;
    }

    pub(super) fn slot(&self, slot: Slot) -> &TxValue {
        &self.slots[slot.index()]
    }

    /// Whether a variable compares as a gate asks; not if it is not set.
    pub(super) fn passes(&self, gate: NumberGate) -> bool {
        let value = self.slot(gate.slot);
        let number = if gate.count { Some(i64::from(value.is_set())) } else { value.number() };
        number.is_some_and(|number| compares(gate.comparison, number, gate.than) != gate.negated)
    }

    pub(super) fn get(&self, place: TxPlace) -> &TxValue {
        match place {
            TxPlace::Slot(slot) => self.slot(slot),
            TxPlace::Named(at) => &self.named[at].value,
        }
    }

    /// The variable of a name given in lower case, set or not.
    pub(super) fn find(&self, names: Option<&Names>, lower: &[u8]) -> Option<TxPlace> {
        if let Some(slot) = names.and_then(|names| names.find(lower)) {
            return Some(TxPlace::Slot(slot));
        }
        let mut next = self.by_hash.get(&self.hasher.hash_one(lower)).copied();
        while let Some(at) = next {
            let named = &self.named[at];
            if named.name.eq_ignore_ascii_case(lower) {
                return Some(TxPlace::Named(at));
            }
            next = named.before;
        }
        None
    }

    /// The variable of a name, a new one if need be; none if there is no room. `lower` is the name in lower case.
    pub(super) fn place(
        &mut self,
        names: Option<&Names>,
        name: &[u8],
        lower: &[u8],
        limits: &TransactionLimits,
    ) -> Option<TxPlace> {
        if let Some(place) = self.find(names, lower) {
            return Some(place);
        }
        let has_room = self.named_count < limits.variables_max && self.bytes + name.len() <= limits.variables_bytes_max;
        if !has_room || name.is_empty() || name.len() > limits.name_bytes_max {
            return None;
        }
        let at = self.named_count;
        if self.named.len() == at {
            self.named.push(Named::default());
        }
        let named = &mut self.named[at];
        named.name.clear();
        named.name.extend_from_slice(name);
        named.value.form = Form::Unset;
        named.before = self.by_hash.insert(self.hasher.hash_one(lower), at);
        self.named_count += 1;
        self.bytes += name.len();
        Some(TxPlace::Named(at))
    }

    pub(super) fn set_number(&mut self, place: TxPlace, number: i64) {
        let value = self.value(place);
        let before = value.text_bytes();
        (value.form, value.number) = (Form::Number, number);
        self.bytes -= before;
    }

    /// Sets a text, cut at the limit of values; nothing happens if there is no room.
    pub(super) fn set_text(&mut self, place: TxPlace, text: &[u8], limits: &TransactionLimits) {
        let text = &text[..text.len().min(limits.value_bytes_max)];
        let before = self.get(place).text_bytes();
        let bytes = self.bytes - before + text.len();
        if bytes > limits.variables_bytes_max {
            return;
        }
        self.bytes = bytes;
        let value = self.value(place);
        value.form = Form::Text;
        value.text.clear();
        value.text.extend_from_slice(text);
    }

    /// Adds to the number a variable holds; 0 if it holds none.
    pub(super) fn add(&mut self, place: TxPlace, by: i64) {
        let number = self.get(place).number().unwrap_or(0);
        self.set_number(place, number.saturating_add(by));
    }

    pub(super) fn unset(&mut self, place: TxPlace) {
        let before = self.get(place).text_bytes();
        self.bytes -= before;
        self.value(place).form = Form::Unset;
    }

    fn value(&mut self, place: TxPlace) -> &mut TxValue {
        match place {
            TxPlace::Slot(slot) => {
                let value = &mut self.slots[slot.index()];
                if !value.is_set() {
                    self.touched.push(slot);
                }
                value
            }
            TxPlace::Named(at) => &mut self.named[at].value,
        }
    }

    /// The variables that are set and have no place of their own, with their names, in the order in which they were first set.
    pub(super) fn named(&self) -> impl Iterator<Item = (&[u8], &TxValue)> {
        let named = self.named[..self.named_count].iter().map(|named| (named.name.as_slice(), &named.value));
        named.filter(|(_, value)| value.is_set())
    }
}
