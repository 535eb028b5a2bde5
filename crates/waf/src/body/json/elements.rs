//! JSON as AWS WAF reads it for `JsonBody`: keys and values by their place.
//!
//! Lenient about separators, so that missing, extra and exchanged commas and colons do no harm; strict about the rest. It
//! stops at the first error: a character that belongs nowhere, a bracket that closes nothing, a key without a value or a
//! value without a key, a repeated key, text before or after the one object or array, nesting beyond
//! [`Limits::json_depth_max`], or the end of the text within it. What was read of a string when it stops counts.
//!
//! Takes time linear in the body: no recursion, and memory of a few bytes a level and a key.
//!
//! Source: AWS WAF Developer Guide, "Request components in AWS WAF", JSON body.

use crate::Limits;
use crate::ir::{JsonPattern, JsonPointer, MapScope};
use crate::name_table::{NameTable, Seen};

use super::text::{unescape, valid_length};
use super::token::{Bracket, Token, Tokens, has_characters_of_number, is_literal};

/// Whether a body was read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    /// It was.
    Whole,
    /// Only up to an error.
    Cut,
}

/// What is kept between bodies.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    levels: Vec<Level>,
    keys: NameTable,
    text: Vec<u8>,
}

impl Memory {
    /// Gives back text that grew beyond measure, and levels likewise.
    pub(crate) fn shrink(&mut self, bytes_max: usize) {
        if self.text.capacity() > bytes_max {
            self.text = Vec::new();
        }
        if self.levels.capacity() * size_of::<Level>() > bytes_max {
            self.levels = Vec::new();
        }
    }
}

/// An open object or array.
#[derive(Debug, Clone, Copy)]
struct Level {
    bracket: Bracket,
    /// Tells its keys from those of other objects.
    object: usize,
    /// The number of the key last read, of an object; its value comes next if `awaits_value`.
    key: Option<usize>,
    awaits_value: bool,
    /// How many elements were read, of an array.
    elements: usize,
    reach: Reach,
}

/// What is wanted at and below a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// All of it.
    All,
    /// What these of the pointers, from and up to an index, lead to further down.
    Below { from: usize, to: usize },
}

/// Which elements to visit.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'p> {
    /// Which places.
    pub(crate) pattern: &'p JsonPattern,
    /// Keys, values or both.
    pub(crate) scope: MapScope,
}

/// Visits the wanted keys and values in order, up to the first error: `each(key, text)`, where `key` is the nearest key, if
/// any.
pub(crate) fn visit(
    bytes: &[u8],
    wanted: Wanted<'_>,
    limits: &Limits,
    memory: &mut Memory,
    each: impl FnMut(&[u8], &[u8]),
) -> Read {
    memory.levels.clear();
    memory.keys.clear();
    let mut reader = Reader { wanted, depth_max: limits.json_depth_max, memory, objects: 0, each };
    match reader.read(bytes) {
        Some(()) => Read::Whole,
        None => Read::Cut,
    }
}

struct Reader<'m, E> {
    wanted: Wanted<'m>,
    depth_max: usize,
    memory: &'m mut Memory,
    objects: usize,
    each: E,
}

impl<E: FnMut(&[u8], &[u8])> Reader<'_, E> {
    /// Reads the text; none at the first error.
    fn read(&mut self, bytes: &[u8]) -> Option<()> {
        let mut tokens = Tokens::new(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
        let Some(Token::Open(bracket)) = tokens.next() else { return None };
        self.open(bracket, self.wanted.root())?;
        while !self.memory.levels.is_empty() {
            self.token(tokens.next()?)?;
        }
        tokens.next().is_none().then_some(())
    }

    fn token(&mut self, token: Token<'_>) -> Option<()> {
        match token {
            Token::Separator => Some(()),
            Token::Open(bracket) => {
                let reach = self.place()?;
                self.open(bracket, reach)
            }
            Token::Close(bracket) => {
                let level = self.memory.levels.pop()?;
                (level.bracket == bracket && !level.awaits_value).then_some(())
            }
            Token::String { text, escaped, closed } => {
                let valid = valid_length(text);
                self.string(&text[..valid], escaped)?;
                (closed && valid == text.len()).then_some(())
            }
            Token::Bare(text) => {
                let mut pieces = text.split(u8::is_ascii_whitespace).filter(|piece| !piece.is_empty());
                pieces
                    .try_for_each(|piece| if is_literal(piece) || is_number(piece) { self.value(piece) } else { None })
            }
        }
    }

    /// Goes into an object or array.
    fn open(&mut self, bracket: Bracket, reach: Reach) -> Option<()> {
        let levels = &mut self.memory.levels;
        if levels.len() == self.depth_max {
            return None;
        }
        let key = levels.last().and_then(|level| level.key);
        levels.push(Level { bracket, object: self.objects, key, awaits_value: false, elements: 0, reach });
        self.objects += 1;
        Some(())
    }

    /// A string: a key where one is due, else a value.
    fn string(&mut self, text: &[u8], escaped: bool) -> Option<()> {
        let Memory { levels, keys, text: decoded } = &mut *self.memory;
        let level = levels.last_mut()?;
        if level.bracket == Bracket::Array || level.awaits_value {
            if !escaped {
                return self.value(text);
            }
            let mut plain = std::mem::take(decoded);
            plain.clear();
            unescape(text, &mut plain);
            let read = self.value(&plain);
            self.memory.text = plain;
            return read;
        }
        let seen =
            keys.add(level.object, |out| if escaped { unescape(text, out) } else { out.extend_from_slice(text) });
        let Seen::First(key) = seen else { return None };
        level.key = Some(key);
        level.awaits_value = true;
        if level.reach == Reach::All && matches!(self.wanted.scope, MapScope::Key | MapScope::All) {
            let key = keys.name(key);
            (self.each)(key, key);
        }
        Some(())
    }

    /// A value that is neither object nor array.
    fn value(&mut self, text: &[u8]) -> Option<()> {
        let reach = self.place()?;
        if reach == Reach::All && matches!(self.wanted.scope, MapScope::Value | MapScope::All) {
            let key = self.memory.levels.last().and_then(|level| level.key);
            (self.each)(key.map_or(b"", |key| self.memory.keys.name(key)), text);
        }
        Some(())
    }

    /// What is wanted of the value that comes now; none if no value may.
    fn place(&mut self) -> Option<Reach> {
        let Memory { levels, keys, .. } = &mut *self.memory;
        let depth = levels.len() - 1;
        let level = levels.last_mut()?;
        match level.bracket {
            Bracket::Object => {
                let key = level.key.filter(|_| std::mem::take(&mut level.awaits_value))?;
                Some(self.wanted.below(level.reach, depth, keys.name(key)))
            }
            Bracket::Array => {
                let index = level.elements;
                level.elements += 1;
                Some(self.wanted.below(level.reach, depth, Decimal::new(index).text()))
            }
        }
    }
}

impl Wanted<'_> {
    fn pointers(&self) -> &[JsonPointer] {
        match self.pattern {
            JsonPattern::All => &[],
            JsonPattern::Included(pointers) => pointers.as_slice(),
        }
    }

    fn root(&self) -> Reach {
        match self.pattern {
            JsonPattern::All => Reach::All,
            JsonPattern::Included(pointers) => Reach::Below { from: 0, to: pointers.as_slice().len() },
        }
    }

    /// What is wanted at the key or index `token`, `depth` levels down.
    fn below(&self, reach: Reach, depth: usize, token: &[u8]) -> Reach {
        let Reach::Below { from, to } = reach else { return Reach::All };
        let pointers = &self.pointers()[from..to];
        let start = pointers.partition_point(|pointer| pointer.token(depth) < Some(token));
        let end = pointers.partition_point(|pointer| pointer.token(depth) <= Some(token));
        // Of those that go the same way, the shortest comes first.
        match pointers[start..end].first() {
            Some(pointer) if pointer.depth() == depth + 1 => Reach::All,
            _ => Reach::Below { from: from + start, to: from + end },
        }
    }
}

/// Whether a token starts like a number and has only characters of one.
fn is_number(token: &[u8]) -> bool {
    matches!(token, [b'-' | b'0'..=b'9', ..]) && has_characters_of_number(token)
}

/// An array index in digits.
struct Decimal {
    digits: [u8; Self::DIGITS_MAX],
    start: usize,
}

impl Decimal {
    /// Enough for 2^64.
    const DIGITS_MAX: usize = 20;

    fn new(mut number: usize) -> Self {
        let mut decimal = Self { digits: [b'0'; Self::DIGITS_MAX], start: Self::DIGITS_MAX };
        loop {
            decimal.start -= 1;
            decimal.digits[decimal.start] += u8::try_from(number % 10).expect("a digit fits a byte");
            number /= 10;
            if number == 0 {
                return decimal;
            }
        }
    }

    fn text(&self) -> &[u8] {
        &self.digits[self.start..]
    }
}

#[cfg(test)]
mod tests;
