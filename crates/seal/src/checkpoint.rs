//! How many records there were, and their root. Source: C2SP tlog-checkpoint.

use crate::hash::Hash;
use crate::key::{SigningKey, VerifyingKey};
use crate::note::{Note, NoteError};

/// Why a text is no checkpoint of a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It is no note, or is not signed.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The signed text has another form.
    #[error("the signed text is not a checkpoint")]
    Form,
    /// It is of another log.
    #[error("the checkpoint is of the log `{found}`, not of `{expected}`")]
    OtherLog {
        /// Whose it is.
        found: String,
        /// Whose it had to be.
        expected: String,
    },
}

/// The state of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// Signs it.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> Note {
        Note::sign(self.to_body(), key)
    }

    /// What is signed.
    #[must_use]
    pub fn to_body(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }

    /// Reads a signed text.
    ///
    /// # Errors
    ///
    /// If it has another form. Lines beyond the third are let be, as the specification wants.
    pub fn from_body(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Form)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Form);
        };
        let is_plain = size == "0" || !size.starts_with(['0', '+']);
        let size = size.parse().ok().filter(|_| is_plain).ok_or(CheckpointError::Form)?;
        let root = Hash::from_base64(root).ok_or(CheckpointError::Form)?;
        if origin.is_empty() || lines.any(str::is_empty) {
            return Err(CheckpointError::Form);
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// The state that a log's key has signed. The log has the key's name.
    ///
    /// # Errors
    ///
    /// If the key has not signed it, or it is of another log.
    pub fn verified(note: &Note, key: &VerifyingKey) -> Result<Self, CheckpointError> {
        let checkpoint = Self::from_body(note.verified(key)?)?;
        if checkpoint.origin == key.name() {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::OtherLog { found: checkpoint.origin, expected: key.name().to_owned() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_survives_its_text() {
        let key = SigningKey::generate("sekisho.example/lake").unwrap();
        let checkpoint =
            Checkpoint { origin: "sekisho.example/lake".to_owned(), size: 20_852_163, root: Hash::of(&[b"a"]) };
        let note = Note::from_text(&checkpoint.sign(&key).to_text()).unwrap();
        assert_eq!(Checkpoint::verified(&note, &key.verifying()), Ok(checkpoint.clone()));
        let other = Checkpoint { origin: "other".to_owned(), ..checkpoint };
        assert!(matches!(
            Checkpoint::verified(&other.sign(&key), &key.verifying()),
            Err(CheckpointError::OtherLog { .. })
        ));
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        let root = Hash::of(&[]).to_base64();
        assert!(Checkpoint::from_body(&format!("a\n0\n{root}\nmore\n")).is_ok());
        for body in [
            format!("a\n00\n{root}\n"),
            format!("a\n+1\n{root}\n"),
            format!("\n1\n{root}\n"),
            "a\n1\nAAAA\n".to_owned(),
            format!("a\n1\n{root}\n\n"),
        ] {
            assert_eq!(Checkpoint::from_body(&body), Err(CheckpointError::Form), "{body}");
        }
    }
}
