//! A part's Content-Disposition: what the part is called, and the file in it.
//!
//! Source: RFC 7578 section 4.2, RFC 6266 section 4.3, RFC 8187 section 3.2.

use std::ops::Range;

use memchr::memchr;

/// What is wrong with a Content-Disposition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in super::super::super) enum DispositionError {
    #[error("it is not form-data")]
    OtherType,
    #[error("a semicolon is missing")]
    NoSemicolon,
    #[error("a parameter is incomplete")]
    Incomplete,
    #[error("a parameter is not known")]
    UnknownParameter,
    #[error("a parameter is there twice")]
    Duplicate,
    #[error("there is no name")]
    NoName,
    #[error("there is no plain file name beside the extended one")]
    OnlyExtended,
    #[error("the extended file name is not valid")]
    InvalidExtended,
}

/// The value of a parameter: where it is in the text, and which quote could be escaped in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) range: Range<usize>,
    quote: Option<u8>,
}

/// A parameter that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameter {
    Name,
    FileName,
}

/// What is known from a Content-Disposition.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Disposition {
    pub(super) name: Option<Value>,
    pub(super) file_name: Option<Value>,
    /// A parameter that is there a second time, after which nothing is read.
    pub(super) repeated: Option<(Parameter, Value)>,
    /// The percent-encoded part of `filename*`.
    pub(super) extended: Option<Range<usize>>,
    /// Whether single quotes are used, or quotes do not match.
    pub(super) invalid_quoting: bool,
    /// What broke the reading off; what came before is known.
    pub(super) error: Option<DispositionError>,
}

impl Disposition {
    pub(super) fn of(text: &[u8]) -> Self {
        let mut disposition = Self::default();
        let read = disposition.read(text);
        let is_only_extended = disposition.file_name.is_none() && disposition.extended.is_some();
        disposition.error = read.err().or_else(|| match disposition.name {
            Some(ref name) if !name.range.is_empty() => is_only_extended.then_some(DispositionError::OnlyExtended),
            _ => Some(DispositionError::NoName),
        });
        disposition
    }

    fn read(&mut self, text: &[u8]) -> Result<(), DispositionError> {
        use DispositionError as E;
        let mut at = b"form-data".len();
        if !text.starts_with(b"form-data") {
            return Err(E::OtherType);
        }
        let skip = |at: usize| at + text[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        loop {
            at = skip(at);
            match text.get(at) {
                None => return Ok(()),
                Some(b';') => at += 1,
                Some(_) => {
                    self.invalid_quoting |= matches!(text[at - 1], b'"' | b'\'');
                    return Err(E::NoSemicolon);
                }
            }
            if at == text.len() && self.name.is_some() {
                return Ok(());
            }
            at = skip(at);
            let key_bytes = text[at..].iter().take_while(|byte| !b"= \t".contains(byte)).count();
            let key = &text[at..at + key_bytes];
            at = skip(at + key_bytes);
            if text.get(at) != Some(&b'=') {
                return Err(E::Incomplete);
            }
            at = skip(at + 1);
            if key == b"filename*" {
                at = self.extended(text, at)?;
                continue;
            }
            let (value, end) = self.value(text, at)?;
            at = end;
            let (parameter, slot) = match key {
                b"name" => (Parameter::Name, &mut self.name),
                b"filename" => (Parameter::FileName, &mut self.file_name),
                _ => return Err(E::UnknownParameter),
            };
            if slot.is_some() {
                self.repeated = Some((parameter, value));
                return Err(E::Duplicate);
            }
            *slot = Some(value);
        }
    }

    /// A value that begins at `at`, and where what follows it does.
    fn value(&mut self, text: &[u8], at: usize) -> Result<(Value, usize), DispositionError> {
        let quote = match text.get(at) {
            None => return Err(DispositionError::Incomplete),
            Some(&quote @ (b'"' | b'\'')) => quote,
            Some(_) => {
                let end = at + text[at..].iter().take_while(|&&byte| is_token(byte)).count();
                return Ok((Value { range: at..end, quote: None }, end));
            }
        };
        self.invalid_quoting |= quote == b'\'';
        let start = at + 1;
        let mut end = start;
        loop {
            end += memchr::memchr2(quote, b'\\', &text[end..]).unwrap_or(text.len() - end);
            match (text.get(end), text.get(end + 1)) {
                (None, _) => {
                    self.invalid_quoting = true;
                    return Ok((Value { range: start..end, quote: Some(quote) }, end));
                }
                (Some(b'\\'), None) => {
                    self.invalid_quoting = true;
                    return Err(DispositionError::Incomplete);
                }
                (Some(b'\\'), Some(&next)) => end += if next == quote || next == b'\\' { 2 } else { 1 },
                (Some(_), _) => return Ok((Value { range: start..end, quote: Some(quote) }, end + 1)),
            }
        }
    }

    /// The value of `filename*`: character set, language and percent-encoded text between single quotes.
    fn extended(&mut self, text: &[u8], at: usize) -> Result<usize, DispositionError> {
        use DispositionError as E;
        if self.extended.is_some() {
            return Err(E::Duplicate);
        }
        let end = at + text[at..].iter().take_while(|&&byte| !b"; \t".contains(&byte)).count();
        let value = &text[at..end];
        let charset = memchr(b'\'', value).ok_or(E::InvalidExtended)?;
        let language = memchr(b'\'', &value[charset + 1..]).ok_or(E::InvalidExtended)?;
        let start = at + charset + language + 2;
        let is_valid = |&byte: &u8| byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~%".contains(&byte);
        self.extended = Some(start..end);
        if charset == 0 || start == end || !text[start..end].iter().all(is_valid) {
            return Err(E::InvalidExtended);
        }
        Ok(end)
    }
}

impl Value {
    /// Appends the value of `text`, its escapes resolved: those of a backslash and of the quote around it.
    pub(super) fn write(&self, text: &[u8], out: &mut Vec<u8>) {
        let mut rest = &text[self.range.clone()];
        let Some(quote) = self.quote else { return out.extend_from_slice(rest) };
        while let Some(at) = memchr(b'\\', rest) {
            let is_escape = rest.get(at + 1).is_some_and(|&next| next == quote || next == b'\\');
            out.extend_from_slice(&rest[..at]);
            out.push(if is_escape { rest[at + 1] } else { b'\\' });
            rest = &rest[at + 1 + usize::from(is_escape)..];
        }
        out.extend_from_slice(rest);
    }

    /// Whether the value is not what stands there.
    pub(super) fn is_escaped(&self, text: &[u8]) -> bool {
        self.quote.is_some() && memchr(b'\\', &text[self.range.clone()]).is_some()
    }
}

/// Whether a byte may be in a token. Source: RFC 2045 section 5.1.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte)
}
