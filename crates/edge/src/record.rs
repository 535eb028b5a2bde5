//! The record of each decision: one JSON line a request, in the AWS WAF log format, kept through crashes.
//!
//! It stands at the end of a request's way. A worker serialises the decision with its [`Recorder`] and pushes the line
//! into its [`Outbox`]; the thread behind [`Journal`] writes all outboxes to the active segment, makes it durable, and
//! turns finished segments into gzip files in the layout AWS uses on S3. Nothing here decides about a request, and
//! nothing here makes a request wait for a disk, unless the setting [`Overflow::Wait`] asks for just that.

mod archive;
mod cloak;
mod decision;
pub mod details;
mod draft;
mod filter;
mod json;
mod mask;
mod outbox;
mod recovery;
mod segment;
mod settings;
mod sync;
mod terms;
mod veil;
mod writer;

pub use decision::{Condition, Judged, MatchDetail, Occurrence, Recorder, Source, Subject};
pub(crate) use decision::{action_name, decision_name, limit_key, part_key, push_address, push_value, shows_address};
pub(crate) use decision::{is_covered, shows_fixed_message};
pub use details::Details;
pub use filter::keeps;
pub(crate) use mask::Mask;
pub use mask::MaskSettings;
pub(crate) use mask::REDACTED;
pub use outbox::Outbox;
pub use settings::{JournalError, JournalSettings, Overflow};
pub use veil::Veil;
pub use writer::Journal;

pub(crate) use cloak::Cloak;
pub(crate) use draft::{Completion, Draft};
pub(crate) use json::{push_number, push_text};
pub(crate) use terms::Terms;
