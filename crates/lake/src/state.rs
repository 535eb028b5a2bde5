//! What the threads of a lake know of each other, and what others may know.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;
/// Hours of a source that are remembered: a week and a day, so that an hour can be held against the same of the week before.
const HOURS_MAX: usize = 192;
/// Sources whose hours are remembered: there are some twenty.
const SOURCES_MAX: usize = 64;

/// What came in from a source within an hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HourCount {
    /// Records.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Those of them that tell no event.
    pub quarantined: u64,
}

impl HourCount {
    fn add(&mut self, more: Self) {
        self.records += more.records;
        self.bytes += more.bytes;
        self.quarantined += more.quarantined;
    }
}

/// How a lake is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Number of durable records.
    pub durable: u64,
    /// So many of them are covered by the newest checkpoint.
    pub sealed: u64,
    /// So many of them are in tables.
    pub committed: u64,
    /// Bytes of the write-ahead log.
    pub append_bytes: u64,
    /// What fails just now and is tried again; none if all is well.
    pub trouble: Option<String>,
    /// What came in since the lake was opened, by source and hour: hours since 1970-01-01T00:00:00Z.
    pub hours: BTreeMap<String, BTreeMap<i64, HourCount>>,
    /// What came in since the lake was opened, by source.
    pub totals: BTreeMap<String, HourCount>,
    /// When the newest state was signed, in milliseconds since 1970-01-01T00:00:00Z; 0 if none was since the lake was opened.
    pub sealed_at_ms: i64,
}

/// What has trouble of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    Draw,
    Commit,
}

#[derive(Debug, Default)]
struct Inner {
    /// Gatherings that are on their way.
    under_way: u64,
    /// The greatest epoch in which a commit failed.
    failed: u64,
    /// What fails in drawing, and in committing.
    trouble: [Option<String>; 2],
    hours: BTreeMap<String, BTreeMap<i64, HourCount>>,
    totals: BTreeMap<String, HourCount>,
    /// Records below this were counted.
    counted: u64,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    closing: AtomicBool,
    committed: AtomicU64,
    sealed: AtomicU64,
    sealed_at_ms: AtomicI64,
    inner: Mutex<Inner>,
    changed: Condvar,
}

impl State {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nothing panics with the state in hand")
    }

    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        self.changed.notify_all();
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    pub(crate) fn committed(&self) -> u64 {
        self.committed.load(Ordering::SeqCst)
    }

    pub(crate) fn sealed(&self) -> u64 {
        self.sealed.load(Ordering::SeqCst)
    }

    pub(crate) fn set_sealed(&self, size: u64) {
        let inner = self.inner();
        self.sealed.store(size, Ordering::SeqCst);
        drop(inner);
        self.changed.notify_all();
    }

    /// Waits until a checkpoint covers so many records. False if that takes longer than `timeout`, or the lake is closed meanwhile.
    pub(crate) fn wait_sealed(&self, size: u64, timeout: Duration) -> bool {
        let is_behind = |_: &mut Inner| self.sealed() < size && !self.is_closing();
        let waited = self.changed.wait_timeout_while(self.inner(), timeout, is_behind);
        drop(waited.expect("nothing panics with the state in hand"));
        self.sealed() >= size
    }

    /// When the newest state was signed.
    pub(crate) fn sealed_at_ms(&self) -> i64 {
        self.sealed_at_ms.load(Ordering::SeqCst)
    }

    pub(crate) fn set_sealed_at(&self, at_ms: i64) {
        self.sealed_at_ms.store(at_ms, Ordering::SeqCst);
    }

    pub(crate) fn set_committed(&self, next: u64) {
        self.committed.store(next, Ordering::SeqCst);
        self.changed.notify_all();
    }

    /// A gathering sets out.
    pub(crate) fn set_out(&self) {
        self.inner().under_way += 1;
    }

    /// A gathering is through, or not: then nothing of its epoch counts any more.
    pub(crate) fn arrive(&self, failed_epoch: Option<u64>) {
        let mut inner = self.inner();
        inner.under_way -= 1;
        inner.failed = inner.failed.max(failed_epoch.unwrap_or_default());
        drop(inner);
        self.changed.notify_all();
    }

    /// Whether a commit of this epoch failed.
    pub(crate) fn has_failed(&self, epoch: u64) -> bool {
        self.inner().failed >= epoch
    }

    /// Waits until nothing is under way.
    pub(crate) fn wait_idle(&self) {
        let inner = self.changed.wait_while(self.inner(), |inner| inner.under_way > 0);
        drop(inner.expect("nothing panics with the state in hand"));
    }

    /// Waits for a while, or until the lake is closed.
    pub(crate) fn pause(&self, pause: Duration) {
        let waited = self.changed.wait_timeout_while(self.inner(), pause, |_| !self.is_closing());
        drop(waited.expect("nothing panics with the state in hand"));
    }

    pub(crate) fn set_trouble(&self, part: Part, trouble: Option<String>) {
        self.inner().trouble[part as usize] = trouble;
    }

    pub(crate) fn trouble(&self) -> Option<String> {
        let inner = self.inner();
        let all: Vec<&str> = inner.trouble.iter().flatten().map(String::as_str).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// Counts a record, unless it was counted before.
    pub(crate) fn count(&self, index: u64, source: &str, received_ms: i64, count: HourCount) {
        let mut inner = self.inner();
        if index < inner.counted {
            return;
        }
        inner.counted = index + 1;
        if !inner.hours.contains_key(source) {
            if inner.hours.len() >= SOURCES_MAX {
                return;
            }
            inner.hours.insert(source.to_owned(), BTreeMap::new());
            inner.totals.insert(source.to_owned(), HourCount::default());
        }
        inner.totals.get_mut(source).expect("inserted above").add(count);
        let hours = inner.hours.get_mut(source).expect("inserted above");
        hours.entry(received_ms.div_euclid(HOUR_MS)).or_default().add(count);
        if hours.len() > HOURS_MAX {
            hours.pop_first();
        }
    }

    pub(crate) fn hours(&self) -> BTreeMap<String, BTreeMap<i64, HourCount>> {
        self.inner().hours.clone()
    }

    pub(crate) fn totals(&self) -> BTreeMap<String, HourCount> {
        self.inner().totals.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_is_drawn_again_is_counted_once() {
        let state = State::default();
        let one = HourCount { records: 1, bytes: 10, quarantined: 0 };
        for (index, received_ms) in [(0, 0), (1, HOUR_MS), (0, 0), (1, HOUR_MS), (2, HOUR_MS)] {
            state.count(index, "syslog", received_ms, one);
        }
        let hours = &state.hours()["syslog"];
        assert_eq!((hours[&0].records, hours[&1].records, hours[&1].bytes), (1, 2, 20));
    }
}
