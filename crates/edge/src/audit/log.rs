//! The audit log as the rest of the edge sees it: something that takes entries.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use super::plan::Plan;
use super::queue::{Entry, Job, Queue};
use super::writer::Writer;
use crate::metrics::AuditMetrics;

/// Takes entries. Its thread begins with the first rules that audit, and ends with the edge.
#[derive(Debug)]
pub(crate) struct AuditLog {
    queue: Arc<Queue>,
    metrics: AuditMetrics,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl AuditLog {
    pub(crate) fn new(metrics: AuditMetrics) -> Self {
        Self { queue: Arc::default(), metrics, thread: Mutex::default() }
    }

    /// Entries will go where a plan says: whether that is possible is tried, and told, at once.
    pub(crate) fn expect(&self, plan: &Plan) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let writer = Writer::new(Arc::clone(&self.queue), self.metrics.clone());
            match Builder::new().name("audit-write".to_owned()).spawn(move || writer.work()) {
                Ok(started) => *thread = Some(started),
                Err(error) => tracing::error!(%error, "audit entries cannot be written: no thread"),
            }
        }
        drop(thread);
        self.queue.push(Job::Open(Arc::clone(&plan.destination)));
    }

    /// Lets go of the files, so that those that were renamed are not written to any more.
    pub(crate) fn reopen(&self) {
        self.queue.push(Job::Reopen);
    }

    pub(super) fn take(&self, entry: Entry) {
        if !self.queue.push(Job::Write(entry)) {
            self.metrics.dropped.inc();
        }
    }

    /// Writes what is left.
    pub(crate) fn close(&self) {
        self.queue.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of the audit log had panicked");
        }
    }
}
