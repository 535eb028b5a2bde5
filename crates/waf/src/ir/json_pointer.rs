//! Places in a JSON document.
//!
//! Source: RFC 6901, JavaScript Object Notation (JSON) Pointer.

use std::fmt;

/// A place below the root of a JSON document.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JsonPointer {
    /// The key or index at each level, escapes resolved; not empty.
    tokens: Vec<String>,
}

/// Why a text is no place below the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// It names no place below the root.
    #[error("a JSON pointer starts with `/`")]
    NoSlash,
    /// `~` without `0` or `1`.
    #[error("in a JSON pointer, `~` is written `~0`, and `/` within a key `~1`")]
    Tilde,
}

impl JsonPointer {
    /// Reads a pointer such as `/dogs/0/name`: keys and indices, each after a `/`, with `~1` for `/` and `~0` for `~`.
    ///
    /// # Errors
    ///
    /// If it does not start with `/`, or holds another escape.
    pub fn parse(text: &str) -> Result<Self, PointerError> {
        let below = text.strip_prefix('/').ok_or(PointerError::NoSlash)?;
        let tokens = below.split('/').map(unescape).collect::<Result<_, _>>()?;
        Ok(Self { tokens })
    }

    /// How many levels below the root it is.
    pub(crate) fn depth(&self) -> usize {
        self.tokens.len()
    }

    /// Its key or index at a level.
    pub(crate) fn token(&self, level: usize) -> Option<&[u8]> {
        self.tokens.get(level).map(|token| token.as_bytes())
    }
}

fn unescape(token: &str) -> Result<String, PointerError> {
    let mut pieces = token.split('~');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (plain, rest) = match piece.as_bytes().first() {
            Some(b'0') => ('~', &piece[1..]),
            Some(b'1') => ('/', &piece[1..]),
            _ => return Err(PointerError::Tilde),
        };
        text.push(plain);
        text.push_str(rest);
    }
    Ok(text)
}

impl fmt::Display for JsonPointer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tokens.iter().try_for_each(|token| write!(out, "/{}", token.replace('~', "~0").replace('/', "~1")))
    }
}

/// Some places, sorted, each once: those below one place stand together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JsonPointers(Vec<JsonPointer>);

impl JsonPointers {
    /// Puts pointers in order.
    #[must_use]
    pub fn new(mut pointers: Vec<JsonPointer>) -> Self {
        pointers.sort_unstable();
        pointers.dedup();
        Self(pointers)
    }

    /// The pointers in order.
    #[must_use]
    pub fn as_slice(&self) -> &[JsonPointer] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{JsonPointer, PointerError};

    /// The examples of RFC 6901, section 5, and the two escapes together.
    #[test]
    fn a_pointer_is_read_and_written_again() {
        for (text, tokens) in [
            ("/foo", &["foo"][..]),
            ("/foo/0", &["foo", "0"]),
            ("/", &[""]),
            ("/a~1b", &["a/b"]),
            ("/m~0n", &["m~n"]),
            ("/~01", &["~1"]),
            ("/a//b", &["a", "", "b"]),
            ("/k\"l/ ", &["k\"l", " "]),
        ] {
            let pointer = JsonPointer::parse(text).unwrap();
            assert_eq!(pointer.tokens, tokens, "{text}");
            assert_eq!(pointer.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        for (text, error) in [
            ("", PointerError::NoSlash),
            ("foo", PointerError::NoSlash),
            ("/~", PointerError::Tilde),
            ("/a~2b", PointerError::Tilde),
        ] {
            assert_eq!(JsonPointer::parse(text), Err(error), "{text}");
        }
    }
}
