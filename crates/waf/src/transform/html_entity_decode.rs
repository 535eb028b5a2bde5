//! `HTML_ENTITY_DECODE`: character references of HTML to characters, once.
//!
//! Numeric ones, decimal or hexadecimal, with any number of leading zeros: up to 255 they give that byte (so `&#160;`
//! gives the same as `&nbsp;`, decimal 160), above it the character in UTF-8; ModSecurity keeps only the low byte.
//! Named ones in any case, by the table below. The semicolon may be missing after a number and after the five names that
//! HTML allows without it, since browsers decode those too. What stands for no character stays.
//!
//! # Limits
//! The output is no longer than the input.
//!
//! Source: AWS WAF Developer Guide, "Using text transformations", HTML entity decode; ModSecurity Reference Manual,
//! `htmlEntityDecode`; HTML Living Standard, section 13.2.5.72 and on.

use super::Growth;
use super::digits::hex;
use super::span::{put, rewrite};
use super::white_space::NO_BREAK_SPACE;

pub(super) const GROWTH: Growth = Growth::None;

/// Names that count without a semicolon too.
const NAMES_OPEN: &[(&[u8], u8)] =
    &[(b"amp", b'&'), (b"gt", b'>'), (b"lt", b'<'), (b"nbsp", NO_BREAK_SPACE), (b"quot", b'"')];

/// Names that need their semicolon, in lower case.
const NAMES_CLOSED: &[(&[u8], u8)] = &[
    (b"apos", b'\''),
    (b"ast", b'*'),
    (b"bsol", b'\\'),
    (b"colon", b':'),
    (b"comma", b','),
    (b"diacriticalgrave", b'`'),
    (b"diacriticaltilde", b'~'),
    (b"dollar", b'$'),
    (b"equals", b'='),
    (b"excl", b'!'),
    (b"grave", b'`'),
    (b"hat", b'^'),
    (b"lbrace", b'{'),
    (b"lbrack", b'['),
    (b"lcub", b'{'),
    (b"lowbar", b'_'),
    (b"lpar", b'('),
    (b"lsqb", b'['),
    (b"midast", b'*'),
    (b"minus", b'-'),
    (b"newline", b'\n'),
    (b"nonbreakingspace", NO_BREAK_SPACE),
    (b"num", b'#'),
    (b"percent", b'%'),
    (b"percnt", b'%'),
    (b"period", b'.'),
    (b"plus", b'+'),
    (b"quest", b'?'),
    (b"rbrace", b'}'),
    (b"rbrack", b']'),
    (b"rcub", b'}'),
    (b"rpar", b')'),
    (b"rsqb", b']'),
    (b"semi", b';'),
    (b"sol", b'/'),
    (b"tab", b'\t'),
    (b"tilde", b'~'),
    (b"underbar", b'_'),
    (b"verbar", b'|'),
    (b"vert", b'|'),
    (b"verticalline", b'|'),
];

/// Bytes of the longest name.
const NAME_BYTES_MAX: usize = 16;

pub(super) fn touches(input: &[u8]) -> bool {
    memchr::memchr(b'&', input).is_some()
}

pub(super) fn write(input: &[u8], out: &mut Vec<u8>) {
    rewrite(
        input,
        out,
        |rest| memchr::memchr(b'&', rest),
        |text, out| {
            let taken = match text {
                [_, b'#', b'x' | b'X', digits @ ..] => numeric(digits, 16, out).map(|digits| 3 + digits),
                [_, b'#', digits @ ..] => numeric(digits, 10, out).map(|digits| 2 + digits),
                _ => return named(text, out),
            };
            match taken {
                Some(taken) => taken + usize::from(text.get(taken) == Some(&b';')),
                None => put(out, b'&', 1),
            }
        },
    );
}

/// Appends the character that the digits at the start of `text` number, and returns how many digits there are.
fn numeric(text: &[u8], radix: u8, out: &mut Vec<u8>) -> Option<usize> {
    let mut code_point = 0_u32;
    let mut digits = 0;
    for value in text.iter().map_while(|&byte| hex(byte).filter(|&value| value < radix)) {
        code_point = code_point.saturating_mul(radix.into()).saturating_add(value.into());
        digits += 1;
    }
    if digits == 0 {
        return None;
    }
    match u8::try_from(code_point) {
        Ok(byte) => out.push(byte),
        Err(_) => {
            let character = char::from_u32(code_point)?;
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    Some(digits)
}

/// Appends the character that the reference at the start of `text` names, or its ampersand; returns the bytes taken.
fn named(text: &[u8], out: &mut Vec<u8>) -> usize {
    let letters = &text[1..];
    let length = letters.iter().take(NAME_BYTES_MAX + 1).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let name = &letters[..length];
    let closed = letters.get(length) == Some(&b';');
    match open_name(name).or_else(|| if closed { find(NAMES_CLOSED, name) } else { None }) {
        Some(byte) => put(out, byte, 1 + length + usize::from(closed)),
        None => put(out, b'&', 1),
    }
}

/// The byte for a name that needs no semicolon.
pub(super) fn open_name(name: &[u8]) -> Option<u8> {
    find(NAMES_OPEN, name)
}

fn find(names: &[(&[u8], u8)], name: &[u8]) -> Option<u8> {
    names.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|&(_, byte)| byte)
}
