//! What witnesses say of checkpoints. Source: C2SP tlog-cosignature, the Ed25519 form.

use crate::key::{KeyError, SigningKey, VerifyingKey};
use crate::note::{Note, NoteError, NoteSignature};

/// Bytes before the signature proper: when it was made.
const TIME_BYTES: usize = 8;

/// What is signed.
fn message(text: &str, time_s: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {time_s}\n{text}").into_bytes()
}

/// A witness that signs.
#[derive(Debug)]
pub struct Cosigner {
    key: SigningKey,
}

/// A witness that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessKey {
    key: VerifyingKey,
}

/// A witness's statement that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// Which witness.
    pub witness: String,
    /// When, in seconds since 1970-01-01T00:00:00Z.
    pub time_s: u64,
}

impl Cosigner {
    /// A witness with this key.
    ///
    /// # Errors
    ///
    /// If it is not the key of a witness.
    pub fn new(key: SigningKey) -> Result<Self, KeyError> {
        if key.verifying().is_witness() { Ok(Self { key }) } else { Err(KeyError::Form) }
    }

    /// Signs a checkpoint's text. `time_s`: now, in seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn cosign(&self, checkpoint: &Note, time_s: u64) -> NoteSignature {
        let key = self.key.verifying();
        let signature = self.key.sign(&message(&checkpoint.text, time_s));
        let bytes = [&time_s.to_be_bytes()[..], &signature].concat();
        NoteSignature { name: key.name().to_owned(), id: key.id(), bytes }
    }

    /// What verifies its signatures.
    #[must_use]
    pub fn verifying(&self) -> WitnessKey {
        WitnessKey { key: self.key.verifying() }
    }
}

impl WitnessKey {
    /// Reads `name+id+key`.
    ///
    /// # Errors
    ///
    /// If it is none, or not a witness's.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_text(text)?;
        if key.is_witness() { Ok(Self { key }) } else { Err(KeyError::Form) }
    }

    /// The form that [`WitnessKey::from_text`] reads.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.key.to_text()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.key.name()
    }

    /// What the witness has said of a checkpoint; nothing if it has not signed it.
    ///
    /// # Errors
    ///
    /// If a signature in its name is not its own.
    pub fn find(&self, checkpoint: &Note) -> Result<Option<Cosignature>, NoteError> {
        let forged = || NoteError::Forged(self.key.name().to_owned());
        let mut found = None;
        for signature in checkpoint.signatures.iter().filter(|signature| signature.is_of(&self.key)) {
            let (time, bytes) = signature.bytes.split_first_chunk::<TIME_BYTES>().ok_or_else(forged)?;
            let time_s = u64::from_be_bytes(*time);
            if !self.key.verifies(&message(&checkpoint.text, time_s), bytes) {
                return Err(forged());
            }
            found = Some(Cosignature { witness: self.key.name().to_owned(), time_s });
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Checkpoint, Hash};

    #[test]
    fn a_witness_vouches_for_a_text_and_a_time() {
        let log = SigningKey::generate("log").unwrap();
        let witness = Cosigner::new(SigningKey::generate_witness("witness.example/w1").unwrap()).unwrap();
        let mut note = Checkpoint { origin: "log".to_owned(), size: 3, root: Hash::of(&[b"x"]) }.sign(&log);
        assert_eq!(witness.verifying().find(&note), Ok(None));
        note.add(witness.cosign(&note, 1_700_000_000));
        let note = Note::from_text(&note.to_text()).unwrap();
        let key = WitnessKey::from_text(&witness.verifying().to_text()).unwrap();
        let said = Cosignature { witness: "witness.example/w1".to_owned(), time_s: 1_700_000_000 };
        assert_eq!(key.find(&note), Ok(Some(said)));
        assert!(Checkpoint::verified(&note, &log.verifying()).is_ok());
        let mut later = note.clone();
        later.signatures[1].bytes[7] ^= 1;
        assert!(matches!(key.find(&later), Err(NoteError::Forged(_))));
        assert!(Cosigner::new(SigningKey::generate("w").unwrap()).is_err());
    }
}
