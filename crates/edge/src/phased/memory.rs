//! What requests work with while rules in phases look at them, kept by a worker from one to the next.

use std::cell::RefCell;

use sekisho_waf::transaction::Transaction;

use crate::record::Draft;

/// Of this many requests at once, the memory is kept; a worker rarely has more under way for long.
const KEPT_MAX: usize = 64;
/// A draft's buffer larger than this, in bytes, is given back.
const DRAFT_BYTES_KEPT: usize = 64 * 1024;

/// What one request works with.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) transaction: Transaction,
    /// The record of the web ACL's decision, to be completed.
    pub(crate) draft: Draft,
}

/// Memory that no request works with now.
#[derive(Debug, Default)]
#[expect(clippy::vec_box, reason = "taken out and put back whole, and large")]
pub(crate) struct MemoryPool(RefCell<Vec<Box<Memory>>>);

impl MemoryPool {
    pub(crate) fn take(&self) -> Box<Memory> {
        self.0.borrow_mut().pop().unwrap_or_default()
    }

    pub(crate) fn put_back(&self, mut memory: Box<Memory>) {
        let mut kept = self.0.borrow_mut();
        if kept.len() < KEPT_MAX {
            memory.draft.shrink_to(DRAFT_BYTES_KEPT);
            kept.push(memory);
        }
    }
}
