//! Command lines without disguise: behind `CMD_LINE`, `CMD_LINE_UNIX` and `CMD_LINE_WIN`.

use super::scan;

/// How a shell's command lines are disguised, and so what is undone.
pub(super) struct Dialect {
    /// Bytes that vanish.
    pub(super) deleted: &'static [u8],
    /// Bytes that count as a space, other than the space.
    pub(super) spaces: &'static [u8],
    /// Bytes before which spaces vanish; spaces where there are none.
    pub(super) closing: [u8; 2],
    /// Whether spaces at both ends vanish.
    pub(super) trimmed: bool,
    /// Whether a caret takes a line end after it along, as the line continuation of `cmd.exe`.
    pub(super) caret_continues: bool,
    /// Whether several backslashes are one.
    pub(super) backslashes_joined: bool,
    /// What [`marks`] gives for the bytes that vanish and those that count as a space.
    pub(super) marks: [u8; MARKS_MAX],
}

/// Bytes that vanish and bytes that count as a space, of the dialect with most of them.
const MARKS_MAX: usize = 9;

/// Two lists as one of fixed length, which can be compared with many bytes at once. What is left over repeats its first.
pub(super) const fn marks(deleted: &[u8], spaces: &[u8]) -> [u8; MARKS_MAX] {
    let mut marks = [deleted[0]; MARKS_MAX];
    let mut at = 0;
    while at < deleted.len() + spaces.len() {
        marks[at] = if at < deleted.len() { deleted[at] } else { spaces[at - deleted.len()] };
        at += 1;
    }
    marks
}

/// White space other than the space.
pub(super) const LINE_SPACES: &[u8] = b"\t\n\x0b\x0c\r";

impl Dialect {
    /// Whether [`Self::write`] might change `input`.
    pub(super) fn touches(&self, input: &[u8]) -> bool {
        let [first, second] = self.closing;
        let joins = self.backslashes_joined;
        let is_pair = |left: u8, right: u8| {
            (left == b' ') & ((right == b' ') | (right == first) | (right == second))
                | joins & (left == b'\\') & (right == b'\\')
        };
        let changes =
            |byte: u8| self.marks.iter().fold(byte.is_ascii_uppercase(), |found, mark| found | (byte == *mark));
        let ends = self.trimmed && (input.first() == Some(&b' ') || input.last() == Some(&b' '));
        ends || scan::any(input, changes) || scan::any_pair(input, is_pair)
    }

    /// Appends `input` in lower case, spaces compressed, and all that the dialect lists undone.
    pub(super) fn write(&self, input: &[u8], out: &mut Vec<u8>) {
        out.reserve(input.len());
        let start = out.len();
        let mut space_pending = false;
        let mut rest = input;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            if self.deleted.contains(&byte) {
                if byte == b'^' && self.caret_continues {
                    rest = after_line_end(after);
                }
                continue;
            }
            if byte == b' ' || self.spaces.contains(&byte) {
                space_pending = true;
                continue;
            }
            if space_pending && !self.closing.contains(&byte) && !(self.trimmed && out.len() == start) {
                out.push(b' ');
            }
            let joins = self.backslashes_joined && byte == b'\\' && out.len() > start && out.last() == Some(&b'\\');
            space_pending = false;
            if !joins {
                out.push(byte.to_ascii_lowercase());
            }
        }
        if space_pending && !self.trimmed {
            out.push(b' ');
        }
    }
}

/// `text` without the LF or CR LF it may start with.
fn after_line_end(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\r\n").or_else(|| text.strip_prefix(b"\n")).unwrap_or(text)
}
