//! Numbers: decimal, hexadecimal, binary, with exponents and Oracle's suffixes.

use super::super::token::{Kind, Token};
use super::{Lexed, is_space, word};

fn digits(value: &[u8], at: usize, is_digit: impl Fn(u8) -> bool) -> usize {
    value[at..].iter().take_while(|byte| is_digit(**byte)).count()
}

fn decimals(value: &[u8], at: usize) -> usize {
    at + digits(value, at, |byte| byte.is_ascii_digit())
}

/// A number, or a lone dot.
pub(super) fn number(value: &[u8], at: usize) -> Lexed {
    if let Some(prefixed) = prefixed(value, at) {
        return prefixed;
    }
    let mut end = decimals(value, at);
    if value.get(end) == Some(&b'.') {
        end = decimals(value, end + 1);
        if end - at == 1 {
            return (Token::new(Kind::Dot, b"."), end);
        }
    }
    let mut kind = Kind::Number;
    if matches!(value.get(end), Some(b'e' | b'E')) {
        end += 1;
        if matches!(value.get(end), Some(b'+' | b'-')) {
            end += 1;
        }
        let exponent = decimals(value, end);
        if exponent == end {
            kind = Kind::Bareword;
        }
        end = exponent;
    }
    if matches!(value.get(end), Some(b'd' | b'D' | b'f' | b'F')) && ends_number(value.get(end + 1).copied()) {
        end += 1;
    }
    (Token::new(kind, &value[at..end]), end)
}

/// Whether a suffix letter before `next` belongs to the number; `1fUNION` is read as `1f UNION`.
fn ends_number(next: Option<u8>) -> bool {
    next.is_none_or(|next| is_space(next) || matches!(next, b';' | b'u' | b'U'))
}

/// `0x1f`, `0b01`; a prefix without digits is a word.
fn prefixed(value: &[u8], at: usize) -> Option<Lexed> {
    let length = match value.get(at..at + 2)? {
        b"0x" | b"0X" => digits(value, at + 2, |byte| byte.is_ascii_hexdigit()),
        b"0b" | b"0B" => digits(value, at + 2, |byte| matches!(byte, b'0' | b'1')),
        _ => return None,
    };
    let kind = if length == 0 { Kind::Bareword } else { Kind::Number };
    let end = at + 2 + length;
    Some((Token::new(kind, &value[at..end]), end))
}

/// `x'1f'`, `b'01'`; anything else that begins with the letter is a word.
pub(super) fn quoted_digits(value: &[u8], at: usize, is_digit: impl Fn(u8) -> bool) -> Lexed {
    if value.get(at + 1) == Some(&b'\'') && at + 2 < value.len() {
        let end = at + 2 + digits(value, at + 2, is_digit);
        if value.get(end) == Some(&b'\'') {
            return (Token::new(Kind::Number, &value[at..=end]), end + 1);
        }
    }
    word::word(value, at)
}
