//! Bytes that decide.

/// Bytes that decide; zero when there are none left.
#[derive(Debug)]
pub struct Choices<'b>(&'b [u8]);

impl<'b> Choices<'b> {
    /// Decides by these bytes, one after the other.
    #[must_use]
    pub fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `count`, which is at least 1 and at most 256.
    pub fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    /// One of a few words.
    pub fn pick<'w>(&mut self, words: &[&'w str]) -> &'w str {
        words[self.below(words.len())]
    }

    /// One of up to 65,536; none if there are none.
    pub fn pick_of_many<'w, T>(&mut self, things: &'w [T]) -> Option<&'w T> {
        let number = usize::from(self.byte()) << 8 | usize::from(self.byte());
        things.get(number % things.len().max(1))
    }

    /// True once in `of` times.
    pub fn chance(&mut self, of: usize) -> bool {
        self.below(of) == of - 1
    }
}
