//! How often bytes stand in honest values: what tells a good necessary condition from a poor one.
//!
//! Only speed depends on it. The figures are rounded shares of bytes in names and values of forms, in thousandths: letters
//! as in English, digits, a few separators; everything else is rare.

use super::byte_set::ByteSet;

/// How often one of a set's bytes stands at a place, from 0 to 1.
pub(crate) fn share(set: &ByteSet) -> f64 {
    if *set == ByteSet::ANY {
        return 1.0;
    }
    let [ascii @ .., third, fourth] = set.words();
    let mut bytes = u32::from(BEYOND_ASCII) * (third.count_ones() + fourth.count_ones());
    for (word, sums) in ascii.into_iter().zip(OCTETS.as_chunks::<8>().0) {
        let mut octets = word;
        let mut at = 0;
        while octets != 0 {
            bytes += u32::from(sums[at][(octets & 0xff) as usize]);
            octets >>= 8;
            at += 1;
        }
    }
    // Values are short: their edges are as frequent as a common letter.
    let edge = if set.admits_edge() { 0.06 } else { 0.0 };
    (f64::from(bytes) / f64::from(WHOLE) + edge).min(1.0)
}

/// Shares are counted in parts of this.
const WHOLE: u16 = 10_000;

/// The share of a byte, in parts of [`WHOLE`].
const fn counted(byte: u8) -> u16 {
    (thousandths(byte) * (WHOLE / 1_000) as f64) as u16
}

/// That of each byte beyond ASCII: they are all as frequent.
const BEYOND_ASCII: u16 = counted(0x80);

/// By eight neighbouring bytes of ASCII, and by which of them there are: the sum of their shares.
const OCTETS: [[u16; 256]; 16] = {
    let mut sums = [[0; 256]; 16];
    let mut octet = 0;
    while octet < 16 {
        let mut bits = 1;
        while bits < 256_usize {
            let lowest = bits.trailing_zeros() as usize;
            sums[octet][bits] = sums[octet][bits & (bits - 1)] + counted((octet * 8 + lowest) as u8);
            bits += 1;
        }
        octet += 1;
    }
    sums
};

const fn thousandths(byte: u8) -> f64 {
    match byte {
        b'e' => 75.0,
        b'a' | b'o' | b't' | b'i' | b'n' | b's' | b'r' => 50.0,
        b'l' | b'd' | b'c' | b'u' | b'm' | b'h' => 28.0,
        b'p' | b'g' | b'b' | b'f' | b'y' | b'w' | b'v' | b'k' => 15.0,
        b'a'..=b'z' => 3.0,
        b'0'..=b'9' => 15.0,
        b'A'..=b'Z' => 4.0,
        b' ' => 60.0,
        b'_' | b'-' | b'.' | b'/' => 12.0,
        b',' | b':' | b'=' | b'&' => 5.0,
        b'\n' | b'\r' | b'"' | b'(' | b')' | b';' | b'@' | b'%' | b'+' | b'\'' => 2.0,
        b'!' | b'?' | b'#' | b'*' | b'[' | b']' => 1.0,
        0x80.. => 0.3,
        _ => 0.3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        let sum = |bytes: &[u8]| bytes.iter().map(|byte| thousandths(*byte) / 1_000.0).sum::<f64>();
        for bytes in [&b"e"[..], b"", b"abc xyz", b"\0\x07\x08'\"%\xff", b"0123456789"] {
            assert!((share(&ByteSet::of(bytes)) - sum(bytes)).abs() < 1e-9, "{bytes:?}");
        }
        assert!((share(&ByteSet::of(b"e").union(&ByteSet::EDGE)) - 0.135).abs() < 1e-9);
        assert!((share(&ByteSet::range(0, 255)) - 1.0).abs() < 0.15);
    }
}
