//! Payment card numbers in a value, found and masked.
//!
//! A card number is 13 to 19 digits that pass the Luhn check and begin like an issuer's. The digits may stand in groups
//! with spaces or dashes between them, as people type them, also `+` for a space and either percent-encoded (even
//! repeatedly); the digits themselves may be percent-encoded. A number begins and ends where a group of digits does, so
//! that the inside of a longer identifier is left alone. Of a number found, every digit but the last four becomes `*`,
//! and its length stays.
//!
//! Source: PCI DSS v4.0.1 requirement 3.4.1 (at most the first six and last four may be shown; fewer are shown here);
//! ISO/IEC 7812-1 annex B (Luhn) and its register of issuer numbers.
//!
//! # Limits
//!
//! Time is linear in the value: each group of digits is held against seven lengths, each in constant time.

/// Digits of the shortest card number.
const DIGITS_MIN: usize = 13;
const DIGITS_MAX: usize = 19;
/// Digits that stay readable, at the end.
const SHOWN: usize = 4;
/// Separators in a row that still join two groups, as in `4111 - 1111`.
const SEPARATORS_MAX: u32 = 3;
/// Times a separator or digit may be percent-encoded over and over: `%252520`.
const ENCODINGS_MAX: usize = 3;

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
#[derive(Debug, Default)]
pub(super) struct CardMask {
    chain: Vec<Digit>,
    masked: Vec<u8>,
}

impl CardMask {
    /// The value with its card numbers masked; none if it holds no card number.
    pub(super) fn apply(&mut self, value: &[u8]) -> Option<&[u8]> {
        if !may_hold_card(value) {
            return None;
        }
        self.masked.clear();
        self.search(value, Reading::Written);
        if memchr::memchr(b'%', value).is_some() {
            self.search(value, Reading::Decoded);
        }
        (!self.masked.is_empty()).then_some(self.masked.as_slice())
    }

    fn search(&mut self, value: &[u8], reading: Reading) {
        self.chain.clear();
        let mut at = 0;
        let mut separators = 0;
        while at < value.len() {
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
            if !self.chain[start].starts || !plausible_issuer(&self.chain[start..start + 4]) {
                continue;
            }
            for end in start + DIGITS_MIN..=digits.min(start + DIGITS_MAX) {
                let whole = end == digits || self.chain[end].starts;
                if whole && self.passes_luhn(start, end) {
                    if self.masked.is_empty() {
                        self.masked.extend_from_slice(value);
                    }
                    for digit in &self.chain[start..end - SHOWN] {
                        self.masked[digit.at..digit.at + digit.bytes].fill(b'*');
                    }
                }
            }
        }
        self.chain.clear();
    }

    fn passes_luhn(&self, start: usize, end: usize) -> bool {
        // The last digit is not doubled, the one before it is: double those whose place has the other parity.
        let doubled = end % 2;
        let until = sums_after(&self.chain[end - 1], end - 1)[doubled];
        (until - self.chain[start].sums[doubled]).is_multiple_of(10)
    }
}

/// Whether a run of digits, separators and encodings has enough digits: far more often not, and quickly seen, as such a
/// run shows at every thirteenth byte.
fn may_hold_card(value: &[u8]) -> bool {
    let mut at = DIGITS_MIN - 1;
    while at < value.len() {
        if !MAY_BELONG[usize::from(value[at])] {
            at += DIGITS_MIN;
            continue;
        }
        let before = value[..at].iter().rev().take_while(|&&byte| MAY_BELONG[usize::from(byte)]).count();
        let after = value[at..].iter().take_while(|&&byte| MAY_BELONG[usize::from(byte)]).count();
        let run = &value[at - before..at + after];
        if run.len() >= DIGITS_MIN && run.iter().filter(|byte| byte.is_ascii_digit()).count() >= DIGITS_MIN {
            return true;
        }
        at += after + DIGITS_MIN;
    }
    false
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

/// Whether the first digits of a number are an issuer's.
fn plausible_issuer(first_four: &[Digit]) -> bool {
    let prefix = first_four.iter().fold(0_u32, |prefix, digit| prefix * 10 + u32::from(digit.value));
    matches!(prefix,
        2200..=2204                 // Mir
        | 2221..=2720               // Mastercard
        | 3000..=3099 | 3600..=3699 | 3800..=3999 // Diners Club
        | 3400..=3499 | 3700..=3799 // American Express
        | 3528..=3589               // JCB
        | 4000..=4999               // Visa
        | 5000..=5999               // Mastercard, Maestro
        | 6000..=6999               // Discover, UnionPay, Maestro, RuPay
        | 8100..=8299               // UnionPay, RuPay
        | 9792                      // Troy
    )
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masked(value: &str) -> String {
        let mut mask = CardMask::default();
        match mask.apply(value.as_bytes()) {
            Some(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            None => value.to_owned(),
        }
    }

    /// The Luhn check as the standard tells it.
    fn luhn(digits: &[u8]) -> bool {
        let sum: u32 = digits
            .iter()
            .rev()
            .enumerate()
            .map(|(place, &digit)| {
                let digit = u32::from(digit);
                if place % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }
            })
            .sum();
        sum.is_multiple_of(10)
    }

    #[test]
    fn test_numbers_of_every_issuer_are_masked() {
        for number in [
            "4111111111111111",
            "4222222222222",
            "5555555555554444",
            "2223003122003222",
            "378282246310005",
            "30569309025904",
            "36227206271667",
            "6011111111111117",
            "3530111333300000",
            "6200000000000005",
            "2200123456789019",
        ] {
            let shown = &number[number.len() - 4..];
            assert_eq!(masked(number), format!("{}{shown}", "*".repeat(number.len() - 4)), "{number}");
        }
    }

    #[test]
    fn groups_and_encodings_are_seen_through() {
        assert_eq!(masked("card=4111 1111 1111 1111&x=1"), "card=**** **** **** 1111&x=1");
        assert_eq!(masked("4111-1111-1111-1111"), "****-****-****-1111");
        assert_eq!(masked("4111 - 1111 - 1111 - 1111"), "**** - **** - **** - 1111");
        assert_eq!(masked("c=4111+1111+1111+1111"), "c=****+****+****+1111");
        assert_eq!(masked("c=4111%201111%2D1111%2b1111"), "c=****%20****%2D****%2b1111");
        assert_eq!(masked("c=4111%25201111%2525201111+1111"), "c=****%2520****%252520****+1111");
        assert_eq!(masked("%34111111111111111"), "**************1111");
        assert_eq!(masked("%2534%2531%3111111 111111%31%31"), "****************** ****11%31%31");
        // What follows a percent sign may also be meant as written.
        assert_eq!(masked("%4111111111111111"), "%************1111");
        assert_eq!(masked("%371449635398431"), "%***********8431");
    }

    #[test]
    fn a_number_stands_out_among_other_groups() {
        assert_eq!(masked("12 4111 1111 1111 1111 05 27"), "12 **** **** **** 1111 05 27");
        assert_eq!(masked("x4111111111111111y"), "x************1111y");
    }

    #[test]
    fn other_numbers_stay() {
        for value in [
            "4111111111111112",                     // fails Luhn
            "1234567890123452",                     // passes, but nobody issues it
            "1763763944000",                        // a time in milliseconds
            "+81-90-1234-5678",                     // a telephone number
            "2026-11-21T22:25:44.123456789Z",       // a time
            "550e8400-e29b-41d4-a716-446655440000", // a UUID
            "00004111111111111111",                 // inside a longer identifier
            "41111111111111114111111111111111",     // likewise
            "4111111111111",                        // thirteen digits, fails Luhn
            "411111111111",                         // too short
            "4111    1111    1111    1111",         // columns, not a number
            "4111.1111.1111.1111",
        ] {
            assert_eq!(masked(value), value);
        }
    }

    proptest! {
        /// Against a brute force over all groups: what it finds is masked, and nothing else changes.
        #[test]
        fn agrees_with_a_brute_force(value in "([0-9]{1,8}|4[0-9]{15}|5[1-5][0-9]{14}|[ +-]|%20|[a-z%]){0,12}") {
            let mut expected = value.clone().into_bytes();
            for (places, digits) in brute_force(value.as_bytes()) {
                prop_assert!(luhn(&digits));
                for &place in &places[..places.len() - 4] {
                    expected[place] = b'*';
                }
            }
            // Encoded digits are the other reading's business.
            if !value.contains("%3") && !value.contains("%25") && !has_other_escape(&value) {
                prop_assert_eq!(masked(&value).into_bytes(), expected);
            }
        }

        #[test]
        fn every_valid_number_is_masked(
            prefix in prop_oneof![Just("4"), Just("51"), Just("2221"), Just("34"), Just("37"), Just("36"), Just("6011"),
                                  Just("3530"), Just("62"), Just("2200")],
            body in "[0-9]{8,14}",
            separator in prop_oneof![Just(""), Just(" "), Just("-"), Just("+"), Just("%20"), Just("%2D")],
            group in 1_usize..7,
        ) {
            let mut number: String = format!("{prefix}{body}").chars().take(18).collect();
            prop_assume!(number.len() >= 12);
            let check = (b'0'..=b'9').find(|&check| {
                let digits: Vec<u8> = number.bytes().chain([check]).map(|byte| byte - b'0').collect();
                luhn(&digits)
            }).unwrap();
            number.push(char::from(check));
            let grouped: Vec<&str> =
                number.as_bytes().chunks(group).map(|part| std::str::from_utf8(part).unwrap()).collect();
            let value = format!("n={}&", grouped.join(separator));
            let out = masked(&value);
            let left = out.replace("%20", "").replace("%2D", "").bytes().filter(u8::is_ascii_digit).count();
            prop_assert!(left <= 4, "{value} -> {out}");
            prop_assert_eq!(out.bytes().filter(|&byte| byte == b'*').count(), number.len() - 4);
        }

        #[test]
        fn any_bytes_keep_their_length(value in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Some(out) = CardMask::default().apply(&value) {
                prop_assert_eq!(out.len(), value.len());
            }
        }
    }

    fn has_other_escape(value: &str) -> bool {
        value.replace("%20", "").contains('%')
    }

    /// All card numbers by trying every pair of ends: the places of their digits, and the digits.
    fn brute_force(value: &[u8]) -> Vec<(Vec<usize>, Vec<u8>)> {
        let mut found = Vec::new();
        for start in 0..value.len() {
            for end in start + 1..=value.len() {
                let part = std::str::from_utf8(&value[start..end]).unwrap();
                let bounded = (start == 0 || !digit_before(value, start))
                    && !value.get(end).is_some_and(u8::is_ascii_digit)
                    && value[start].is_ascii_digit()
                    && value[end - 1].is_ascii_digit();
                let blanks = part.replace("%20", "   ");
                let separators_short =
                    blanks.replace("   ", "-").split(|c: char| c.is_ascii_digit()).all(|gap| gap.len() <= 3);
                if !bounded || !separators_short || !blanks.bytes().all(|b| b.is_ascii_digit() || b" -+".contains(&b)) {
                    continue;
                }
                let places: Vec<usize> = blanks
                    .bytes()
                    .enumerate()
                    .filter(|(_, byte)| byte.is_ascii_digit())
                    .map(|(place, _)| start + place)
                    .collect();
                let digits: Vec<u8> = places.iter().map(|&place| value[place] - b'0').collect();
                let four = |from: usize| digits.iter().skip(from).take(4).fold(0_u32, |n, &d| n * 10 + u32::from(d));
                let issued = matches!(digits.first(), Some(4..=6))
                    || matches!(four(0), 2200..=2204 | 2221..=2720 | 3000..=3099 | 3400..=3499 | 3528..=3589
                        | 3600..=3999 | 8100..=8299 | 9792);
                if (13..=19).contains(&digits.len()) && issued && luhn(&digits) {
                    found.push((places, digits));
                }
            }
        }
        found
    }

    /// Whether a digit of a number ends right before `at`; the `0` of `%20` is none.
    fn digit_before(value: &[u8], at: usize) -> bool {
        value[at - 1].is_ascii_digit() && !value[..at].ends_with(b"%20")
    }
}
