//! What searches write to: kept beside compiled operators, so that those can be shared.

use std::sync::Arc;

use super::budget::Budget;
use super::engine::Caches;
use super::expanded::Expanded;
use super::searcher::{Building, Searcher};

/// All searches together keep this many bytes: enough for the Core Rule Set on honest traffic several times
/// over, and a bound on what hostile values make of it. Beyond, they begin anew.
const BYTES_MAX: usize = 16 << 20;

/// The memory of searches.
///
/// It serves one policy at a time: the first search for a pattern of another empties it.
#[derive(Debug, Default)]
pub struct OperatorMemory {
    policy: Option<Arc<()>>,
    caches: Vec<Option<Box<Caches>>>,
    /// What they take.
    bytes: usize,
    expanded: Expanded,
    budget: Budget,
}

impl OperatorMemory {
    /// Starts anew with a transaction.
    pub fn begin(&mut self) {
        self.budget = Budget::default();
    }

    /// Exchanges all but what is left of the transactions' budgets.
    pub(in crate::transaction) fn exchange(&mut self, other: &mut Self) {
        std::mem::swap(self, other);
        std::mem::swap(&mut self.budget, &mut other.budget);
    }

    /// Whether a search was given up since this was asked: what it would have found counts as not found.
    pub fn take_gave_up(&mut self) -> bool {
        self.budget.take_gave_up()
    }

    /// Lends `search` what searches for a pattern whose macros are expanded; false if it cannot be built.
    pub(super) fn with_expanded(
        &mut self,
        text: &[u8],
        building: Building,
        search: impl FnOnce(&Searcher, &mut Caches, &mut Budget) -> bool,
    ) -> bool {
        let found = self.expanded.with(text, building, &mut self.budget, search);
        self.budget.known(found.map(Some)).unwrap_or(false)
    }

    /// Lends `search` the caches with this index of a policy.
    pub(super) fn with<T>(
        &mut self,
        policy: &Arc<()>,
        index: usize,
        create: impl FnOnce() -> Caches,
        search: impl FnOnce(&mut Caches, &mut Budget) -> T,
    ) -> T {
        let is_same = self.policy.as_ref().is_some_and(|known| Arc::ptr_eq(known, policy));
        if !is_same || self.bytes > BYTES_MAX {
            self.caches.clear();
            self.bytes = 0;
            if !is_same {
                self.expanded.clear();
            }
            self.policy = Some(Arc::clone(policy));
        }
        if index >= self.caches.len() {
            self.caches.resize_with(index + 1, || None);
        }
        let slot = &mut self.caches[index];
        let before = slot.as_ref().map_or(0, |caches| caches.bytes());
        let caches = slot.get_or_insert_with(|| Box::new(create()));
        let result = search(caches, &mut self.budget);
        self.bytes = (self.bytes + caches.bytes()).saturating_sub(before);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_stays_with_its_transaction() {
        let (mut own, mut shared) = (OperatorMemory::default(), OperatorMemory::default());
        shared.caches.resize_with(3, || None);
        let gave_up = own.budget.spend(u64::MAX).map(Some);
        own.budget.known::<()>(gave_up);
        own.exchange(&mut shared);
        assert!(own.caches.len() == 3 && shared.caches.is_empty());
        assert!(own.take_gave_up() && !shared.take_gave_up());
    }
}
