//! Command lines without disguise: behind `CMD_LINE`, `CMD_LINE_UNIX` and `CMD_LINE_WIN`.

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
}

/// White space other than the space.
pub(super) const LINE_SPACES: &[u8] = b"\t\n\x0b\x0c\r";

impl Dialect {
    /// Whether [`Self::write`] might change `input`.
    pub(super) fn touches(&self, input: &[u8]) -> bool {
        let mut before = if self.trimmed { b' ' } else { 0 };
        for &byte in input {
            let closes = before == b' ' && (byte == b' ' || self.closing.contains(&byte));
            let joins = self.backslashes_joined && before == b'\\' && byte == b'\\';
            if byte.is_ascii_uppercase()
                || self.deleted.contains(&byte)
                || self.spaces.contains(&byte)
                || closes
                || joins
            {
                return true;
            }
            before = byte;
        }
        self.trimmed && input.last() == Some(&b' ')
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
