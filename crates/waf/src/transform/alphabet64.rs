//! Base64 of RFC 4648, section 4, decoded bit by bit: behind `BASE64_DECODE` and `BASE64_DECODE_EXT`.
//!
//! Unlike a library for well-formed Base64, this never fails: it decodes what is there.

/// The value of a Base64 digit.
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// Appends what the digits at the start of `input` stand for, up to the first byte that is none. Ends of lines mean nothing,
/// as in mail (RFC 2045 section 6.8), whose Base64 many decoders read.
pub(super) fn decode_start(input: &[u8], out: &mut Vec<u8>) {
    let lines = input.iter().filter(|byte| !matches!(byte, b'\r' | b'\n'));
    decode(lines.map_while(|&byte| digit(byte)), input.len(), out);
}

/// Appends what all digits of `input` stand for, whatever is between them.
pub(super) fn decode_all(input: &[u8], out: &mut Vec<u8>) {
    decode(input.iter().filter_map(|&byte| digit(byte)), input.len(), out);
}

/// Appends a byte for every eight bits; bits left over at the end are dropped.
fn decode(digits: impl Iterator<Item = u8>, digits_max: usize, out: &mut Vec<u8>) {
    out.reserve(digits_max.div_ceil(4).saturating_mul(3));
    let mut bits = 0_u16;
    let mut bits_held = 0;
    for digit in digits {
        bits = bits << 6 | u16::from(digit);
        bits_held += 6;
        if bits_held >= 8 {
            bits_held -= 8;
            let [_, byte] = (bits >> bits_held).to_be_bytes();
            out.push(byte);
        }
    }
}
