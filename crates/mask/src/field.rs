//! Values of fields with secret names, in whatever a line of a log is written in.
//!
//! A name is known in any case, where it stands as a word of its own:
//!
//! | written | masked |
//! |---|---|
//! | `"name": "value"`, also escaped within another text, also `'name': 'value'` and `"name" => "value"` | the text; a number, array or object as a whole |
//! | `"name":"NAME","value":"value"`, as headers in the logs of AWS WAF | the text after `value` |
//! | `name=value`, `name="a value"`, `user[name]=value`, `name%3Dvalue` | up to `&`, white space or the closing quote |
//! | `name: value` | up to the end of the line or of the text it stands in |
//!
//! # Limits
//!
//! Time is linear in the record.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

use crate::settings::{MaskError, NAME_BYTES_MAX, NAMES_MAX};

/// A value to be masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Secret {
    /// Which name, by its place in the settings.
    pub(crate) name: usize,
    /// What is replaced.
    pub(crate) range: Range<usize>,
    /// The quotes to put around what replaces it, where it had none but needs them.
    pub(crate) quotes: Option<Quotes>,
}

/// How a text is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quotes {
    pub(crate) mark: u8,
    /// Backslashes before each mark: 1 within a text, 3 within a text within a text.
    pub(crate) backslashes: usize,
}

/// Names that are searched for together.
#[derive(Debug)]
pub(crate) struct Names(AhoCorasick);

impl Names {
    pub(crate) fn new(names: &[String]) -> Result<Self, MaskError> {
        if names.len() > NAMES_MAX {
            return Err(MaskError::Names(names.len()));
        }
        let is_name = |name: &&String| {
            (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(|byte| is_word(byte) || byte == b'.')
        };
        if let Some(name) = names.iter().find(|name| !is_name(name)) {
            return Err(MaskError::Name(name.clone()));
        }
        let mut search = AhoCorasick::builder();
        search.match_kind(MatchKind::LeftmostLongest).kind(Some(AhoCorasickKind::DFA));
        Ok(Self(search.build(names.iter().map(|name| name.to_ascii_lowercase()))?))
    }

    /// The secrets of a record, in order. `lower`: the record in lower case, as that is searched several times faster than any case.
    pub(crate) fn secrets<'r>(&'r self, raw: &'r [u8], lower: &'r [u8], is_json: bool) -> Secrets<'r> {
        Secrets { names: self, lower, from: 0, line: Line { raw, is_json, counted: 0, is_odd: false } }
    }
}

/// The secrets of a record, in order.
#[derive(Debug)]
pub(crate) struct Secrets<'r> {
    names: &'r Names,
    lower: &'r [u8],
    /// Where the next name may begin.
    from: usize,
    line: Line<'r>,
}

impl Iterator for Secrets<'_> {
    type Item = Secret;

    fn next(&mut self) -> Option<Secret> {
        loop {
            let input = Input::new(self.lower).range(self.from..);
            let found = self.names.0.find(input)?;
            self.from = found.start() + 1;
            if let Some((range, quotes)) = self.line.value_of(found.range()).filter(|(range, _)| !range.is_empty()) {
                self.from = range.end;
                return Some(Secret { name: found.pattern().as_usize(), range, quotes });
            }
        }
    }
}

/// Bytes that make names longer.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// What is masked, and the quotes it needs.
type Value = (Range<usize>, Option<Quotes>);

#[derive(Debug)]
struct Line<'r> {
    raw: &'r [u8],
    /// Whether the record is JSON, where quotes end texts for certain.
    is_json: bool,
    /// How far quotes were counted, and whether the line has an odd number of them up to there.
    counted: usize,
    is_odd: bool,
}

impl Line<'_> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.raw.get(at).copied()
    }

    fn starts_with(&self, at: usize, text: &[u8]) -> bool {
        self.raw.get(at..at + text.len()).is_some_and(|part| part.eq_ignore_ascii_case(text))
    }

    fn skip_space(&self, at: usize) -> usize {
        at + self.raw[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count()
    }

    /// The value of the field whose name this may be.
    fn value_of(&mut self, name: Range<usize>) -> Option<Value> {
        if let Some(quotes) = self.quotes_before(name.start)
            && let Some(after) = self.skip_quote(name.end, quotes)
        {
            return self.quoted(self.skip_space(after), quotes);
        }
        let before = &self.raw[..name.start];
        let begins = before.last().is_none_or(|byte| !is_word(*byte)) || crate::card::ends_with_escape(before);
        if !begins || self.byte(name.end).is_some_and(is_word) {
            return None;
        }
        self.plain(name)
    }

    /// The quotes that open right before `at`.
    fn quotes_before(&self, at: usize) -> Option<Quotes> {
        let mark = self.raw[..at].last().copied().filter(|byte| matches!(byte, b'"' | b'\''))?;
        let backslashes = self.raw[..at - 1].iter().rev().take_while(|byte| **byte == b'\\').count();
        Some(Quotes { mark, backslashes })
    }

    fn skip_quote(&self, at: usize, quotes: Quotes) -> Option<usize> {
        let backslashes = self.raw[at..].iter().take_while(|byte| **byte == b'\\').count();
        let mark = at + backslashes;
        (backslashes == quotes.backslashes && self.byte(mark) == Some(quotes.mark)).then_some(mark + 1)
    }

    /// After a quoted name.
    fn quoted(&self, at: usize, quotes: Quotes) -> Option<Value> {
        match self.byte(at)? {
            b':' => self.value(self.skip_space(at + 1), quotes),
            b'=' if self.byte(at + 1) == Some(b'>') => self.value(self.skip_space(at + 2), quotes),
            b',' => {
                let key = self.skip_quote(self.skip_space(at + 1), quotes)?;
                let is_value = self.starts_with(key, b"value");
                let colon = self.skip_space(self.skip_quote(key + 5, quotes).filter(|_| is_value)?);
                (self.byte(colon) == Some(b':')).then(|| self.value(self.skip_space(colon + 1), quotes)).flatten()
            }
            _ => None,
        }
    }

    /// A value after a quoted name.
    fn value(&self, at: usize, quotes: Quotes) -> Option<Value> {
        for mark in [b'"', b'\''] {
            let quotes = Quotes { mark, ..quotes };
            if let Some(start) = self.skip_quote(at, quotes) {
                return Some((start..self.text_end(start, quotes), None));
            }
        }
        let end = match self.byte(at)? {
            b'{' | b'[' => self.nested_end(at, quotes),
            _ => self.bare_end(at),
        };
        let is_empty = matches!(&self.raw[at..end], b"" | b"null" | b"true" | b"false");
        (!is_empty).then_some((at..end, Some(quotes)))
    }

    /// Where a text ends that began with these quotes: with the same, or where what is around it ends.
    fn text_end(&self, start: usize, quotes: Quotes) -> usize {
        let mut at = start;
        let mut backslashes = 0;
        while let Some(byte) = self.byte(at) {
            let is_outer = byte == b'"' && quotes.mark == b'\'' && self.is_json;
            match byte {
                b'\\' => backslashes += 1,
                _ if byte == quotes.mark || is_outer => {
                    let same = quotes.backslashes;
                    let is_end = backslashes <= same || (backslashes - same).is_multiple_of(2 * (same + 1));
                    if is_end {
                        return at - same.min(backslashes);
                    }
                    backslashes = 0;
                }
                _ => backslashes = 0,
            }
            at += 1;
        }
        at
    }

    /// Where an object or array ends.
    fn nested_end(&self, start: usize, quotes: Quotes) -> usize {
        let mut depth = 0_usize;
        let mut at = start;
        while let Some(byte) = self.byte(at) {
            match byte {
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth == 1 => return at + 1,
                b'}' | b']' => depth -= 1,
                _ if byte == quotes.mark || byte == b'\\' => match self.skip_quote(at, quotes) {
                    Some(text) => {
                        let end = self.text_end(text, quotes);
                        match self.skip_quote(end, quotes) {
                            Some(after) => at = after - 1,
                            None => return end,
                        }
                    }
                    // The end of what is around it.
                    None if byte == quotes.mark => return at,
                    None => {}
                },
                b'"' if self.is_json => return at,
                _ => {}
            }
            at += 1;
        }
        at
    }

    /// Where a number or word ends.
    fn bare_end(&self, start: usize) -> usize {
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b'"' | b'\'' | b'\\') || byte.is_ascii_whitespace();
        start + self.raw[start..].iter().take_while(|byte| !ends(byte)).count()
    }

    /// After a name without quotes.
    fn plain(&mut self, name: Range<usize>) -> Option<Value> {
        let mut at = name.end;
        if self.byte(at) == Some(b']') {
            at += 1;
        } else if self.starts_with(at, b"%5d") {
            at += 3;
        }
        if self.byte(at) == Some(b'=') {
            return Some((self.argument(at + 1), None));
        }
        if self.starts_with(at, b"%3d") {
            return Some((at + 3..self.argument_end(at + 3), None));
        }
        let colon = at + self.raw[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        if self.byte(colon) != Some(b':') {
            return None;
        }
        let start = colon + 1 + self.raw[colon + 1..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let value = match self.opened(start) {
            Some(quotes) => self.text_at(start, quotes),
            None => start..self.line_end(name.start, start),
        };
        Some((value, None))
    }

    /// The quotes that open at `at`.
    fn opened(&self, at: usize) -> Option<Quotes> {
        let backslashes = self.raw[at..].iter().take_while(|byte| **byte == b'\\').count();
        let mark = self.byte(at + backslashes).filter(|byte| matches!(byte, b'"' | b'\''))?;
        // A quote that is not escaped ends the text around it, if there is one.
        let may_open = mark == b'\'' || backslashes > 0 || !self.is_json;
        may_open.then_some(Quotes { mark, backslashes })
    }

    /// The text between the quotes that open at `at`.
    fn text_at(&self, at: usize, quotes: Quotes) -> Range<usize> {
        let start = at + quotes.backslashes + 1;
        start..self.text_end(start, quotes)
    }

    /// The value of an argument.
    fn argument(&self, at: usize) -> Range<usize> {
        match self.opened(at) {
            Some(quotes) => self.text_at(at, quotes),
            None => at..self.argument_end(at),
        }
    }

    fn argument_end(&self, start: usize) -> usize {
        let mut at = start;
        while let Some(byte) = self.byte(at) {
            match byte {
                b'&' | b'"' => return at,
                _ if byte.is_ascii_whitespace() => return at,
                b'%' if self.starts_with(at, b"%26") => return at,
                b'\\' if self.ends_argument(at) => return at,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        self.raw.len()
    }

    /// Whether an escape stands for what ends an argument.
    fn ends_argument(&self, at: usize) -> bool {
        matches!(self.byte(at + 1), None | Some(b'"' | b'\'' | b'n' | b'r' | b't'))
            || [&b"\\u0026"[..], b"\\u0020"].iter().any(|escape| self.starts_with(at, escape))
    }

    /// Where the line ends, or the text that the name stands in.
    fn line_end(&mut self, name: usize, start: usize) -> usize {
        let is_quoted = self.is_json || self.is_within_quotes(name);
        let mut at = start;
        while let Some(byte) = self.byte(at) {
            match byte {
                b'\r' | b'\n' => return at,
                b'"' if is_quoted => return at,
                b'\\' if self.ends_line(at) => return at,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        self.raw.len()
    }

    /// Whether an escape stands for the end of a line, or of a text within the text.
    fn ends_line(&self, at: usize) -> bool {
        match self.byte(at + 1) {
            None | Some(b'n' | b'r') => true,
            Some(b'"') => {
                let after = self.skip_space(at + 2);
                let next = self.raw.get(after..).unwrap_or_default();
                let is_next = |rest: &[u8]| rest.trim_ascii_start().starts_with(b"\\\"");
                matches!(next, [] | [b'}' | b']' | b'"', ..]) || next.strip_prefix(b",").is_some_and(is_next)
            }
            _ => false,
        }
    }

    fn is_within_quotes(&mut self, at: usize) -> bool {
        for byte in &self.raw[self.counted.min(at)..at] {
            match byte {
                b'\n' => self.is_odd = false,
                b'"' => self.is_odd = !self.is_odd,
                _ => {}
            }
        }
        self.counted = self.counted.max(at);
        self.is_odd
    }
}
