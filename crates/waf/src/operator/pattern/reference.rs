//! References back to what a group caught: `\1`, `\g{1}`, `\g{-1}`, `\k<name>`.
//!
//! Source: PCRE2 manual, pcre2pattern(3), "Backreferences".

use super::PatternError;
use super::reader::Reader;

/// How a group is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named<'p> {
    Number(u32),
    /// So many groups before the next one.
    Before(u32),
    Name(&'p [u8]),
}

/// After a backslash: takes a reference, if there is one. `groups` is how many groups the pattern has.
pub(super) fn after_backslash<'p>(
    reader: &mut Reader<'p>,
    at: usize,
    groups: usize,
) -> Result<Option<Named<'p>>, PatternError> {
    let broken = || PatternError::at(at, "a back-reference is broken");
    match reader.rest() {
        [b'1'..=b'9', ..] => {
            let (number, length) = digits(reader.rest());
            // Below 10 always, else if there are as many groups.
            if number >= 10 && number as usize > groups {
                return Ok(None);
            }
            reader.skip(length);
            Ok(Some(Named::Number(number)))
        }
        [b'g', b'<' | b'\'', ..] => Ok(None),
        [b'g', b'{', ..] => {
            reader.skip(2);
            let inner = reader.take_until(b'}').ok_or_else(broken)?;
            numbered(inner).or(name(inner)).map(Some).ok_or_else(broken)
        }
        [b'g', rest @ ..] => {
            let sign = usize::from(rest.first() == Some(&b'-'));
            let (_, length) = digits(rest.get(sign..).unwrap_or_default());
            let named = numbered(&rest[..sign + length]).ok_or_else(broken)?;
            reader.skip(1 + sign + length);
            Ok(Some(named))
        }
        [b'k', open @ (b'<' | b'\'' | b'{'), ..] => {
            let end = match open {
                b'<' => b'>',
                b'{' => b'}',
                quote => *quote,
            };
            reader.skip(2);
            reader.take_until(end).and_then(name).map(Some).ok_or_else(broken)
        }
        [b'k', ..] => Err(broken()),
        _ => Ok(None),
    }
}

fn name(text: &[u8]) -> Option<Named<'_>> {
    let is_name = !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    is_name.then_some(Named::Name(text))
}

/// `1` or `-1`.
fn numbered(text: &[u8]) -> Option<Named<'static>> {
    let (before, text) = text.strip_prefix(b"-").map_or((false, text), |rest| (true, rest));
    let (number, length) = digits(text);
    let is_number = length > 0 && length == text.len() && number > 0;
    is_number.then_some(if before { Named::Before(number) } else { Named::Number(number) })
}

/// The number that a text begins with, and how many digits it has.
fn digits(text: &[u8]) -> (u32, usize) {
    let digits = text.iter().map_while(|byte| char::from(*byte).to_digit(10));
    digits.fold((0, 0), |(number, length), digit| (number.saturating_mul(10).saturating_add(digit), length + 1))
}
