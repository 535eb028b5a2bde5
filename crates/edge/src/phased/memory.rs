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
            if memory.transaction.is_large() {
                // It may be long until this one is taken again.
                memory.transaction = Transaction::new();
            }
            kept.push(memory);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;

    use sekisho_model::Timestamp;
    use sekisho_waf::ir::phased::{EngineMode, PhasedPolicy, PhasedSettings};
    use sekisho_waf::transaction::{InspectedBody, PhasedContext, PhasedRules};
    use sekisho_waf::{Body, Client, Request};

    use super::*;

    #[test]
    fn what_a_large_body_took_is_not_kept() {
        let mut settings = PhasedSettings { engine: EngineMode::On, ..PhasedSettings::default() };
        settings.request_body.access = true;
        let policy = PhasedPolicy { items: Vec::new(), settings };
        let rules = Arc::new(PhasedRules::compile(policy, Default::default()).unwrap());
        let request = Request {
            method: b"POST",
            path: b"/",
            query: b"",
            fragment: None,
            version: b"HTTP/1.1",
            scheme: "http",
            headers: &[],
            body: Body::EMPTY,
            client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
        };
        let context = PhasedContext::at(Timestamp::default());
        let pool = MemoryPool::default();
        for (bytes, is_large) in [(100, false), (8 << 20, true)] {
            let mut memory = pool.take();
            assert!(!memory.transaction.is_large());
            memory.transaction.begin(&rules, &request, &context);
            let body = vec![b'a'; bytes];
            memory.transaction.request_body(InspectedBody { bytes: &body, over_limit: false }, &context);
            assert_eq!(memory.transaction.is_large(), is_large);
            pool.put_back(memory);
        }
        assert!(!pool.take().transaction.is_large());
    }
}
