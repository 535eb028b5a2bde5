//! Form data as `go-ftw` sends it: percent-encoded, unless it is already.
//!
//! Source: `go-ftw` (`ftwhttp`), Go's `net/url`.

/// `data` with the names and values between `&` and `=` percent-encoded; as it is, if decoding would change it.
pub(crate) fn encoded(data: &[u8]) -> Vec<u8> {
    if data.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return data.to_vec();
    }
    let mut pairs = Vec::new();
    // A separator at the end separates nothing.
    let data = data.strip_suffix(b"&").unwrap_or(data);
    for (at, pair) in data.split(|byte| *byte == b'&').enumerate() {
        if at > 0 {
            pairs.push(b'&');
        }
        match pair.iter().position(|byte| *byte == b'=') {
            None => escape(pair, &mut pairs),
            Some(at) => {
                escape(&pair[..at], &mut pairs);
                pairs.push(b'=');
                escape(&pair[at + 1..], &mut pairs);
            }
        }
    }
    pairs
}

/// Go's `url.QueryEscape`.
pub(crate) fn escape(text: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(*byte),
            b' ' => out.push(b'+'),
            _ => out.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[track_caller]
    fn check(data: &str, expect: &str) {
        assert_eq!(String::from_utf8(encoded(data.as_bytes())).unwrap(), expect);
    }

    #[test]
    fn names_and_values_are_encoded_and_their_separators_are_not() {
        check("a=b c&d=<e>=f", "a=b+c&d=%3Ce%3E%3Df");
        check("alone", "alone");
        check("x;y", "x%3By");
        check("a=1&", "a=1");
        check("a=1&&b=2", "a=1&&b=2");
        check("é", "%C3%A9");
    }

    #[test]
    fn what_decoding_would_change_is_left_alone() {
        check("a=%3C b", "a=%3C b");
        check("a=b+c <", "a=b+c <");
        check("a=%zz <", "a=%zz <");
    }
}
