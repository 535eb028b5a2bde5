//! What becomes of the parts.

use std::ops::Range;

use memchr::memchr;

use super::super::super::variables::decimal;
use super::super::super::variables::percent::{Plus, decode};
use super::super::super::{Entry, Span, Store};
use super::disposition::{Disposition, Parameter, Value};
use super::head::{self, Field};
use super::{Flags, Gathered, MultipartError};

/// The parts read so far.
pub(super) struct Parts<'a, 'm> {
    pub(super) body: (&'a [u8], Span),
    pub(super) store: &'m mut Store,
    pub(super) arguments: &'m mut Vec<Entry>,
    pub(super) gathered: &'m mut Gathered,
    pub(super) flags: &'m mut Flags,
    /// How many arguments there may be.
    pub(super) room: usize,
    pub(super) files_max: usize,
    pub(super) files: usize,
    pub(super) parts_max: usize,
    pub(super) parts: usize,
    pub(super) file_bytes: usize,
    pub(super) no_files_bytes: usize,
}

/// That a limit is reached, and no further part is read.
pub(super) struct Full;

impl Parts<'_, '_> {
    /// Takes up the part between two boundary lines.
    pub(super) fn add(&mut self, range: Range<usize>) -> Result<(), Full> {
        self.parts += 1;
        if self.parts > self.parts_max {
            return self.full(MultipartError::TooManyParts);
        }
        let bytes = self.body.0;
        let mut fields = std::mem::take(&mut self.gathered.fields);
        fields.clear();
        let head_end = head::read(bytes, range.clone(), &mut fields, self.flags);
        let content = self.content(head_end, &range);
        self.no_files_bytes += head_end.unwrap_or(range.end) - range.start;
        let result = self.take(&fields, content, head_end.is_some());
        self.gathered.fields = fields;
        result
    }

    fn full(&mut self, error: MultipartError) -> Result<(), Full> {
        self.flags.fail(error);
        Err(Full)
    }

    /// The content, without the line end that belongs to the boundary after it. Without a header, all is content.
    fn content(&mut self, head_end: Option<usize>, range: &Range<usize>) -> Range<usize> {
        let Some(start) = head_end else {
            self.flags.fail(MultipartError::HeadNotEnded);
            self.flags.invalid_part = true;
            return range.clone();
        };
        let content = &self.body.0[start..range.end];
        let text = content.strip_suffix(b"\r\n").or_else(|| content.strip_suffix(b"\n"));
        match text {
            Some(text) => {
                self.flags.line_end(content.len() - text.len() == 1);
                start..start + text.len()
            }
            // The boundary follows the header, or it is the end of a body that is cut off.
            None => {
                self.flags.invalid_part |= content.is_empty();
                start..range.end
            }
        }
    }

    fn take(&mut self, fields: &[Field], content: Range<usize>, is_ended: bool) -> Result<(), Full> {
        let bytes = self.body.0;
        let mut disposition_span = None;
        self.gathered.field_spans.clear();
        for field in fields {
            let span = self.unfolded(field);
            if bytes[field.range.start..][..field.name_bytes].eq_ignore_ascii_case(b"content-disposition") {
                disposition_span.get_or_insert(span.part((field.name_bytes + 1).min(span.len())..span.len()));
            }
            self.gathered.field_spans.push(span);
        }
        let mut disposition = Disposition::default();
        match disposition_span {
            Some(span) => {
                let text = self.store.slice(span);
                let indent = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
                disposition_span = Some(span.part(indent..span.len()));
                disposition = Disposition::of(&text[indent..]);
                self.flags.invalid_quoting |= disposition.invalid_quoting;
            }
            None if is_ended => self.flags.fail(MultipartError::NoDisposition),
            None => {}
        }
        if let Some(error) = disposition.error {
            self.flags.fail(MultipartError::Disposition(error));
        }
        let is_understood = disposition_span.is_some() && disposition.error.is_none() && is_ended;
        self.flags.invalid_part |= !is_understood;
        let named = Named::of(&disposition, disposition_span.unwrap_or_default(), self.store);
        let name = self.take_names(&named);
        if named.has_file() && is_understood {
            self.take_file(name, content);
            return Ok(());
        }
        self.no_files_bytes += content.len();
        if self.arguments.len() >= self.room {
            return self.full(MultipartError::TooManyArguments);
        }
        self.arguments.push(Entry { name, value: self.body.1.part(content) });
        Ok(())
    }

    /// Fills what parts of any kind have. Returns the part's name.
    fn take_names(&mut self, named: &Named) -> Span {
        let name = named.name.unwrap_or_default();
        let gathered = &mut *self.gathered;
        for name in [named.name, named.repeated_name].into_iter().flatten() {
            gathered.names.push(Entry { name, value: name });
        }
        for value in [named.file_name, named.repeated_file_name, named.extended].into_iter().flatten() {
            gathered.file_names.push(Entry { name: value, value });
            if named.has_file() {
                gathered.files.push(Entry { name, value });
            }
        }
        let lines = gathered.field_spans.iter().map(|&value| Entry { name, value });
        gathered.part_headers.extend(lines);
        name
    }

    fn take_file(&mut self, name: Span, content: Range<usize>) {
        self.files += 1;
        self.file_bytes += content.len();
        let gathered = &mut *self.gathered;
        gathered.files_names.push(Entry { name, value: name });
        let value = self.store.write(|out| decimal(out, content.len()));
        gathered.files_sizes.push(Entry { name, value });
        gathered.files_contents.push(Entry { name, value: self.body.1.part(content) });
        if self.files > self.files_max {
            self.flags.file_limit_exceeded = true;
            self.flags.fail(MultipartError::TooManyFiles);
        }
    }

    /// A header field in one line.
    fn unfolded(&mut self, field: &Field) -> Span {
        let (bytes, span) = self.body;
        if !field.is_folded {
            return span.part(field.range.clone());
        }
        let mut rest = &bytes[field.range.clone()];
        self.store.write(|out| {
            while let Some(end) = memchr(b'\n', rest) {
                out.extend_from_slice(rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]));
                out.push(b' ');
                rest = &rest[end + 1..];
                let indent = rest.iter().take_while(|&&byte| head::is_space(byte) && byte != b'\n').count();
                rest = &rest[indent..];
            }
            out.extend_from_slice(rest);
        })
    }
}

/// The names in a Content-Disposition, in the store.
#[derive(Debug, Default)]
struct Named {
    name: Option<Span>,
    file_name: Option<Span>,
    repeated_name: Option<Span>,
    repeated_file_name: Option<Span>,
    extended: Option<Span>,
}

impl Named {
    /// `span` is where the text of the disposition is.
    fn of(disposition: &Disposition, span: Span, store: &mut Store) -> Self {
        let mut value = |value: &Value| {
            let text = store.slice(span);
            if !value.is_escaped(text) {
                return span.part(value.range.clone());
            }
            let mut plain = Vec::new();
            value.write(text, &mut plain);
            store.bytes(&plain)
        };
        let name = disposition.name.as_ref().map(&mut value);
        let file_name = disposition.file_name.as_ref().map(&mut value);
        let repeated = disposition.repeated.as_ref().map(|(parameter, repeated)| (*parameter, value(repeated)));
        let extended = disposition.extended.clone().map(|range| {
            let mut plain = Vec::new();
            decode(store.slice(span.part(range)), Plus::Itself, &mut plain);
            store.bytes(&plain)
        });
        let (repeated_name, repeated_file_name) = match repeated {
            Some((Parameter::Name, value)) => (Some(value), None),
            Some((Parameter::FileName, value)) => (None, Some(value)),
            None => (None, None),
        };
        Self { name, file_name, repeated_name, repeated_file_name, extended }
    }

    /// Whether the part is a file. One whose name is empty is a field of a form in which no file was chosen.
    fn has_file(&self) -> bool {
        [self.file_name, self.repeated_file_name, self.extended].iter().flatten().any(|name| !name.is_empty())
    }
}
