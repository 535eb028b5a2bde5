//! Patterns read: choices, sequences, quantifiers, groups and flags.
//!
//! Source: PCRE2 manual, pcre2pattern(3).

use super::PatternError;
use super::byte_set::ByteSet;
use super::class::class;
use super::escape::escape;
use super::node::{Look, Node, Place};
use super::reader::Reader;
use super::reference::{self, Named};

/// Groups nest this deep at most, so that reading and compiling need a bounded stack. As in PCRE2.
const DEPTH_MAX: usize = 250;
/// The largest count of a quantifier, as in PCRE2.
const COUNT_MAX: u32 = 65_535;

/// Flags that letters within `(?…)` set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Flags {
    /// `i`: letters match in either ASCII case.
    folds: bool,
    /// `m`: `^` and `$` match at lines.
    multi_line: bool,
    /// `s`: the dot matches line feeds.
    dot_all: bool,
    /// `x`: white space and comments mean nothing.
    extended: bool,
    /// `xx`: nor do spaces and tabs in classes.
    extended_more: bool,
    /// `n`: plain parentheses catch nothing.
    no_capture: bool,
    /// `U`: quantifiers are lazy unless a `?` follows.
    ungreedy: bool,
}

/// As libmodsecurity compiles patterns: `PCRE_DOTALL | PCRE_MULTILINE`.
const FLAGS: Flags = Flags {
    folds: false,
    multi_line: true,
    dot_all: true,
    extended: false,
    extended_more: false,
    no_capture: false,
    ungreedy: false,
};

/// Reads a whole pattern.
pub(super) fn read(pattern: &[u8]) -> Result<Node, PatternError> {
    let mut parser = Parser {
        reader: Reader::new(pattern),
        flags: FLAGS,
        groups: 0,
        names: Vec::new(),
        depth: 0,
        groups_in_all: None,
    };
    let node = parser.choice()?;
    match parser.reader.peek() {
        None => Ok(node),
        Some(_) => Err(PatternError::at(parser.reader.at(), "a parenthesis is closed that was not opened")),
    }
}

struct Parser<'p> {
    reader: Reader<'p>,
    flags: Flags,
    /// Groups read so far.
    groups: u32,
    /// Those that have names.
    names: Vec<(&'p [u8], u32)>,
    depth: usize,
    /// How many there are in the whole pattern, once that was asked for.
    groups_in_all: Option<usize>,
}

impl<'p> Parser<'p> {
    /// Up to the end or a closing parenthesis, which stays.
    fn choice(&mut self) -> Result<Node, PatternError> {
        let mut branches = Vec::new();
        loop {
            branches.push(self.sequence()?);
            if !self.reader.take(b"|") {
                break;
            }
        }
        Ok(match branches.pop() {
            Some(only) if branches.is_empty() => only,
            last => Node::Choice(branches.into_iter().chain(last).collect()),
        })
    }

    fn sequence(&mut self) -> Result<Node, PatternError> {
        let mut parts: Vec<Node> = Vec::new();
        // What may be repeated; flags and comments may not.
        let mut is_item = false;
        loop {
            let at = self.reader.at();
            if self.reader.is_quoting() {
                let Some(byte) = self.reader.next_quoted() else { break };
                parts.push(self.literal(byte));
                is_item = true;
                continue;
            }
            if self.skip_ignored() {
                continue;
            }
            let Some(byte) = self.reader.peek() else { break };
            if matches!(byte, b'|' | b')') {
                break;
            }
            if let Some((least, most)) = self.quantifier(at)? {
                let body = if is_item { parts.pop() } else { None };
                let Some(body) = body else {
                    return Err(PatternError::at(at, "a quantifier follows nothing that can be repeated"));
                };
                // Only a counted quantifier may follow another.
                is_item = self.reader.looking_at(b"{");
                parts.push(self.repeated(body, least, most, at));
                continue;
            }
            self.reader.next();
            let part = self.item(byte, at)?;
            is_item = part.is_some();
            parts.extend(part);
        }
        Ok(match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => Node::Sequence(parts.into_iter().chain(last).collect()),
        })
    }

    fn literal(&self, byte: u8) -> Node {
        let bytes = ByteSet::of(&[byte]);
        Node::Byte(if self.flags.folds { bytes.folded() } else { bytes })
    }

    /// Takes white space and comments where they mean nothing; says whether there were any.
    fn skip_ignored(&mut self) -> bool {
        let start = self.reader.at();
        while self.flags.extended {
            match self.reader.peek() {
                Some(b' ' | 0x09..=0x0d) => {
                    self.reader.next();
                }
                Some(b'#') => {
                    if self.reader.take_until(b'\n').is_none() {
                        self.reader.skip(usize::MAX / 2);
                    }
                }
                _ => break,
            }
        }
        self.reader.at() > start
    }

    /// One item after its first byte; nothing for what only changes flags.
    fn item(&mut self, byte: u8, at: usize) -> Result<Option<Node>, PatternError> {
        Ok(Some(match byte {
            b'.' if self.flags.dot_all => Node::Byte(ByteSet::ALL),
            b'.' => Node::Byte(ByteSet::of(b"\n").not()),
            b'^' if self.flags.multi_line => Node::Place(Place::LineStart),
            b'^' => Node::Place(Place::Start),
            b'$' if self.flags.multi_line => Node::Place(Place::LineEnd),
            b'$' => Node::end_or_last_line_feed(),
            b'[' => Node::Byte(class(&mut self.reader, self.flags.folds, self.flags.extended_more)?),
            b'(' => return self.group(at),
            b'\\' => {
                let groups = self.groups_in_all();
                if let Some(named) = reference::after_backslash(&mut self.reader, at, groups)? {
                    return self.reference(named, at).map(Some);
                }
                let node = escape(&mut self.reader, at, self.flags.folds)?;
                return Ok((node != Node::NOTHING).then_some(node));
            }
            byte => self.literal(byte),
        }))
    }

    /// The counts of the quantifier that comes next, if one does. A brace that begins none stands for itself.
    fn quantifier(&mut self, at: usize) -> Result<Option<(u32, Option<u32>)>, PatternError> {
        let (counts, length) = match self.reader.peek() {
            Some(b'*') => ((0, None), 1),
            Some(b'+') => ((1, None), 1),
            Some(b'?') => ((0, Some(1)), 1),
            Some(b'{') => match counted(self.reader.rest()) {
                Some((least, most, length)) => ((least, most), length),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        if counts.0 > COUNT_MAX || counts.1.is_some_and(|most| most > COUNT_MAX) {
            return Err(PatternError::at(at, "a count is larger than 65535"));
        }
        if counts.1.is_some_and(|most| most < counts.0) {
            return Err(PatternError::at(at, "the counts of a quantifier are out of order"));
        }
        self.reader.skip(length);
        Ok(Some(counts))
    }

    /// `body` with a quantifier whose counts were read: what comes next makes it lazy or possessive.
    fn repeated(&mut self, body: Node, least: u32, most: Option<u32>, at: usize) -> Node {
        let possessive = self.reader.take(b"+");
        let lazy = !possessive && self.reader.take(b"?");
        let repeat =
            Node::Repeat { body: Box::new(body), least, most, greedy: possessive || lazy == self.flags.ungreedy };
        if possessive { Node::Once(Box::new(repeat), at) } else { repeat }
    }

    /// After `(`.
    fn group(&mut self, at: usize) -> Result<Option<Node>, PatternError> {
        if self.reader.looking_at(b"*") {
            return Err(PatternError::at(at, "a verb such as `(*COMMIT)` cannot be matched in linear time"));
        }
        if self.reader.take(b"?#") {
            return match self.reader.take_until(b')') {
                Some(_) => Ok(None),
                None => Err(PatternError::at(at, "a comment is not closed")),
            };
        }
        if !self.reader.take(b"?") {
            let number = self.next_group(!self.flags.no_capture);
            let body = self.body(at)?;
            return Ok(Some(number.map_or(body.clone(), |number| Node::Group(number, Box::new(body)))));
        }
        if let Some(what) = unmatched(self.reader.rest()) {
            return Err(PatternError::at(at, &format!("{what} cannot be matched in linear time")));
        }
        if let Some((ahead, negated)) = look(&mut self.reader) {
            let body = Box::new(self.body(at)?);
            return Ok(Some(Node::Look(Look { ahead, negated, body, at })));
        }
        if self.reader.take(b"P=") {
            let name = self.reader.take_until(b')').unwrap_or_default();
            return self.reference(Named::Name(name), at).map(Some);
        }
        if self.reader.take(b">") {
            return Ok(Some(Node::Once(Box::new(self.body(at)?), at)));
        }
        if let Some(end) = named(&mut self.reader) {
            let name = self.reader.take_until(end).unwrap_or_default();
            if name.is_empty() || !name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
                return Err(PatternError::at(at, "the name of a group is broken"));
            }
            let number = self.next_group(true).unwrap_or_default();
            self.names.push((name, number));
            return Ok(Some(Node::Group(number, Box::new(self.body(at)?))));
        }
        self.flagged(at)
    }

    /// A group that is referred to.
    fn reference(&self, named: Named<'_>, at: usize) -> Result<Node, PatternError> {
        let group = match named {
            Named::Number(number) => Some(number),
            Named::Before(distance) => (self.groups + 1).checked_sub(distance).filter(|number| *number > 0),
            Named::Name(name) => self.names.iter().rev().find(|(known, _)| *known == name).map(|(_, number)| *number),
        };
        let group = group.ok_or_else(|| PatternError::at(at, "a back-reference is to a group that is not there"))?;
        Ok(Node::Reference { group, folds: self.flags.folds, at })
    }

    fn next_group(&mut self, captures: bool) -> Option<u32> {
        self.groups += u32::from(captures);
        captures.then_some(self.groups)
    }

    /// What is in parentheses, the closing one included. Flags set within end with it.
    fn body(&mut self, at: usize) -> Result<Node, PatternError> {
        if self.depth == DEPTH_MAX {
            return Err(PatternError::at(at, "groups nest more than 250 levels deep"));
        }
        let flags = self.flags;
        self.depth += 1;
        let body = self.choice()?;
        self.depth -= 1;
        self.flags = flags;
        if self.reader.take(b")") { Ok(body) } else { Err(PatternError::at(at, "a parenthesis is not closed")) }
    }

    /// After `(?`: flags up to a colon, which begins a group, or to a closing parenthesis.
    fn flagged(&mut self, at: usize) -> Result<Option<Node>, PatternError> {
        let outer = self.flags;
        if self.reader.take(b"^") {
            self.flags = Flags { multi_line: false, dot_all: false, ..FLAGS };
        }
        let mut on = true;
        loop {
            match self.reader.next() {
                Some(b')') => return Ok(None),
                Some(b':') => {
                    let body = self.body(at)?;
                    self.flags = outer;
                    return Ok(Some(body));
                }
                Some(b'-') => on = false,
                Some(b'i') => self.flags.folds = on,
                Some(b'm') => self.flags.multi_line = on,
                Some(b's') => self.flags.dot_all = on,
                Some(b'x') => {
                    self.flags.extended_more = on && self.reader.take(b"x");
                    self.flags.extended = on;
                }
                Some(b'n') => self.flags.no_capture = on,
                Some(b'U') => self.flags.ungreedy = on,
                Some(b'J') => {}
                _ => return Err(PatternError::at(at, "what follows `(?` is not known")),
            }
        }
    }

    /// How many groups the whole pattern has, as far as that can be told without reading it.
    fn groups_in_all(&mut self) -> usize {
        let pattern = self.reader.pattern();
        *self.groups_in_all.get_or_insert_with(|| {
            let opened = pattern.iter().enumerate().filter(|(_, byte)| **byte == b'(');
            opened.filter(|(at, _)| is_capturing(&pattern[at + 1..])).count()
        })
    }
}

fn is_capturing(rest: &[u8]) -> bool {
    match rest {
        [b'?', b'<', b'=' | b'!', ..] | [b'?', b'P', b'=' | b'>', ..] => false,
        [b'?', b'P' | b'<' | b'\'', ..] => true,
        [b'?' | b'*', ..] => false,
        _ => true,
    }
}

/// `{n}`, `{n,}` or `{n,m}`: its counts and its length.
fn counted(text: &[u8]) -> Option<(u32, Option<u32>, usize)> {
    let close = text.iter().take(16).position(|byte| *byte == b'}')?;
    let inner = std::str::from_utf8(&text[1..close]).ok()?;
    let number = |digits: &str| -> Option<u32> {
        (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
    };
    let (least, most) = match inner.split_once(',') {
        None => (number(inner)?, Some(number(inner)?)),
        Some((least, "")) => (number(least)?, None),
        Some((least, most)) => (number(least)?, Some(number(most)?)),
    };
    Some((least, most, close + 1))
}

/// After `(?`: takes the opening of a name; gives the byte that ends the name.
fn named(reader: &mut Reader<'_>) -> Option<u8> {
    [(&b"P<"[..], b'>'), (b"<", b'>'), (b"'", b'\'')]
        .into_iter()
        .find_map(|(opening, end)| reader.take(opening).then_some(end))
}

/// After `(?`: takes what begins a look around; whether that is ahead, and whether it is negated.
fn look(reader: &mut Reader<'_>) -> Option<(bool, bool)> {
    [(&b"="[..], true, false), (b"!", true, true), (b"<=", false, false), (b"<!", false, true)]
        .into_iter()
        .find_map(|(opening, ahead, negated)| reader.take(opening).then_some((ahead, negated)))
}

/// After `(?`: what comes next, if no engine here has it.
fn unmatched(rest: &[u8]) -> Option<&'static str> {
    match rest {
        [b'<', b'*', ..] | [b'*', ..] => Some("a look around that may fail otherwise"),
        [b'|', ..] => Some("a branch reset"),
        [b'(', ..] => Some("a condition"),
        [b'R' | b'&' | b'+' | b'0'..=b'9', ..] | [b'P', b'>', ..] | [b'-', b'0'..=b'9', ..] => {
            Some("recursion or a subroutine call")
        }
        [b'C', ..] => Some("a callout"),
        _ => None,
    }
}
