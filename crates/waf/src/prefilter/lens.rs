//! A lens: how a pattern's language looks when the text is seen in another way.
//!
//! Necessary conditions may be drawn up for another language than the pattern's, and asked of another text than the value,
//! as long as every match of the pattern is a match there:
//!
//! - *erased*: the text without certain bytes. Leaving out bytes maps a text that a pattern matches to one that the mapped
//!   pattern matches (an image under a homomorphism), whichever bytes they are. Patterns that allow quotes or backslashes
//!   between all letters of a word become the word.
//! - *absent*: only texts without certain bytes. Branches that need one of them fall away.
//! - *lowered*: the text before its letters were lowered: each class becomes the bytes whose lower case is in it.

use super::byte_set::ByteSet;

/// How a text is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Lens {
    /// Bytes the text is seen without.
    pub(crate) erased: ByteSet,
    /// Bytes the text is known not to have.
    pub(crate) absent: ByteSet,
    /// Whether the pattern sees the text in lower case.
    pub(crate) lowered: bool,
}

/// What a class becomes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// What may stand there.
    pub(super) bytes: ByteSet,
    /// Whether nothing may stand there.
    pub(super) nothing: bool,
}

impl Lens {
    /// A class through the lens.
    pub(super) fn class(&self, class: ByteSet) -> Seen {
        let class = if self.lowered { raised(&class) } else { class };
        let class = class.minus(&self.absent);
        Seen { bytes: class.minus(&self.erased), nothing: class.intersects(&self.erased) }
    }

    /// Whether two bytes that are neighbours stay neighbours.
    pub(super) fn keeps_neighbours(&self) -> bool {
        self.erased.is_empty()
    }
}

/// The bytes whose lower case is in `class`.
fn raised(class: &ByteSet) -> ByteSet {
    let mut set = ByteSet::EMPTY;
    (0..=u8::MAX).filter(|byte| class.contains(byte.to_ascii_lowercase())).for_each(|byte| set.insert(byte));
    set
}
