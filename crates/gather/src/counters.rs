//! What was received, stored, masked and refused, by source.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use sekisho_mask::Counts;

/// What came in from one source since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceCounts {
    /// Bytes read, decompressed.
    pub received_bytes: u64,
    /// Records cut from them.
    pub received_records: u64,
    /// Records that are durable.
    pub stored_records: u64,
    /// Bytes of these, masked.
    pub stored_bytes: u64,
    /// Times the log refused a set of batches; they are brought again until it takes them.
    pub refused_sets: u64,
    /// Requests, messages and connections that were turned away: too long, malformed, not authorised, too many.
    pub rejected: u64,
    /// Datagrams that the system dropped before they could be read, as far as it tells.
    pub dropped_datagrams: u64,
    /// What was brought again and was known: a retried request, a message that came twice.
    pub repeated: u64,
    /// How often something failed and was tried again: files, services.
    pub failures: u64,
    /// Digests of CloudTrail that hold, with all the log files they name.
    pub verified_digests: u64,
    /// Digests of CloudTrail that do not, or one of whose log files does not.
    pub failed_digests: u64,
    /// Log files that are what a digest says.
    pub verified_log_files: u64,
    /// Log files that are missing, or are not what a digest says.
    pub failed_log_files: u64,
    /// What was masked, by kind. Kinds of which there was nothing are left out.
    pub masked: BTreeMap<String, u64>,
}

/// The counters of one source.
#[derive(Debug, Default)]
pub(crate) struct SourceCounters {
    pub(crate) received_bytes: AtomicU64,
    pub(crate) received_records: AtomicU64,
    pub(crate) stored_records: AtomicU64,
    pub(crate) stored_bytes: AtomicU64,
    pub(crate) refused_sets: AtomicU64,
    pub(crate) rejected: AtomicU64,
    pub(crate) dropped_datagrams: AtomicU64,
    pub(crate) repeated: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) verified_digests: AtomicU64,
    pub(crate) failed_digests: AtomicU64,
    pub(crate) verified_log_files: AtomicU64,
    pub(crate) failed_log_files: AtomicU64,
    masked: Mutex<Vec<u64>>,
}

pub(crate) fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

impl SourceCounters {
    pub(crate) fn add_masked(&self, counts: &Counts) {
        if counts.numbers().is_empty() {
            return;
        }
        let mut masked = self.masked.lock().expect("nothing panics with the counts in hand");
        if masked.len() < counts.numbers().len() {
            masked.resize(counts.numbers().len(), 0);
        }
        masked.iter_mut().zip(counts.numbers()).for_each(|(all, more)| *all += more);
    }

    fn read(&self, kinds: &[String]) -> SourceCounts {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let masked = self.masked.lock().expect("nothing panics with the counts in hand");
        let masked = kinds.iter().cloned().zip(masked.iter().copied()).filter(|(_, count)| *count > 0).collect();
        SourceCounts {
            received_bytes: get(&self.received_bytes),
            received_records: get(&self.received_records),
            stored_records: get(&self.stored_records),
            stored_bytes: get(&self.stored_bytes),
            refused_sets: get(&self.refused_sets),
            rejected: get(&self.rejected),
            dropped_datagrams: get(&self.dropped_datagrams),
            repeated: get(&self.repeated),
            failures: get(&self.failures),
            verified_digests: get(&self.verified_digests),
            failed_digests: get(&self.failed_digests),
            verified_log_files: get(&self.verified_log_files),
            failed_log_files: get(&self.failed_log_files),
            masked,
        }
    }
}

/// The counters of all sources.
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<BTreeMap<&'static str, Arc<SourceCounters>>>);

impl Counters {
    pub(crate) fn of(&self, source: &'static str) -> Arc<SourceCounters> {
        let mut all = self.0.lock().expect("nothing panics with the counters in hand");
        Arc::clone(all.entry(source).or_default())
    }

    pub(crate) fn read(&self, kinds: &[String]) -> BTreeMap<&'static str, SourceCounts> {
        let all = self.0.lock().expect("nothing panics with the counters in hand");
        all.iter().map(|(source, counters)| (*source, counters.read(kinds))).collect()
    }
}
