//! Bodies: the client's, held back as far as it is inspected and then streamed; the response's, from wherever it comes.

mod coding;
mod held;
mod inspected;
mod reply;
mod upload;

pub use inspected::{Inspected, inspect};

pub(crate) use coding::Codings;
pub(crate) use held::{Held, hold};
pub(crate) use inspected::{Part, inspect_held};
pub(crate) use reply::{Attendance, Reply, Source};
pub(crate) use upload::{Upload, UploadFault};
