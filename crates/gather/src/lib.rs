//! Everything that brings logs in.
//!
//! ```text
//! bytes ─► gunzip ─► collect::Splitter ─► mask ─► append::Batch with its position ─► durable ─► acknowledged
//! ```
//!
//! A [`Feed`] says where logs come from; [`Gather`] runs feeds. How far a feed is read is committed with its data, and it goes on there
//! after a stop or a crash: nothing is lost, nothing comes twice.
//!
//! Absent on purpose: what a record means, tables, queries, the environment.

mod counters;
mod cut;
mod digest;
mod error;
mod feed;
mod files;
mod firehose;
mod gather;
mod inflate;
mod ledger;
mod listen;
#[cfg(feature = "s3")]
mod s3;
mod seen;
mod segments;
mod sink;
mod stdin;
mod stop;
mod syslog;
mod tls;

pub use counters::SourceCounts;
pub use digest::{
    DigestKeys, DigestPlace, DigestReport, DigestState, DigestsFeed, KeyError, LogState, verify_digests, verify_place,
};
pub use error::GatherError;
pub use feed::{Feed, FilesFeed, StdinFeed};
pub use firehose::{DeliveryBody, FirehoseFeed};
pub use gather::Gather;
#[cfg(feature = "s3")]
pub use s3::{Notified, S3Feed, read_notification};
pub use segments::SegmentsFeed;
pub use stop::{Stop, Stopper, stop};
pub use syslog::{Framing, SyslogFeed};
pub use tls::TlsFiles;
