//! Escapes: a backslash and what follows it.
//!
//! Source: PCRE2 manual, pcre2pattern(3), "Backslash".

use super::PatternError;
use super::byte_set::ByteSet;
use super::node::{Node, Place};
use super::reader::Reader;

/// What an escape stands for where bytes are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    /// A byte.
    Byte(u8),
    /// Any of these bytes.
    Set(ByteSet),
    /// Nothing: `\E`, or `\Q` before bytes that stand for themselves.
    Nothing,
}

pub(super) fn space() -> ByteSet {
    ByteSet::of(b" \t\n\x0b\x0c\r")
}

pub(super) fn word() -> ByteSet {
    let letters = ByteSet::range(b'a', b'z').or(ByteSet::range(b'A', b'Z'));
    letters.or(ByteSet::range(b'0', b'9')).or(ByteSet::of(b"_"))
}

/// The escape after a backslash within a class; `at` is where the backslash stands.
pub(super) fn escape_in_class(reader: &mut Reader<'_>, at: usize) -> Result<Escape, PatternError> {
    match reader.peek() {
        Some(b'b') => {
            reader.next();
            Ok(Escape::Byte(0x08))
        }
        Some(b'B' | b'R' | b'X' | b'N') => Err(PatternError::at(at, "an escape has no meaning within a class")),
        Some(b'0'..=b'7') => octal(reader, at, 3).map(Escape::Byte),
        _ => common(reader, at),
    }
}

/// The escape after a backslash outside of classes that refers to no group.
pub(super) fn escape(reader: &mut Reader<'_>, at: usize, folds: bool) -> Result<Node, PatternError> {
    let place = |reader: &mut Reader<'_>, node: Node| {
        reader.next();
        Ok(node)
    };
    match reader.peek() {
        Some(b'A') => place(reader, Node::Place(Place::Start)),
        Some(b'z') => place(reader, Node::Place(Place::End)),
        Some(b'Z') => place(reader, Node::end_or_last_line_feed()),
        Some(b'b') => place(reader, Node::Place(Place::WordEdge)),
        Some(b'B') => place(reader, Node::Place(Place::NoWordEdge)),
        Some(b'C') => place(reader, Node::Byte(ByteSet::ALL)),
        Some(b'R') => place(reader, line_end(at)),
        Some(b'N') if reader.rest().get(1) != Some(&b'{') => place(reader, Node::Byte(ByteSet::of(b"\n").not())),
        Some(b'X' | b'N') => Err(PatternError::at(at, "characters of Unicode have no meaning in a pattern over bytes")),
        Some(b'g') => Err(PatternError::at(at, "recursion or a subroutine call cannot be matched in linear time")),
        Some(b'G' | b'K') => Err(PatternError::at(at, r"`\G` and `\K` are not supported")),
        Some(b'0'..=b'7') => octal(reader, at, 3).map(|byte| Node::Byte(bytes(Escape::Byte(byte), folds))),
        _ => match common(reader, at)? {
            Escape::Nothing => Ok(Node::NOTHING),
            escape => Ok(Node::Byte(bytes(escape, folds))),
        },
    }
}

fn bytes(escape: Escape, folds: bool) -> ByteSet {
    let bytes = match escape {
        Escape::Byte(byte) => ByteSet::of(&[byte]),
        Escape::Set(bytes) => return bytes,
        Escape::Nothing => ByteSet::EMPTY,
    };
    if folds { bytes.folded() } else { bytes }
}

/// `\R`: a line end of any kind, `\r\n` before the others.
fn line_end(at: usize) -> Node {
    let byte = |byte: u8| Node::Byte(ByteSet::of(&[byte]));
    let pair = Node::Sequence(vec![byte(b'\r'), byte(b'\n')]);
    Node::Once(Box::new(Node::Choice(vec![pair, Node::Byte(vertical())])), at)
}

fn vertical() -> ByteSet {
    ByteSet::of(b"\n\x0b\x0c\r\x85")
}

fn horizontal() -> ByteSet {
    ByteSet::of(b"\t \xa0")
}

/// What means the same within a class and outside.
fn common(reader: &mut Reader<'_>, at: usize) -> Result<Escape, PatternError> {
    let Some(byte) = reader.next() else { return Err(PatternError::at(at, "the pattern ends in a backslash")) };
    let set = |set: ByteSet| Ok(Escape::Set(set));
    let digits = ByteSet::range(b'0', b'9');
    match byte {
        b'd' => set(digits),
        b'D' => set(digits.not()),
        b's' => set(space()),
        b'S' => set(space().not()),
        b'w' => set(word()),
        b'W' => set(word().not()),
        b'h' => set(horizontal()),
        b'H' => set(horizontal().not()),
        b'v' => set(vertical()),
        b'V' => set(vertical().not()),
        b'p' | b'P' => property(reader, at, byte == b'P').map(Escape::Set),
        b'Q' => {
            reader.quote();
            Ok(Escape::Nothing)
        }
        b'E' => Ok(Escape::Nothing),
        b'a' => Ok(Escape::Byte(0x07)),
        b'e' => Ok(Escape::Byte(0x1b)),
        b'f' => Ok(Escape::Byte(0x0c)),
        b'n' => Ok(Escape::Byte(b'\n')),
        b'r' => Ok(Escape::Byte(b'\r')),
        b't' => Ok(Escape::Byte(b'\t')),
        b'x' => hexadecimal(reader, at).map(Escape::Byte),
        b'o' if reader.take(b"{") => braced(reader, at, 8).map(Escape::Byte),
        b'c' => match reader.next() {
            Some(control @ b' '..=b'~') => Ok(Escape::Byte(control.to_ascii_uppercase() ^ 0x40)),
            _ => Err(PatternError::at(at, r"`\c` needs a printable character")),
        },
        byte if byte.is_ascii_alphanumeric() => Err(PatternError::at(at, "an escape is not known")),
        byte => Ok(Escape::Byte(byte)),
    }
}

/// After `\x`: up to two digits, or any number in braces.
fn hexadecimal(reader: &mut Reader<'_>, at: usize) -> Result<u8, PatternError> {
    if reader.looking_at(b"{") && reader.rest().get(1).is_some_and(u8::is_ascii_hexdigit) {
        reader.take(b"{");
        return braced(reader, at, 16);
    }
    let mut value = 0;
    for _ in 0..2 {
        let Some(digit) = reader.peek().and_then(|byte| char::from(byte).to_digit(16)) else { break };
        reader.next();
        value = value * 16 + digit;
    }
    byte_of(value, at)
}

/// Digits up to a brace.
fn braced(reader: &mut Reader<'_>, at: usize, radix: u32) -> Result<u8, PatternError> {
    let digits = reader.take_until(b'}').and_then(|digits| std::str::from_utf8(digits).ok());
    let value = digits.and_then(|digits| u32::from_str_radix(digits.trim(), radix).ok());
    byte_of(value.ok_or_else(|| PatternError::at(at, "a number in braces is broken"))?, at)
}

/// Up to `digits_max` octal digits.
fn octal(reader: &mut Reader<'_>, at: usize, digits_max: usize) -> Result<u8, PatternError> {
    let mut value = 0;
    for _ in 0..digits_max {
        let Some(digit) = reader.peek().and_then(|byte| char::from(byte).to_digit(8)) else { break };
        reader.next();
        value = value * 8 + digit;
    }
    byte_of(value, at)
}

fn byte_of(value: u32, at: usize) -> Result<u8, PatternError> {
    u8::try_from(value).map_err(|_| PatternError::at(at, "a number is larger than a byte"))
}

/// After `\p`: the bytes that are characters of ISO 8859-1 with a property, as PCRE has it for patterns over bytes.
fn property(reader: &mut Reader<'_>, at: usize, negated: bool) -> Result<ByteSet, PatternError> {
    let unknown = || PatternError::at(at, "a property is not known");
    let name = match reader.next() {
        Some(b'{') => reader.take_until(b'}').and_then(|name| std::str::from_utf8(name).ok()).ok_or_else(unknown)?,
        Some(letter) if letter.is_ascii_alphabetic() => {
            let end = reader.at();
            std::str::from_utf8(&reader.pattern()[end - 1..end]).map_err(|_| unknown())?
        }
        _ => return Err(unknown()),
    };
    let (name, negated) = name.strip_prefix('^').map_or((name, negated), |name| (name, !negated));
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b' ' | b'&')) {
        return Err(unknown());
    }
    let parsed = if name == "Any" {
        Ok(regex_syntax::hir::Hir::dot(regex_syntax::hir::Dot::AnyChar))
    } else {
        regex_syntax::Parser::new().parse(&format!(r"\p{{{name}}}"))
    };
    let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) =
        parsed.map_err(|_| unknown())?.into_kind()
    else {
        return Err(unknown());
    };
    let mut set = ByteSet::EMPTY;
    for byte in 0..=u8::MAX {
        let character = char::from(byte);
        if class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&character)) {
            set.insert(byte);
        }
    }
    Ok(if negated { set.not() } else { set })
}
