//! Payment card numbers and secrets masked in raw bytes, before anything is written.
//!
//! [`CardMask`] finds card numbers in one value. [`Mask`] takes a whole record, a line of text or JSON, and covers card numbers, values of
//! fields with secret names, and what patterns match; a record that was JSON is JSON afterwards.
//!
//! Absent on purpose: I/O, sources of logs, requests.

mod card;
mod field;
mod issuer;
mod json;
mod mask;
mod settings;

pub use card::{CardMask, Grouping};
pub use mask::{Counts, Mask, Scratch};
pub use settings::{MaskError, MaskSettings, Pattern, REDACTED, SECRET_NAMES};
