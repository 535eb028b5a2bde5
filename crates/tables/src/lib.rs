//! The tables of the lake: Arrow columns, Parquet files, Delta commits.
//!
//! A [`TableName`] is one of the tables of `sekisho-event`, or the quarantine. [`Tables`] are those of one lake, in one or two tiers: a table is the
//! union of its files in all of them. A [`Snapshot`] lists a table's files as of now. A [`Gathering`] takes records and the events drawn from them, and commits them as files.
//!
//! Absent on purpose: what a record means, the write-ahead log, the seal, questions.

mod arrived;
mod bucket;
mod chance;
mod clustering;
mod columns;
mod compaction;
mod day;
mod durable;
mod encoding;
mod error;
mod gathering;
mod lease;
mod location;
mod name;
mod page_cache;
mod reading;
mod retention;
mod schema;
mod snapshot;
mod statistics;
mod tables;
mod texts;
mod tier;
mod vacuum;

pub use arrived::Arrived;
pub use bucket::Patience;
pub use compaction::{Mergeable, Merged};
pub use error::TablesError;
pub use gathering::{Gathering, Written, WrittenFile};
pub use lease::{LEASE_MS, Lease, Leased};
pub use location::Location;
pub use name::TableName;
pub use reading::Rows;
pub use snapshot::{DataFile, Snapshot};
pub use tables::Tables;
