//! What can go wrong.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a log cannot be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The disk refuses.
    #[error("{action} {}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Bytes that were durable are not what was written.
    #[error("{} is damaged at byte {offset}, where it was durable: restore it from a copy, or move it away and lose its records", path.display())]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where, in bytes from its beginning.
        offset: u64,
    },
    /// Records between two segments are gone.
    #[error("records {from} to {} are missing before {}: a segment was removed", until - 1, path.display())]
    Missing {
        /// The segment after the gap.
        path: PathBuf,
        /// The first record that is not there.
        from: u64,
        /// The first that is there again.
        until: u64,
    },
    /// The thread that writes cannot be started.
    #[error("start the thread that writes")]
    Thread(#[source] io::Error),
}

impl AppendError {
    pub(crate) fn disk(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Disk { action, path: path.to_owned(), source }
    }
}

/// Why a batch was not taken. None of it is durable as far as anyone may rely on; it can be brought again.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refused {
    /// It has more than [`BATCH_BYTES_MAX`](crate::BATCH_BYTES_MAX) bytes.
    #[error("the batch has {bytes} bytes, more than {} fit", crate::BATCH_BYTES_MAX)]
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// Positions of all feeds have no room for another. A batch with an empty position forgets its feed.
    #[error("positions of feeds have {} bytes: forget feeds that are read to their end", crate::POSITIONS_BYTES_MAX)]
    TooManyFeeds,
    /// The disk refused.
    #[error("the batch could not be made durable")]
    Disk(#[source] Arc<AppendError>),
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
}
