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
/// Bytes of a report, which must be held as a whole: those of scanners of large images have some 20 MB.
pub const REPORT_BYTES_MAX: usize = 64 << 20;

/// Gives the records of a report.
pub(crate) type CutReport = fn(report: &[u8], give: &mut dyn FnMut(Piece<'_>));

/// Lines that say what the fields of those after them are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Header {
    /// There are none.
    None,
    /// Lines that begin so.
    Begins(&'static str),
    /// The first line, if it is one.
    First(fn(line: &str) -> bool),
}

/// How records lie in a file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Framing {
    /// A record a line.
    Lines {
        /// Which lines are no records but say what the fields are.
        header: Header,
    },
    /// JSON objects one after another, or in an array; or in the array that is this member of an object.
    Json {
        /// Name of the member, in any case; empty if there is none.
        member: &'static str,
        /// How deep within objects it may stand: 1 in the outermost.
        depth: u32,
    },
    /// One JSON object that holds records in several places.
    Report {
        /// Gives the records of an object, each with what the report says of it elsewhere. An object that is no report is given whole.
        cut: CutReport,
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

impl Piece<'_> {
    /// Cuts a report; a part of one is cut no further.
    fn cut_by(self, cut: CutReport, give: &mut impl FnMut(Piece<'_>)) {
        if self.is_cut {
            return give(self);
        }
        cut(self.raw, &mut |piece| {
            let mut rest = piece.raw;
            while rest.len() > RECORD_BYTES_MAX {
                let (raw, more) = rest.split_at(RECORD_BYTES_MAX);
                give(Piece { raw, is_cut: true, ..piece });
                rest = more;
            }
            give(Piece { raw: rest, ..piece });
        });
    }
}

/// Cuts the bytes of one file or stream.
#[derive(Debug)]
pub struct Splitter(Cutter);

#[derive(Debug)]
enum Cutter {
    Lines(Lines),
    Elements(Elements),
    Report(Elements, CutReport),
}

impl Splitter {
    /// For a source's files.
    #[must_use]
    pub fn new(source: &Source) -> Self {
        Self(match source.framing {
            Framing::Lines { header } => Cutter::Lines(Lines::new(header)),
            Framing::Json { member, depth } => Cutter::Elements(Elements::new(member, depth, RECORD_BYTES_MAX)),
            Framing::Report { cut } => Cutter::Report(Elements::new("", 0, REPORT_BYTES_MAX), cut),
        })
    }

    /// Takes more bytes, and gives the records that are whole now.
    pub fn push(&mut self, bytes: &[u8], mut give: impl FnMut(Piece<'_>)) {
        match &mut self.0 {
            Cutter::Lines(lines) => lines.push(bytes, give),
            Cutter::Elements(elements) => elements.push(bytes, give),
            Cutter::Report(elements, cut) => elements.push(bytes, |report| report.cut_by(*cut, &mut give)),
        }
    }

    /// The file has ended: gives what is left, if anything.
    pub fn end(&mut self, mut give: impl FnMut(Piece<'_>)) {
        match &mut self.0 {
            Cutter::Lines(lines) => lines.end(give),
            Cutter::Elements(elements) => elements.end(give),
            Cutter::Report(elements, cut) => elements.end(|report| report.cut_by(*cut, &mut give)),
        }
    }

    /// Bytes that are held because their record is not whole yet: whoever keeps positions goes back so far.
    #[must_use]
    pub fn held(&self) -> usize {
        match &self.0 {
            Cutter::Lines(lines) => lines.held(),
            Cutter::Elements(elements) | Cutter::Report(elements, _) => elements.held(),
        }
    }
}
