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
    let bytes: f64 = set.bytes().map(|byte| SHARES[usize::from(byte)]).sum();
    // Values are short: their edges are as frequent as a common letter.
    (bytes + if set.admits_edge() { 0.06 } else { 0.0 }).min(1.0)
}

const SHARES: [f64; 256] = {
    let mut shares = [0.0; 256];
    let mut byte = 0;
    while byte < 256 {
        shares[byte] = thousandths(byte as u8) / 1000.0;
        byte += 1;
    }
    shares
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
