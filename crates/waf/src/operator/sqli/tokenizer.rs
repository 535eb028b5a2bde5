//! Splits a value into tokens the way SQL databases would, where it stood in a statement being unknown.
//!
//! Every byte is looked at a bounded number of times, whatever the input.

mod number;
mod quoted;
mod word;

use memchr::memmem;

use super::tables::keyword;
use super::token::{Kind, Token};

/// Where in a statement the value is taken to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Where a number or a name may stand.
    Bare,
    /// Within a string opened by this quote.
    Quoted(u8),
    /// Right after a complete number.
    AfterNumber,
}

/// Which databases' habits are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `--` always begins a comment, `#` is an operator.
    Ansi,
    /// `--` begins a comment only before white space, `#` always does.
    MySql,
}

/// Yields the tokens of a value.
pub(super) struct Tokenizer<'v> {
    value: &'v [u8],
    at: usize,
    place: Place,
    dialect: Dialect,
    /// Tokens yielded so far.
    pub(super) tokens_read: usize,
    /// Whether something was seen that MySQL reads otherwise: `--x` or `#`.
    pub(super) differs_in_mysql: bool,
}

/// A token and the position after it.
type Lexed = (Token, usize);

impl<'v> Tokenizer<'v> {
    pub(super) fn new(value: &'v [u8], place: Place, dialect: Dialect) -> Self {
        Self { value, at: 0, place, dialect, tokens_read: 0, differs_in_mysql: false }
    }

    /// The next token, none at the end.
    pub(super) fn next(&mut self) -> Option<Token> {
        if self.value.is_empty() {
            return None;
        }
        match std::mem::replace(&mut self.place, Place::Bare) {
            Place::Bare => {}
            Place::Quoted(quote) => return Some(self.take(quoted::string(self.value, 0, quote, 0))),
            Place::AfterNumber => return Some(self.take((Token::new(Kind::Number, b"1"), 0))),
        }
        while let Some(&byte) = self.value.get(self.at) {
            if matches!(byte, 0..=b' ' | 0x7f | 0xa0) {
                self.at += 1;
            } else {
                let lexed = self.lex(byte);
                return Some(self.take(lexed));
            }
        }
        None
    }

    fn take(&mut self, (token, at): Lexed) -> Token {
        self.at = at;
        self.tokens_read += 1;
        token
    }

    fn lex(&mut self, byte: u8) -> Lexed {
        let (value, at) = (self.value, self.at);
        match byte {
            b'\'' | b'"' => quoted::string(value, at, byte, 1),
            b'`' => word::backticked(value, at),
            b'[' => word::bracketed(value, at),
            b'$' => quoted::dollar(value, at),
            b'@' => word::variable(value, at),
            b'0'..=b'9' | b'.' => number::number(value, at),
            b'b' | b'B' => number::quoted_digits(value, at, |digit| matches!(digit, b'0' | b'1')),
            b'x' | b'X' => number::quoted_digits(value, at, |digit| digit.is_ascii_hexdigit()),
            b'e' | b'E' => quoted::escaped(value, at),
            b'n' | b'N' => quoted::national(value, at),
            b'q' | b'Q' => quoted::oracle(value, at, 0),
            b'u' | b'U' => quoted::unicode(value, at),
            b'-' => self.dash(),
            b'#' => self.hash(),
            b'/' => slash(value, at),
            b'\\' => backslash(value, at),
            b'!' | b'&' | b'*' | b':' | b'<' | b'=' | b'>' | b'|' => operator(value, at),
            b'%' | b'+' | b'^' | b'~' => single(Kind::Operator, value, at),
            b'(' => single(Kind::LeftParen, value, at),
            b')' => single(Kind::RightParen, value, at),
            b'{' => single(Kind::LeftBrace, value, at),
            b'}' => single(Kind::RightBrace, value, at),
            b',' => single(Kind::Comma, value, at),
            b';' => single(Kind::Semicolon, value, at),
            b'?' | b']' => single(Kind::Unknown, value, at),
            _ => word::word(value, at),
        }
    }

    fn dash(&mut self) -> Lexed {
        let (value, at) = (self.value, self.at);
        if value.get(at + 1) != Some(&b'-') {
            return single(Kind::Operator, value, at);
        }
        match value.get(at + 2) {
            None => line_comment(value, at),
            Some(&next) if is_space(next) => line_comment(value, at),
            Some(_) if self.dialect == Dialect::Ansi => {
                self.differs_in_mysql = true;
                line_comment(value, at)
            }
            Some(_) => single(Kind::Operator, value, at),
        }
    }

    fn hash(&mut self) -> Lexed {
        self.differs_in_mysql = true;
        match self.dialect {
            Dialect::Ansi => single(Kind::Operator, self.value, self.at),
            Dialect::MySql => line_comment(self.value, self.at),
        }
    }
}

/// White space where a database requires some (which is less than what separates tokens).
fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t'..=b'\r' | b' ' | 0xa0)
}

fn single(kind: Kind, value: &[u8], at: usize) -> Lexed {
    (Token::new(kind, &value[at..=at]), at + 1)
}

fn line_comment(value: &[u8], at: usize) -> Lexed {
    match memchr::memchr(b'\n', &value[at..]) {
        Some(length) => (Token::new(Kind::Comment, &value[at..at + length]), at + length + 1),
        None => (Token::new(Kind::Comment, &value[at..]), value.len()),
    }
}

/// A division or a `/* … */` comment. MySQL runs what stands in `/*! … */`, and databases differ over comments within
/// comments: neither occurs in honest input.
fn slash(value: &[u8], at: usize) -> Lexed {
    if value.get(at + 1) != Some(&b'*') {
        return single(Kind::Operator, value, at);
    }
    let body = &value[at + 2..];
    let (length, nested) = match memmem::find(body, b"*/") {
        // The closing `*` may itself follow a `/`: `/*/*/`.
        Some(length) => (length + 4, memmem::find(&body[..length + 1], b"/*").is_some()),
        None => (body.len() + 2, false),
    };
    let kind = if nested || body.first() == Some(&b'!') { Kind::Evil } else { Kind::Comment };
    (Token::new(kind, &value[at..at + length]), at + length)
}

/// `\N` is MySQL's NULL.
fn backslash(value: &[u8], at: usize) -> Lexed {
    if value.get(at + 1) == Some(&b'N') {
        return (Token::new(Kind::Number, &value[at..at + 2]), at + 2);
    }
    single(Kind::Backslash, value, at)
}

fn operator(value: &[u8], at: usize) -> Lexed {
    if value[at..].starts_with(b"<=>") {
        return (Token::new(Kind::Operator, b"<=>"), at + 3);
    }
    if let Some(pair) = value.get(at..at + 2)
        && let Some(kind) = keyword(pair)
    {
        return (Token::new(kind, pair), at + 2);
    }
    single(if value[at] == b':' && at + 1 < value.len() { Kind::Colon } else { Kind::Operator }, value, at)
}
