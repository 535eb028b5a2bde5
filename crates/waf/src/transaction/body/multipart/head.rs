//! The header of a part.

use std::ops::Range;

use memchr::memchr;

use super::{Flags, MultipartError};

/// A header line may be this long, in bytes, line end included. As with ModSecurity.
pub(super) const LINE_BYTES_MAX: usize = 4096;

/// A part may have this many header fields; honest ones have three.
pub(super) const FIELDS_MAX: usize = 64;

/// A header field of a part.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// From its name to its end, without the last line end.
    pub(super) range: Range<usize>,
    /// How long its name is.
    pub(super) name_bytes: usize,
    /// Whether it goes over several lines.
    pub(super) is_folded: bool,
}

/// Reads the header of the part in `range`; returns where its content begins, if the header ends.
pub(super) fn read(bytes: &[u8], range: Range<usize>, fields: &mut Vec<Field>, flags: &mut Flags) -> Option<usize> {
    let mut at = range.start;
    while let Some(length) = memchr(b'\n', &bytes[at..range.end]) {
        let line = &bytes[at..at + length];
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        flags.line_end(text.len() == line.len());
        let start = at;
        at += length + 1;
        if text.is_empty() {
            return Some(at);
        }
        if length >= LINE_BYTES_MAX {
            flags.fail(MultipartError::LineTooLong);
        }
        if let Err(error) = field(bytes, start..start + text.len(), fields, flags) {
            flags.fail(error);
        }
    }
    None
}

/// Takes up one line.
fn field(bytes: &[u8], line: Range<usize>, fields: &mut Vec<Field>, flags: &mut Flags) -> Result<(), MultipartError> {
    use MultipartError as E;
    let text = &bytes[line.clone()];
    if is_space(text[0]) {
        flags.header_folding = true;
        let indent = text.iter().take_while(|&&byte| is_space(byte));
        flags.invalid_header_folding |= indent.into_iter().any(|byte| !matches!(byte, b' ' | b'\t'));
        let last = fields.last_mut().ok_or(E::Folding)?;
        last.range.end = line.end;
        last.is_folded = true;
        return if last.range.len() > LINE_BYTES_MAX { Err(E::LineTooLong) } else { Ok(()) };
    }
    if fields.len() == FIELDS_MAX {
        return Err(E::TooManyFields);
    }
    let name_bytes = memchr(b':', text).unwrap_or(text.len());
    let name = &text[..name_bytes];
    let known = |field: &Field| &bytes[field.range.start..field.range.start + field.name_bytes];
    let is_known = fields.iter().any(|field| known(field).eq_ignore_ascii_case(name));
    // A line that is no field is kept as well, so that rules see it.
    fields.push(Field { range: line, name_bytes, is_folded: false });
    match text {
        _ if memchr(0, text).is_some() => Err(E::Nul),
        _ if name_bytes == text.len() => Err(E::NoColon),
        _ if name_bytes == 0 => Err(E::NoFieldName),
        _ if is_known => Err(E::DuplicateField),
        _ => Ok(()),
    }
}

/// White space as C has it.
pub(super) fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}
