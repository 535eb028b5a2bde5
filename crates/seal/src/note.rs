//! Signed texts. Source: C2SP signed-note.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::key::{SigningKey, VerifyingKey};

/// Bytes of a note: a checkpoint with the signatures of many witnesses has some kilobytes.
const NOTE_BYTES_MAX: usize = 64 << 10;
/// Signatures of a note; the specification asks for at least 16.
const SIGNATURES_MAX: usize = 64;

/// Why a note is none, or is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is larger than any note is.
    #[error("the note has more than {NOTE_BYTES_MAX} bytes or {SIGNATURES_MAX} signatures")]
    TooLarge,
    /// It has another form.
    #[error("this is not a signed note")]
    Form,
    /// No signature is by a known key.
    #[error("the note is not signed by the key `{0}`")]
    Unsigned(String),
    /// A signature by a known key is not of this text.
    #[error("the signature by `{0}` is not of this text: the text or the signature was altered")]
    Forged(String),
}

/// A signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    pub(crate) name: String,
    pub(crate) id: [u8; 4],
    pub(crate) bytes: Vec<u8>,
}

impl NoteSignature {
    /// In whose name it is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads a line, without what ends it.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn from_line(line: &str) -> Result<Self, NoteError> {
        let (name, text) = line.strip_prefix("— ").and_then(|rest| rest.split_once(' ')).ok_or(NoteError::Form)?;
        let bytes = STANDARD.decode(text).map_err(|_| NoteError::Form)?;
        let Some((id, signature)) = bytes.split_first_chunk::<4>() else { return Err(NoteError::Form) };
        let is_named = !name.is_empty() && !name.contains(|letter: char| letter.is_whitespace() || letter == '+');
        if !is_named || signature.is_empty() {
            return Err(NoteError::Form);
        }
        Ok(Self { name: name.to_owned(), id: *id, bytes: signature.to_vec() })
    }

    /// The line, with what ends it.
    #[must_use]
    pub fn to_line(&self) -> String {
        format!("— {} {}\n", self.name, STANDARD.encode([&self.id, &self.bytes[..]].concat()))
    }

    pub(crate) fn is_of(&self, key: &VerifyingKey) -> bool {
        self.name == key.name() && self.id == key.id()
    }
}

/// A text with signatures, none of which has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// With the line feed at its end.
    pub(crate) text: String,
    pub(crate) signatures: Vec<NoteSignature>,
}

impl Note {
    /// Signs a text.
    ///
    /// # Panics
    ///
    /// If the text does not end in a line feed.
    #[must_use]
    pub fn sign(text: String, key: &SigningKey) -> Self {
        assert!(text.ends_with('\n'), "a note's text ends in a line feed");
        let verifying = key.verifying();
        let bytes = key.sign(text.as_bytes()).to_vec();
        let signature = NoteSignature { name: verifying.name().to_owned(), id: verifying.id(), bytes };
        Self { text, signatures: vec![signature] }
    }

    /// Reads a note.
    ///
    /// # Errors
    ///
    /// If it is none, or too large.
    pub fn from_text(text: &str) -> Result<Self, NoteError> {
        if text.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLarge);
        }
        if text.contains(|letter: char| letter < ' ' && letter != '\n') {
            return Err(NoteError::Form);
        }
        let end = text.rfind("\n\n").ok_or(NoteError::Form)?;
        let (body, lines) = (&text[..=end], &text[end + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Form)?;
        let signatures = lines.split('\n').map(NoteSignature::from_line).collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > SIGNATURES_MAX {
            return Err(NoteError::TooLarge);
        }
        Ok(Self { text: body.to_owned(), signatures })
    }

    /// The form that [`Note::from_text`] reads.
    #[must_use]
    pub fn to_text(&self) -> String {
        let lines = self.signatures.iter().map(NoteSignature::to_line);
        std::iter::once(format!("{}\n", self.text)).chain(lines).collect()
    }

    /// What is signed, with the line feed at its end.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Who has signed, with what. Nothing is checked.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The same text, signed otherwise.
    #[must_use]
    pub fn signed_by(&self, signatures: Vec<NoteSignature>) -> Self {
        Self { text: self.text.clone(), signatures }
    }

    /// Adds a signature, unless it is there already.
    pub fn add(&mut self, signature: NoteSignature) {
        if !self.signatures.contains(&signature) {
            self.signatures.push(signature);
        }
    }

    /// The signed text, if a key has signed it.
    ///
    /// # Errors
    ///
    /// If it has not.
    pub fn verified(&self, key: &VerifyingKey) -> Result<&str, NoteError> {
        let mut signatures = self.signatures.iter().filter(|signature| signature.is_of(key)).peekable();
        if signatures.peek().is_none() {
            return Err(NoteError::Unsigned(key.name().to_owned()));
        }
        for signature in signatures {
            if !key.verifies(self.text.as_bytes(), &signature.bytes) {
                return Err(NoteError::Forged(key.name().to_owned()));
            }
        }
        Ok(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specifications_example_is_a_note() {
        // Source: C2SP signed-note, the example at the top of the document.
        let text = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n\
            — quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
        let note = Note::from_text(text).unwrap();
        assert!(note.text.ends_with("è subito sera.\n") && note.text.starts_with("Ognuno"));
        assert_eq!(note.to_text(), text);
    }

    #[test]
    fn a_changed_text_or_signature_is_found() {
        let key = SigningKey::generate("log").unwrap();
        let note = Note::from_text(&Note::sign("one\ntwo\n".to_owned(), &key).to_text()).unwrap();
        assert_eq!(note.verified(&key.verifying()), Ok("one\ntwo\n"));
        let mut changed = note.clone();
        changed.text.insert(0, ' ');
        assert_eq!(changed.verified(&key.verifying()), Err(NoteError::Forged("log".to_owned())));
        let mut changed = note.clone();
        changed.signatures[0].bytes[9] ^= 1;
        assert_eq!(changed.verified(&key.verifying()), Err(NoteError::Forged("log".to_owned())));
        let other = SigningKey::generate("log").unwrap().verifying();
        assert_eq!(note.verified(&other), Err(NoteError::Unsigned("log".to_owned())));
    }

    #[test]
    fn what_is_no_note_is_refused() {
        for text in
            ["", "a\n", "a\n\n", "a\n\n- b AAAA\n", "a\n\n— b AAAA", "a\n\n— b AAAAA===\n", "a\u{7}\n\n— b AAAAAAAA\n"]
        {
            assert_eq!(Note::from_text(text), Err(NoteError::Form), "{text:?}");
        }
        let many = format!("a\n\n{}", "— b AAAAAAAA\n".repeat(SIGNATURES_MAX + 1));
        assert_eq!(Note::from_text(&many), Err(NoteError::TooLarge));
        assert_eq!(Note::from_text(&"a".repeat(NOTE_BYTES_MAX + 1)), Err(NoteError::TooLarge));
    }
}
