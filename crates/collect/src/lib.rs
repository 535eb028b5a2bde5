//! Log sources.
//!
//! A source says how its bytes are cut into records ([`Splitter`]) and what [`Event`](sekisho_event::Event) a record tells. A record that tells
//! nothing the source understands is refused with a reason, and kept all the same: in quarantine.
//!
//! Absent on purpose: files, sockets, clocks. Whoever reads brings bytes, and keeps positions.

mod fields;
mod json;
mod severity;
mod source;
mod sources;
mod split;
mod time;

pub use source::{Context, Refusal, Source};
pub use sources::SOURCES;
pub use split::{Piece, RECORD_BYTES_MAX, REPORT_BYTES_MAX, Splitter};
