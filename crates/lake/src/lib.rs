//! The lake: from the write-ahead log to sealed tables.
//!
//! A [`Lake`] takes batches of records and acknowledges them once they are durable. One thread reads them back in order: each
//! becomes a leaf of the seal, and what it tells is gathered. Another thread writes what came together as files of the tables
//! and commits them; then the write-ahead log forgets them. Whatever fails is tried again from the write-ahead log. [`verify`] tells whether all is
//! as it was sealed.
//!
//! Absent on purpose: where records come from, questions, what users read.

mod commit;
mod compaction;
mod control;
mod draw;
mod error;
mod key;
mod lake;
mod lock;
mod place;
mod record;
mod request;
mod retention;
mod settings;
mod state;
mod storage;
pub mod verify;

pub use control::{Control, ask};
pub use error::LakeError;
pub use lake::Lake;
pub use place::Place;
pub use request::{Answer, Request};
pub use retention::{Held, Policy, Retained};
pub use settings::Settings;
pub use state::{HourCount, Status};
pub use storage::Storage;
