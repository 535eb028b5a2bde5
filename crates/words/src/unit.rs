//! Units: what is searched for as a whole.
//!
//! A unit is
//! - a run of letters and digits (`bert`, `0fc2e34e74650e145`, `123837392027`),
//! - an IPv4 or IPv6 address (the latter however it is written; an IPv4 address within IPv6 is that IPv4 address),
//! - a UUID, which is nothing but itself: its parts are no words, since nobody looks for them and they would fill the filter,
//! - what is encoded in base64 for URLs: at least 128 letters, digits, `-` and `_` whose parts have 16 on average; by parts it would fill the
//!   filter too,
//! - one character of a script that is written without spaces (Japanese, Chinese, Korean, Thai, Lao, Khmer, Burmese).
//!
//! Words are units, and pairs of neighbours: joined by `@` or by `.` (so that `user@example.com` is more than three common words; not
//! where the left is a number or the right begins with a digit: fractions of seconds), and neighbours in scripts without spaces.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use crate::Word;
use crate::chunk::{COLON, Chunk, WIDE};

/// Longest way to write an IPv6 address.
const IPV6_BYTES_MAX: usize = 45;
/// What is at least so long, in parts that are at least so long on average, is taken to be encoded.
const CODE_BYTES_MIN: usize = 128;
const CODE_PART_BYTES_MIN: usize = 16;
/// Lengths of the parts of a UUID.
const UUID_PARTS: [usize; 5] = [8, 4, 4, 4, 12];

/// A unit of a folded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) begin: usize,
    pub(crate) end: usize,
    pub(crate) word: Word,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Letters, or letters and digits.
    Letters,
    /// Digits only.
    Digits,
    /// A character of a script without spaces.
    Unspaced,
    /// An address or a UUID.
    Whole,
}

impl Unit {
    fn of(text: &[u8], range: Range<usize>, kind: Kind) -> Self {
        Self { begin: range.start, end: range.end, word: Word::of(&text[range]), kind }
    }

    /// The word that this unit and the next make together, if they do.
    pub(crate) fn pair(&self, next: &Self, text: &[u8]) -> Option<Word> {
        let joined = match &text[self.end..next.begin] {
            [] => self.kind == Kind::Unspaced && next.kind == Kind::Unspaced,
            b"@" => self.kind != Kind::Whole && next.kind != Kind::Whole,
            b"." => self.kind == Kind::Letters && next.kind == Kind::Letters && !text[next.begin].is_ascii_digit(),
            _ => false,
        };
        joined.then(|| Word::of(&text[self.begin..next.end]))
    }
}

/// Calls `found` with the units of one chunk of a folded text, in order. `parts` is memory that is used again.
pub(crate) fn each_unit(text: &[u8], chunk: Chunk, parts: &mut Vec<Unit>, found: &mut impl FnMut(Unit)) {
    if chunk.is_plain() {
        found(letters(text, chunk.begin..chunk.end));
        return;
    }
    let mut begin = chunk.begin;
    if chunk.classes & COLON != 0 {
        while let Some((range, word)) = ipv6(text, begin..chunk.end) {
            each_part(text, begin..range.start, chunk.classes, parts, found);
            begin = range.end;
            found(Unit { begin: range.start, end: range.end, word, kind: Kind::Whole });
        }
    }
    each_part(text, begin..chunk.end, chunk.classes, parts, found);
}

fn letters(text: &[u8], range: Range<usize>) -> Unit {
    let digits = text[range.clone()].iter().all(u8::is_ascii_digit);
    Unit::of(text, range, if digits { Kind::Digits } else { Kind::Letters })
}

/// The first IPv6 address in the range, and its word. It must have a digit or hold an IPv4 address, so that `Face::add` is none.
fn ipv6(text: &[u8], range: Range<usize>) -> Option<(Range<usize>, Word)> {
    let is_of_address = |byte: u8| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.';
    let mut at = range.start;
    while at < range.end {
        let begin = at + text[at..range.end].iter().position(|&byte| is_of_address(byte))?;
        let end =
            text[begin..range.end].iter().position(|&byte| !is_of_address(byte)).map_or(range.end, |len| begin + len);
        at = end;
        if let Some(found) = ipv6_within(text, begin, end, range.start) {
            return Some(found);
        }
    }
    None
}

/// The run without what belongs to other words, if that is an address.
fn ipv6_within(text: &[u8], mut begin: usize, mut end: usize, first: usize) -> Option<(Range<usize>, Word)> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte >= 0x80;
    if begin > first && is_letter(text[begin - 1]) {
        begin += text[begin..end].iter().position(|&byte| byte == b':')? + 1;
    }
    if text.get(end).is_some_and(|&byte| is_letter(byte)) {
        end = begin + text[begin..end].iter().rposition(|&byte| byte == b':')?;
    }
    while end > begin
        && (text[end - 1] == b'.' || text[begin..end].ends_with(b":") && !text[begin..end].ends_with(b"::"))
    {
        end -= 1;
    }
    while end > begin
        && (text[begin] == b'.' || text[begin..end].starts_with(b":") && !text[begin..end].starts_with(b"::"))
    {
        begin += 1;
    }
    let run = &text[begin..end];
    let colons = run.iter().filter(|&&byte| byte == b':').take(2).count();
    let looks_so = run.iter().any(u8::is_ascii_digit) || run.starts_with(b"::ffff:");
    if run.len() > IPV6_BYTES_MAX || colons < 2 || !looks_so {
        return None;
    }
    let address: Ipv6Addr = std::str::from_utf8(run).ok()?.parse().ok()?;
    Some((begin..end, word_of_ipv6(address)))
}

/// The word of an IPv6 address: a colon and its 16 bytes, which no text folds to.
fn word_of_ipv6(address: Ipv6Addr) -> Word {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return Word::of(mapped.to_string().as_bytes());
    }
    let mut bytes = [b':'; 17];
    bytes[1..].copy_from_slice(&address.octets());
    Word::of(&bytes)
}

/// The units of a part of a chunk without IPv6 addresses.
fn each_part(text: &[u8], range: Range<usize>, classes: u8, parts: &mut Vec<Unit>, found: &mut impl FnMut(Unit)) {
    parts.clear();
    if classes & WIDE == 0 {
        runs(text, range, parts);
    } else {
        wide_runs(text, range, parts);
    }
    let mut at = 0;
    while at < parts.len() {
        if let Some(whole) = uuid(text, &parts[at..]) {
            found(whole);
            at += UUID_PARTS.len();
        } else if let Some(whole) = ipv4(text, parts, at) {
            found(whole);
            at += 4;
        } else {
            found(parts[at]);
            at += 1;
        }
    }
}

/// Runs of letters and digits of ASCII, and what is encoded, as a whole.
fn runs(text: &[u8], range: Range<usize>, parts: &mut Vec<Unit>) {
    let is_of_code = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let mut at = range.start;
    while at < range.end {
        let end = text[at..range.end].iter().position(|&byte| !is_of_code(byte)).map_or(range.end, |len| at + len);
        let first = parts.len();
        let mut begin = at;
        for run in text[at..end].split(|byte| !byte.is_ascii_alphanumeric()) {
            if !run.is_empty() {
                parts.push(letters(text, begin..begin + run.len()));
            }
            begin += run.len() + 1;
        }
        if end - at >= CODE_BYTES_MIN && parts.len() > first && (parts.len() - first) * CODE_PART_BYTES_MIN <= end - at
        {
            let whole = parts[first].begin..parts[parts.len() - 1].end;
            parts.truncate(first);
            parts.push(Unit::of(text, whole, Kind::Whole));
        }
        at = end + 1;
    }
}

/// Runs of letters and digits, and the characters of scripts without spaces.
fn wide_runs(text: &[u8], range: Range<usize>, parts: &mut Vec<Unit>) {
    // Folded text is UTF-8, and chunks begin and end beside ASCII.
    let Ok(valid) = std::str::from_utf8(&text[range.clone()]) else { return };
    let mut begin = None;
    for (at, c) in valid.char_indices().map(|(at, c)| (range.start + at, c)) {
        if c.is_alphanumeric() && !is_unspaced(c) {
            begin.get_or_insert(at);
            continue;
        }
        if let Some(begin) = begin.take() {
            parts.push(letters(text, begin..at));
        }
        if is_unspaced(c) {
            parts.push(Unit::of(text, at..at + c.len_utf8(), Kind::Unspaced));
        }
    }
    if let Some(begin) = begin {
        parts.push(letters(text, begin..range.end));
    }
}

/// Letters of scripts that are written without spaces, or where particles follow words without one. Source: Unicode 17, Blocks.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{0E00}'..='\u{0EFF}'     // Thai, Lao
        | '\u{1000}'..='\u{109F}'   // Burmese
        | '\u{1100}'..='\u{11FF}'   // Hangul Jamo
        | '\u{1780}'..='\u{17FF}'   // Khmer
        | '\u{3005}'..='\u{3007}'   // 々〆〇
        | '\u{3041}'..='\u{30FA}'   // Hiragana, Katakana
        | '\u{30FC}'..='\u{31FF}'   // ー, Bopomofo, Hangul compatibility
        | '\u{3400}'..='\u{4DBF}'   // Han
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7FF}'   // Hangul
        | '\u{F900}'..='\u{FAFF}'   // Han
        | '\u{FF66}'..='\u{FF9F}'   // half-width Katakana
        | '\u{20000}'..='\u{3FFFF}' // Han
    ) && c.is_alphanumeric()
        || matches!(c, '\u{0E31}' | '\u{0E34}'..='\u{0E3A}' | '\u{0E47}'..='\u{0E4E}')
}

/// The UUID that the parts begin with.
fn uuid(text: &[u8], parts: &[Unit]) -> Option<Unit> {
    let parts = parts.get(..UUID_PARTS.len())?;
    let fits = |(part, len): (&Unit, usize)| {
        part.end - part.begin == len && text[part.begin..part.end].iter().all(u8::is_ascii_hexdigit)
    };
    let joined = |pair: &[Unit]| &text[pair[0].end..pair[1].begin] == b"-";
    let is_uuid = parts.iter().zip(UUID_PARTS).all(fits) && parts.windows(2).all(joined);
    is_uuid.then(|| Unit::of(text, parts[0].begin..parts[4].end, Kind::Whole))
}

/// The IPv4 address that begins at a part, unless more numbers are joined to it.
fn ipv4(text: &[u8], parts: &[Unit], at: usize) -> Option<Unit> {
    let found = parts.get(at..at + 4)?;
    let is_dot = |left: &Unit, right: &Unit| &text[left.end..right.begin] == b".";
    if found.iter().any(|part| part.kind != Kind::Digits || part.end - part.begin > 3)
        || !found.windows(2).all(|pair| is_dot(&pair[0], &pair[1]))
        || at > 0 && is_dot(&parts[at - 1], &found[0])
        || parts.get(at + 4).is_some_and(|next| is_dot(&found[3], next))
    {
        return None;
    }
    let range = found[0].begin..found[3].end;
    std::str::from_utf8(&text[range.clone()]).ok()?.parse::<Ipv4Addr>().ok()?;
    Some(Unit::of(text, range, Kind::Whole))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::each_chunk;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let (mut units, mut pairs, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        each_chunk(text.as_bytes(), |chunk| {
            let mut before: Option<Unit> = None;
            each_unit(text.as_bytes(), chunk, &mut parts, &mut |unit| {
                units.push(&text[unit.begin..unit.end]);
                if let Some(before) = before.replace(unit)
                    && before.pair(&unit, text.as_bytes()).is_some()
                {
                    pairs.push(&text[before.begin..unit.end]);
                }
            });
        });
        units.push("|");
        units.extend(pairs);
        assert_eq!(units, expect, "{text}");
    }

    #[test]
    fn runs_of_letters_and_digits_are_units() {
        check(
            "arn:aws:iam::123837392027:user/bert-jan",
            &["arn", "aws", "iam", "123837392027", "user", "bert", "jan", "|"],
        );
        check("vol-0fc2e34e74650e145 -v --x_y", &["vol", "0fc2e34e74650e145", "v", "x", "y", "|"]);
    }

    #[test]
    fn hosts_and_addresses_of_mail_make_pairs() {
        check("www.example.com.", &["www", "example", "com", "|", "www.example", "example.com"]);
        check("bert+test@example.com", &["bert", "test", "example", "com", "|", "test@example", "example.com"]);
        check("12:11:15.123456z v1.2", &["12", "11", "15", "123456z", "v1", "2", "|"]);
    }

    #[test]
    fn ipv4_addresses_are_units() {
        check("203.0.113.7:443 10.0.0.1-10.0.0.5", &["203.0.113.7", "443", "10.0.0.1", "10.0.0.5", "|"]);
        check("ip_10.0.0.1.", &["ip", "10.0.0.1", "|"]);
        check(
            "1.2.3.4.5 1.2.3.256 1.2.3.04",
            &["1", "2", "3", "4", "5", "1", "2", "3", "256", "1", "2", "3", "04", "|"],
        );
    }

    #[test]
    fn ipv6_addresses_are_units() {
        check("[2001:db8::1]:443 fe80::1%eth0", &["2001:db8::1", "443", "fe80::1", "eth0", "|"]);
        check("src:2001:db8::1 ::1: 2001:db8::/32", &["src", "2001:db8::1", "::1", "2001:db8::", "32", "|"]);
        check(
            "face::add foo::1 12:11:15 ::ffff:10.0.0.1",
            &["face", "add", "foo", "1", "12", "11", "15", "::ffff:10.0.0.1", "|"],
        );
    }

    #[test]
    fn a_uuid_is_nothing_but_itself() {
        let uuid = "36659dd6-3cf5-4369-ae72-21be4cb11547";
        check(&format!("red-team_{uuid}/x"), &["red", "team", uuid, "x", "|"]);
        check("36659dd6-3cf5-4369-ae72-21be4cb1154", &["36659dd6", "3cf5", "4369", "ae72", "21be4cb1154", "|"]);
    }

    #[test]
    fn what_is_encoded_is_a_unit_and_a_long_name_is_not() {
        let code = format!("{}-{}_{}", "a1".repeat(30), "b2".repeat(40), "c3".repeat(9));
        check(&format!("{code}.x"), &[&code, "x", "|"]);
        assert_eq!(units_of(&"x-".repeat(100)), 100);
        assert_eq!(units_of(&"-".repeat(200)), 0);
    }

    fn units_of(text: &str) -> usize {
        let (mut count, mut parts) = (0, Vec::new());
        each_chunk(text.as_bytes(), |chunk| each_unit(text.as_bytes(), chunk, &mut parts, &mut |_| count += 1));
        count
    }

    #[test]
    fn scripts_without_spaces_are_taken_by_character() {
        check("東京tower、ビル", &["東", "京", "tower", "ビ", "ル", "|", "東京", "ビル"]);
        check("ärger-straße", &["ärger", "straße", "|"]);
    }

    #[test]
    fn ways_to_write_an_ipv6_address_are_one_word() {
        let word = |text: &str| ipv6(text.as_bytes(), 0..text.len()).unwrap().1;
        assert_eq!(word("2001:db8::1"), word("2001:0db8:0:0:0:0:0:1"));
        assert_eq!(word("::ffff:10.0.0.1"), Word::of(b"10.0.0.1"));
    }
}
