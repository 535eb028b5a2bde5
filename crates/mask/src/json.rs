//! Where in a record texts and numbers stand, if it is JSON: what may be replaced, and how, so that JSON stays JSON.

use std::ops::Range;

use memchr::memchr2;

/// A token that has a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// Between two quotes.
    Text(Range<usize>),
    /// A number, a truth, or what else stands outside of quotes.
    Bare(Range<usize>),
}

/// The tokens with values, in order. What is no JSON has some too.
#[derive(Debug)]
pub(crate) struct Tokens<'r> {
    raw: &'r [u8],
    at: usize,
}

impl<'r> Tokens<'r> {
    pub(crate) fn new(raw: &'r [u8], at: usize) -> Self {
        Self { raw, at }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            match *self.raw.get(self.at)? {
                b'"' => {
                    let start = self.at + 1;
                    let end = text_end(self.raw, start);
                    self.at = end + 1;
                    return Some(Token::Text(start..end));
                }
                byte if is_structure(byte) => self.at += 1,
                _ => {
                    let rest = &self.raw[self.at..];
                    let length = rest.iter().take_while(|byte| !is_structure(**byte) && **byte != b'"').count();
                    let start = self.at;
                    self.at += length;
                    return Some(Token::Bare(start..self.at));
                }
            }
        }
    }
}

fn is_structure(byte: u8) -> bool {
    matches!(byte, b'{' | b'}' | b'[' | b']' | b':' | b',' | b' ' | b'\t' | b'\r' | b'\n')
}

/// Where the text that begins at `start` ends: at its closing quote, or with the record.
pub(crate) fn text_end(raw: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(found) = raw.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if raw[at] == b'"' {
            return at;
        }
        at += 2;
    }
    raw.len()
}

/// Whether a record is a JSON object or array, as far as its first byte tells.
pub(crate) fn is_json(raw: &[u8]) -> bool {
    matches!(raw.iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'{' | b'['))
}

/// Whether a bare token stands where JSON has values.
pub(crate) fn is_value(raw: &[u8], token: &Range<usize>) -> bool {
    let before = raw[..token.start].iter().rev().find(|byte| !byte.is_ascii_whitespace());
    let after = raw[token.end..].iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(before, Some(b':' | b'[' | b',')) && matches!(after, Some(b',' | b']' | b'}'))
}

/// The least range of whole characters and escapes of a text that covers `part`.
pub(crate) fn whole_escapes(raw: &[u8], text: &Range<usize>, part: Range<usize>) -> Range<usize> {
    let mut covered = part.clone();
    let mut at = text.start;
    while at < part.end {
        let end = at + unit_bytes(&raw[at..text.end]);
        if at < part.start && part.start < end {
            covered.start = at;
        }
        if part.end < end {
            covered.end = end;
        }
        at = end;
    }
    covered
}

/// Bytes of the escape, or of the character, that a text begins with. A pair of escapes that are one character counts as one.
fn unit_bytes(text: &[u8]) -> usize {
    let surrogate = |text: &[u8], first: &[u8], second: &[u8]| {
        text.starts_with(b"\\u")
            && text.get(2).is_some_and(|byte| first.contains(byte))
            && text.get(3).is_some_and(|byte| second.contains(&byte.to_ascii_lowercase()))
    };
    let bytes = match text {
        [b'\\', b'u', ..]
            if surrogate(text, b"dD", b"89ab") && surrogate(&text[6.min(text.len())..], b"dD", b"cdef") =>
        {
            12
        }
        [b'\\', b'u', ..] => 6,
        [b'\\', ..] => 2,
        _ => 1 + text[1..].iter().take_while(|byte| **byte & 0xc0 == 0x80).count(),
    };
    bytes.min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(raw: &str) -> Vec<String> {
        let tokens = Tokens::new(raw.as_bytes(), 0);
        let show = |token| match token {
            Token::Text(at) => format!("\"{}", &raw[at]),
            Token::Bare(at) => raw[at].to_owned(),
        };
        tokens.map(show).collect()
    }

    #[test]
    fn texts_and_numbers_are_told_apart() {
        assert_eq!(shown(r#"{"a\"b": -1.5e3, "c":[true,"\\"]}"#), ["\"a\\\"b", "-1.5e3", "\"c", "true", "\"\\\\"]);
        assert_eq!(shown("plain \"text"), ["plain", "\"text"]);
    }

    #[test]
    fn parts_grow_to_whole_escapes() {
        let raw = r"ab\n\ud83d\ude00é".as_bytes();
        let whole = |part| whole_escapes(raw, &(0..raw.len()), part);
        assert_eq!(whole(1..2), 1..2);
        assert_eq!(whole(3..4), 2..4);
        assert_eq!(whole(0..3), 0..4);
        assert_eq!(whole(8..9), 4..16);
        assert_eq!(whole(17..18), 16..18);
    }
}
