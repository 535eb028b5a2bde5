//! What someone looks for.

use thiserror::Error;

use crate::Word;
use crate::chunk::each_chunk;
use crate::reading::Reader;
use crate::unit::{Unit, each_unit};

/// Units that a search can have: each is one bit of a number.
pub const UNITS_MAX: usize = 64;
/// Bytes between two units that are compared leniently; more are compared as they stand.
const GAP_BYTES_MAX: usize = 64;

/// Why a text is no search.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WantedError {
    /// There is nothing in it to look for.
    #[error("no word to look for: give at least one letter or digit")]
    Empty,
    /// It is too long.
    #[error("more than {UNITS_MAX} words to look for: leave some out")]
    Long,
}

/// What someone looks for: terms, all of which a row must have, in any order and in any of its texts.
///
/// Terms are parted by white space, and quotes hold one together (`203.0.113.7 "union select"`). A term's units must stand in the text one
/// after another, with the same characters between them; white space is like any other. Upper and lower case are alike.
#[derive(Debug)]
pub struct Wanted {
    units: Vec<Word>,
    /// What stands before each unit, by hash. Not looked at for the first of a term.
    gaps: Vec<u64>,
    /// Bits of the first unit of each term, and of the last.
    firsts: u64,
    lasts: u64,
    words: Vec<Word>,
    reader: Reader,
    parts: Vec<Unit>,
}

impl Wanted {
    /// Reads what someone typed.
    ///
    /// # Errors
    ///
    /// There is nothing to look for, or too much.
    pub fn read(text: &str) -> Result<Self, WantedError> {
        let mut wanted = Self {
            units: Vec::new(),
            gaps: Vec::new(),
            firsts: 0,
            lasts: 0,
            words: Vec::new(),
            reader: Reader::default(),
            parts: Vec::new(),
        };
        for (at, part) in text.split('"').enumerate() {
            if at % 2 == 1 {
                wanted.term(part)?;
            } else {
                part.split_whitespace().try_for_each(|term| wanted.term(term))?;
            }
        }
        if wanted.units.is_empty() {
            return Err(WantedError::Empty);
        }
        wanted.words.sort_unstable();
        wanted.words.dedup();
        Ok(wanted)
    }

    /// The words that a file must have.
    #[must_use]
    pub fn words(&self) -> &[Word] {
        &self.words
    }

    /// Whether the texts of a row have all terms.
    pub fn matches<'t>(&mut self, texts: impl IntoIterator<Item = &'t [u8]>) -> bool {
        let mut found = 0;
        for text in texts {
            let Self { units, gaps, firsts, lasts, reader, parts, .. } = self;
            let terms = Terms { units, gaps, firsts: *firsts, lasts: *lasts };
            reader.each(text, |folded| found |= terms.found_in(folded, parts));
            if found == self.lasts {
                return true;
            }
        }
        false
    }

    fn term(&mut self, term: &str) -> Result<(), WantedError> {
        let first = self.units.len();
        let Self { units, gaps, words, reader, parts, .. } = self;
        let mut long = false;
        // What was typed is meant as it stands.
        let folded = reader.as_it_stands(term.as_bytes());
        each_unit_of(folded, parts, |before, unit| {
            long |= units.len() >= UNITS_MAX;
            if long {
                return;
            }
            units.push(unit.word);
            gaps.push(before.map_or(0, |before| gap(folded, &before, &unit)));
            words.push(unit.word);
            words.extend(before.and_then(|before| before.pair(&unit, folded)));
        });
        if long {
            return Err(WantedError::Long);
        }
        if self.units.len() > first {
            self.firsts |= 1 << first;
            self.lasts |= 1 << (self.units.len() - 1);
        }
        Ok(())
    }
}

/// The terms, while a text is looked through: bit `n` of a number stands for unit `n`.
struct Terms<'w> {
    units: &'w [Word],
    gaps: &'w [u64],
    firsts: u64,
    lasts: u64,
}

impl Terms<'_> {
    /// The last bits of the terms the text has (Shift-And).
    fn found_in(&self, folded: &[u8], parts: &mut Vec<Unit>) -> u64 {
        let (mut state, mut found) = (0_u64, 0);
        each_unit_of(folded, parts, |before, unit| {
            let here = self.units.iter().rev().fold(0, |bits, wanted| bits << 1 | u64::from(*wanted == unit.word));
            let mut next = (state << 1) & here & !self.firsts;
            if next != 0 {
                let gap = before.map_or(0, |before| gap(folded, &before, &unit));
                next &= self.gaps.iter().rev().fold(0, |bits, wanted| bits << 1 | u64::from(*wanted == gap));
            }
            state = next | here & self.firsts;
            found |= state & self.lasts;
        });
        found
    }
}

/// Calls `found` with each unit of a folded text and the one before it.
fn each_unit_of(folded: &[u8], parts: &mut Vec<Unit>, mut found: impl FnMut(Option<Unit>, Unit)) {
    let mut before = None;
    each_chunk(folded, |chunk| {
        each_unit(folded, chunk, parts, &mut |unit| found(before.replace(unit), unit));
    });
}

/// What stands between two units, by hash. White space counts as one space, backslashes as one, and not at all where they quote a slash or a
/// quote: JSON writes them so.
fn gap(folded: &[u8], before: &Unit, unit: &Unit) -> u64 {
    let between = &folded[before.end..unit.begin];
    let mut plain = [0; GAP_BYTES_MAX];
    let mut len = 0;
    for (at, &byte) in between.iter().enumerate() {
        let next = between.get(at + 1).copied();
        let is_dropped = match byte {
            b'\\' => matches!(next, Some(b'\\' | b'/' | b'"')),
            _ => byte.is_ascii_whitespace() && next.is_some_and(|next| next.is_ascii_whitespace()),
        };
        if !is_dropped {
            let Some(place) = plain.get_mut(len) else { return Word::of(between).hash() };
            *place = if byte.is_ascii_whitespace() { b' ' } else { byte };
            len += 1;
        }
    }
    Word::of(&plain[..len]).hash()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wanted: &str, text: &str, expect: bool) {
        let mut wanted_read = Wanted::read(wanted).unwrap();
        assert_eq!(wanted_read.matches([text.as_bytes()]), expect, "{wanted} in {text}");
    }

    #[test]
    fn all_terms_must_be_there_in_any_order() {
        check("union SELECT", "select 1 UNION all", true);
        check("union select", "union all", false);
        check("203.0.113.7 union", r#"{"ip":"203.0.113.7","q":"union%20select"}"#, true);
        check(r#""union select""#, "union\t\n select", true);
        check(r#""union select""#, "union all select", false);
    }

    #[test]
    fn a_term_stands_together() {
        check("bert-jan", "arn:aws:iam::1:user/bert-jan", true);
        check("bert-jan", "bert jan", false);
        check("a.a.b", "x a.a.a.b", true);
        check("/etc/passwd", "GET /x/../etc/passwd HTTP", true);
        check("/etc/passwd", r#"{"a":"..\/etc\/passwd"}"#, true);
        check(r"C:\new\table", r#"{"a":"C:\\new\\table"}"#, true);
        check("example.com", "www.example.com:443", true);
        check("xample.com", "www.example.com", false);
    }

    #[test]
    fn addresses_are_whole() {
        check("203.0.113.7", "203.0.113.70", false);
        check("203.0.113.7", "1.203.0.113.7", false);
        check("203.0.113.7", "203.0.113.7:443", true);
        check("2001:DB8:0::1", "from [2001:db8::1]:22", true);
        check("10.0.0.1", "::ffff:10.0.0.1", true);
    }

    #[test]
    fn japanese_is_found_within_sentences() {
        check("東京", "今日の東京都は晴れ", true);
        check("京東", "今日の東京都は晴れ", false);
        check("晴", "今日の東京都は晴れ", true);
        check("東京", r"\u6771\u4eac", true);
    }

    #[test]
    fn what_is_no_search_is_refused() {
        assert_eq!(Wanted::read(" - ").err(), Some(WantedError::Empty));
        let long = "a ".repeat(UNITS_MAX + 1);
        assert_eq!(Wanted::read(&long).err(), Some(WantedError::Long));
        check(&"a ".repeat(UNITS_MAX), "a", true);
    }

    #[test]
    fn terms_may_be_in_different_texts_of_a_row() {
        let mut wanted = Wanted::read("alpha beta").unwrap();
        assert!(wanted.matches([b"alpha".as_slice(), b"beta"]));
        assert!(!wanted.matches([b"alpha".as_slice(), b"gamma"]));
    }
}
