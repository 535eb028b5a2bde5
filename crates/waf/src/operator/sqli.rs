//! SQL injection: whether a value, put into a statement, would change what the statement does.
//!
//! The value is split into SQL tokens as if it stood in a statement bare, within single quotes or within double quotes,
//! once in ANSI SQL and once as MySQL reads it. The tokens are folded to at most five; the letters of their kinds are the
//! value's fingerprint, looked up in a table of those that occur in injections. A rule must decode the value first.
//!
//! Source: the method is libinjection's (N. Galbreath, "libinjection: a C library for SQLi detection", Black Hat USA 2012).
//! ADR: `docs/adr/002-injection-detection.md`.

mod fold;
mod high;
mod tables;
mod token;
mod tokenizer;
mod verdict;

use memchr::memchr;

use self::fold::{Folded, fold};
use self::tables::FINGERPRINT_TOKENS_MAX;
use self::token::{Kind, Token};
use self::tokenizer::{Dialect, Place, Tokenizer};
use self::verdict::{Doubt, judge};
use crate::ir::SqliSensitivity;

/// The kinds of the tokens that gave an injection away, a letter each, such as `s&1` for `' OR 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    letters: [u8; FINGERPRINT_TOKENS_MAX],
    length: u8,
}

impl Fingerprint {
    /// The letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("letters of kinds are ASCII")
    }

    fn as_bytes(&self) -> &[u8] {
        &self.letters[..usize::from(self.length)]
    }

    fn of(tokens: &[Token]) -> Self {
        let mut letters = [0; FINGERPRINT_TOKENS_MAX];
        let mut length = 0;
        for (letter, token) in letters.iter_mut().zip(tokens) {
            if token.kind == Kind::Evil {
                return Self { letters: [Kind::Evil.letter(), 0, 0, 0, 0], length: 1 };
            }
            *letter = token.kind.letter();
            length += 1;
        }
        Self { letters, length }
    }
}

/// Whether `value` may be an injection at all: false for most honest values, at the cost of one look at each byte.
///
/// Never false for a value [`detect`] finds: letters, digits, underscores and bytes above ASCII alone make at most a
/// number and a word, and no such fingerprint is known.
#[must_use]
pub fn may_match(value: &[u8]) -> bool {
    value.iter().any(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80 && *byte != 0xa0))
}

/// The fingerprint of `value`, if it is an injection.
///
/// With [`SqliSensitivity::Low`] the value is taken to stand bare, within single quotes or within double quotes. With
/// [`SqliSensitivity::High`], both dialects and backticks are tried as well, an injection may also begin at any SQL verb
/// within the value (`blue suede union select …`), and short conjunctions (`1 or 1`) are believed: fewer misses, more
/// false alarms on prose about databases.
///
/// Takes time linear in `value`, allocates nothing.
#[must_use]
pub fn detect(value: &[u8], sensitivity: SqliSensitivity) -> Option<Fingerprint> {
    if !may_match(value) {
        return None;
    }
    find(value, sensitivity).map(|(fingerprint, _)| fingerprint)
}

/// The tokens that gave `value` away, as written but cut to 31 bytes each; empty if it is no injection.
///
/// This is what AWS logs as `matchedData`. For the log only: it allocates.
#[must_use]
pub fn matched_data(value: &[u8], sensitivity: SqliSensitivity) -> Vec<Vec<u8>> {
    let Some((_, folded)) = find(value, sensitivity) else { return Vec::new() };
    folded.tokens().iter().map(Token::written).collect()
}

fn find(value: &[u8], sensitivity: SqliSensitivity) -> Option<(Fingerprint, Folded)> {
    find_low(value).or_else(|| match sensitivity {
        SqliSensitivity::Low => None,
        SqliSensitivity::High => high::find(value),
    })
}

fn find_low(value: &[u8]) -> Option<(Fingerprint, Folded)> {
    find_in_both_dialects(value, Place::Bare, Doubt::Benefit)
        .or_else(|| {
            memchr(b'\'', value)?;
            find_in_both_dialects(value, Place::Quoted(b'\''), Doubt::Benefit)
        })
        .or_else(|| {
            memchr(b'"', value)?;
            let folded = fold(Tokenizer::new(value, Place::Quoted(b'"'), Dialect::MySql));
            Some((judge(value, &folded, Doubt::Benefit)?, folded))
        })
}

/// Tries ANSI SQL, then MySQL if it would read the value otherwise.
fn find_in_both_dialects(value: &[u8], place: Place, doubt: Doubt) -> Option<(Fingerprint, Folded)> {
    let ansi = fold(Tokenizer::new(value, place, Dialect::Ansi));
    if let Some(fingerprint) = judge(value, &ansi, doubt) {
        return Some((fingerprint, ansi));
    }
    if !ansi.differs_in_mysql {
        return None;
    }
    let mysql = fold(Tokenizer::new(value, place, Dialect::MySql));
    Some((judge(value, &mysql, doubt)?, mysql))
}

#[cfg(test)]
pub(super) mod inspection {
    //! The detector's steps as text, for tests.

    use super::{Dialect, Place, Token, Tokenizer, fold};

    fn line(token: &Token) -> String {
        format!("{} {}", char::from(token.kind.letter()), String::from_utf8_lossy(&token.written()))
    }

    pub(in crate::operator) fn tokens(value: &[u8]) -> Vec<String> {
        let mut tokenizer = Tokenizer::new(value, Place::Bare, Dialect::Ansi);
        std::iter::from_fn(|| tokenizer.next()).map(|token| line(&token)).collect()
    }

    pub(in crate::operator) fn folded(value: &[u8]) -> Vec<String> {
        fold(Tokenizer::new(value, Place::Bare, Dialect::Ansi)).tokens().iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests;
