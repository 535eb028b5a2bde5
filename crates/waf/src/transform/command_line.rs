//! Command lines without disguise: behind `CMD_LINE`, `CMD_LINE_UNIX` and `CMD_LINE_WIN`.

use super::scan;

/// How a shell's command lines are disguised, and so what is undone.
pub(super) struct Dialect {
    /// Bytes that vanish.
    pub(super) deleted: &'static [u8],
    /// Bytes that count as a space, other than the space.
    pub(super) spaces: &'static [u8],
    /// Bytes before which spaces vanish.
    pub(super) closing: &'static [u8],
    /// Whether spaces at both ends vanish.
    pub(super) trimmed: bool,
    /// Whether a caret takes a line end after it along, as the line continuation of `cmd.exe`.
    pub(super) caret_continues: bool,
    /// Whether several backslashes are one.
    pub(super) backslashes_joined: bool,
    /// [`changing`] bytes.
    pub(super) alone: [bool; 256],
}

/// Which bytes change wherever they stand: upper case, those that vanish, and those that count as a space.
pub(super) const fn changing(deleted: &[u8], spaces: &[u8]) -> [bool; 256] {
    let mut alone = [false; 256];
    let mut byte = b'A';
    while byte <= b'Z' {
        alone[byte as usize] = true;
        byte += 1;
    }
    let mut at = 0;
    while at < deleted.len() {
        alone[deleted[at] as usize] = true;
        at += 1;
    }
    at = 0;
    while at < spaces.len() {
        alone[spaces[at] as usize] = true;
        at += 1;
    }
    alone
}

/// White space other than the space.
pub(super) const LINE_SPACES: &[u8] = b"\t\n\x0b\x0c\r";

impl Dialect {
    /// Whether [`Self::write`] might change `input`.
    pub(super) fn touches(&self, input: &[u8]) -> bool {
        let is_pair = |left: u8, right: u8| {
            left == b' ' && (right == b' ' || self.closing.contains(&right))
                || self.backslashes_joined && left == b'\\' && right == b'\\'
        };
        let ends = self.trimmed && (input.first() == Some(&b' ') || input.last() == Some(&b' '));
        ends || scan::any(input, |byte| self.alone[usize::from(byte)]) || scan::any_pair(input, is_pair)
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
