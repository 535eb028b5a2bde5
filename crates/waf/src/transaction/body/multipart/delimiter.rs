//! Boundary lines, and what looks like one.

use std::ops::Range;

use memchr::memchr;
use memchr::memmem::Finder;

use super::flags::Unmatched;
use super::{Flags, MultipartError};

/// A boundary line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// From its first dash to behind its line end.
    pub(super) line: Range<usize>,
    /// Whether it is the last.
    pub(super) is_final: bool,
    /// Whether it ends with a bare line feed.
    pub(super) is_bare: bool,
}

/// Finds boundary lines: `--boundary` or, at the end, `--boundary--` at the start of a line, and nothing else in it.
pub(super) struct Delimiters<'a> {
    bytes: &'a [u8],
    boundary: &'a [u8],
    /// Finds lines that begin with two dashes.
    dashes: Finder<'static>,
    /// Finds the boundary wherever it is.
    anywhere: Finder<'a>,
    delimiter: &'a [u8],
    /// A line begins here.
    at: usize,
    /// The next place where the boundary is, if it was looked for.
    next_anywhere: Option<usize>,
}

impl<'a> Delimiters<'a> {
    /// `delimiter` is two dashes and the boundary.
    pub(super) fn new(bytes: &'a [u8], delimiter: &'a [u8]) -> Self {
        Self {
            bytes,
            boundary: &delimiter[2..],
            dashes: Finder::new(b"\n--"),
            anywhere: Finder::new(delimiter),
            delimiter,
            at: 0,
            next_anywhere: None,
        }
    }

    /// The next boundary line; flags what looks like one on the way there.
    pub(super) fn next(&mut self, flags: &mut Flags) -> Option<Found> {
        loop {
            let start = self.line_with_dashes();
            self.flag_elsewhere(start.unwrap_or(self.bytes.len()), flags);
            let start = start?;
            let rest = &self.bytes[start..];
            let end = memchr(b'\n', rest).map_or(rest.len(), |length| length + 1);
            self.at = start + end;
            if let Some(found) = self.classify(start..start + end, flags) {
                return Some(found);
            }
        }
    }

    /// Where the next line with two dashes in front begins.
    fn line_with_dashes(&self) -> Option<usize> {
        let rest = &self.bytes[self.at..];
        if rest.starts_with(b"--") { Some(self.at) } else { self.dashes.find(rest).map(|found| self.at + found + 1) }
    }

    /// Flags a boundary that is not at the start of a line, from the current line up to `end`.
    fn flag_elsewhere(&mut self, end: usize, flags: &mut Flags) {
        if flags.unmatched == Unmatched::Last {
            return;
        }
        let known = self.next_anywhere.filter(|&next| next >= self.at);
        let next = known.unwrap_or_else(|| {
            let found = self.anywhere.find(&self.bytes[self.at..]);
            found.map_or(self.bytes.len(), |found| self.at + found)
        });
        self.next_anywhere = Some(next);
        if next < end {
            flags.unmatched = Unmatched::Last;
        }
    }

    /// What a line with two dashes in front is.
    fn classify(&self, line: Range<usize>, flags: &mut Flags) -> Option<Found> {
        let text = &self.bytes[line.clone()];
        let Some(rest) = text.strip_prefix(self.delimiter) else {
            self.flag_line(&text[2..], flags);
            return None;
        };
        if flags.unmatched == Unmatched::Last {
            flags.unmatched = Unmatched::Between;
        }
        let (rest, is_final) = rest.strip_prefix(b"--").map_or((rest, false), |rest| (rest, true));
        let is_bare = match rest {
            b"\r\n" => false,
            b"\n" => true,
            b"" if is_final => false,
            _ => {
                flags.fail(MultipartError::BoundaryLine);
                return None;
            }
        };
        Some(Found { line, is_final, is_bare })
    }

    /// Flags a line, given behind its dashes, that is no boundary line.
    fn flag_line(&self, text: &[u8], flags: &mut Flags) {
        if text.trim_ascii().is_empty() {
            return;
        }
        let unspaced = text.trim_ascii_start();
        if flags.boundary_quoted && text.strip_prefix(b"\"").is_some_and(|text| text.starts_with(self.boundary)) {
            flags.fail(MultipartError::QuotedBoundaryLine);
        } else if unspaced.len() < text.len() && unspaced.starts_with(self.boundary) {
            flags.fail(MultipartError::SpacedBoundaryLine);
        }
        flags.unmatched = Unmatched::Last;
    }
}
