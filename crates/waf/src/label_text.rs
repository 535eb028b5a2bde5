//! Labels made from a request, kept in place: they are made anew for each, and must not cost memory.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::{fmt, str};

/// Longer texts are kept elsewhere. The longest label of a country or region takes 42 bytes.
const IN_PLACE_BYTES_MAX: usize = 46;

/// The text of a label.
#[derive(Clone)]
pub struct LabelText(Kept);

#[derive(Clone)]
enum Kept {
    InPlace { bytes: [u8; IN_PLACE_BYTES_MAX], length: u8 },
    Elsewhere(Arc<str>),
}

impl LabelText {
    /// From its parts, one after another.
    #[must_use]
    pub fn joined(parts: &[&str]) -> Self {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut bytes = [0; IN_PLACE_BYTES_MAX];
        let Some(mut rest) = bytes.get_mut(..length) else { return Self(Kept::Elsewhere(parts.concat().into())) };
        for part in parts {
            let (here, after) = rest.split_at_mut(part.len());
            here.copy_from_slice(part.as_bytes());
            rest = after;
        }
        Self(Kept::InPlace { bytes, length: u8::try_from(length).expect("it fits in place") })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Kept::InPlace { bytes, length } => {
                str::from_utf8(&bytes[..usize::from(*length)]).expect("it was put together from texts")
            }
            Kept::Elsewhere(text) => text,
        }
    }
}

impl From<&str> for LabelText {
    fn from(text: &str) -> Self {
        Self::joined(&[text])
    }
}

impl From<String> for LabelText {
    fn from(text: String) -> Self {
        Self::joined(&[&text])
    }
}

impl PartialEq for LabelText {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for LabelText {}

impl Hash for LabelText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for LabelText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::LabelText;

    #[test]
    fn texts_of_any_length_are_kept() {
        for length in [0, 1, 45, 46, 47, 200] {
            let text = "é".repeat(length / 2) + &"x".repeat(length % 2);
            assert_eq!(LabelText::from(text.as_str()).as_str(), text);
            assert_eq!(LabelText::joined(&["a:", &text]).as_str(), format!("a:{text}"));
        }
        assert_eq!(LabelText::from("a"), LabelText::joined(&["", "a"]));
        assert_ne!(LabelText::from("a"), LabelText::from("b"));
    }
}
