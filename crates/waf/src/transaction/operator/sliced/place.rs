//! What conditions on a place can tell of the byte before it.

use regex_automata::util::look::{Look, LookMatcher};

/// What stands before a place, as far as conditions on places can tell: an index into [`Before::BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Before(u8);

impl Before {
    /// One byte of each kind.
    const BYTES: [Option<u8>; 5] = [None, Some(b'\n'), Some(b'\r'), Some(b'a'), Some(b' ')];

    pub(super) fn of(byte: Option<u8>) -> Self {
        Self(match byte {
            None => 0,
            Some(b'\n') => 1,
            Some(b'\r') => 2,
            Some(byte) if byte.is_ascii_alphanumeric() || byte == b'_' => 3,
            Some(_) => 4,
        })
    }

    /// A number below 8.
    pub(super) fn number(self) -> u8 {
        self.0
    }

    /// Whether a condition holds between it and the next byte.
    pub(super) fn holds(self, matcher: &LookMatcher, look: Look, next: Option<u8>) -> bool {
        let before = Self::BYTES[usize::from(self.0)];
        let text = [before.unwrap_or_default(), next.unwrap_or_default()];
        let from = usize::from(before.is_none());
        matcher.matches(look, &text[from..1 + usize::from(next.is_some())], 1 - from)
    }
}
