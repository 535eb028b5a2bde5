//! The tokens of JSON text, or of what is nearly JSON.
//!
//! Follows no nesting and refuses nothing: what a byte means where it stands is for the readers. Source of the grammar:
//! RFC 8259.

use memchr::memchr2;

/// A token of JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `{` or `[`.
    Open(Bracket),
    /// `}` or `]`.
    Close(Bracket),
    /// `,` or `:`.
    Separator,
    /// The text between quotes, escapes as they stand.
    String {
        /// The text.
        text: &'a [u8],
        /// Whether it holds a backslash.
        escaped: bool,
        /// Whether a quote closes it, or the body ends within it.
        closed: bool,
    },
    /// Anything else up to the next of these, white space at its ends removed: numbers and literals, or what is no JSON.
    Bare(&'a [u8]),
}

/// Which pair of brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bracket {
    /// `{}`.
    Object,
    /// `[]`.
    Array,
}

/// Reads the tokens of a text.
pub(super) struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Whether the next token is `:`.
    pub(super) fn colon_follows(&self) -> bool {
        self.bytes[self.at..].trim_ascii_start().first() == Some(&b':')
    }

    fn string(&mut self) -> Token<'a> {
        let start = self.at + 1;
        let mut end = start;
        let mut escaped = false;
        while let Some(found) = memchr2(b'"', b'\\', &self.bytes[end..]) {
            end += found;
            if self.bytes[end] == b'"' {
                self.at = end + 1;
                return Token::String { text: &self.bytes[start..end], escaped, closed: true };
            }
            escaped = true;
            end = (end + 2).min(self.bytes.len());
        }
        self.at = self.bytes.len();
        Token::String { text: &self.bytes[start..], escaped, closed: false }
    }

    fn bare(&mut self) -> Token<'a> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| b"{}[],:\"".contains(byte)).unwrap_or(rest.len());
        self.at += length;
        Token::Bare(rest[..length].trim_ascii_end())
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let rest = &self.bytes[self.at..];
        self.at += rest.len() - rest.trim_ascii_start().len();
        let token = match *self.bytes.get(self.at)? {
            b'{' => Token::Open(Bracket::Object),
            b'[' => Token::Open(Bracket::Array),
            b'}' => Token::Close(Bracket::Object),
            b']' => Token::Close(Bracket::Array),
            b',' | b':' => Token::Separator,
            b'"' => return Some(self.string()),
            _ => return Some(self.bare()),
        };
        self.at += 1;
        Some(token)
    }
}

/// Whether a token is one of the three literals.
pub(super) fn is_literal(token: &[u8]) -> bool {
    matches!(token, b"true" | b"false" | b"null")
}

/// Whether a token consists of characters of numbers only.
pub(super) fn has_characters_of_number(token: &[u8]) -> bool {
    token.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'))
}
