//! `@verifyCC`, `@verifyCPF`, `@verifySSN`, `@verifySVNR`: numbers of cards and persons, by their check digits.
//!
//! Each takes what an expression found, with separators, and looks at the decimal digits in it.
//!
//! Source: ModSecurity Reference Manual, the operators of these names; ISO/IEC 7812-1 (Luhn); the rules of the Receita
//! Federal (CPF) and of Austria's Sozialversicherung (SVNR).

/// The decimal digits in a text, if they are exactly this many.
fn digits<const COUNT: usize>(text: &[u8]) -> Option<[u32; COUNT]> {
    let mut found = text.iter().filter_map(|byte| char::from(*byte).to_digit(10));
    let mut digits = [0; COUNT];
    for digit in &mut digits {
        *digit = found.next()?;
    }
    found.next().is_none().then_some(digits)
}

/// Whether all digits are the same, or each is one more than the one before it: numbers people make up.
fn is_made_up(digits: &[u32]) -> bool {
    let all = |is: fn(u32, u32) -> bool| digits.windows(2).all(|pair| is(pair[0], pair[1]));
    all(|left, right| left == right) || all(|left, right| (left + 1) % 10 == right)
}

fn weighted(digits: &[u32], weights: impl IntoIterator<Item = u32>) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// Whether the digits, of any number but none, pass Luhn's check.
pub(crate) fn is_credit_card(text: &[u8]) -> bool {
    let mut count = 0_u32;
    let sum: u64 = text
        .iter()
        .rev()
        .filter_map(|byte| char::from(*byte).to_digit(10))
        .map(|digit| {
            count += 1;
            let weighted = if count.is_multiple_of(2) { digit * 2 } else { digit };
            u64::from(weighted / 10 + weighted % 10)
        })
        .sum();
    count > 0 && sum.is_multiple_of(10)
}

/// Whether they are a Brazilian taxpayer's number: eleven digits, of which two are check digits.
pub(crate) fn is_cpf(text: &[u8]) -> bool {
    let Some(digits) = digits::<11>(text) else { return false };
    let check = |count: u32| match weighted(&digits[..count as usize], (2..=count + 1).rev()) % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    !is_made_up(&digits) && digits[9] == check(9) && digits[10] == check(10)
}

/// Whether they can be a United States social security number: nine digits whose parts have been given out.
pub(crate) fn is_ssn(text: &[u8]) -> bool {
    /// Areas from here on were not given out before 2011, and ModSecurity accepts none of them.
    const AREA_END: u32 = 740;
    let Some(digits) = digits::<9>(text) else { return false };
    let number = |digits: &[u32]| digits.iter().fold(0, |number, digit| number * 10 + digit);
    let (area, group, serial) = (number(&digits[..3]), number(&digits[3..5]), number(&digits[5..]));
    !is_made_up(&digits) && area != 0 && area != 666 && area < AREA_END && group != 0 && serial != 0
}

/// Whether they are an Austrian social security number: ten digits, of which the fourth is the check digit.
pub(crate) fn is_svnr(text: &[u8]) -> bool {
    let Some(digits) = digits::<10>(text) else { return false };
    // A rest of ten is never given out; ModSecurity takes it for zero.
    let rest = weighted(&digits, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 % 10;
    !is_made_up(&digits) && digits[3] == rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luhn_finds_a_wrong_digit() {
        for valid in ["4111 1111 1111 1111", "5555-5555-5555-4444", "0", "79927398713"] {
            assert!(is_credit_card(valid.as_bytes()), "{valid}");
        }
        for wrong in ["", "no digits", "4111111111111112", "79927398710"] {
            assert!(!is_credit_card(wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn taxpayers_have_two_check_digits() {
        assert!(is_cpf(b"010.817.514-60") && is_cpf(b"52998224725"));
        for wrong in ["010.817.514-61", "010.817.514-70", "11111111111", "01234567890", "5299822472", "529982247250"] {
            assert!(!is_cpf(wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn social_security_numbers_have_parts_that_were_given_out() {
        assert!(is_ssn(b"574-57-8065"));
        for wrong in [
            "000-57-8065",
            "666-57-8065",
            "740-57-8065",
            "574-00-8065",
            "574-57-0000",
            "123456789",
            "57457806",
            "111111111",
        ] {
            assert!(!is_ssn(wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn the_fourth_digit_of_an_austrian_number_checks_the_others() {
        assert!(is_svnr(b"1237 010180"));
        for wrong in ["1238010180", "123701018", "0000000000", "0123456789"] {
            assert!(!is_svnr(wrong.as_bytes()), "{wrong}");
        }
    }
}
