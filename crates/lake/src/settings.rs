//! What can be set.

use std::time::Duration;

/// How a lake works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Name of a new lake's log, which its key and all proofs carry: a host name and a path without a scheme, as `lake.example.com/main`.
    pub name: String,
    /// How records become durable.
    pub append: sekisho_append::Settings,
    /// Bytes of records that are committed together. More of them make fewer and larger files, and take four times as much memory twice.
    pub commit_bytes: u64,
    /// How long a record waits at most until it is in a table.
    pub commit_interval: Duration,
    /// How often a new state is signed, if there are new records.
    pub checkpoint_interval: Duration,
    /// Bytes of records that may be durable and in no table yet; whoever brings more is held up.
    pub uncommitted_bytes_max: u64,
    /// How long to wait before what failed is tried again, at first; it doubles up to a hundred times that.
    pub retry_interval: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "sekisho/lake".to_owned(),
            append: sekisho_append::Settings::default(),
            commit_bytes: 48 << 20,
            commit_interval: Duration::from_secs(10),
            checkpoint_interval: Duration::from_secs(2),
            uncommitted_bytes_max: 2 << 30,
            retry_interval: Duration::from_millis(200),
        }
    }
}
