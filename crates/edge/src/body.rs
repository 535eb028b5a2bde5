//! Bodies: the client's, held back as far as it is inspected and then streamed; the response's, from wherever it comes.

mod coding;
mod held;
mod reply;
mod upload;

pub(crate) use coding::{Codings, Decoded};
pub(crate) use held::{Held, hold};
pub(crate) use reply::{Reply, Source};
pub(crate) use upload::{Upload, UploadFault};
