//! JSON bodies: each string, number and literal is an argument, named by the way to it.
//!
//! The way to `true` in `{"a":[{"b":true}]}` is `json.a.array_0.b`, an empty key is `empty-key`, and a body that is a string
//! or number is called `json`; null is an empty value. Keys may repeat. What RFC 8259 does not allow is an error; what was
//! read before counts.
//!
//! Takes time linear in the body: no recursion, a few bytes a level, and names within [`names_bytes_max`].
//!
//! Source: RFC 8259; names as ModSecurity 3 gives them.

use std::io::Write as _;

use memchr::memchr2;

use super::super::variables::{Filling, Memory, arguments};
use super::super::{Entry, List, Span, Store};
use super::MEMORY;
use crate::body::json::{unescape, valid_length};

/// Why text is no JSON, or not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum JsonError {
    #[error("the text ends too early")]
    Ended,
    #[error("a value is missing")]
    NoValue,
    #[error("a key is missing")]
    NoKey,
    #[error("a colon is missing after a key")]
    NoColon,
    #[error("a comma or the end of an object or array is missing")]
    NoComma,
    #[error("a string is not valid")]
    InvalidString,
    #[error("something follows the value")]
    Trailing,
    #[error("depth limit exceeded")]
    TooDeep,
    #[error("there are more arguments than SecArgumentsLimit allows")]
    TooManyArguments,
    #[error("the names of arguments take too many bytes")]
    NamesTooLong,
}

/// Names of arguments together may take this many bytes: more than an honest body needs, so that deep nesting or a long key
/// above many values does not multiply a body.
const fn names_bytes_max(arguments_max: u32) -> usize {
    256 * 1024 + 64 * arguments_max as usize
}

/// The name of all arguments, or how it begins.
const ROOT: &[u8] = b"json";

/// The name of a key that has none.
const EMPTY_KEY: &[u8] = b"empty-key";

/// An open object or array.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Level {
    /// How many elements of an array were begun; none for an object.
    elements: Option<u32>,
    /// How long the name of the object or array is.
    name_bytes: usize,
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Value,
    /// Or the end of the array.
    FirstValue,
    Key,
    /// Or the end of the object.
    FirstKey,
    /// A comma, or the end of what is open.
    Next,
}

/// Fills the arguments of a body.
pub(super) fn process(
    store: &mut Store,
    memory: &mut Memory,
    body: (&[u8], Span),
    filling: Filling<'_>,
) -> Result<(), JsonError> {
    let (bytes, span) = body;
    if bytes.is_empty() {
        return Ok(());
    }
    let limits = &filling.settings.request_body;
    memory.text.clear();
    memory.text.extend_from_slice(ROOT);
    memory.levels.clear();
    let mut reader = Reader {
        bytes,
        at: 0,
        span,
        room: arguments::room(store, filling.settings),
        names_bytes: names_bytes_max(limits.arguments_max),
        depth_max: limits.json_depth_max as usize,
        store,
        memory,
    };
    let result = reader.read();
    arguments::set(store, memory, List::ArgsPost);
    result
}

struct Reader<'a, 'm> {
    bytes: &'a [u8],
    at: usize,
    span: Span,
    /// How many more arguments there may be.
    room: usize,
    /// How many more bytes their names may take.
    names_bytes: usize,
    depth_max: usize,
    store: &'m mut Store,
    /// Its text is the name of the current place.
    memory: &'m mut Memory,
}

impl Reader<'_, '_> {
    fn read(&mut self) -> Result<(), JsonError> {
        let mut expected = Expected::Value;
        loop {
            self.skip_space();
            let byte = *self.bytes.get(self.at).ok_or(JsonError::Ended)?;
            expected = match expected {
                Expected::Value => self.value(byte)?,
                Expected::FirstValue if byte == b']' => self.close(),
                Expected::FirstValue => self.value(byte)?,
                Expected::Key => self.key(byte)?,
                Expected::FirstKey if byte == b'}' => self.close(),
                Expected::FirstKey => self.key(byte)?,
                Expected::Next => self.next(byte)?,
            };
            if self.memory.levels.is_empty() {
                self.skip_space();
                return if self.at == self.bytes.len() { Ok(()) } else { Err(JsonError::Trailing) };
            }
        }
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    /// A value begins.
    fn value(&mut self, byte: u8) -> Result<Expected, JsonError> {
        self.name_element();
        match byte {
            b'{' => return self.open(None, Expected::FirstKey),
            b'[' => return self.open(Some(0), Expected::FirstValue),
            b'"' => {
                let value = self.string()?;
                self.argument(value)?;
            }
            _ => {
                let text = &self.bytes[self.at..];
                let missing = if lacks_end(text) { JsonError::Ended } else { JsonError::NoValue };
                let length = scalar_length(text).ok_or(missing)?;
                let range = self.at..self.at + length;
                self.at = range.end;
                let value = if &self.bytes[range.clone()] == b"null" { Span::default() } else { self.span.part(range) };
                self.argument(value)?;
            }
        }
        Ok(Expected::Next)
    }

    /// The name of the next element, if an array is open.
    fn name_element(&mut self) {
        let Some(level) = self.memory.levels.last_mut() else { return };
        let Some(elements) = &mut level.elements else { return };
        let name = &mut self.memory.text;
        name.truncate(level.name_bytes);
        write!(name, ".array_{elements}").expect(MEMORY);
        *elements += 1;
    }

    fn open(&mut self, elements: Option<u32>, expected: Expected) -> Result<Expected, JsonError> {
        if self.memory.levels.len() == self.depth_max {
            return Err(JsonError::TooDeep);
        }
        self.memory.levels.push(Level { elements, name_bytes: self.memory.text.len() });
        self.at += 1;
        Ok(expected)
    }

    fn close(&mut self) -> Expected {
        self.memory.levels.pop();
        self.at += 1;
        Expected::Next
    }

    fn key(&mut self, byte: u8) -> Result<Expected, JsonError> {
        if byte != b'"' {
            return Err(JsonError::NoKey);
        }
        let (text, escaped) = self.string_text()?;
        let level = self.memory.levels.last().expect("keys are of an open object");
        let name = &mut self.memory.text;
        name.truncate(level.name_bytes);
        name.push(b'.');
        let text = &self.bytes[text];
        match text {
            [] => name.extend_from_slice(EMPTY_KEY),
            text if escaped => unescape(text, name),
            text => name.extend_from_slice(text),
        }
        self.skip_space();
        match self.bytes.get(self.at) {
            Some(b':') => self.at += 1,
            Some(_) => return Err(JsonError::NoColon),
            None => return Err(JsonError::Ended),
        }
        Ok(Expected::Value)
    }

    /// After a value.
    fn next(&mut self, byte: u8) -> Result<Expected, JsonError> {
        let is_array = self.memory.levels.last().is_some_and(|level| level.elements.is_some());
        match (byte, is_array) {
            (b']', true) | (b'}', false) => return Ok(self.close()),
            (b',', _) => self.at += 1,
            _ => return Err(JsonError::NoComma),
        }
        Ok(if is_array { Expected::Value } else { Expected::Key })
    }

    /// The decoded value of a string.
    fn string(&mut self) -> Result<Span, JsonError> {
        let (range, escaped) = self.string_text()?;
        if !escaped {
            return Ok(self.span.part(range));
        }
        let text = &self.bytes[range];
        Ok(self.store.write(|out| unescape(text, out)))
    }

    /// Where the text of a string is, and whether it holds escapes.
    fn string_text(&mut self) -> Result<(std::ops::Range<usize>, bool), JsonError> {
        let start = self.at + 1;
        let mut end = start;
        let mut escaped = false;
        loop {
            end += memchr2(b'"', b'\\', self.bytes.get(end..).unwrap_or_default()).ok_or(JsonError::Ended)?;
            if self.bytes[end] == b'"' {
                break;
            }
            escaped = true;
            end += 2;
        }
        if valid_length(&self.bytes[start..end]) < end - start {
            return Err(JsonError::InvalidString);
        }
        self.at = end + 1;
        Ok((start..end, escaped))
    }

    fn argument(&mut self, value: Span) -> Result<(), JsonError> {
        if self.memory.entries.len() >= self.room {
            return Err(JsonError::TooManyArguments);
        }
        let name = &self.memory.text;
        self.names_bytes = self.names_bytes.checked_sub(name.len()).ok_or(JsonError::NamesTooLong)?;
        let name = self.store.bytes(name);
        self.memory.entries.push(Entry { name, value });
        Ok(())
    }
}

/// Whether a text is the beginning of a number or literal.
fn lacks_end(text: &[u8]) -> bool {
    let mut longer = [b'0'; NUMBER_BYTES_TOLD + 1];
    if LITERALS.iter().any(|literal| literal.starts_with(text)) {
        return true;
    }
    let Some(begun) = longer[..NUMBER_BYTES_TOLD].get_mut(..text.len()) else { return false };
    begun.copy_from_slice(text);
    number_length(&longer[..=text.len()]) == Some(text.len() + 1)
}

/// A longer number (bytes) that lacks its end is not told from what is none.
const NUMBER_BYTES_TOLD: usize = 64;

const LITERALS: [&[u8]; 3] = [b"true", b"false", b"null"];

/// The length of the number or literal that a text begins with.
fn scalar_length(text: &[u8]) -> Option<usize> {
    for literal in LITERALS {
        if text.starts_with(literal) {
            return Some(literal.len());
        }
    }
    number_length(text)
}

fn number_length(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(text.first() == Some(&b'-'));
    at += match text.get(at)? {
        b'0' => 1,
        b'1'..=b'9' => digits(at),
        _ => return None,
    };
    if text.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return None;
        }
        at += 1 + sign + exponent;
    }
    Some(at)
}

#[cfg(test)]
mod tests;
