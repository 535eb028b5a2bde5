//! Classes in brackets.

use super::PatternError;
use super::byte_set::ByteSet;
use super::escape::{Escape, escape_in_class};
use super::reader::Reader;

/// The bytes of a class, after its `[`; `ignores_space` is the flag `xx`.
pub(super) fn class(reader: &mut Reader<'_>, folds: bool, ignores_space: bool) -> Result<ByteSet, PatternError> {
    let start = reader.at() - 1;
    let negated = reader.take(b"^");
    let mut set = ByteSet::EMPTY;
    let mut is_first = true;
    loop {
        // A bracket at the very start stands for itself.
        if !is_first && !reader.is_quoting() && reader.take(b"]") {
            break;
        }
        if ignores_space && matches!(reader.peek(), Some(b' ' | b'\t')) {
            reader.next();
            continue;
        }
        let Some(item) = item(reader, folds)? else {
            return Err(PatternError::at(start, "a class is not closed"));
        };
        is_first = false;
        match item {
            Escape::Nothing => {}
            Escape::Set(bytes) => set = set.or(bytes),
            Escape::Byte(first) => set = set.or(range(reader, first, folds)?),
        }
    }
    let set = if folds { set.folded() } else { set };
    Ok(if negated { set.not() } else { set })
}

/// After a byte of a class: the range it begins, or the byte alone.
fn range(reader: &mut Reader<'_>, first: u8, folds: bool) -> Result<ByteSet, PatternError> {
    let alone = ByteSet::of(&[first]);
    let before = reader.at();
    if reader.is_quoting() || !reader.looking_at(b"-") || reader.looking_at(b"-]") {
        return Ok(alone);
    }
    reader.take(b"-");
    match item(reader, folds)? {
        Some(Escape::Byte(last)) if first <= last => Ok(ByteSet::range(first, last)),
        Some(Escape::Byte(_)) => Err(PatternError::at(before, "a range of a class is out of order")),
        // The hyphen stands for itself before a set.
        Some(Escape::Set(bytes)) => Ok(alone.or(ByteSet::of(b"-")).or(bytes)),
        Some(Escape::Nothing) => Ok(alone.or(ByteSet::of(b"-"))),
        None => Ok(alone),
    }
}

/// The next byte or set of bytes; none at the end of the pattern.
fn item(reader: &mut Reader<'_>, folds: bool) -> Result<Option<Escape>, PatternError> {
    let at = reader.at();
    if reader.is_quoting() {
        return Ok(reader.next_quoted().map(Escape::Byte));
    }
    match reader.next() {
        None => Ok(None),
        Some(b'\\') => escape_in_class(reader, at).map(Some),
        Some(b'[') if matches!(reader.peek(), Some(b':' | b'.' | b'=')) => match named(reader, folds)? {
            Some(bytes) => Ok(Some(Escape::Set(bytes))),
            None => Ok(Some(Escape::Byte(b'['))),
        },
        Some(byte) => Ok(Some(Escape::Byte(byte))),
    }
}

/// After `[` within a class: a named class such as `[:alpha:]`, if it is one.
fn named(reader: &mut Reader<'_>, folds: bool) -> Result<Option<ByteSet>, PatternError> {
    let at = reader.at();
    let rest = reader.rest();
    let mark = rest[0];
    let negated = rest.get(1) == Some(&b'^');
    let start = 1 + usize::from(negated);
    let letters = rest[start..].iter().take_while(|byte| byte.is_ascii_lowercase()).count();
    let end = start + letters;
    if rest.get(end) != Some(&mark) || rest.get(end + 1) != Some(&b']') {
        return Ok(None);
    }
    let known = if mark == b':' { of_name(&rest[start..end], folds) } else { None };
    let bytes = known.ok_or_else(|| PatternError::at(at, "a named class is not known"))?;
    reader.skip(end + 2);
    Ok(Some(if negated { bytes.not() } else { bytes }))
}

fn of_name(name: &[u8], folds: bool) -> Option<ByteSet> {
    let of = |is: fn(&u8) -> bool| {
        let mut set = ByteSet::EMPTY;
        (0..=u8::MAX).filter(is).for_each(|byte| set.insert(byte));
        set
    };
    Some(match name {
        b"alnum" => of(u8::is_ascii_alphanumeric),
        b"alpha" => of(u8::is_ascii_alphabetic),
        b"ascii" => of(u8::is_ascii),
        b"blank" => ByteSet::of(b" \t"),
        b"cntrl" => of(u8::is_ascii_control),
        b"digit" => of(u8::is_ascii_digit),
        b"graph" => of(u8::is_ascii_graphic),
        b"lower" | b"upper" if folds => of(u8::is_ascii_alphabetic),
        b"lower" => of(u8::is_ascii_lowercase),
        b"print" => of(u8::is_ascii_graphic).or(ByteSet::of(b" ")),
        b"punct" => of(u8::is_ascii_punctuation),
        b"space" => super::escape::space(),
        b"upper" => of(u8::is_ascii_uppercase),
        b"word" => super::escape::word(),
        b"xdigit" => of(u8::is_ascii_hexdigit),
        _ => return None,
    })
}
