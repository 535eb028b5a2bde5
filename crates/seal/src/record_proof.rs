//! Proof for a single record, in a file of its own. Source: C2SP tlog-proof.

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::hash::Hash;
use crate::key::VerifyingKey;
use crate::note::Note;
use crate::proof::{ProofError, verify_inclusion};

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Hashes of a proof: a tree of 2^64 leaves has no longer way.
const HASHES_MAX: usize = 64;

/// Why a proof does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordProofError {
    /// It has another form.
    #[error("this is not a proof of a record")]
    Form,
    /// Its checkpoint is not to be trusted.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The record is not in the checkpoint's tree.
    #[error("the record is not the one that was sealed: {0}")]
    Record(#[from] ProofError),
}

/// A record's place among all records, and a checkpoint that binds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordProof {
    /// Which leaf, from 0 on.
    pub index: u64,
    /// From the leaf's neighbour up.
    pub hashes: Vec<Hash>,
    /// With the signature of the log, and those of witnesses.
    pub checkpoint: Note,
}

impl RecordProof {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// If it is none. Nothing is verified.
    pub fn from_text(text: &str) -> Result<Self, RecordProofError> {
        let (head, checkpoint) = text.split_once("\n\n").ok_or(RecordProofError::Form)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(RecordProofError::Form);
        }
        lines.next_if(|line| line.starts_with("extra "));
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).ok_or(RecordProofError::Form)?;
        let is_plain = index == "0" || !index.starts_with(['0', '+']);
        let index = index.parse().ok().filter(|_| is_plain).ok_or(RecordProofError::Form)?;
        let hashes = lines.take(HASHES_MAX + 1).map(|line| Hash::from_base64(line).ok_or(RecordProofError::Form));
        let hashes = hashes.collect::<Result<Vec<_>, _>>()?;
        if hashes.len() > HASHES_MAX {
            return Err(RecordProofError::Form);
        }
        let checkpoint = Note::from_text(checkpoint).map_err(CheckpointError::from)?;
        Ok(Self { index, hashes, checkpoint })
    }

    /// The form that [`RecordProof::from_text`] reads.
    #[must_use]
    pub fn to_text(&self) -> String {
        let hashes = self.hashes.iter().map(|hash| format!("{}\n", hash.to_base64())).collect::<String>();
        format!("{HEADER}\nindex {}\n{hashes}\n{}", self.index, self.checkpoint.to_text())
    }

    /// Checks that the leaf with this hash is where the proof says, in a tree that the log's key has signed.
    ///
    /// # Errors
    ///
    /// If it is not shown to be.
    pub fn verify(&self, leaf: Hash, key: &VerifyingKey) -> Result<Checkpoint, RecordProofError> {
        let checkpoint = Checkpoint::verified(&self.checkpoint, key)?;
        verify_inclusion(leaf, self.index, checkpoint.size, &self.hashes, checkpoint.root)?;
        Ok(checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SigningKey;
    use crate::tree::tests::{Levels, leaves};
    use crate::tree::{inclusion_proof, root};

    #[test]
    fn a_proof_of_the_largest_log_is_small_and_holds() {
        let key = SigningKey::generate("sekisho.example/lake").unwrap();
        let all = leaves(1_000);
        let levels = Levels::over(all.clone());
        let checkpoint =
            Checkpoint { origin: "sekisho.example/lake".to_owned(), size: 1_000, root: root(&levels, 1_000).unwrap() };
        let hashes = inclusion_proof(&levels, 321, 1_000).unwrap();
        let proof = RecordProof { index: 321, hashes, checkpoint: checkpoint.sign(&key) };
        let proof = RecordProof::from_text(&proof.to_text()).unwrap();
        assert_eq!(proof.verify(all[321], &key.verifying()), Ok(checkpoint));
        assert_eq!(proof.verify(all[320], &key.verifying()), Err(RecordProofError::Record(ProofError::OtherRoot)));
        // A log of 2^34 leaves: 34 hashes, some 17 billion records.
        let longest = RecordProof { hashes: vec![Hash::of(&[]); 34], ..proof };
        assert!(longest.to_text().len() <= 2_048, "{}", longest.to_text().len());
    }

    #[test]
    fn what_is_no_proof_is_refused() {
        let note = "a\n0\nAAAA\n\n— b AAAAAAAA\n";
        assert!(RecordProof::from_text(&format!("{HEADER}\nextra AAAA\nindex 0\n\n{note}")).is_ok());
        for head in
            ["", "other\nindex 0", HEADER, "c2sp.org/tlog-proof@v1\nindex 01", "c2sp.org/tlog-proof@v1\nindex 0\nx"]
        {
            assert!(RecordProof::from_text(&format!("{head}\n\n{note}")).is_err(), "{head}");
        }
    }
}
