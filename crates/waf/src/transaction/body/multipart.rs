//! `multipart/form-data` bodies, read strictly: what two readers could read differently is an error or sets a flag.
//!
//! A part with a file name is a file, any other an argument. Nothing stops the reading but limits: what comes after an
//! error is taken apart as far as it can be, and the content of a part that is not understood is an argument, so that
//! rules see it.
//!
//! Takes time linear in the body.
//!
//! Source: RFC 7578, RFC 2046 section 5.1; ModSecurity Reference Manual, `MULTIPART_*`; how ModSecurity 3.0.9 reads bodies.

mod boundary;
mod delimiter;
mod disposition;
mod flags;
mod head;
mod part;

use super::super::variables::{Filling, Memory, arguments, decimal, shrink};
use super::super::{Entry, List, Span, Store};
use super::Failure;
use boundary::Boundary;
use delimiter::{Delimiters, Found};
use disposition::DispositionError;
use flags::Flags;
use part::Parts;

/// What is wrong with a body, or with the header field that describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum MultipartError {
    #[error("Content-Type is not available")]
    NoContentType,
    #[error("Content-Type is too long")]
    ContentTypeTooLong,
    #[error("Content-Type is not multipart/form-data")]
    OtherType,
    #[error("there are several boundary parameters")]
    SeveralBoundaries,
    #[error("there is no boundary parameter")]
    NoBoundary,
    #[error("the boundary parameter is not in lower case")]
    BoundaryCase,
    #[error("something stands before the boundary parameter")]
    BeforeBoundary,
    #[error("the name of the boundary parameter is not valid")]
    BoundaryName,
    #[error("the boundary is only partly quoted")]
    BoundaryQuote,
    #[error("the boundary is empty")]
    EmptyBoundary,
    #[error("the boundary has characters that are not allowed")]
    BoundaryCharacters,
    #[error("a boundary line is not valid")]
    BoundaryLine,
    #[error("a boundary line has quotes")]
    QuotedBoundaryLine,
    #[error("a boundary line has white space before the boundary")]
    SpacedBoundaryLine,
    #[error("there is no boundary in the body")]
    NoBoundaryLine,
    #[error("the final boundary is missing")]
    NotClosed,
    #[error("a part header line is over {} bytes long", head::LINE_BYTES_MAX)]
    LineTooLong,
    #[error("a part has more than {} header lines", head::FIELDS_MAX)]
    TooManyFields,
    #[error("a part header has a NUL byte")]
    Nul,
    #[error("a part header has no colon")]
    NoColon,
    #[error("a part header has no name")]
    NoFieldName,
    #[error("a part header is continued before one began")]
    Folding,
    #[error("a part has a header twice")]
    DuplicateField,
    #[error("a part has no Content-Disposition")]
    NoDisposition,
    #[error("a part's Content-Disposition is not valid: {0}")]
    Disposition(DispositionError),
    #[error("a part's header does not end")]
    HeadNotEnded,
    #[error("there are more files than SecUploadFileLimit allows")]
    TooManyFiles,
    #[error("there are more arguments than SecArgumentsLimit allows")]
    TooManyArguments,
    #[error("there are too many parts")]
    TooManyParts,
}

/// Lists that are gathered side by side.
#[derive(Debug, Default)]
pub(in super::super) struct Gathered {
    delimiter: Vec<u8>,
    fields: Vec<head::Field>,
    field_spans: Vec<Span>,
    names: Vec<Entry>,
    file_names: Vec<Entry>,
    files: Vec<Entry>,
    files_names: Vec<Entry>,
    files_sizes: Vec<Entry>,
    files_contents: Vec<Entry>,
    part_headers: Vec<Entry>,
}

impl Gathered {
    /// Forgets all, also what a reading that was broken off left.
    fn clear(&mut self) {
        for (_, list) in self.lists() {
            list.clear();
        }
    }

    /// Gives back memory that grew beyond measure.
    pub(in super::super) fn shrink(&mut self) {
        shrink(&mut self.fields);
        shrink(&mut self.field_spans);
        self.lists().into_iter().for_each(|(_, list)| shrink(list));
    }

    fn lists(&mut self) -> [(List, &mut Vec<Entry>); 7] {
        [
            (List::MultipartName, &mut self.names),
            (List::MultipartFilename, &mut self.file_names),
            (List::Files, &mut self.files),
            (List::FilesNames, &mut self.files_names),
            (List::FilesSizes, &mut self.files_sizes),
            (List::FilesTmpContent, &mut self.files_contents),
            (List::MultipartPartHeaders, &mut self.part_headers),
        ]
    }
}

/// Fills arguments, files and flags of a body.
pub(super) fn process(
    store: &mut Store,
    memory: &mut Memory,
    body: (&[u8], Span),
    is_cut: bool,
    filling: Filling<'_>,
) -> Result<(), Failure> {
    let limits = &filling.settings.request_body;
    let mut gathered = std::mem::take(&mut memory.multipart);
    gathered.clear();
    memory.entries.clear();
    let mut flags = Flags::default();
    let mut parts = Parts {
        room: arguments::room(store, filling.settings),
        files_max: limits.files_max as usize,
        files: 0,
        parts_max: limits.arguments_max as usize + limits.files_max as usize,
        parts: 0,
        file_bytes: 0,
        no_files_bytes: 0,
        body,
        store,
        arguments: &mut memory.entries,
        gathered: &mut gathered,
        flags: &mut flags,
    };
    read(&mut parts);
    let Parts { no_files_bytes, file_bytes, files, .. } = parts;
    if files > 0 {
        let size = store.write(|out| decimal(out, file_bytes));
        store.set_scalar_span(List::FilesCombinedSize, size);
    }
    for (list, entries) in gathered.lists() {
        store.set(list, entries.drain(..));
    }
    memory.multipart = gathered;
    arguments::set(store, memory, List::ArgsPost);
    if is_cut && flags.error == Some(MultipartError::NotClosed) {
        flags.error = None;
    }
    flags.fill(store);
    match flags.error {
        Some(error) => Err(error.into()),
        None if no_files_bytes as u64 > limits.no_files_bytes_max => Err(Failure::TooLarge),
        None => Ok(()),
    }
}

/// Reads the boundary, then part after part.
fn read(parts: &mut Parts<'_, '_>) {
    let boundary = match content_type(parts.store) {
        Some(field) => Boundary::of(field, parts.flags),
        None => Err(MultipartError::NoContentType),
    };
    let boundary = match boundary {
        Ok(boundary) => boundary,
        Err(error) => return parts.flags.fail(error),
    };
    let mut delimiter = std::mem::take(&mut parts.gathered.delimiter);
    delimiter.clear();
    delimiter.extend([b"--", boundary.text].into_iter().flatten());
    read_parts(parts, &delimiter);
    parts.gathered.delimiter = delimiter;
}

fn read_parts(parts: &mut Parts<'_, '_>, delimiter: &[u8]) {
    let bytes = parts.body.0;
    let mut delimiters = Delimiters::new(bytes, delimiter);
    let mut open = None;
    let mut is_closed = bytes.is_empty();
    while let Some(Found { line, is_final, is_bare }) = delimiters.next(parts.flags) {
        parts.flags.line_end(is_bare);
        match open {
            Some(start) if parts.add(start..line.start).is_err() => return,
            Some(_) => {}
            None => parts.flags.data_before |= line.start > 0,
        }
        open = Some(line.end);
        if is_final {
            is_closed = true;
            parts.flags.data_after = line.end < bytes.len();
            break;
        }
    }
    if !is_closed {
        parts.flags.fail(if open.is_some() { MultipartError::NotClosed } else { MultipartError::NoBoundaryLine });
        if let Some(start) = open {
            let _ = parts.add(start..bytes.len());
        } else {
            parts.flags.data_before = true;
        }
    }
}

/// The Content-Type that says it is a form, or else the first.
fn content_type(store: &Store) -> Option<&[u8]> {
    let fields = store.list(List::RequestHeaders).map(|entry| store.entry(entry));
    let mut content_types = fields
        .filter(|field| store.slice(field.name).eq_ignore_ascii_case(b"content-type"))
        .map(|field| store.slice(field.value));
    let first = content_types.next()?;
    if boundary::is_form(first) {
        Some(first)
    } else {
        Some(content_types.find(|other| boundary::is_form(other)).unwrap_or(first))
    }
}

#[cfg(test)]
mod tests;
