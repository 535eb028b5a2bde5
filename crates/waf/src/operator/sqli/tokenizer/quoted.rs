//! Strings: plain, escaped, national, Unicode, Oracle's `q'(…)'`, PostgreSQL's `$tag$…$tag$`.

use memchr::{memchr, memmem};

use super::super::token::{Kind, Token};
use super::{Lexed, single, word};

/// A string whose content begins `skip` bytes after `at`; 0 when its opening quote is only assumed.
///
/// A quote after an odd number of backslashes, or doubled, does not close it.
pub(super) fn string(value: &[u8], at: usize, quote: u8, skip: usize) -> Lexed {
    let begin = at + skip;
    let mut search = begin;
    let (end, close) = loop {
        let Some(found) = memchr(quote, &value[search..]).map(|offset| search + offset) else {
            break (value.len(), 0);
        };
        let backslashes = value[begin..found].iter().rev().take_while(|byte| **byte == b'\\').count();
        if backslashes % 2 == 1 {
            search = found + 1;
        } else if value.get(found + 1) == Some(&quote) {
            search = found + 2;
        } else {
            break (found, quote);
        }
    };
    let open = if skip > 0 { quote } else { 0 };
    (Token::new(Kind::String, &value[begin..end]).quoted(open, close), (end + 1).min(value.len()))
}

/// `E'…'` and `N'…'`.
pub(super) fn escaped(value: &[u8], at: usize) -> Lexed {
    if value.get(at + 1) == Some(&b'\'') && at + 2 < value.len() {
        return string(value, at, b'\'', 2);
    }
    word::word(value, at)
}

/// `N'…'` or Oracle's `nq'(…)'`.
pub(super) fn national(value: &[u8], at: usize) -> Lexed {
    if value.get(at + 1) == Some(&b'\'') && at + 2 < value.len() {
        return string(value, at, b'\'', 2);
    }
    oracle(value, at, 1)
}

/// `U&'…'`.
pub(super) fn unicode(value: &[u8], at: usize) -> Lexed {
    if value.get(at + 1..at + 3) != Some(b"&'") {
        return word::word(value, at);
    }
    let (token, end) = string(value, at + 2, b'\'', 1);
    (token.quoted(b'u', if token.close == 0 { 0 } else { b'u' }), end)
}

/// `q'(…)'` with a delimiter of the writer's choice; `skip` bytes stand before the `q`.
pub(super) fn oracle(value: &[u8], at: usize, skip: usize) -> Lexed {
    let q = at + skip;
    let delimiter = match value.get(q..q + 3) {
        Some([b'q' | b'Q', b'\'', delimiter @ 33..=127]) => *delimiter,
        _ => return word::word(value, at),
    };
    let closing = match delimiter {
        b'(' => b')',
        b'[' => b']',
        b'{' => b'}',
        b'<' => b'>',
        other => other,
    };
    delimited(value, q + 3, &[closing, b'\''], b'q')
}

/// The string from `begin` to `closing`, or to the end.
fn delimited(value: &[u8], begin: usize, closing: &[u8], mark: u8) -> Lexed {
    let rest = &value[begin..];
    let (length, close, after) = match memmem::find(rest, closing) {
        Some(length) => (length, mark, length + closing.len()),
        None => (rest.len(), 0, rest.len()),
    };
    (Token::new(Kind::String, &rest[..length]).quoted(mark, close), begin + after)
}

/// Money (`$1,000.00`), a dollar-quoted string, or a lone `$`.
pub(super) fn dollar(value: &[u8], at: usize) -> Lexed {
    let rest = &value[at + 1..];
    let amount = rest.iter().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',')).count();
    if amount == 1 && rest[0] == b'.' {
        return word::word(value, at);
    }
    if amount > 0 {
        let end = at + 1 + amount;
        return (Token::new(Kind::Number, &value[at..end]), end);
    }
    let tag = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    if rest.get(tag) == Some(&b'$') {
        let begin = at + tag + 2;
        return delimited(value, begin, &value[at..begin], b'$');
    }
    single(Kind::Bareword, value, at)
}
