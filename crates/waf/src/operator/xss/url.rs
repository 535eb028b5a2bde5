//! URLs that run script when followed.

/// Schemes, or beginnings of them, upper case.
const SCRIPTING_SCHEMES: [&[u8]; 4] = [b"DATA", b"VIEW-SOURCE", b"JAVA", b"VBSCRIPT"];

/// The highest code point a character reference can name, with room for sloppy readers.
const REFERENCE_MAX: u32 = 0x10_00ff;

/// Whether following `url` runs script. Browsers skip white space before it and NUL bytes and line feeds in it, and
/// decode character references such as `&#106;`.
pub(super) fn runs_script(url: &[u8]) -> bool {
    let start = url.iter().position(|byte| matches!(byte, b'!'..=b'~')).unwrap_or(url.len());
    SCRIPTING_SCHEMES.iter().any(|scheme| starts_with_decoded(&url[start..], scheme))
}

fn starts_with_decoded(mut url: &[u8], scheme: &[u8]) -> bool {
    let mut wanted = scheme.iter();
    let mut begun = false;
    let Some(mut letter) = wanted.next() else { return true };
    while !url.is_empty() {
        let (decoded, length) = decode_first(url);
        url = &url[length..];
        if decoded == 0 || decoded == u32::from(b'\n') || !begun && decoded <= 32 {
            continue;
        }
        begun = true;
        if u8::try_from(decoded).is_ok_and(|byte| byte.to_ascii_uppercase() == *letter) {
            match wanted.next() {
                Some(next) => letter = next,
                None => return true,
            }
        } else {
            return false;
        }
    }
    false
}

/// The first character of `text` (not empty), a numeric reference decoded, and the bytes it takes.
fn decode_first(text: &[u8]) -> (u32, usize) {
    let literal = (u32::from(text[0]), 1);
    let (radix, digits) = match text {
        [b'&', b'#', b'x' | b'X', digits @ ..] => (16, digits),
        [b'&', b'#', digits @ ..] => (10, digits),
        _ => return literal,
    };
    let mut number = 0;
    let mut count = 0;
    for digit in digits.iter().map_while(|byte| char::from(*byte).to_digit(radix)) {
        number = number * radix + digit;
        count += 1;
        if number > REFERENCE_MAX {
            return literal;
        }
    }
    if count == 0 {
        return literal;
    }
    let closed = usize::from(digits.get(count) == Some(&b';'));
    (number, text.len() - digits.len() + count + closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_seen_through_references_and_white_space() {
        for url in [
            "javascript:alert(1)",
            " \tJaVa\nscript:",
            "&#106;&#x61;v&#0000097;script:",
            "data:text/html,x",
            "\u{a0}vbscript:",
        ] {
            assert!(runs_script(url.as_bytes()), "{url}");
        }
        for url in ["", "https://example.com/java", "/data/1", "&#106", "&#x;", "&#99999999999999999999;", "jav"] {
            assert!(!runs_script(url.as_bytes()), "{url}");
        }
    }
}
