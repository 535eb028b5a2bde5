//! Bytes cut into records.
//!
//! Bytes come in pieces of any length; what is not a whole record yet is held until the rest comes. A record longer than
//! [`RECORD_BYTES_MAX`] is cut there, so that memory is bounded and nothing is lost.

mod elements;
mod lines;

use elements::Elements;
use lines::Lines;

use crate::Source;

/// Bytes of a record: CloudTrail's largest events have 256 KB, findings of scanners some more.
pub const RECORD_BYTES_MAX: usize = 4 << 20;

/// How records lie in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// A record a line. Lines that begin so are headers: they are no records, and the last one goes with those after it.
    Lines {
        /// How headers begin; none has any if it is empty.
        header: &'static str,
    },
    /// The first line says what the fields are.
    HeadedLines {
        /// What the first line begins with if it is one.
        header: &'static str,
    },
    /// JSON objects one after another, or in an array; or in the array that is this member of an object.
    Json {
        /// Name of the member; empty if there is none.
        member: &'static str,
    },
}

/// A record that was cut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'b> {
    /// Its bytes.
    pub raw: &'b [u8],
    /// The header that goes with it; empty if there is none.
    pub header: &'b str,
    /// Whether more of it follows as a record of its own: it was too long.
    pub is_cut: bool,
}

/// Cuts the bytes of one file or stream.
#[derive(Debug)]
pub struct Splitter(Cutter);

#[derive(Debug)]
enum Cutter {
    Lines(Lines),
    Elements(Elements),
}

impl Splitter {
    /// For a source's files.
    #[must_use]
    pub fn new(source: &Source) -> Self {
        Self(match source.framing {
            Framing::Lines { header } => Cutter::Lines(Lines::new(header, false)),
            Framing::HeadedLines { header } => Cutter::Lines(Lines::new(header, true)),
            Framing::Json { member } => Cutter::Elements(Elements::new(member)),
        })
    }

    /// Takes more bytes, and gives the records that are whole now.
    pub fn push(&mut self, bytes: &[u8], give: impl FnMut(Piece<'_>)) {
        match &mut self.0 {
            Cutter::Lines(lines) => lines.push(bytes, give),
            Cutter::Elements(elements) => elements.push(bytes, give),
        }
    }

    /// The file has ended: gives what is left, if anything.
    pub fn end(&mut self, give: impl FnMut(Piece<'_>)) {
        match &mut self.0 {
            Cutter::Lines(lines) => lines.end(give),
            Cutter::Elements(elements) => elements.end(give),
        }
    }

    /// Bytes that are held because their record is not whole yet: whoever keeps positions goes back so far.
    #[must_use]
    pub fn held(&self) -> usize {
        match &self.0 {
            Cutter::Lines(lines) => lines.held(),
            Cutter::Elements(elements) => elements.held(),
        }
    }
}
