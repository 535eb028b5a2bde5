//! How and where decisions are kept, and what can go wrong with that.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// What happens to a record that finds no room in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overflow {
    /// The request waits until there is room: no record is lost, and a full disk holds up the service.
    Wait,
    /// The record is dropped and counted: the service goes on.
    #[default]
    Drop,
}

/// How and where decisions are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalSettings {
    /// The data folder. Active segments are under `decisions/active`, finished ones under `AWSLogs`.
    pub folder: PathBuf,
    /// The account in file names: letters and digits, 1 to 64.
    pub account: String,
    /// The region in file names: letters, digits and dashes, 1 to 64.
    pub region: String,
    /// The web ACL in file names: letters, digits, dashes and underscores, 1 to 128.
    pub acl: String,
    /// A record is on disk at most this long after it was pushed, in milliseconds, as long as the disk keeps up.
    pub flush_interval_ms: u64,
    /// A segment is finished after this many seconds: AWS delivers every five minutes.
    pub rotate_interval_s: u64,
    /// A segment is finished before it would exceed this many bytes, uncompressed: AWS's limit is 75 MB.
    /// Only what one turn of the writer brings at once, at most the queue, may exceed it.
    pub segment_bytes_max: u64,
    /// Bytes of records waiting for the disk, of all workers together.
    pub queue_bytes_max: usize,
    /// What happens beyond that.
    pub overflow: Overflow,
    /// Whether each segment has a second name under `decisions/followed`, for somebody who reads along and removes it once it is the
    /// only one left: whoever that is may be slow or away, and misses nothing.
    pub followed: bool,
}

impl JournalSettings {
    /// The defaults for a data folder.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, account: &str, region: &str, acl: &str) -> Self {
        Self {
            folder: folder.into(),
            account: account.to_owned(),
            region: region.to_owned(),
            acl: acl.to_owned(),
            flush_interval_ms: 1000,
            rotate_interval_s: 300,
            segment_bytes_max: 75_000_000,
            // Two seconds of a busy service: 4,000 records of 2 kB a second.
            queue_bytes_max: 16 << 20,
            overflow: Overflow::default(),
            followed: false,
        }
    }

    /// Where segments are that somebody reads along.
    #[must_use]
    pub fn followed_folder(data: &Path) -> PathBuf {
        data.join("decisions").join("followed")
    }

    /// Checks what becomes part of file names.
    pub(super) fn validate(&self) -> Result<(), JournalError> {
        let fits = |text: &str, max: usize, extra: &[u8]| {
            (1..=max).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || extra.contains(&byte))
        };
        for (field, value, valid) in [
            ("account", &self.account, fits(&self.account, 64, b"")),
            ("region", &self.region, fits(&self.region, 64, b"-")),
            ("acl", &self.acl, fits(&self.acl, 128, b"-_")),
        ] {
            if !valid {
                return Err(JournalError::Name { field, value: value.clone() });
            }
        }
        Ok(())
    }
}

/// Why decisions cannot be kept.
#[derive(Debug, Error)]
pub enum JournalError {
    /// A setting that becomes part of file names has other characters than are allowed, too many, or none.
    #[error("{field} {value:?} cannot be part of a file name")]
    Name {
        /// The setting.
        field: &'static str,
        /// Its value.
        value: String,
    },
    /// Another process keeps its decisions in the same data folder.
    #[error("another process is using the data folder (it holds {})", lock.display())]
    Locked {
        /// The lock file.
        lock: PathBuf,
    },
    /// The file system refused.
    #[error("{action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Records could not be written before the time-out.
    #[error("{records} records could not be written")]
    Unwritten {
        /// How many.
        records: u64,
    },
    /// A flush did not reach the disk in time. The records still wait and are tried again.
    #[error("records are not durable yet")]
    NotDurable,
    /// The journal's thread has died.
    #[error("the journal's thread has panicked")]
    Panicked,
}

impl JournalError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}
