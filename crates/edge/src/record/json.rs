//! Any bytes as the inside of a JSON string, whole runs at a time.
//!
//! Input: bytes as a client sent them. Output: text that every JSON reader accepts, from which the bytes can be had
//! back. Valid UTF-8 stays as it is. A byte that is no part of valid UTF-8 becomes the private-use character U+EF00 plus
//! its value, written `\uefXX` with the byte in hexadecimal: 0xFF is `\uefff`. A client that really sends one of the
//! characters U+EF80 to U+EFFF has its three bytes written the same way, so no two inputs share an output.
//!
//! Source: RFC 8259 section 7 (strings); the reservation of U+EF80 to U+EFFF for raw octets follows the practice of the
//! ConScript registry.

const LANES: usize = 16;

/// Whether no byte needs an escape, in steps a compiler turns into vector instructions.
fn is_plain(bytes: &[u8]) -> bool {
    let mut special = [0_u8; LANES];
    for step in bytes.as_chunks::<LANES>().0 {
        for lane in 0..LANES {
            special[lane] |= u8::from(needs_care(step[lane]));
        }
    }
    if special.iter().any(|&lane| lane != 0) {
        return false;
    }
    // What is left is shorter than a step; two words that may overlap cover it.
    let rest = &bytes[bytes.len() - bytes.len() % LANES..];
    if let (Some(first), Some(last)) = (rest.first_chunk::<8>(), rest.last_chunk::<8>()) {
        !(word_needs_care(u64::from_le_bytes(*first)) | word_needs_care(u64::from_le_bytes(*last)))
    } else if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        !word_needs_care(u64::from(first) << 32 | u64::from(last))
    } else {
        !rest.iter().any(|&byte| needs_care(byte))
    }
}

/// Whether any of eight bytes needs care. Borrows between bytes can only follow one that does.
fn word_needs_care(word: u64) -> bool {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGH: u64 = ONES << 7;
    let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word;
    let equals = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (word | below(word, 0x20) | equals(b'"') | equals(b'\\')) & HIGH != 0
}

fn needs_care(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\') | (byte >= 0x80)
}

/// Appends `bytes` as the inside of a JSON string.
pub(crate) fn push_text(out: &mut Vec<u8>, bytes: &[u8]) {
    if is_plain(bytes) {
        out.extend_from_slice(bytes);
    } else {
        push_escaped(out, bytes);
    }
}

fn push_escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        push_valid(out, chunk.valid().as_bytes());
        for &byte in chunk.invalid() {
            push_raw(out, byte);
        }
    }
}

/// Appends valid UTF-8: runs as they are, the rest escaped.
fn push_valid(out: &mut Vec<u8>, text: &[u8]) {
    let mut run = 0;
    let mut at = 0;
    while at < text.len() {
        let byte = text[at];
        let taken = match byte {
            0..0x20 | b'"' | b'\\' => 1,
            0xEE if matches!(text.get(at + 1), Some(0xBE | 0xBF)) => 3,
            _ => {
                at += 1;
                continue;
            }
        };
        out.extend_from_slice(&text[run..at]);
        if taken == 1 {
            push_control(out, byte);
        } else {
            text[at..at + taken].iter().for_each(|&byte| push_raw(out, byte));
        }
        at += taken;
        run = at;
    }
    out.extend_from_slice(&text[run..]);
}

fn push_control(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

fn push_raw(out: &mut Vec<u8>, byte: u8) {
    out.extend_from_slice(&[b'\\', b'u', b'e', b'f', hex(byte >> 4), hex(byte)]);
}

fn hex(nibble: u8) -> u8 {
    b"0123456789abcdef"[usize::from(nibble & 0xF)]
}

/// Appends a number.
pub(crate) fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(bytes: &[u8]) -> String {
        let mut out = vec![b'"'];
        push_text(&mut out, bytes);
        out.push(b'"');
        String::from_utf8(out).unwrap()
    }

    /// Reads the written form back to bytes.
    fn read_back(json: &str) -> Vec<u8> {
        let text: String = serde_json::from_str(json).unwrap();
        let mut bytes = Vec::new();
        for character in text.chars() {
            match u32::from(character) {
                code @ 0xEF80..=0xEFFF => bytes.push((code & 0xFF) as u8),
                _ => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        bytes
    }

    #[test]
    fn text_stays_readable() {
        assert_eq!(written("/検索?q=猫".as_bytes()), "\"/検索?q=猫\"");
        assert_eq!(written(b"a\"b\\c\n\r\t\x01\x7f"), "\"a\\\"b\\\\c\\n\\r\\t\\u0001\x7f\"");
    }

    #[test]
    fn a_byte_outside_utf8_shows_its_value() {
        assert_eq!(written(b"caf\xe9"), "\"caf\\uefe9\"");
        assert_eq!(written(b"\xff\xfe"), "\"\\uefff\\ueffe\"");
    }

    #[test]
    fn a_real_reserved_character_is_told_from_a_raw_byte() {
        assert_eq!(written("\u{efe9}".as_bytes()), "\"\\uefee\\uefbf\\uefa9\"");
    }

    #[test]
    fn numbers_are_decimal() {
        for number in [0, 7, 10, 1_576_280_412_771, u64::MAX] {
            let mut out = Vec::new();
            push_number(&mut out, number);
            assert_eq!(out, number.to_string().into_bytes());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(read_back(&written(&bytes)), bytes);
        }

        #[test]
        fn text_with_reserved_characters_comes_back(text in "[a\u{ee80}\u{ef7f}-\u{f000}\u{1f600}\"\\\\]{0,40}") {
            prop_assert_eq!(read_back(&written(text.as_bytes())), text.as_bytes());
        }

        #[test]
        fn plainness_agrees_with_a_plain_loop(
            mut bytes in proptest::collection::vec(0x1e_u8..0x84, 0..70), text in "[ -~]{0,70}",
        ) {
            prop_assert_eq!(is_plain(&bytes), !bytes.iter().any(|&byte| needs_care(byte)));
            bytes.splice(0..0, text.bytes());
            prop_assert_eq!(is_plain(&bytes), !bytes.iter().any(|&byte| needs_care(byte)));
            prop_assert_eq!(is_plain(text.as_bytes()), !text.bytes().any(needs_care));
        }
    }
}
