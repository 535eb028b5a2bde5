//! What never reaches a record: the values of headers that carry secrets, and payment card numbers.
//!
//! Every part of a record that a client can choose passes through here on its way out.

use super::json::push_text;
use sekisho_mask::{CardMask, Grouping};

/// What stands in place of a masked header value, as AWS WAF writes it for a redacted field.
pub(crate) const REDACTED: &[u8] = b"REDACTED";

/// Headers whose values are always masked.
const SECRET_HEADERS: [&str; 5] = ["authorization", "cookie", "set-cookie", "proxy-authorization", "x-aws-waf-token"];

/// What is masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskSettings {
    /// More headers whose values are masked, besides Authorization, Proxy-Authorization, Cookie, Set-Cookie and X-Aws-Waf-Token. Any case.
    pub headers: Vec<String>,
    /// Whether payment card numbers are masked, all but their last four digits.
    pub cards: bool,
}

impl Default for MaskSettings {
    fn default() -> Self {
        Self { headers: Vec::new(), cards: true }
    }
}

/// The masks, compiled.
#[derive(Debug)]
pub(crate) struct Mask {
    headers: Vec<Box<str>>,
    /// Bit n: some header name has n bytes (63 for longer ones). Most names are told apart by this alone.
    lengths: u64,
    cards: Option<CardMask>,
}

impl Mask {
    pub(crate) fn new(settings: &MaskSettings) -> Self {
        let extra = settings.headers.iter().map(String::as_str);
        let headers: Vec<Box<str>> = SECRET_HEADERS.into_iter().chain(extra).map(Box::from).collect();
        let lengths = headers.iter().fold(0, |bits, name| bits | length_bit(name.len()));
        Self { headers, lengths, cards: settings.cards.then(|| CardMask::new(Grouping::Any)) }
    }

    /// Whether the value of the header called `name` is masked.
    pub(crate) fn hides(&self, name: &[u8]) -> bool {
        self.lengths & length_bit(name.len()) != 0
            && self.headers.iter().any(|secret| secret.as_bytes().eq_ignore_ascii_case(name))
    }

    /// A value with card numbers masked.
    pub(crate) fn masked<'m>(&'m mut self, value: &'m [u8]) -> &'m [u8] {
        self.cards.as_mut().and_then(|cards| cards.apply(value)).unwrap_or(value)
    }

    /// Appends a value as the inside of a JSON string, card numbers masked.
    pub(crate) fn push(&mut self, out: &mut Vec<u8>, value: &[u8]) {
        let masked = self.cards.as_mut().and_then(|cards| cards.apply(value));
        push_text(out, masked.unwrap_or(value));
    }
}

fn length_bit(bytes: usize) -> u64 {
    1 << bytes.min(63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_headers_are_known_in_any_case() {
        let mask = Mask::new(&MaskSettings { headers: vec!["X-Api-Key".to_owned()], cards: true });
        for name in ["Authorization", "COOKIE", "set-cookie", "Proxy-Authorization", "x-api-key"] {
            assert!(mask.hides(name.as_bytes()), "{name}");
        }
        for name in ["cookies", "author", "x-api-kez", "", "user-agent"] {
            assert!(!mask.hides(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn cards_are_masked_unless_switched_off() {
        let push = |cards| {
            let mut out = Vec::new();
            Mask::new(&MaskSettings { headers: Vec::new(), cards }).push(&mut out, b"\"4111111111111111\"");
            String::from_utf8(out).unwrap()
        };
        assert_eq!(push(true), r#"\"************1111\""#);
        assert_eq!(push(false), r#"\"4111111111111111\""#);
    }
}
