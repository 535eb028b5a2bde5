//! Hexadecimal and octal digits, as every escape notation of the transformations uses them.

/// The value of a hexadecimal digit.
pub(super) fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// The byte that the first two bytes of `text` write in hexadecimal.
pub(super) fn hex_byte(text: &[u8]) -> Option<u8> {
    let [high, low, ..] = text else { return None };
    Some(hex(*high)? << 4 | hex(*low)?)
}

/// The code unit that the first four bytes of `text` write in hexadecimal.
pub(super) fn hex_unit(text: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes([hex_byte(text)?, hex_byte(text.get(2..)?)?]))
}

/// How many hexadecimal digits `text` starts with, counting no further than `max`.
pub(super) fn hex_run(text: &[u8], max: usize) -> usize {
    text.iter().take(max).take_while(|byte| byte.is_ascii_hexdigit()).count()
}

/// How many octal digits `text` starts with, counting no further than `max`.
pub(super) fn octal_run(text: &[u8], max: usize) -> usize {
    text.iter().take(max).take_while(|byte| matches!(byte, b'0'..=b'7')).count()
}

/// The value of up to three octal digits, its ninth bit dropped.
pub(super) fn octal_byte(digits: &[u8]) -> u8 {
    digits.iter().fold(0_u8, |value, digit| (value << 3) | (digit - b'0'))
}

/// Appends a byte as two hexadecimal digits, in lower case.
pub(super) fn put_hex(byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0xf)]]);
}
