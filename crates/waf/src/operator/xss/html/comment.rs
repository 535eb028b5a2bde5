//! What begins with `<!`, `<?` or `<%`: comments of all kinds, CDATA, the document type.

use memchr::{memchr, memmem};

use super::{Html, Kind, State, Token};

impl<'v> Html<'v> {
    pub(super) fn markup_declaration(&mut self) -> Token<'v> {
        let rest = &self.value[self.at..];
        if rest.get(..7).is_some_and(|start| start.eq_ignore_ascii_case(b"doctype")) {
            self.up_to_end(Kind::Doctype)
        } else if rest.starts_with(b"[CDATA[") {
            self.at += 7;
            self.up_to(Kind::Text, b"]]>")
        } else if rest.starts_with(b"--") {
            self.at += 2;
            self.comment()
        } else {
            self.bogus_comment()
        }
    }

    /// A comment up to `>`.
    pub(super) fn bogus_comment(&mut self) -> Token<'v> {
        self.up_to_end(Kind::Comment)
    }

    /// A comment up to `%>`, as old browsers had them.
    pub(super) fn percent_comment(&mut self) -> Token<'v> {
        self.up_to(Kind::Comment, b"%>")
    }

    fn up_to_end(&mut self, kind: Kind) -> Token<'v> {
        match memchr(b'>', &self.value[self.at..]) {
            Some(length) => self.emit(kind, length, 1, State::Data),
            None => self.emit_rest(kind),
        }
    }

    fn up_to(&mut self, kind: Kind, closing: &[u8]) -> Token<'v> {
        match memmem::find(&self.value[self.at..], closing) {
            Some(length) => self.emit(kind, length, closing.len(), State::Data),
            None => self.emit_rest(kind),
        }
    }

    /// A comment up to `-->` or `-!>`; NUL bytes after the first dash are ignored.
    fn comment(&mut self) -> Token<'v> {
        let rest = &self.value[self.at..];
        let mut search = 0;
        while let Some(dash) = memchr(b'-', &rest[search..]).map(|offset| search + offset) {
            let after = &rest[dash + 1..];
            let nuls = after.iter().take_while(|byte| **byte == 0).count();
            if let [b'-' | b'!', b'>', ..] = after[nuls..] {
                return self.emit(Kind::Comment, dash, nuls + 3, State::Data);
            }
            search = dash + 1;
        }
        self.emit_rest(Kind::Comment)
    }
}
