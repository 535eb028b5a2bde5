//! The forms in which people keep web ACLs, and the one place where all of them are read.
//!
//! Every form becomes [`Piece`]s: trees in the names of the API with the places of the file, for the loader in
//! [`crate::aws`], or for a writer of another form. JSON of the API passes as it is.

mod cloudformation;
mod convert;
mod detect;
mod identity;
mod json;
mod piece;
mod read;
mod readable;
mod schema;
mod terraform;
mod translate;
mod write;

pub use self::convert::{Converted, convert};
pub use self::detect::Form;
pub(crate) use self::json::{is_logging, is_web_acl};
pub(crate) use self::read::{Content, read_all};

#[cfg(test)]
mod round_trip;
