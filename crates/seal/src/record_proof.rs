//! Proof for a single record, in a file of its own. Source: C2SP tlog-proof.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::hash::Hash;
use crate::key::VerifyingKey;
use crate::note::Note;
use crate::proof::{ProofError, verify_inclusion};
use crate::record::record_hash;

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
    /// The record's source, as [`record_hash`] takes it.
    pub source: String,
    /// What the header of the record's file said; empty if there was none.
    pub header: String,
    /// When the record came in, in milliseconds since 1970-01-01T00:00:00Z.
    pub received_ms: i64,
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
        let extra =
            lines.next().and_then(|line| line.strip_prefix("extra ")).and_then(|line| STANDARD.decode(line).ok());
        let extra = extra.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(RecordProofError::Form)?;
        let (received, source) = extra.split_once(' ').ok_or(RecordProofError::Form)?;
        let (source, header) = source.split_once('\n').ok_or(RecordProofError::Form)?;
        let received_ms = received.parse().map_err(|_| RecordProofError::Form)?;
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).ok_or(RecordProofError::Form)?;
        let is_plain = index == "0" || !index.starts_with(['0', '+']);
        let index = index.parse().ok().filter(|_| is_plain).ok_or(RecordProofError::Form)?;
        let hashes = lines.take(HASHES_MAX + 1).map(|line| Hash::from_base64(line).ok_or(RecordProofError::Form));
        let hashes = hashes.collect::<Result<Vec<_>, _>>()?;
        if hashes.len() > HASHES_MAX {
            return Err(RecordProofError::Form);
        }
        let checkpoint = Note::from_text(checkpoint).map_err(CheckpointError::from)?;
        let (source, header) = (source.to_owned(), header.to_owned());
        Ok(Self { source, header, received_ms, index, hashes, checkpoint })
    }

    /// The form that [`RecordProof::from_text`] reads.
    #[must_use]
    pub fn to_text(&self) -> String {
        let hashes = self.hashes.iter().map(|hash| format!("{}\n", hash.to_base64())).collect::<String>();
        let extra = STANDARD.encode(format!("{} {}\n{}", self.received_ms, self.source, self.header));
        format!("{HEADER}\nextra {extra}\nindex {}\n{hashes}\n{}", self.index, self.checkpoint.to_text())
    }

    /// Checks that a record with these bytes is where the proof says, in a tree that the log's key has signed; that its source,
    /// header and time are those the proof says.
    ///
    /// # Errors
    ///
    /// If it is not shown to be.
    pub fn verify(&self, raw: &[u8], key: &VerifyingKey) -> Result<Checkpoint, RecordProofError> {
        let leaf = record_hash(&self.source, &self.header, self.received_ms, raw);
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
        let mut all = leaves(1_000);
        all[321] = record_hash("vpc-flow", "start end", 1_700_000_000_000, b"1 2");
        let levels = Levels::over(all);
        let checkpoint =
            Checkpoint { origin: "sekisho.example/lake".to_owned(), size: 1_000, root: root(&levels, 1_000).unwrap() };
        let hashes = inclusion_proof(&levels, 321, 1_000).unwrap();
        let proof = RecordProof {
            source: "vpc-flow".to_owned(),
            header: "start end".to_owned(),
            received_ms: 1_700_000_000_000,
            index: 321,
            hashes,
            checkpoint: checkpoint.sign(&key),
        };
        let proof = RecordProof::from_text(&proof.to_text()).unwrap();
        assert_eq!(proof.verify(b"1 2", &key.verifying()), Ok(checkpoint));
        let other = Err(RecordProofError::Record(ProofError::OtherRoot));
        assert_eq!(proof.verify(b"1 3", &key.verifying()), other);
        let headed = RecordProof { header: "end start".to_owned(), ..proof.clone() };
        assert_eq!(headed.verify(b"1 2", &key.verifying()), other);
        let later = RecordProof { received_ms: 1_700_000_000_001, ..proof.clone() };
        assert_eq!(later.verify(b"1 2", &key.verifying()), other);
        // A log of 2^34 leaves: 34 hashes, some 17 billion records.
        let longest = RecordProof { hashes: vec![Hash::of(&[]); 34], ..proof };
        assert!(longest.to_text().len() <= 2_048, "{}", longest.to_text().len());
    }

    #[test]
    fn what_is_no_proof_is_refused() {
        let note = "a\n0\nAAAA\n\n— b AAAAAAAA\n";
        let extra = STANDARD.encode("1 syslog\n");
        assert!(RecordProof::from_text(&format!("{HEADER}\nextra {extra}\nindex 0\n\n{note}")).is_ok());
        let (first, last) =
            (format!("{HEADER}\nextra {extra}\nindex 01"), format!("{HEADER}\nextra {extra}\nindex 0\nx"));
        let bare = format!("{HEADER}\nextra {}\nindex 0", STANDARD.encode("1 syslog"));
        for head in [&bare, "", "other\nindex 0", HEADER, "c2sp.org/tlog-proof@v1\nindex 0", &first, &last] {
            assert!(RecordProof::from_text(&format!("{head}\n\n{note}")).is_err(), "{head}");
        }
    }
}
