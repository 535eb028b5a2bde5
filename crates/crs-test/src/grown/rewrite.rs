//! Values rewritten: encodings, other cases, bytes that evade, other bytes.

use super::Choices;

/// What stands between letters so that a service does not mind, and patterns may.
const EVASIONS: &[&str] = &[
    "/**/", "\\", "''", "\"\"", "^", "$@", "\0", "%00", "\t", "\n", "\u{a0}", "+", "%0b", "/./", "/x/../", "`", "{",
    ".",
];

/// How a byte can be written otherwise.
const CODINGS: &[fn(u8) -> String] = &[
    |byte| format!("%{byte:02x}"),
    |byte| format!("%25{byte:02X}"),
    |byte| format!("%u00{byte:02x}"),
    |byte| format!("&#x{byte:x};"),
    |byte| format!("&#{byte}"),
    |byte| format!("\\x{byte:02x}"),
    |byte| format!("\\u00{byte:02x}"),
    |byte| format!("\\{byte:o}"),
    |byte| char::from(byte ^ 0x20).to_string(),
    |byte| char::from_u32(0xFEE0 + u32::from(byte)).map(String::from).unwrap_or_default(),
    |byte| format!("%{:02x}%{:02x}", 0xC0 | byte >> 6, 0x80 | byte & 0x3F),
];

/// Rewrites a value once; `piece` is another value, for what puts two together.
pub(super) fn once(choices: &mut Choices<'_>, mut value: Vec<u8>, piece: &[u8]) -> Vec<u8> {
    let place =
        |choices: &mut Choices<'_>, value: &[u8]| (choices.below(256) << 8 | choices.below(256)) % (value.len() + 1);
    match choices.below(8) {
        0 | 1 => coded(choices, &value),
        2 => {
            let at = place(choices, &value);
            let evasion = choices.pick(EVASIONS).bytes();
            value.splice(at..at, evasion);
            value
        }
        3 => {
            let at = place(choices, &value);
            value.splice(at..at, piece.iter().copied());
            value
        }
        4 => {
            let (one, other) = (place(choices, &value), place(choices, &value));
            value.drain(one.min(other)..one.max(other));
            value
        }
        5 => {
            let at = place(choices, &value);
            if let Some(byte) = value.get_mut(at) {
                *byte = choices.byte();
            }
            value
        }
        6 => {
            let evasion = choices.pick(EVASIONS);
            let spaced =
                value.iter().flat_map(|byte| if *byte == b' ' { evasion.as_bytes().to_vec() } else { vec![*byte] });
            spaced.collect()
        }
        _ => value.repeat(1 + choices.below(3)),
    }
}

/// Some bytes of a value in another coding.
fn coded(choices: &mut Choices<'_>, value: &[u8]) -> Vec<u8> {
    let coding = CODINGS[choices.below(CODINGS.len())];
    let (every, from) = (1 + choices.below(6), choices.below(6));
    let coded = value
        .iter()
        .enumerate()
        .flat_map(|(at, byte)| if at % every == from % every { coding(*byte).into_bytes() } else { vec![*byte] });
    coded.collect()
}

/// Without what would end a line of a head, or a request target.
pub(super) fn in_a_line(value: Vec<u8>) -> Vec<u8> {
    let kept = value.into_iter().map(|byte| if byte <= b' ' || byte >= 0x7F { b'+' } else { byte });
    kept.filter(|byte| !matches!(byte, b'#' | b'"' | b'<' | b'>')).collect()
}
