//! What can be set, and what is fixed.

use std::time::Duration;

/// Bytes of a batch as it is written: what a reader must hold at once.
pub const BATCH_BYTES_MAX: usize = 32 << 20;

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long a batch waits for others before all are made durable together. Longer costs latency and saves the disk work.
    pub sync_interval: Duration,
    /// Bytes after which a segment is followed by the next.
    pub segment_bytes: u64,
    /// Bytes of batches that wait to be written; whoever has more is held up.
    pub queue_bytes_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { sync_interval: Duration::from_millis(5), segment_bytes: 64 << 20, queue_bytes_max: 64 << 20 }
    }
}
