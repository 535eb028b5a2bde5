//! What requests work with while rules in phases look at them, kept by a worker from one to the next.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};

use sekisho_waf::transaction::{OperatorMemory, Transaction};

use crate::record::Draft;

/// Of this many requests at once, the memory is kept; a worker rarely has more under way for long.
const KEPT_MAX: usize = 64;
/// The values of all requests whose memory is kept take this many bytes, used or not: dozens of forms of ten kilobytes, or a few
/// of a thousand arguments.
const KEPT_BYTES_MAX: usize = 6 * 1024 * 1024;
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
pub(crate) struct MemoryPool {
    kept: RefCell<Vec<Box<Memory>>>,
    kept_bytes: Cell<usize>,
    /// Of whichever request is looked at: rules run between two awaits, so that one is at most.
    searches: RefCell<OperatorMemory>,
}

/// The engine failed.
#[derive(Debug)]
pub(crate) struct Faulted;

impl MemoryPool {
    pub(crate) fn take(&self) -> Box<Memory> {
        let Some(memory) = self.kept.borrow_mut().pop() else { return Box::default() };
        self.kept_bytes.set(self.kept_bytes.get() - memory.transaction.bytes_kept());
        memory
    }

    pub(crate) fn put_back(&self, mut memory: Box<Memory>) {
        let mut kept = self.kept.borrow_mut();
        if kept.len() >= KEPT_MAX {
            return;
        }
        memory.draft.shrink_to(DRAFT_BYTES_KEPT);
        // It may be long until this one is taken again.
        memory.transaction.leave_rules();
        if self.kept_bytes.get() + memory.transaction.bytes_kept() > KEPT_BYTES_MAX {
            memory.transaction = Transaction::new();
        }
        self.kept_bytes.set(self.kept_bytes.get() + memory.transaction.bytes_kept());
        kept.push(memory);
    }

    /// Runs rules. A fault in the engine must cost one request, never the worker; what it leaves in the memory is thrown away.
    pub(crate) fn run<T>(&self, memory: &mut Memory, rules: impl FnOnce(&mut Transaction) -> T) -> Result<T, Faulted> {
        let searches = &mut *self.searches.borrow_mut();
        let transaction = &mut memory.transaction;
        transaction.exchange_searches(searches);
        let outcome = catch_unwind(AssertUnwindSafe(|| rules(transaction)));
        match outcome {
            Ok(_) => transaction.exchange_searches(searches),
            Err(_) => (*transaction, *searches) = (Transaction::new(), OperatorMemory::default()),
        }
        outcome.map_err(|_| Faulted)
    }

    /// Forgets what is of use with the rules only that were in force.
    pub(crate) fn forget_searches(&self) {
        *self.searches.borrow_mut() = OperatorMemory::default();
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

    fn rules() -> Arc<PhasedRules> {
        let mut settings = PhasedSettings { engine: EngineMode::On, ..PhasedSettings::default() };
        settings.request_body.access = true;
        let policy = PhasedPolicy { items: Vec::new(), settings };
        Arc::new(PhasedRules::compile(policy, Default::default()).unwrap())
    }

    fn run(pool: &MemoryPool, memory: &mut Memory, rules: &Arc<PhasedRules>, bytes: usize) {
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
        pool.run(memory, |transaction| {
            transaction.begin(rules, &request, &context);
            transaction.request_body(InspectedBody { bytes: &vec![b'a'; bytes], over_limit: false }, &context);
        })
        .unwrap();
    }

    #[test]
    fn many_bodies_and_large_ones_are_not_kept() {
        let (pool, rules) = (MemoryPool::default(), rules());
        for (count, bytes) in [(1, 100), (40, 1 << 20), (1, 8 << 20), (3, 64 << 10)] {
            let mut memories: Vec<_> = (0..count).map(|_| pool.take()).collect();
            for mut memory in memories.drain(..) {
                run(&pool, &mut memory, &rules, bytes);
                assert!(memory.transaction.bytes_used() >= bytes);
                assert!(memory.transaction.bytes_kept() >= memory.transaction.bytes_used());
                pool.put_back(memory);
            }
            let kept: usize = pool.kept.borrow().iter().map(|memory| memory.transaction.bytes_kept()).sum();
            assert_eq!(kept, pool.kept_bytes.get());
            assert!(kept <= KEPT_BYTES_MAX + KEPT_MAX * Transaction::new().bytes_kept(), "{kept}");
        }
        assert!(pool.kept_bytes.get() > 64 << 10, "what small ones took is kept");
    }

    #[test]
    fn idle_memory_holds_on_to_no_rules() {
        let (pool, rules) = (MemoryPool::default(), rules());
        let mut memory = pool.take();
        run(&pool, &mut memory, &rules, 100);
        assert_eq!(Arc::strong_count(&rules), 2);
        pool.put_back(memory);
        assert_eq!(Arc::strong_count(&rules), 1);
    }

    #[test]
    fn a_fault_leaves_nothing_behind() {
        let (pool, rules) = (MemoryPool::default(), rules());
        let mut memory = pool.take();
        run(&pool, &mut memory, &rules, 100);
        let fault = pool.run(&mut memory, |_| -> () { std::panic::resume_unwind(Box::new("a fault")) });
        assert!(fault.is_err() && memory.transaction.rules().is_none());
        assert_eq!(memory.transaction.bytes_used(), Transaction::new().bytes_used());
        run(&pool, &mut memory, &rules, 100);
        assert!(memory.transaction.bytes_used() >= 100);
    }
}
