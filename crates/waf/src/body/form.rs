//! `application/x-www-form-urlencoded`: decoded names and values.
//!
//! Source: WHATWG URL Standard, section 5.1 (parsing).

use memchr::memchr;

use super::{Placed, Visitor, is_identifier};

pub(super) fn visit(bytes: &[u8], visitor: &mut Visitor<'_>) -> Placed {
    for piece in bytes.split(|&byte| byte == b'&').filter(|piece| !piece.is_empty()) {
        let equals = memchr(b'=', piece).unwrap_or(piece.len());
        let (name, value) = (&piece[..equals], piece.get(equals + 1..).unwrap_or_default());
        if !is_identifier(name) {
            visitor.decoded(|out| decode(name, out));
        }
        if value.iter().any(|&byte| byte == b'%' || byte == b'+') {
            visitor.decoded(|out| decode(value, out));
        } else if !value.is_empty() {
            visitor.raw(value);
        }
    }
    Placed::All
}

/// Appends `text` with `+` as space and valid percent-escapes decoded; invalid ones stay as they are.
fn decode(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'+', _) => out.push(b' '),
            (b'%', [high, low, after_escape @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    rest = after_escape;
                }
                _ => out.push(b'%'),
            },
            _ => out.push(byte),
        }
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
