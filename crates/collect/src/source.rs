//! What a source is.

use sekisho_event::Event;

use crate::split::{Framing, Header};

/// Why a record tells no event. Says what was wrong with it, never what it holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not UTF-8.
    #[error("not UTF-8 at byte {0}")]
    Utf8(usize),
    /// It is no JSON object.
    #[error("not a JSON object: {0}")]
    Json(String),
    /// It has not what every record of the source has.
    #[error("no `{0}`")]
    Missing(&'static str),
    /// A field holds what it cannot.
    #[error("`{0}` is not {1}")]
    Field(&'static str, &'static str),
    /// It has another number of fields than its header says.
    #[error("{found} fields, {expected} expected")]
    Fields {
        /// How many it has.
        found: usize,
        /// How many the source has.
        expected: usize,
    },
    /// It has more bytes than a record may have.
    #[error("longer than {} bytes: cut there", crate::RECORD_BYTES_MAX)]
    TooLong,
}

/// What is known of a record besides its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context<'r> {
    /// What the header of its file said, as the [`Splitter`](crate::Splitter) gave it; empty if there was none.
    pub header: &'r str,
    /// When it came in, in milliseconds since 1970-01-01T00:00:00Z: for moments that a source writes in part only.
    pub received_ms: i64,
}

/// A kind of log.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// Its name, as in `sekisho ingest NAME …`.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// How its bytes are cut into records.
    pub(crate) framing: Framing,
    /// What a record tells.
    pub(crate) parse: for<'r> fn(raw: &'r [u8], context: Context<'r>) -> Result<Event<'r>, Refusal>,
}

impl Source {
    /// The source with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        crate::SOURCES.iter().copied().find(|source| source.name == name)
    }

    /// Whether records can be cut from the middle of a file, without what stands before: lines without a header.
    #[must_use]
    pub fn stands_alone(&self) -> bool {
        matches!(self.framing, Framing::Lines { header: Header::None })
    }

    /// What a record tells.
    ///
    /// # Errors
    ///
    /// If it tells nothing of this source.
    pub fn parse<'r>(&self, raw: &'r [u8], context: Context<'r>) -> Result<Event<'r>, Refusal> {
        (self.parse)(raw, context)
    }
}

#[cfg(test)]
impl Source {
    /// What a record without a header tells, that came in on 2026-11-22 at 12:00 UTC.
    pub(crate) fn tells<'r>(&self, raw: &'r [u8]) -> Result<Event<'r>, Refusal> {
        self.parse(raw, Context { header: "", received_ms: 1_795_348_800_000 })
    }
}

/// The record as text.
pub(crate) fn text(raw: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(raw).map_err(|error| Refusal::Utf8(error.valid_up_to()))
}
