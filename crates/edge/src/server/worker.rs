//! One worker: a thread, a runtime, and everything its connections share.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::poll_fn;
use std::net::TcpListener;
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use sekisho_waf::Decision;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::Notify;

use super::accept;
use super::shared::{Listening, Shared};
use crate::audit::Composer;
use crate::inspect::{Inspector, Rules, Unread};
use crate::phased::MemoryPool;
use crate::record::{Outbox, Recorder};
use crate::upstream::Pools;
use crate::visit::{Names, Visit};

/// How often a worker tidies its pools.
const TIDY: Duration = Duration::from_secs(1);
/// A record's buffer larger than this is given back.
const LINE_BYTES_KEPT: usize = 64 * 1024;

/// What the connections of one worker share.
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) pools: Pools,
    pub(crate) inspector: RefCell<Inspector>,
    pub(crate) names: Names,
    /// What requests work with while rules in phases look at them.
    pub(crate) memories: MemoryPool,
    /// Those in force when the worker last tidied up.
    rules: Cell<Weak<Rules>>,
    outbox: Option<Outbox>,
    /// A spare buffer for records.
    line: Cell<Vec<u8>>,
    presence: Presence,
}

/// Which connections are there, and whether they are to leave.
#[derive(Default)]
struct Presence {
    leaving: Cell<bool>,
    wakers: RefCell<HashMap<u64, Option<Waker>>>,
    next: Cell<u64>,
    gone: Notify,
}

/// A connection's place among those of its worker.
pub(crate) struct Stay<'a> {
    presence: &'a Presence,
    id: u64,
}

/// Tells a connection when to leave.
pub(crate) struct Leaving<'a> {
    stay: Stay<'a>,
    registered: bool,
}

/// Counts something open until dropped, however its task ends.
pub(crate) struct Counted<'a>(&'a Gauge);

impl<'a> Counted<'a> {
    pub(crate) fn new(gauge: &'a Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Worker {
    fn new(shared: Arc<Shared>) -> Self {
        let recorder = Recorder::new(&shared.source, &shared.mask);
        Self {
            pools: Pools::new(&shared.limits),
            inspector: RefCell::new(Inspector::new(recorder, Composer::new(&shared.source))),
            names: Names::new(),
            memories: MemoryPool::default(),
            rules: Cell::new(Arc::downgrade(&shared.rules.load())),
            outbox: shared.journal.as_ref().map(|journal| journal.outbox()),
            line: Cell::default(),
            presence: Presence::default(),
            shared,
        }
    }

    /// Gives back what is not needed any more.
    fn tidy(&self) {
        self.pools.tidy();
        let rules = Arc::downgrade(&self.shared.rules.load());
        if !self.rules.replace(Weak::clone(&rules)).ptr_eq(&rules) {
            // Without a request, the worker would hold on to the rules before for as long as it has nothing to do.
            self.memories.forget_searches();
            self.inspector.borrow_mut().forget_rules();
        }
    }

    /// Whether anyone wants records.
    pub(crate) fn records(&self) -> bool {
        self.outbox.is_some() || self.shared.witness.is_some()
    }

    /// Hands over the record the inspector made last, if it made one.
    pub(crate) async fn record(&self, decision: Decision) {
        if !self.records() || self.inspector.borrow().line.is_empty() {
            return;
        }
        let line = std::mem::replace(&mut self.inspector.borrow_mut().line, self.spare_line());
        self.record_line(decision, line).await;
    }

    /// An empty buffer for a record.
    pub(crate) fn spare_line(&self) -> Vec<u8> {
        let mut line = self.line.take();
        line.clear();
        line
    }

    /// Hands over a record, and keeps its buffer.
    pub(crate) async fn record_line(&self, decision: Decision, mut line: Vec<u8>) {
        if let Some(witness) = &self.shared.witness {
            witness.decided(decision, &line);
        }
        if let Some(outbox) = &self.outbox {
            outbox.push(&line, 1).await;
        }
        if line.capacity() > LINE_BYTES_KEPT {
            line = Vec::new();
        }
        self.line.set(line);
    }

    /// Hands over a record where nobody can wait, as its request is gone.
    pub(crate) fn record_line_now(&self, decision: Decision, line: &[u8]) {
        if let Some(witness) = &self.shared.witness {
            witness.decided(decision, line);
        }
        if let Some(outbox) = &self.outbox {
            outbox.push_now(line, 1);
        }
    }

    /// Records bytes that were no request.
    pub(crate) async fn record_malformed(&self, visit: &Visit, unread: &Unread<'_>) {
        self.shared.metrics.edge.malformed("request");
        {
            let rules = self.shared.rules.load();
            rules.counters.observe_undecided(Decision::Block);
            self.inspector.borrow_mut().record_malformed(&rules, visit, unread);
        }
        self.record(Decision::Block).await;
    }

    /// Tells the calling connection when to leave, and counts it until dropped.
    pub(crate) fn leaving(&self) -> Leaving<'_> {
        let id = self.presence.next.get();
        self.presence.next.set(id + 1);
        self.presence.wakers.borrow_mut().insert(id, None);
        Leaving { stay: Stay { presence: &self.presence, id }, registered: false }
    }

    /// Runs something that is given up when the worker is told to stop.
    pub(crate) async fn until_drained<T>(&self, work: impl Future<Output = std::io::Result<T>>) -> std::io::Result<T> {
        let mut work = pin!(work);
        let mut leaving = self.leaving();
        poll_fn(|cx| {
            if leaving.poll(cx) {
                return Poll::Ready(Err(std::io::ErrorKind::ConnectionAborted.into()));
            }
            work.as_mut().poll(cx)
        })
        .await
    }

    /// Tells all connections to leave and waits until they have, or for the limit.
    async fn drain(&self) {
        self.presence.leaving.set(true);
        let wakers: Vec<Waker> = self.presence.wakers.borrow_mut().values_mut().filter_map(Option::take).collect();
        wakers.into_iter().for_each(Waker::wake);
        let gone = async {
            while !self.presence.wakers.borrow().is_empty() {
                self.presence.gone.notified().await;
            }
        };
        let limit = Duration::from_millis(self.shared.limits.drain_timeout_ms);
        if tokio::time::timeout(limit, gone).await.is_err() {
            let connections = self.presence.wakers.borrow().len();
            tracing::warn!(connections, "connections cut at the drain time-out");
        }
    }
}

impl Leaving<'_> {
    /// Whether to leave; if not, the task is woken when it is time.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        let presence = self.stay.presence;
        if presence.leaving.get() {
            return true;
        }
        if !self.registered {
            // A task's waker stays the same for its life.
            self.registered = true;
            presence.wakers.borrow_mut().insert(self.stay.id, Some(cx.waker().clone()));
        }
        false
    }
}

impl Drop for Stay<'_> {
    fn drop(&mut self) {
        self.presence.wakers.borrow_mut().remove(&self.id);
        self.presence.gone.notify_one();
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Runs a worker until the edge stops and its connections have left.
///
/// # Errors
///
/// If the runtime cannot be set up.
pub(super) fn run(shared: Arc<Shared>, sockets: Vec<(TcpListener, Arc<Listening>)>) -> std::io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    runtime.block_on(async {
        let worker = Rc::new(Worker::new(Arc::clone(&shared)));
        let mut acceptors = Vec::new();
        for (socket, listening) in sockets {
            let acceptor = accept::run(Rc::clone(&worker), socket, listening, shared.stop.subscribe())?;
            acceptors.push(tokio::task::spawn_local(acceptor));
        }
        let mut stop = shared.stop.subscribe();
        let mut tidy = tokio::time::interval(TIDY);
        loop {
            tokio::select! {
                _ = tidy.tick() => worker.tidy(),
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        for acceptor in acceptors {
            // An acceptor ends by itself now; if it panicked, its sockets are closed as well.
            let _ended = acceptor.await;
        }
        worker.drain().await;
        Ok(())
    })
}
