//! How a record gets from a worker to the writer's thread without either waiting for the other.
//!
//! Each worker has an outbox of its own: a buffer behind a lock that only the writer ever contends for, and only while
//! it swaps the full buffer for an empty one. All outboxes share one limit in bytes; a record takes up room from the
//! moment it is pushed until it is in the file, so that a slow disk cannot make memory grow.

use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::settings::Overflow;
use crate::metrics::{DropReason, RecordMetrics};

/// An outbox that holds this much wakes the writer before its time.
const WAKE_BYTES: usize = 256 << 10;
/// A buffer larger than this is given back after a burst.
const BUFFER_KEPT_BYTES: usize = 1 << 20;

/// Records of one worker, whole lines.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) records: u64,
    /// No more records are taken.
    closed: bool,
}

/// What the writer's thread and the workers share.
#[derive(Debug)]
pub(super) struct Exchange {
    slots: Mutex<Vec<Arc<Mutex<Batch>>>>,
    queued_bytes: AtomicUsize,
    queue_bytes_max: usize,
    overflow: Overflow,
    room: Notify,
    bell: Mutex<Bell>,
    /// Wakes the writer.
    rung: Condvar,
    /// Wakes those who wait for a flush.
    flushed: Condvar,
    pub(super) metrics: RecordMetrics,
}

/// What is wanted of the writer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bell {
    pub(super) early: bool,
    pub(super) flush_asked: u64,
    pub(super) flush_done: u64,
    /// Whether the last flush reached the disk.
    pub(super) flush_ok: bool,
    pub(super) close: bool,
    /// The writer's thread has ended.
    pub(super) gone: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code that may panic runs under these locks but appending to a vector; the state is whole either way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Exchange {
    pub(super) fn new(queue_bytes_max: usize, overflow: Overflow, metrics: RecordMetrics) -> Self {
        Self {
            slots: Mutex::default(),
            queued_bytes: AtomicUsize::new(0),
            queue_bytes_max,
            overflow,
            room: Notify::new(),
            bell: Mutex::default(),
            rung: Condvar::new(),
            flushed: Condvar::new(),
            metrics,
        }
    }

    /// Takes up room for `bytes`. A line larger than the whole queue passes alone.
    fn reserve(&self, bytes: usize) -> bool {
        let fits = |queued: usize| {
            let wanted = queued.checked_add(bytes)?;
            (queued == 0 || wanted <= self.queue_bytes_max).then_some(wanted)
        };
        let reserved = self.queued_bytes.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits).is_ok();
        if reserved {
            self.metrics.queue_bytes.inc_by(bytes as i64);
        }
        reserved
    }

    /// Gives room back.
    pub(super) fn release(&self, bytes: usize) {
        self.queued_bytes.fetch_sub(bytes, Ordering::AcqRel);
        self.metrics.queue_bytes.dec_by(bytes as i64);
        self.room.notify_waiters();
    }

    /// Swaps every outbox that holds something for an empty buffer. With `closing`, none takes a record afterwards.
    pub(super) fn collect(&self, closing: bool, spare: &mut Vec<Vec<u8>>, into: &mut Vec<Batch>) {
        lock(&self.slots).retain(|slot| {
            // Looked at before the swap: a worker that has left by now pushes nothing after it.
            let abandoned = Arc::strong_count(slot) == 1;
            let mut batch = lock(slot);
            batch.closed |= closing;
            if !batch.bytes.is_empty() {
                let empty = spare.pop().unwrap_or_default();
                let bytes = mem::replace(&mut batch.bytes, empty);
                into.push(Batch { bytes, records: mem::take(&mut batch.records), closed: false });
            }
            !abandoned
        });
    }

    /// Keeps a written buffer for later, unless a burst has made it large.
    pub(super) fn recycle(mut buffer: Vec<u8>, spare: &mut Vec<Vec<u8>>) {
        if buffer.capacity() <= BUFFER_KEPT_BYTES {
            buffer.clear();
            spare.push(buffer);
        }
    }

    /// Waits until somebody rings or `patience` is over, and says what is wanted.
    pub(super) fn wait(&self, patience: Duration) -> Bell {
        let idle = |bell: &mut Bell| !bell.early && !bell.close && bell.flush_asked == bell.flush_done;
        let waited = self.rung.wait_timeout_while(lock(&self.bell), patience, idle);
        let (mut bell, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let seen = *bell;
        bell.early = false;
        seen
    }

    pub(super) fn ring(&self, change: impl FnOnce(&mut Bell)) {
        change(&mut lock(&self.bell));
        self.rung.notify_one();
        self.flushed.notify_all();
    }

    /// Asks for a flush and waits for it. None: not in time, or the writer is gone; otherwise whether it succeeded.
    pub(super) fn flush(&self, timeout: Duration) -> Option<bool> {
        let mut bell = lock(&self.bell);
        bell.flush_asked += 1;
        let ticket = bell.flush_asked;
        self.rung.notify_one();
        let deadline = Instant::now() + timeout;
        while bell.flush_done < ticket && !bell.gone {
            let left = deadline.checked_duration_since(Instant::now())?;
            bell = self.flushed.wait_timeout(bell, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        (bell.flush_done >= ticket).then_some(bell.flush_ok)
    }

    /// The writer's thread has ended: nothing will be written any more, and nobody must wait for it.
    pub(super) fn leave(&self) {
        // First this, then the last look: an outbox made in between sees the one or is seen by the other.
        self.ring(|bell| bell.gone = true);
        let mut left = Vec::new();
        self.collect(true, &mut Vec::new(), &mut left);
        for batch in left {
            self.drop_records(DropReason::Unwritten, batch.records, batch.bytes.len());
        }
        self.room.notify_waiters();
    }

    /// Counts records as lost and gives their room back.
    pub(super) fn drop_records(&self, reason: DropReason, records: u64, bytes: usize) {
        self.metrics.dropped(reason).inc_by(records);
        self.release(bytes);
    }
}

/// Where one worker leaves its records.
#[derive(Debug)]
pub struct Outbox {
    slot: Arc<Mutex<Batch>>,
    exchange: Arc<Exchange>,
}

impl Outbox {
    pub(super) fn new(exchange: &Arc<Exchange>) -> Self {
        let slot = Arc::new(Mutex::new(Batch::default()));
        lock(&exchange.slots).push(Arc::clone(&slot));
        if lock(&exchange.bell).gone {
            lock(&slot).closed = true;
        }
        Self { slot, exchange: Arc::clone(exchange) }
    }

    /// Leaves records: `lines` is one record a line, `records` of them, each ending in a newline.
    ///
    /// Waits only under [`Overflow::Wait`] while the queue is full. A record that is not kept is counted: dropped for
    /// want of room, abandoned by a caller that stopped waiting, or too late for a closed journal.
    pub async fn push(&self, lines: &[u8], records: u64) {
        debug_assert!(lines.ends_with(b"\n"), "records are whole lines");
        if self.exchange.reserve(lines.len()) {
            self.append(lines, records);
            return;
        }
        match self.exchange.overflow {
            Overflow::Drop => {
                self.exchange.metrics.dropped(DropReason::Overflow).inc_by(records);
                self.exchange.ring(|bell| bell.early = true);
            }
            Overflow::Wait => self.push_when_room(lines, records).await,
        }
    }

    /// Leaves records where nobody can wait: what finds no room is dropped and counted, whatever the setting says.
    pub fn push_now(&self, lines: &[u8], records: u64) {
        debug_assert!(lines.ends_with(b"\n"), "records are whole lines");
        if self.exchange.reserve(lines.len()) {
            self.append(lines, records);
        } else {
            self.exchange.metrics.dropped(DropReason::Abandoned).inc_by(records);
            self.exchange.ring(|bell| bell.early = true);
        }
    }

    async fn push_when_room(&self, lines: &[u8], records: u64) {
        self.exchange.metrics.waits.inc();
        let mut abandoned = Abandoned { exchange: &self.exchange, records };
        loop {
            let room = self.exchange.room.notified();
            tokio::pin!(room);
            // Listening before looking: room made in between is not missed.
            room.as_mut().enable();
            if lock(&self.slot).closed {
                abandoned.records = 0;
                self.exchange.metrics.dropped(DropReason::Closed).inc_by(records);
                return;
            }
            if self.exchange.reserve(lines.len()) {
                abandoned.records = 0;
                self.append(lines, records);
                return;
            }
            self.exchange.ring(|bell| bell.early = true);
            room.await;
        }
    }

    /// Room is reserved.
    fn append(&self, lines: &[u8], records: u64) {
        let mut batch = lock(&self.slot);
        if batch.closed {
            drop(batch);
            self.exchange.drop_records(DropReason::Closed, records, lines.len());
            return;
        }
        let before = batch.bytes.len();
        batch.bytes.extend_from_slice(lines);
        batch.records += records;
        let after = batch.bytes.len();
        drop(batch);
        if before < WAKE_BYTES && after >= WAKE_BYTES {
            self.exchange.ring(|bell| bell.early = true);
        }
    }
}

/// Counts records whose pushing was given up, as when a client goes away while its request waits for room.
struct Abandoned<'a> {
    exchange: &'a Exchange,
    records: u64,
}

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        if self.records > 0 {
            self.exchange.metrics.dropped(DropReason::Abandoned).inc_by(self.records);
        }
    }
}
