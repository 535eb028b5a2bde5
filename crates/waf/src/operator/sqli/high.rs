//! What high sensitivity looks at besides: more places the value may stand in, and later starts within it.

use super::fold::Folded;
use super::tokenizer::Place;
use super::verdict::Doubt;
use super::{Fingerprint, find_in_both_dialects};

/// Verbs and connectives an injection begins with when text stands before it.
const OPENINGS: [&[u8]; 17] = [
    b"UNION",
    b"SELECT",
    b"INSERT",
    b"UPDATE",
    b"DELETE",
    b"DROP",
    b"ALTER",
    b"TRUNCATE",
    b"EXEC",
    b"EXECUTE",
    b"DECLARE",
    b"WAITFOR",
    b"HAVING",
    b"PROCEDURE",
    b"AND",
    b"OR",
    b"XOR",
];

/// How many later starts are tried.
const STARTS_MAX: usize = 8;

/// How much of a value is looked at in these further ways, in bytes: they multiply the work.
const FURTHER_BYTES_MAX: usize = 16 * 1024;

pub(super) fn find(value: &[u8]) -> Option<(Fingerprint, Folded)> {
    let value = &value[..value.len().min(FURTHER_BYTES_MAX)];
    [Place::Bare, Place::AfterNumber, Place::Quoted(b'\''), Place::Quoted(b'"'), Place::Quoted(b'`')]
        .into_iter()
        .filter(|place| !matches!(place, Place::Quoted(quote) if !value.contains(quote)))
        .find_map(|place| find_in_both_dialects(value, place, Doubt::Little))
        .or_else(|| {
            openings(value)
                .take(STARTS_MAX)
                .find_map(|start| find_in_both_dialects(&value[start..], Place::AfterNumber, Doubt::Benefit))
        })
}

/// The positions of opening words after the start of `value`.
fn openings(value: &[u8]) -> impl Iterator<Item = usize> {
    (1..value.len()).filter(|&at| {
        let tail = &value[at..];
        tail[0].is_ascii_alphabetic()
            && !is_word_byte(value[at - 1])
            && OPENINGS.iter().any(|word| {
                tail.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
                    && !tail.get(word.len()).copied().is_some_and(is_word_byte)
            })
    })
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}
