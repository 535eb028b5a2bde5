//! Which schemes issue which numbers, of what length.
//!
//! Source: ISO/IEC 7812-1's register as the schemes publish their parts of it (Visa, Mastercard, American Express, Discover Global
//! Network with Diners Club, JCB, UnionPay, RuPay, Mir, Troy, NAPAS, UzCard, Humo; Maestro's ranges from Mastercard's BIN tables).

/// Digits of the shortest number. Maestro once issued twelve, which nothing tells from account numbers: those are left out.
pub(crate) const DIGITS_MIN: usize = 13;
/// Digits of the longest number.
pub(crate) const DIGITS_MAX: usize = 19;
/// Digits that tell the scheme.
pub(crate) const PREFIX_DIGITS: usize = 6;

/// Numbers that begin with one of these six digits.
struct Range {
    first: u32,
    last: u32,
    /// Bit n: numbers of n digits are issued.
    lengths: u32,
}

const fn range(first: u32, last: u32, lengths: &[u32]) -> Range {
    let mut bits = 0;
    let mut at = 0;
    while at < lengths.len() {
        bits |= 1 << lengths[at];
        at += 1;
    }
    Range { first, last, lengths: bits }
}

/// In order, none overlapping.
const RANGES: &[Range] = &[
    range(220_000, 220_499, &[16, 17, 18, 19]),             // Mir
    range(220_500, 220_599, &[16]),                         // Borica
    range(222_100, 272_099, &[16]),                         // Mastercard
    range(300_000, 305_999, &[14, 15, 16, 17, 18, 19]),     // Diners Club
    range(309_500, 309_599, &[14, 15, 16, 17, 18, 19]),     // Diners Club
    range(340_000, 349_999, &[15]),                         // American Express
    range(352_800, 358_999, &[16, 17, 18, 19]),             // JCB
    range(360_000, 369_999, &[14, 15, 16, 17, 18, 19]),     // Diners Club
    range(370_000, 379_999, &[15]),                         // American Express
    range(380_000, 399_999, &[14, 15, 16, 17, 18, 19]),     // Diners Club
    range(400_000, 499_999, &[13, 16, 18, 19]),             // Visa
    range(500_000, 509_999, &[13, 14, 15, 16, 17, 18, 19]), // Maestro, Verve, Elo, RuPay
    range(510_000, 559_999, &[16]),                         // Mastercard
    range(560_000, 589_999, &[13, 14, 15, 16, 17, 18, 19]), // Maestro
    range(600_000, 601_099, &[16]),                         // RuPay
    range(601_100, 601_199, &[16, 17, 18, 19]),             // Discover
    range(601_200, 609_999, &[16]),                         // RuPay, Hipercard
    range(620_000, 629_999, &[16, 17, 18, 19]),             // UnionPay, Discover
    range(630_400, 630_499, &[13, 14, 15, 16, 17, 18, 19]), // Maestro
    range(636_000, 639_999, &[13, 14, 15, 16, 17, 18, 19]), // Elo, InterPayment, InstaPayment, Maestro
    range(644_000, 659_999, &[16, 17, 18, 19]),             // Discover, RuPay, Elo, Troy, Verve
    range(670_000, 679_999, &[13, 14, 15, 16, 17, 18, 19]), // Maestro
    range(810_000, 817_199, &[16, 17, 18, 19]),             // UnionPay, RuPay
    range(817_200, 829_999, &[16]),                         // RuPay
    range(860_000, 860_099, &[16]),                         // UzCard
    range(970_400, 970_499, &[16, 19]),                     // NAPAS
    range(979_200, 979_299, &[16]),                         // Troy
    range(986_000, 986_099, &[16]),                         // Humo
];

/// Lengths of numbers that begin with these six digits, bit n for n digits; 0 if nobody issues such.
pub(crate) fn lengths(prefix: u32) -> u32 {
    let at = RANGES.partition_point(|range| range.last < prefix);
    RANGES.get(at).filter(|range| range.first <= prefix).map_or(0, |range| range.lengths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_in_order_and_their_lengths_are_possible() {
        for (range, next) in RANGES.iter().zip(&RANGES[1..]) {
            assert!(range.first <= range.last && range.last < next.first, "{}", next.first);
        }
        for range in RANGES {
            let possible = (1 << (DIGITS_MAX + 1)) - (1 << DIGITS_MIN);
            assert!(range.lengths != 0 && range.lengths & !possible == 0, "{}", range.first);
        }
    }

    #[test]
    fn ends_of_ranges_belong_to_them() {
        assert_eq!(lengths(222_099), 0);
        assert_eq!(lengths(222_100), 1 << 16);
        assert_eq!(lengths(272_099), 1 << 16);
        assert_eq!(lengths(272_100), 0);
        assert_eq!(lengths(0), 0);
        assert_eq!(lengths(999_999), 0);
    }
}
