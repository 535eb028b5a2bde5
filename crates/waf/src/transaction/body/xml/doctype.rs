//! The document type: read over, but for its quoted texts.

use super::{Reader, XmlError, text};

impl Reader<'_, '_> {
    /// `<!DOCTYPE …>` with what is declared in it.
    pub(super) fn doctype(&mut self) -> Result<(), XmlError> {
        self.at += b"<!DOCTYPE".len();
        if !self.skip_space() {
            return Err(self.ended_or(XmlError::Doctype));
        }
        self.name()?;
        self.skip_space();
        if self.skip(b"SYSTEM") {
            self.external(1)?;
        } else if self.skip(b"PUBLIC") {
            self.external(2)?;
        }
        self.skip_space();
        if self.skip(b"[") {
            self.declarations()?;
            self.skip_space();
        }
        if self.skip(b">") { Ok(()) } else { Err(self.ended_or(XmlError::Doctype)) }
    }

    /// Where more is declared: nothing is fetched from there.
    fn external(&mut self, literals: usize) -> Result<(), XmlError> {
        for _ in 0..literals {
            if !self.skip_space() {
                return Err(self.ended_or(XmlError::Doctype));
            }
            self.literal(XmlError::Doctype)?;
        }
        Ok(())
    }

    fn declarations(&mut self) -> Result<(), XmlError> {
        loop {
            self.skip_space();
            if self.skip(b"]") {
                return Ok(());
            } else if self.skip(b"<!--") {
                self.comment()?;
            } else if self.skip(b"<?") {
                self.instruction()?;
            } else if self.skip(b"<!") {
                self.declaration_of_any_kind()?;
            } else if self.skip(b"%") {
                return Err(XmlError::Entity);
            } else {
                return Err(self.ended_or(XmlError::Doctype));
            }
        }
    }

    /// A declaration up to its end. Quoted texts in it may become text of the document: they are taken up as far as they
    /// can be read.
    fn declaration_of_any_kind(&mut self) -> Result<(), XmlError> {
        loop {
            match self.rest().first() {
                None => return Err(XmlError::Ended),
                Some(b'>') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'"' | b'\'') => {
                    let literal = self.literal(XmlError::Doctype)?;
                    let text = &self.bytes[literal];
                    let start = self.open.text.len();
                    if text::append(text, text::Space::Kept, &mut self.open.text).is_err() {
                        self.open.text.truncate(start);
                        self.open.text.extend_from_slice(text);
                    }
                    self.open.text.push(b'\n');
                }
                Some(b'<') => return Err(XmlError::Doctype),
                Some(_) => self.at += 1,
            }
        }
    }
}
