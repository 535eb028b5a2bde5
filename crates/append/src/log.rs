//! What takes batches.

use crate::append::{Append, Pending};
use crate::batch::{Batch, Feed, Position};
use crate::error::Refused;

/// Takes batches: the log itself, or a lake around it.
pub trait Log: std::fmt::Debug + Send + Sync {
    /// How far each feed had been read when the log was opened.
    fn positions(&self) -> &[(Feed, Position)];

    /// Hands over a batch; waits while too much is on its way already. Its records are kept once [`Pending::wait`] says so.
    ///
    /// # Errors
    ///
    /// If the batch is too large or the log is closed.
    fn append(&self, batch: Batch) -> Result<Pending, Refused>;
}

impl Log for Append {
    fn positions(&self) -> &[(Feed, Position)] {
        Self::positions(self)
    }

    fn append(&self, batch: Batch) -> Result<Pending, Refused> {
        Self::append(self, batch)
    }
}
