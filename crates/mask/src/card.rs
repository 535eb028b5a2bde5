//! Payment card numbers in a value, found and masked.
//!
//! A card number is 13 to 19 digits that pass the Luhn check, begin like an issuer's and have a length that the issuer gives out. The digits
//! may stand in groups with spaces or dashes between them, as people type them, also `+` for a space and either
//! percent-encoded (even repeatedly); the digits themselves may be percent-encoded. A number begins and ends where a group of digits
//! does, so that the inside of a longer identifier is left alone. Of a number found, every digit but the last four becomes
//! `*`, and its length stays.
//!
//! Source: PCI DSS v4.0.1 requirement 3.4.1 (at most the first six and last four may be shown; fewer are shown here);
//! ISO/IEC 7812-1 annex B (Luhn) and its register of issuer numbers.
//!
//! # Limits
//!
//! Time is linear in the value: each group of digits is held against seven lengths, each in constant time; a value with
//! percent signs and card numbers is gone over again, four times at the most.

use std::ops::Range;

use crate::issuer::{self, DIGITS_MAX, DIGITS_MIN, PREFIX_DIGITS};

/// Digits that stay readable, at the end.
const SHOWN: usize = 4;
/// Separators in a row that still join two groups, as in `4111 - 1111`.
const SEPARATORS_MAX: u32 = 3;
/// Times a separator or digit may be percent-encoded over and over: `%252520`.
const ENCODINGS_MAX: usize = 3;
/// Bytes of the longest escape: `%252520`, one byte less behind its beginning.
const ESCAPE_BYTES_MAX: usize = 6;
/// Passes over a value with percent signs.
const PASSES_MAX: usize = 4;
/// Bytes of a masked number that are looked back at.
const MASKED_BYTES_MAX: usize = 64;
/// Digits that cards rarely have and identifiers often: so many are no card where a word is glued to them.
const IDENTIFIER_DIGITS: usize = 17;
/// Letters before or after a number that are looked at, to tell a label from an identifier.
const LABEL_LETTERS_MAX: usize = 32;

/// Which groups of digits may be one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// Any: for values that somebody typed.
    Any,
    /// Those that cards are printed with, or none; and the number is no part of an identifier or of a fraction. For whole lines of logs, where
    /// columns of numbers have spaces between them.
    Card,
}

/// One digit of a chain of groups.
#[derive(Debug, Clone, Copy)]
struct Digit {
    value: u8,
    /// Begins a group.
    starts: bool,
    at: usize,
    bytes: usize,
    /// Luhn sums of the digits before this one: with those at even places doubled, and with those at odd places.
    sums: [u32; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Digit(u8),
    Separator,
    Other,
}

/// How a percent sign is read. Both readings are tried, as either may be what the service does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Only separators are decoded; digits after another percent sign count as written.
    Written,
    /// Every encoding is decoded.
    Decoded,
}

/// Masks card numbers, with memory it keeps between values.
#[derive(Debug)]
pub struct CardMask {
    grouping: Grouping,
    chain: Vec<Digit>,
    masked: Vec<u8>,
    count: u64,
}

impl CardMask {
    /// A mask that takes these groups for numbers.
    #[must_use]
    pub fn new(grouping: Grouping) -> Self {
        Self { grouping, chain: Vec::new(), masked: Vec::new(), count: 0 }
    }

    /// The value with its card numbers masked, as long as before; none if it holds no card number.
    pub fn apply(&mut self, value: &[u8]) -> Option<&[u8]> {
        self.masked.clear();
        self.count = 0;
        self.search_all(value);
        // Of two readings, what one masks may show the other a number it had not seen.
        for _ in 1..PASSES_MAX {
            if self.masked.is_empty() || memchr::memchr(b'%', value).is_none() {
                break;
            }
            let (before, count) = (self.masked.clone(), self.count);
            self.search_all(&before);
            if self.count == count {
                break;
            }
        }
        (!self.masked.is_empty()).then_some(self.masked.as_slice())
    }

    fn search_all(&mut self, value: &[u8]) {
        let mut from = 0;
        while let Some(run) = next_run(value, from) {
            from = run.end;
            if self.grouping == Grouping::Card && !may_hold_layout(&value[run.clone()]) {
                continue;
            }
            let run = run_with_escape(value, run);
            self.search(value, run.clone(), Reading::Written);
            if memchr::memchr(b'%', &value[run.clone()]).is_some() {
                self.search(value, run, Reading::Decoded);
            }
        }
    }

    /// How many numbers the last value held. One that is a number in two ways may count twice.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    fn search(&mut self, value: &[u8], run: Range<usize>, reading: Reading) {
        self.chain.clear();
        let mut at = run.start;
        let mut separators = 0;
        while at < run.end {
            let (unit, bytes) = unit_at(value, at, reading);
            match unit {
                Unit::Digit(digit) => {
                    if separators > SEPARATORS_MAX {
                        self.close_chain(value);
                    }
                    let starts = separators > 0 || self.chain.is_empty();
                    self.add(digit, starts, at, bytes);
                    separators = 0;
                }
                Unit::Separator => separators += 1,
                Unit::Other => {
                    self.close_chain(value);
                    separators = 0;
                }
            }
            at += bytes;
        }
        self.close_chain(value);
    }

    fn add(&mut self, value: u8, starts: bool, at: usize, bytes: usize) {
        let sums = match self.chain.last() {
            Some(last) => sums_after(last, self.chain.len() - 1),
            None => [0, 0],
        };
        self.chain.push(Digit { value, starts, at, bytes, sums });
    }

    /// Masks every card number among the groups gathered, and forgets them.
    fn close_chain(&mut self, value: &[u8]) {
        let digits = self.chain.len();
        for start in 0..digits.saturating_sub(DIGITS_MIN - 1) {
            if !self.chain[start].starts || self.is_shown_end(value, start) {
                continue;
            }
            let lengths = issued_lengths(&self.chain[start..start + PREFIX_DIGITS]);
            for end in start + DIGITS_MIN..=digits.min(start + DIGITS_MAX) {
                let whole = end == digits || self.chain[end].starts;
                let issued = lengths & (1 << (end - start)) != 0;
                if issued && whole && self.passes_luhn(start, end) && self.is_number(value, start, end) {
                    self.mask(value, start, end);
                }
            }
        }
        self.chain.clear();
    }

    /// Whether the group that begins here is what an earlier mask left readable: a value masked twice is as if masked once.
    fn is_shown_end(&self, value: &[u8], start: usize) -> bool {
        let before = &value[..self.chain[start].at];
        let group = self.chain[start + 1..].iter().take(SHOWN).take_while(|digit| !digit.starts).count() + 1;
        if before.last() != Some(&b'*') || group > SHOWN {
            return false;
        }
        let masked = before.iter().rev().take(MASKED_BYTES_MAX);
        let masked = masked.take_while(|&&byte| byte == b'*' || MAY_BELONG[usize::from(byte)]);
        masked.filter(|byte| **byte == b'*').count() >= DIGITS_MIN - SHOWN
    }

    fn mask(&mut self, value: &[u8], start: usize, end: usize) {
        if self.masked.is_empty() {
            self.masked.extend_from_slice(value);
        }
        self.count += 1;
        for digit in &self.chain[start..end - SHOWN] {
            self.masked[digit.at..digit.at + digit.bytes].fill(b'*');
        }
    }

    fn passes_luhn(&self, start: usize, end: usize) -> bool {
        // The last digit is not doubled, the one before it is: double those whose place has the other parity.
        let doubled = end % 2;
        let until = sums_after(&self.chain[end - 1], end - 1)[doubled];
        (until - self.chain[start].sums[doubled]).is_multiple_of(10)
    }

    /// Whether these groups look like one number, where that matters.
    fn is_number(&self, value: &[u8], start: usize, end: usize) -> bool {
        if self.grouping == Grouping::Any {
            return true;
        }
        let digits = &self.chain[start..end];
        let last = digits[digits.len() - 1];
        let is_identifier = digits.len() >= IDENTIFIER_DIGITS && is_in_identifier(value, digits[0].at);
        let is_part = continues_before(value, digits[0].at) || continues_after(value, last.at + last.bytes);
        is_card_layout(digits) && !is_identifier && !is_part
    }
}

/// Whether the groups are some that cards are printed with: equal ones of three to six digits, of which the last may be shorter; 4-6-5
/// (American Express), 4-6-4 (Diners Club), 4-3-3-3 (old Visa), 6-13 (UnionPay, Maestro); or a single one.
fn is_card_layout(digits: &[Digit]) -> bool {
    let mut groups = [0_usize; DIGITS_MAX];
    let mut count = 0;
    for (at, digit) in digits.iter().enumerate() {
        count += usize::from(at == 0 || digit.starts);
        groups[count - 1] += 1;
    }
    let groups = &groups[..count];
    let (last, before) = groups.split_last().expect("a number has digits");
    let size = groups[0];
    let is_even = count > 2 && (3..=6).contains(&size) && *last <= size && before.iter().all(|group| *group == size);
    count == 1 || is_even || matches!(groups, [4, 6, 4 | 5] | [4, 3, 3, 3] | [6, 13])
}

/// Whether groups of a run may be such a layout; quickly, as columns of numbers are runs too.
fn may_hold_layout(run: &[u8]) -> bool {
    let [mut before, mut last, mut group] = [0_usize; 3];
    for byte in run.iter().chain(b" ") {
        match byte {
            b'0'..=b'9' => group += 1,
            // What is encoded is looked at closely.
            b'%' => return true,
            _ if group > 0 => {
                let is_even = before == last && (3..=6).contains(&last);
                if group >= DIGITS_MIN || is_even || matches!([before, last, group], [4, 6, 4 | 5] | [4, 3, 3]) {
                    return true;
                }
                [before, last, group] = [last, group, 0];
            }
            _ => {}
        }
    }
    false
}

/// Whether a word is glued to the beginning of a number: `Service-4719190630289683262`.
fn is_in_identifier(value: &[u8], at: usize) -> bool {
    let before = value[..at].strip_suffix(b"-").or_else(|| value[..at].strip_suffix(b"_")).unwrap_or(&value[..at]);
    !ends_with_escape(before) && before.last().is_some_and(u8::is_ascii_alphabetic)
}

/// Whether what stands before a number makes it a part of something longer: a fraction, or an identifier of letters and digits.
fn continues_before(value: &[u8], at: usize) -> bool {
    let before = &value[..at];
    if let [.., digit, b'.'] = before {
        return digit.is_ascii_digit();
    }
    if ends_with_escape(before) {
        return false;
    }
    let letters = before.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
    letters > LABEL_LETTERS_MAX
        || before[..at - letters].last().is_some_and(|byte| letters > 0 && byte.is_ascii_digit())
}

/// Whether what stands after a number makes it a part of something longer: a fraction, an exponent, or an identifier.
fn continues_after(value: &[u8], at: usize) -> bool {
    let after = &value[at..];
    match after {
        [b'.', digit, ..] => digit.is_ascii_digit(),
        [b'e' | b'E', b'+' | b'-', digit, ..] => digit.is_ascii_digit(),
        _ => {
            let letters = after.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
            letters > LABEL_LETTERS_MAX || after.get(letters).is_some_and(|byte| letters > 0 && byte.is_ascii_digit())
        }
    }
}

/// Whether the bytes end with `\n` and the like, `\u00a0`, or `%3D`: what follows begins anew.
pub(crate) fn ends_with_escape(bytes: &[u8]) -> bool {
    match bytes {
        [.., b'\\', b'b' | b'f' | b'n' | b'r' | b't'] => true,
        [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => true,
        _ => bytes.last_chunk::<6>().is_some_and(|last| is_unicode_escape(last)),
    }
}

/// Whether the bytes begin with an escape like `\u00e9`.
fn is_unicode_escape(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\\u") && bytes.get(2..6).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
}

/// The next run of digits, separators and encodings from `from` on that has digits enough: such a run shows at every thirteenth byte.
fn next_run(value: &[u8], from: usize) -> Option<Range<usize>> {
    let mut at = from + DIGITS_MIN - 1;
    while at < value.len() {
        if !MAY_BELONG[usize::from(value[at])] {
            at += DIGITS_MIN;
            continue;
        }
        let before = value[from..at].iter().rev().take_while(|&&byte| MAY_BELONG[usize::from(byte)]).count();
        let after = value[at..].iter().take_while(|&&byte| MAY_BELONG[usize::from(byte)]).count();
        let run = at - before..at + after;
        if run.len() >= DIGITS_MIN
            && value[run.clone()].iter().filter(|byte| byte.is_ascii_digit()).count() >= DIGITS_MIN
        {
            return Some(run);
        }
        at += after + DIGITS_MIN;
    }
    None
}

/// The run with an escape it begins within: the `3` of `%E3` and the `00e9` of `\u00e9` are no digits of a number.
fn run_with_escape(value: &[u8], run: Range<usize>) -> Range<usize> {
    let escape = (1..=ESCAPE_BYTES_MAX.min(run.start)).rev().find(|&back| {
        let at = run.start - back;
        let is_encoded = value[at] == b'%' && decoded_at(value, at).is_some_and(|(_, bytes)| bytes > back);
        is_encoded || (back < 6 && is_unicode_escape(&value[at..]))
    });
    run.start - escape.unwrap_or(0)..run.end
}

/// Bytes a card number is written with: digits, separators, and what encodes either (`%20`, `%2B`, `%2D`, `%30`).
const MAY_BELONG: [bool; 256] = {
    let mut table = [false; 256];
    let bytes = b"0123456789 -+%bBdD";
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
};

/// The Luhn sums of all digits up to and including `digit`, which stands at `place`.
fn sums_after(digit: &Digit, place: usize) -> [u32; 2] {
    let plain = u32::from(digit.value);
    let doubled = if plain > 4 { plain * 2 - 9 } else { plain * 2 };
    let mut sums = digit.sums;
    sums[place % 2] += doubled;
    sums[(place + 1) % 2] += plain;
    sums
}

/// Lengths of the numbers that begin so, bit n for n digits.
fn issued_lengths(first: &[Digit]) -> u32 {
    issuer::lengths(first.iter().fold(0_u32, |prefix, digit| prefix * 10 + u32::from(digit.value)))
}

/// What stands at `at`, and how many bytes it takes.
fn unit_at(value: &[u8], at: usize, reading: Reading) -> (Unit, usize) {
    match value[at] {
        byte @ b'0'..=b'9' => (Unit::Digit(byte - b'0'), 1),
        b' ' | b'-' | b'+' => (Unit::Separator, 1),
        b'%' => match decoded_at(value, at) {
            Some((b' ' | b'-' | b'+', bytes)) => (Unit::Separator, bytes),
            Some((byte, bytes)) if reading == Reading::Decoded => match byte {
                b'0'..=b'9' => (Unit::Digit(byte - b'0'), bytes),
                _ => (Unit::Other, bytes),
            },
            _ => (Unit::Other, 1),
        },
        b'\\' if is_unicode_escape(&value[at..]) => (Unit::Other, 6),
        _ => (Unit::Other, 1),
    }
}

/// The byte that the percent-encoding at `at` stands for, however often it was encoded, and its length.
fn decoded_at(value: &[u8], at: usize) -> Option<(u8, usize)> {
    let mut digits = at + 1;
    for _ in 1..ENCODINGS_MAX {
        if value[digits..].starts_with(b"25") {
            digits += 2;
        }
    }
    let &[high, low] = value.get(digits..digits + 2)? else { return None };
    let byte = char::from(high).to_digit(16)? * 16 + char::from(low).to_digit(16)?;
    Some((byte as u8, digits + 2 - at))
}

#[cfg(test)]
mod tests;
