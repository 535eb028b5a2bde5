//! One collection as it is kept, and what changes do to it.

use sekisho_model::Timestamp;

use super::{ChangeKind, CollectionChange};
use crate::operator::number::parse;
use crate::transaction::TransactionLimits;
use crate::transaction::number::write_number;

/// A collection as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeptCollection {
    /// Its variables, in the order they came.
    pub variables: Vec<KeptVariable>,
    /// `CREATE_TIME`.
    pub created: Timestamp,
    /// `LAST_UPDATE_TIME`.
    pub updated: Timestamp,
    /// `UPDATE_COUNTER`: how often it was written.
    pub updates: u64,
    /// When it is forgotten, unless it is written again.
    pub expires: Timestamp,
}

/// A variable of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptVariable {
    /// Its name, in lower case.
    pub name: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
    /// When it goes away; never if not given.
    pub expires: Option<Timestamp>,
}

impl KeptCollection {
    /// An empty collection made now.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { created: now, updated: now, ..Self::default() }
    }

    /// Forgets everything; keeps the memory.
    pub fn clear(&mut self) {
        self.variables.clear();
        (self.created, self.updated, self.expires) = Default::default();
        self.updates = 0;
    }

    /// The variable of this name, in any ASCII case, if it has not gone away.
    #[must_use]
    pub fn get(&self, name: &[u8], now: Timestamp) -> Option<&KeptVariable> {
        self.variables.iter().find(|variable| variable.is_alive(now) && variable.name.eq_ignore_ascii_case(name))
    }

    /// Applies changes in their order, and drops what has gone away.
    ///
    /// # Limits
    ///
    /// Beyond `collection_variables_max`, no new variable is added; a value longer than `value_bytes_max` is cut.
    pub fn apply(&mut self, changes: &[CollectionChange], timeout_s: u64, now: Timestamp, limits: &TransactionLimits) {
        self.variables.retain(|variable| variable.is_alive(now));
        for change in changes {
            self.change(change, limits);
        }
        self.updated = now;
        self.updates = self.updates.saturating_add(1);
        self.expires = after(now, timeout_s);
    }

    /// Applies one change.
    pub(in crate::transaction) fn change(&mut self, change: &CollectionChange, limits: &TransactionLimits) {
        let at = self.variables.iter().position(|variable| variable.name.eq_ignore_ascii_case(&change.name));
        match &change.kind {
            ChangeKind::Unset => {
                if let Some(at) = at {
                    self.variables.remove(at);
                }
            }
            ChangeKind::Expire(time) => {
                if let Some(at) = at {
                    self.variables[at].expires = Some(*time);
                }
            }
            ChangeKind::Set(value) => {
                if let Some(variable) = self.variable(at, &change.name, limits) {
                    variable.value.clear();
                    variable.value.extend_from_slice(&value[..value.len().min(limits.value_bytes_max)]);
                }
            }
            ChangeKind::Add(by) => {
                if let Some(variable) = self.variable(at, &change.name, limits) {
                    let sum = parse(&variable.value).saturating_add(*by);
                    variable.value.clear();
                    write_number(sum, &mut variable.value);
                }
            }
        }
    }

    fn variable(&mut self, at: Option<usize>, name: &[u8], limits: &TransactionLimits) -> Option<&mut KeptVariable> {
        if let Some(at) = at {
            return Some(&mut self.variables[at]);
        }
        if self.variables.len() >= limits.collection_variables_max || name.len() > limits.name_bytes_max {
            return None;
        }
        self.variables.push(KeptVariable { name: name.to_ascii_lowercase(), value: Vec::new(), expires: None });
        self.variables.last_mut()
    }

    /// The memory it holds, in bytes, roughly: for those who bound what they keep.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let held = |variable: &KeptVariable| size_of::<KeptVariable>() + variable.name.len() + variable.value.len();
        size_of::<Self>() + self.variables.iter().map(held).sum::<usize>()
    }
}

impl KeptVariable {
    /// Whether it has not gone away.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}

/// So many seconds after a time.
pub(in crate::transaction) fn after(now: Timestamp, seconds: u64) -> Timestamp {
    Timestamp::from_unix_ms(now.unix_ms().saturating_add(seconds.saturating_mul(1_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(name: &str, kind: ChangeKind) -> CollectionChange {
        CollectionChange { name: name.into(), kind }
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_ms(seconds * 1_000)
    }

    #[test]
    fn changes_count_and_expire() {
        let limits = TransactionLimits::default();
        let mut kept = KeptCollection::new(at(1));
        let changes = [
            change("hits", ChangeKind::Add(2)),
            change("seen", ChangeKind::Set(b"x".into())),
            change("seen", ChangeKind::Expire(at(5))),
        ];
        kept.apply(&changes, 60, at(2), &limits);
        kept.apply(&changes[..1], 60, at(3), &limits);
        assert_eq!(kept.get(b"HITS", at(3)).unwrap().value, b"4");
        assert!(kept.get(b"seen", at(4)).is_some() && kept.get(b"seen", at(5)).is_none());
        kept.apply(&[change("hits", ChangeKind::Unset)], 60, at(6), &limits);
        assert!(kept.variables.is_empty());
        assert_eq!((kept.updates, kept.created, kept.expires), (3, at(1), at(66)));
    }

    #[test]
    fn growth_ends_at_the_limits() {
        let limits =
            TransactionLimits { collection_variables_max: 2, value_bytes_max: 3, ..TransactionLimits::default() };
        let mut kept = KeptCollection::new(at(0));
        for name in ["a", "b", "c"] {
            kept.apply(&[change(name, ChangeKind::Set(b"12345".into()))], 1, at(0), &limits);
        }
        assert_eq!(kept.variables.len(), 2);
        assert_eq!(kept.variables[0].value, b"123");
    }
}
