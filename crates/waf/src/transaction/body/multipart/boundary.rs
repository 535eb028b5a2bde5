//! The boundary, as the Content-Type of a request gives it.

use memchr::memchr;

use super::{Flags, MultipartError};

/// The media type of forms with files.
const FORM: &[u8] = b"multipart/form-data";

/// The name of the parameter.
const PARAMETER: &[u8] = b"boundary";

/// A Content-Type longer than this, in bytes, is refused: a boundary has at most 70.
const CONTENT_TYPE_BYTES_MAX: usize = 1024;

/// A boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Boundary<'a> {
    pub(super) text: &'a [u8],
}

/// Whether a content type says that a body is a form with files.
pub(super) fn is_form(content_type: &[u8]) -> bool {
    content_type.get(..FORM.len()).is_some_and(|start| start.eq_ignore_ascii_case(FORM))
}

impl<'a> Boundary<'a> {
    /// The boundary of a Content-Type, whose only parameters before it is the boundary; what follows a semicolon after it
    /// does not matter.
    pub(super) fn of(content_type: &'a [u8], flags: &mut Flags) -> Result<Self, MultipartError> {
        use MultipartError as E;
        if content_type.len() > CONTENT_TYPE_BYTES_MAX {
            return Err(E::ContentTypeTooLong);
        }
        if !is_form(content_type) {
            return Err(E::OtherType);
        }
        match parameters(content_type) {
            0 => return Err(E::NoBoundary),
            1 => {}
            _ => return Err(E::SeveralBoundaries),
        }
        let start = memchr::memmem::find(content_type, PARAMETER).ok_or(E::BoundaryCase)?;
        match content_type[FORM.len()..start].trim_ascii() {
            b";" => {}
            b"" => flags.missing_semicolon = true,
            _ => return Err(E::BeforeBoundary),
        }
        let parameter = &content_type[start + PARAMETER.len()..];
        let equals = memchr(b'=', parameter).ok_or(E::NoBoundary)?;
        let (gap, value) = (&parameter[..equals], &parameter[equals + 1..]);
        if !gap.trim_ascii().is_empty() {
            return Err(E::BoundaryName);
        }
        flags.boundary_whitespace = !gap.is_empty() || value.first().is_some_and(u8::is_ascii_whitespace);
        let text = match value {
            [b'"', quoted @ .., b'"'] => {
                flags.boundary_quoted = true;
                quoted
            }
            _ => &value[..memchr(b';', value).unwrap_or(value.len())],
        };
        if text.is_empty() {
            return Err(E::EmptyBoundary);
        }
        if !flags.boundary_quoted && (text.starts_with(b"\"") || text.ends_with(b"\"") || value.ends_with(b"\"")) {
            return Err(E::BoundaryQuote);
        }
        if text.ends_with(b" ") || !text.iter().all(|&byte| is_allowed(byte, flags.boundary_quoted)) {
            return Err(E::BoundaryCharacters);
        }
        Ok(Self { text })
    }
}

/// How many parameters a value has whose name has `boundary` in it.
fn parameters(content_type: &[u8]) -> usize {
    let ends = content_type.windows(PARAMETER.len()).enumerate();
    let ends = ends.filter(|(_, name)| name.eq_ignore_ascii_case(PARAMETER)).map(|(at, _)| at + PARAMETER.len());
    ends.filter(|&end| memchr(b'=', &content_type[end..]).is_some()).count()
}

/// The characters of RFC 2046, and semicolons in quotes.
fn is_allowed(byte: u8, is_quoted: bool) -> bool {
    byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte) || (is_quoted && byte == b';')
}
