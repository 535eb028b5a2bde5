//! Words, quoted names and variables.

use memchr::memchr;

use super::super::tables::keyword;
use super::super::token::{Kind, TEXT_BYTES_MAX, Token};
use super::{Lexed, quoted};

/// A word; it is the keyword it spells, or the one it spells up to a `.` or a backtick.
pub(super) fn word(value: &[u8], at: usize) -> Lexed {
    let rest = &value[at..];
    let mut length = 0;
    while let Some(&byte) = rest.get(length) {
        if ends_word(byte) {
            break;
        }
        if matches!(byte, b'.' | b'`')
            && length < TEXT_BYTES_MAX
            && let Some(kind) = keyword(&rest[..length])
            && kind != Kind::Bareword
        {
            break;
        }
        length += 1;
    }
    let kind = keyword(&rest[..length]).unwrap_or(Kind::Bareword);
    (Token::new(kind, &rest[..length]), at + length)
}

/// Whether `byte` cannot be part of a word.
fn ends_word(byte: u8) -> bool {
    matches!(
        byte,
        0 | b'\t'..=b'\r' | b' '..=b'#' | b'%'..=b'-' | b'/' | b':'..=b'@' | b'[' | b'\\' | b']' | b'^' | b'{'..=b'~' | 0xa0
    )
}

/// A MySQL name in backticks; a function stays one.
pub(super) fn backticked(value: &[u8], at: usize) -> Lexed {
    let (mut token, end) = quoted::string(value, at, b'`', 1);
    token.kind = match keyword(token.text()) {
        Some(Kind::Function) => Kind::Function,
        _ => Kind::Bareword,
    };
    (token, end)
}

/// A SQL Server name in brackets.
pub(super) fn bracketed(value: &[u8], at: usize) -> Lexed {
    let end = memchr(b']', &value[at..]).map_or(value.len(), |length| at + length + 1);
    (Token::new(Kind::Bareword, &value[at..end]), end)
}

/// `@name`, `@@name`, `` @`name` ``, `@'name'`.
pub(super) fn variable(value: &[u8], at: usize) -> Lexed {
    let at_signs = if value.get(at + 1) == Some(&b'@') { 2 } else { 1 };
    let begin = at + at_signs;
    let (mut token, end) = match value.get(begin) {
        Some(b'`') => backticked(value, begin),
        Some(&quote @ (b'\'' | b'"')) => quoted::string(value, begin, quote, 1),
        _ => {
            let length = value[begin..].iter().take_while(|byte| !ends_variable(**byte)).count();
            (Token::new(Kind::Variable, &value[begin..begin + length]), begin + length)
        }
    };
    token.kind = Kind::Variable;
    token.at_signs = at_signs as u8;
    (token, end)
}

/// Whether `byte` cannot be part of a variable's name.
fn ends_variable(byte: u8) -> bool {
    matches!(
        byte,
        0 | b'\t'..=b'\r' | b' '..=b'#' | b'%'..=b'-' | b'/' | b':'..=b'@' | b'\\' | b'^' | b'`' | b'|' | b'~'
    )
}
