//! Bodies: the client's, held back as far as it is inspected and then streamed; the response's, from wherever it comes.

mod coding;
mod gathered;
mod held;
mod inspected;
mod reply;
mod room;
mod upload;

pub use inspected::{Inspected, inspect};

pub(crate) use coding::Codings;
pub(crate) use gathered::{Gathered, gather};
pub(crate) use held::{COPIES, Held, Reach, hold, hold_whole};
pub(crate) use inspected::{Part, inspect_held};
pub(crate) use reply::{Attendance, Reply, Source};
pub(crate) use room::{Room, Taken};
pub(crate) use upload::{Upload, UploadFault};
