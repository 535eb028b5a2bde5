//! The bytes of a pattern, one after the other.

/// Reads a pattern. Knows of `\Q…\E`, because that may begin and end anywhere.
#[derive(Debug)]
pub(super) struct Reader<'p> {
    pattern: &'p [u8],
    at: usize,
    quoting: bool,
}

impl<'p> Reader<'p> {
    pub(super) fn new(pattern: &'p [u8]) -> Self {
        Self { pattern, at: 0, quoting: false }
    }

    /// The offset of the next byte.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'p [u8] {
        &self.pattern[self.at..]
    }

    pub(super) fn pattern(&self) -> &'p [u8] {
        self.pattern
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.pattern.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<u8> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.pattern.len());
    }

    pub(super) fn looking_at(&self, text: &[u8]) -> bool {
        self.rest().starts_with(text)
    }

    /// Takes a text if it comes next.
    pub(super) fn take(&mut self, text: &[u8]) -> bool {
        let comes = self.looking_at(text);
        self.at += if comes { text.len() } else { 0 };
        comes
    }

    /// The text up to a byte, which is taken too.
    pub(super) fn take_until(&mut self, end: u8) -> Option<&'p [u8]> {
        let rest = self.rest();
        let length = rest.iter().position(|byte| *byte == end)?;
        self.at += length + 1;
        Some(&rest[..length])
    }

    /// After `\Q`.
    pub(super) fn quote(&mut self) {
        self.quoting = true;
        self.end_quote();
    }

    pub(super) fn is_quoting(&self) -> bool {
        self.quoting
    }

    /// The next byte, which stands for itself.
    pub(super) fn next_quoted(&mut self) -> Option<u8> {
        let next = self.next();
        self.end_quote();
        next
    }

    fn end_quote(&mut self) {
        if self.take(br"\E") || self.peek().is_none() {
            self.quoting = false;
        }
    }
}
