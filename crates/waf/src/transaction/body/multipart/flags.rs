//! The `MULTIPART_*` flags.

use super::super::super::{List, Store};
use super::MultipartError;

/// What was seen in a body that an honest client does not send.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a variable of its own")]
pub(super) struct Flags {
    pub(super) boundary_quoted: bool,
    pub(super) boundary_whitespace: bool,
    pub(super) missing_semicolon: bool,
    pub(super) data_before: bool,
    pub(super) data_after: bool,
    pub(super) header_folding: bool,
    pub(super) invalid_header_folding: bool,
    pub(super) invalid_part: bool,
    pub(super) invalid_quoting: bool,
    pub(super) file_limit_exceeded: bool,
    pub(super) unmatched: Unmatched,
    /// The first error.
    pub(super) error: Option<MultipartError>,
    lf_line: bool,
    crlf_line: bool,
}

/// Whether there was text that looks like a boundary and is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Unmatched {
    /// No.
    #[default]
    None = 0,
    /// Yes, and no boundary after it.
    Last = 1,
    /// Yes, between boundaries.
    Between = 2,
}

impl Flags {
    /// Keeps the first error.
    pub(super) fn fail(&mut self, error: MultipartError) {
        self.error.get_or_insert(error);
    }

    /// A line of a part's header, or a boundary line, ended: with a bare line feed or with CR LF.
    pub(super) fn line_end(&mut self, is_bare: bool) {
        self.lf_line |= is_bare;
        self.crlf_line |= !is_bare;
    }

    /// Fills the variables.
    pub(super) fn fill(&self, store: &mut Store) {
        let strict = [
            (List::MultipartBoundaryQuoted, self.boundary_quoted),
            (List::MultipartBoundaryWhitespace, self.boundary_whitespace),
            (List::MultipartMissingSemicolon, self.missing_semicolon),
            (List::MultipartDataBefore, self.data_before),
            (List::MultipartDataAfter, self.data_after),
            (List::MultipartHeaderFolding, self.header_folding),
            (List::MultipartInvalidHeaderFolding, self.invalid_header_folding),
            (List::MultipartInvalidPart, self.invalid_part),
            (List::MultipartInvalidQuoting, self.invalid_quoting),
            (List::MultipartFileLimitExceeded, self.file_limit_exceeded),
            (List::MultipartLfLine, self.lf_line),
        ];
        let is_strict = strict.iter().all(|&(_, flag)| !flag) && self.error.is_none();
        let digits = store.bytes(b"012");
        let flag = |flag: bool| usize::from(flag)..usize::from(flag) + 1;
        for (list, is_set) in strict {
            store.set_scalar_span(list, digits.part(flag(is_set)));
        }
        store.set_scalar_span(List::MultipartStrictError, digits.part(flag(!is_strict)));
        store.set_scalar_span(List::MultipartCrlfLfLines, digits.part(flag(self.lf_line && self.crlf_line)));
        let unmatched = self.unmatched as usize;
        store.set_scalar_span(List::MultipartUnmatchedBoundary, digits.part(unmatched..unmatched + 1));
    }
}
