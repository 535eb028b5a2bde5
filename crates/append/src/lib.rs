//! A durable log of batches.
//!
//! Batches come in from many threads; one thread writes them to segments and makes them durable together. A batch is acknowledged only
//! when it is. With each batch goes the position its source has reached, so that a source goes on after a crash where its last durable
//! batch ended: nothing is lost, nothing comes twice.
//!
//! Absent on purpose: what a record means, tables, hashes, sources.

mod append;
mod batch;
mod error;
mod frame;
mod log;
mod queue;
mod reader;
mod recovery;
mod segment;
mod settings;
mod varint;
mod writer;

pub use append::{Append, Pending};
pub use batch::{Batch, Feed, Origin, Position, Record};
pub use error::{AppendError, Refused};
pub use log::Log;
pub use reader::{ReadBatch, Reader};
pub(crate) use segment::POSITIONS_BYTES_MAX;
pub use settings::{BATCH_BYTES_MAX, Settings};
