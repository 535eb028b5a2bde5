//! The check digit of payment card numbers.
//!
//! Source: ISO/IEC 7812-1, annex B.

/// Whether `number` has 12 to 19 digits and a right check digit; spaces and hyphens between digits are fine.
#[must_use]
pub(crate) fn is_luhn_valid(number: &str) -> bool {
    let mut digits = 0_u32;
    let mut sum = 0;
    for char in number.chars().rev().filter(|char| !matches!(char, ' ' | '-')) {
        let Some(digit) = char.to_digit(10) else { return false };
        let weighted = if digits.is_multiple_of(2) { digit } else { digit * 2 };
        sum += if weighted > 9 { weighted - 9 } else { weighted };
        digits += 1;
        if digits > 19 {
            return false;
        }
    }
    digits >= 12 && sum % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::is_luhn_valid;

    #[test]
    fn test_cards_pass_and_misprints_fail() {
        for number in ["4242424242424242", "4242 4242 4242 4242", "3782-822463-10005", "6011111111111117"] {
            assert!(is_luhn_valid(number), "{number}");
        }
        for number in ["4242424242424241", "", "0", "４２４２424242424242", "42424242424242420000", "4242x4242"] {
            assert!(!is_luhn_valid(number), "{number}");
        }
    }
}
