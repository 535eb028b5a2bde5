//! What is counted about the audit log of rules in phases.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// Counters of the audit log. Clones count together; the default belongs to no registry.
#[derive(Debug, Clone, Default)]
pub struct AuditMetrics {
    pub(crate) written: Counter,
    /// For want of room in the queue.
    pub(crate) dropped: Counter,
    /// The disk refused.
    pub(crate) failed: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

impl AuditMetrics {
    /// The counters, registered as `sekisho_audit_entries`.
    #[must_use]
    pub fn new(registry: &mut Registry) -> Self {
        let entries = Family::<ResultLabel, Counter>::default();
        let of = |result| entries.get_or_create_owned(&ResultLabel { result });
        let metrics = Self { written: of("written"), dropped: of("dropped"), failed: of("failed") };
        registry.register("sekisho_audit_entries", "Entries of the audit log, by what became of them", entries);
        metrics
    }
}
