//! What is counted about the keeping of records.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::LatencyHistogram;

/// Why a record was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropReason {
    /// The queue was full, and the setting says to drop.
    Overflow,
    /// The request went away while it waited for room.
    Abandoned,
    /// The journal was closed already.
    Closed,
    /// The disk refused until the end.
    Unwritten,
}

impl DropReason {
    const ALL: [Self; 4] = [Self::Overflow, Self::Abandoned, Self::Closed, Self::Unwritten];

    fn name(self) -> &'static str {
        match self {
            Self::Overflow => "overflow",
            Self::Abandoned => "abandoned",
            Self::Closed => "closed",
            Self::Unwritten => "unwritten",
        }
    }
}

/// Counters of the journal. Clones count together; the default belongs to no registry.
#[derive(Debug, Clone, Default)]
pub struct RecordMetrics {
    pub(crate) written: Counter,
    dropped: [Counter; DropReason::ALL.len()],
    pub(crate) filtered: Counter,
    pub(crate) waits: Counter,
    pub(crate) queue_bytes: Gauge,
    pub(crate) write_errors: Counter,
    pub(crate) archived: Counter,
    pub(crate) archive_errors: Counter,
    pub(crate) torn_lines: Counter,
    pub(crate) sync_seconds: LatencyHistogram,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

impl RecordMetrics {
    /// The counters, registered under `sekisho_records_…`.
    #[must_use]
    pub fn new(registry: &mut Registry) -> Self {
        let dropped = Family::<ReasonLabel, Counter>::default();
        let metrics = Self {
            dropped: DropReason::ALL.map(|reason| dropped.get_or_create_owned(&ReasonLabel { reason: reason.name() })),
            ..Self::default()
        };
        let mut counter = |name: &str, help: &str, counter: &Counter| registry.register(name, help, counter.clone());
        counter("sekisho_records_written", "Records written to the active segment", &metrics.written);
        let filtered = "Decisions that a filter of the logging configuration keeps out of the records";
        counter("sekisho_records_filtered", filtered, &metrics.filtered);
        counter("sekisho_records_waits", "Requests that waited for room in the record queue", &metrics.waits);
        counter("sekisho_records_write_errors", "Failed tries to write or sync records", &metrics.write_errors);
        counter("sekisho_records_segments_archived", "Segments turned into gzip archives", &metrics.archived);
        counter("sekisho_records_archive_errors", "Failed tries to archive a segment", &metrics.archive_errors);
        counter("sekisho_records_torn_lines", "Torn lines cut when a crash was recovered from", &metrics.torn_lines);
        registry.register("sekisho_records_dropped", "Records not kept, by reason", dropped);
        registry.register(
            "sekisho_records_queue_bytes",
            "Record bytes waiting for the disk",
            metrics.queue_bytes.clone(),
        );
        registry.register(
            "sekisho_records_sync_seconds",
            "Time the disk takes to make records durable",
            metrics.sync_seconds.clone(),
        );
        metrics
    }

    /// The counter of records not kept for this reason.
    #[must_use]
    pub fn dropped(&self, reason: DropReason) -> &Counter {
        &self.dropped[reason as usize]
    }

    /// Records written to the active segment.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written.get()
    }

    /// Record bytes waiting for the disk.
    #[must_use]
    pub fn queue_bytes(&self) -> i64 {
        self.queue_bytes.get()
    }

    /// Torn lines cut when a crash was recovered from.
    #[must_use]
    pub fn torn_lines(&self) -> u64 {
        self.torn_lines.get()
    }
}
