//! Which digits are card numbers, and which are not.

use proptest::prelude::*;

use super::*;

fn masked(value: &str) -> String {
    masked_as(Grouping::Any, value)
}

fn masked_as(grouping: Grouping, value: &str) -> String {
    let mut mask = CardMask::new(grouping);
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

#[test]
fn in_lines_of_logs_numbers_stand_as_cards_do() {
    for (value, expected) in [
        ("card 4111 1111 1111 1111 05/27", "card **** **** **** 1111 05/27"),
        ("3782-822463-10005", "****-******-*0005"),
        ("3056 930902 5904", "**** ****** 5904"),
        ("6200000000000000000", "***************0000"),
        ("cc4111111111111111", "cc************1111"),
        (r"a\n4111111111111111\n", r"a\n************1111\n"),
        (r"\u00204111111111111111", r"\u0020************1111"),
        (r"\u00e94111111111111111", r"\u00e9************1111"),
        ("pan%3D4111111111111111", "pan%3D************1111"),
        ("%E34111111111111111", "%E3************1111"),
        ("number 4111111111111111.", "number ************1111."),
    ] {
        assert_eq!(masked_as(Grouping::Card, value), expected, "{value}");
        assert_eq!(masked_as(Grouping::Card, expected), expected, "{value}");
    }
}

#[test]
fn in_lines_of_logs_identifiers_and_columns_are_no_numbers() {
    for value in [
        "2 123456789010 eni-1235b8ca 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK",
        "6 10 1000 1418530011",
        "0.4111111111111111",
        "4111111111111111.25",
        "4111111111111111e+20",
        "a44111111111111111111f",
        "9f4111111111111111",
        "f4111111111111111a0",
        "41111111-1111-1111-1111-111111111111",
        "1-4111111a-4111111111111111b4111111",
        "1795348800000 1795348800000000 1795348800000000000",
        "411111111111",
        "MandoService-4719190630289683262",
    ] {
        assert_eq!(masked_as(Grouping::Card, value), value);
    }
}

proptest! {
    #[test]
    fn masked_twice_is_masked_once(
        value in r"(4111111111111111|5555 5555 5555 4444|3782-822463-10005|[0-9]{1,5}|[ +*-]|%20|\\u0020|[a-z%]|4242){0,14}",
        typed: bool,
    ) {
        let grouping = if typed { Grouping::Any } else { Grouping::Card };
        let once = masked_as(grouping, &value);
        prop_assert_eq!(masked_as(grouping, &once), once);
    }

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
        body in "[0-9]{14}",
        separator in prop_oneof![Just(""), Just(" "), Just("-"), Just("+"), Just("%20"), Just("%2D")],
        group in 1_usize..7,
    ) {
        let mut number: String = format!("{prefix}{body}").chars().take(15).collect();
        match prefix {
            "34" | "37" => number.truncate(14),
            "36" => number.truncate(13),
            _ => {}
        }
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
        if let Some(out) = CardMask::new(Grouping::Any).apply(&value) {
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
            let six = digits.iter().chain([&0; 6]).take(6).fold(0_u32, |n, &d| n * 10 + u32::from(d));
            let issued = digits.len() < 20 && issuer::lengths(six) & (1 << digits.len()) != 0;
            if issued && luhn(&digits) {
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
