//! What takes batches.

use crate::append::{Append, Pending};
use crate::batch::{Batch, Feed, Position};
use crate::error::Refused;

/// Takes batches: the log itself, or a lake around it.
pub trait Log: std::fmt::Debug + Send + Sync {
    /// How far each feed had been read when the log was opened.
    fn positions(&self) -> &[(Feed, Position)];

    /// Hands over batches that follow one another; waits while too much is on its way already. A batch's records are kept once its
    /// [`Pending::wait`] says so; whatever happens, those that become durable are the first of them.
    ///
    /// # Errors
    ///
    /// If a batch is too large or the log is closed: then none was taken.
    fn append_all(&self, batches: Vec<Batch>) -> Result<Vec<Pending>, Refused>;
}

impl Log for Append {
    fn positions(&self) -> &[(Feed, Position)] {
        Self::positions(self)
    }

    fn append_all(&self, batches: Vec<Batch>) -> Result<Vec<Pending>, Refused> {
        Self::append_all(self, batches)
    }
}
