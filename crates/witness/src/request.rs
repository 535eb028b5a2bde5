//! What a log sends to a witness.

use sekisho_seal::{Hash, Note, NoteError};

/// Hashes of a proof between two states: a tree of 2^63 leaves needs no more.
const PROOF_HASHES_MAX: usize = 63;

/// Why a request is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It is not in the protocol's form.
    #[error("the request has not the form `old SIZE`, hashes, an empty line, a checkpoint")]
    Form,
    /// It has too many hashes.
    #[error("the proof has more than {PROOF_HASHES_MAX} hashes")]
    TooLong,
    /// What comes last is no note.
    #[error("the checkpoint is not a signed note")]
    Note(#[from] NoteError),
}

/// A state of a log, with the proof that an earlier one is its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Number of leaves of the earlier state; 0 if there is none.
    pub before: u64,
    /// The proof; empty if there is no earlier state, or it is the same.
    pub proof: Vec<Hash>,
    /// The state.
    pub checkpoint: Note,
}

impl AddCheckpoint {
    /// Reads a request's body.
    ///
    /// # Errors
    ///
    /// If it has another form.
    pub fn from_text(text: &str) -> Result<Self, RequestError> {
        let (head, note) = text.split_once("\n\n").ok_or(RequestError::Form)?;
        let mut lines = head.split('\n');
        let before = lines.next().and_then(|line| line.strip_prefix("old ")).ok_or(RequestError::Form)?;
        let is_plain = before == "0" || !before.starts_with(['0', '+']);
        let before = before.parse().ok().filter(|_| is_plain).ok_or(RequestError::Form)?;
        let proof: Option<Vec<_>> = lines.by_ref().take(PROOF_HASHES_MAX).map(Hash::from_base64).collect();
        let proof = proof.ok_or(RequestError::Form)?;
        if lines.next().is_some() {
            return Err(RequestError::TooLong);
        }
        Ok(Self { before, proof, checkpoint: Note::from_text(note)? })
    }

    /// The form that [`AddCheckpoint::from_text`] reads.
    #[must_use]
    pub fn to_text(&self) -> String {
        let hashes: String = self.proof.iter().map(|hash| format!("{}\n", hash.to_base64())).collect();
        format!("old {}\n{hashes}\n{}", self.before, self.checkpoint.to_text())
    }
}

#[cfg(test)]
mod tests {
    use sekisho_seal::{Checkpoint, SigningKey};

    use super::*;

    fn note() -> Note {
        let key = SigningKey::from_text(&SigningKey::generate("log").unwrap().to_secret_text()).unwrap();
        Checkpoint { origin: "log".to_owned(), size: 3, root: Hash::of(&[b"x"]) }.sign(&key)
    }

    #[test]
    fn requests_survive_their_text() {
        for proof in [vec![], vec![Hash::of(&[b"a"]), Hash::of(&[b"b"])], vec![Hash::of(&[]); PROOF_HASHES_MAX]] {
            let request = AddCheckpoint { before: 2, proof, checkpoint: note() };
            assert_eq!(AddCheckpoint::from_text(&request.to_text()), Ok(request));
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let note = note().to_text();
        for head in
            ["", "old", "old x", "old 01", "old +1", "old -1", "new 1", "old 1\nAAAA", "old 18446744073709551616"]
        {
            assert_eq!(AddCheckpoint::from_text(&format!("{head}\n\n{note}")), Err(RequestError::Form), "{head}");
        }
        assert_eq!(AddCheckpoint::from_text("old 1\n"), Err(RequestError::Form));
        assert!(matches!(AddCheckpoint::from_text("old 1\n\nnothing"), Err(RequestError::Note(_))));
        let many = AddCheckpoint { before: 1, proof: vec![Hash::of(&[]); 64], checkpoint: self::note() };
        assert_eq!(AddCheckpoint::from_text(&many.to_text()), Err(RequestError::TooLong));
    }
}
