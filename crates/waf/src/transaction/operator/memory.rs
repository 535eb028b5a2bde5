//! What searches write to: kept by each transaction, so that compiled operators can be shared.

use std::sync::Arc;

use regex_automata::meta::Cache;

/// The memory of searches.
///
/// It serves one policy at a time: the first search for a pattern of another empties it.
#[derive(Debug, Default)]
pub struct OperatorMemory {
    policy: Option<Arc<()>>,
    caches: Vec<Option<Box<Cache>>>,
}

impl OperatorMemory {
    /// The cache with this index of a policy.
    pub(super) fn cache(&mut self, policy: &Arc<()>, index: usize) -> &mut Option<Box<Cache>> {
        if !self.policy.as_ref().is_some_and(|known| Arc::ptr_eq(known, policy)) {
            self.caches.clear();
            self.policy = Some(Arc::clone(policy));
        }
        if index >= self.caches.len() {
            self.caches.resize_with(index + 1, || None);
        }
        &mut self.caches[index]
    }
}
