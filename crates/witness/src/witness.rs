//! What a witness has signed, and what it signs next.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sekisho_disk::{Disk, replace};
use sekisho_seal::{
    Checkpoint, CheckpointError, Cosigner, Hash, Note, NoteError, NoteSignature, VerifyingKey, verify_consistency,
};

use crate::request::AddCheckpoint;

/// Why a witness cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// The disk refuses.
    #[error("cannot use {}", path.display())]
    Disk {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What it signed last cannot be read: it would have to begin anew, and could sign what contradicts it.
    #[error("{} is not a checkpoint of {origin}: restore it; without it this witness cannot know what it has signed", path.display())]
    Damaged {
        /// Its file.
        path: PathBuf,
        /// Of which log.
        origin: String,
        /// Why.
        source: CheckpointError,
    },
    /// Two keys for one log.
    #[error("the log `{0}` is given twice")]
    Twice(String),
}

/// What a witness says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It has signed.
    Signed(NoteSignature),
    /// It knows another state than the one that was named: this many leaves.
    Conflict(u64),
    /// It does not know the log.
    UnknownLog,
    /// The log's key has not signed.
    NotSigned,
    /// The request contradicts itself.
    BadRequest(&'static str),
    /// The state it knows is not the beginning of this one.
    NotConsistent,
    /// It could not keep what it was to sign, and has not signed.
    NotKept,
}

/// A log that is watched.
#[derive(Debug)]
struct Watched {
    key: VerifyingKey,
    path: PathBuf,
    /// What was signed last.
    signed: Mutex<Option<Checkpoint>>,
}

/// A witness.
#[derive(Debug)]
pub struct Witness {
    disk: Arc<dyn Disk>,
    cosigner: Cosigner,
    logs: Vec<Watched>,
}

impl Witness {
    /// A witness that watches some logs and keeps what it has signed in a folder.
    ///
    /// # Errors
    ///
    /// If what it has signed before cannot be read.
    pub fn open(
        disk: Arc<dyn Disk>,
        folder: &Path,
        cosigner: Cosigner,
        logs: Vec<VerifyingKey>,
    ) -> Result<Self, WitnessError> {
        let failed = |source| WitnessError::Disk { path: folder.to_owned(), source };
        disk.create_folder(folder).map_err(failed)?;
        let mut watched: Vec<Watched> = Vec::with_capacity(logs.len());
        for key in logs {
            if watched.iter().any(|known| known.key.name() == key.name()) {
                return Err(WitnessError::Twice(key.name().to_owned()));
            }
            let path = folder.join(file_name(key.name()));
            let signed = Mutex::new(read(&*disk, &path, &key)?);
            watched.push(Watched { key, path, signed });
        }
        Ok(Self { disk, cosigner, logs: watched })
    }

    /// Its key, as logs are told.
    #[must_use]
    pub fn key(&self) -> String {
        self.cosigner.verifying().to_text()
    }

    /// Signs a state if the one signed last is its beginning. `time_s`: now, in seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Panics
    ///
    /// Never: nothing panics with what was signed in hand.
    #[must_use]
    pub fn add_checkpoint(&self, request: &AddCheckpoint, time_s: u64) -> Answer {
        let note = &request.checkpoint;
        let Ok(claimed) = Checkpoint::from_body(note.text()) else {
            return Answer::BadRequest("the signed text is not a checkpoint");
        };
        let Some(log) = self.logs.iter().find(|log| log.key.name() == claimed.origin) else {
            return Answer::UnknownLog;
        };
        let Ok(checkpoint) = Checkpoint::verified(note, &log.key) else { return Answer::NotSigned };
        if request.before > checkpoint.size {
            return Answer::BadRequest("the earlier state is larger than the later one");
        }
        let mut signed = log.signed.lock().expect("nothing panics here");
        let (size, root) = signed.as_ref().map_or((0, Hash::of_nothing()), |signed| (signed.size, signed.root));
        if size != request.before || (size == checkpoint.size && root != checkpoint.root) {
            return Answer::Conflict(size);
        }
        if size == 0 || size == checkpoint.size {
            if !request.proof.is_empty() {
                return Answer::BadRequest("there is nothing to prove");
            }
        } else if verify_consistency((size, root), (checkpoint.size, checkpoint.root), &request.proof).is_err() {
            return Answer::NotConsistent;
        }
        if signed.as_ref() != Some(&checkpoint) {
            let plain = note.signed_by(of_log(note, &log.key));
            // What is signed must be remembered: a witness that forgets could sign what contradicts it.
            if replace(&*self.disk, &log.path, plain.to_text().as_bytes()).is_err() {
                return Answer::NotKept;
            }
            *signed = Some(checkpoint);
        }
        Answer::Signed(self.cosigner.cosign(note, time_s))
    }
}

/// The signatures of the log itself.
fn of_log(note: &Note, key: &VerifyingKey) -> Vec<NoteSignature> {
    note.signatures().iter().filter(|signature| signature.name() == key.name()).cloned().collect()
}

/// A log's name may hold what a file's name may not.
fn file_name(origin: &str) -> String {
    let hash = Hash::of(&[origin.as_bytes()]);
    hash.0.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn read(disk: &dyn Disk, path: &Path, key: &VerifyingKey) -> Result<Option<Checkpoint>, WitnessError> {
    let bytes = match disk.read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(WitnessError::Disk { path: path.to_owned(), source }),
    };
    let note = String::from_utf8(bytes).map_err(|_| NoteError::Form).and_then(|text| Note::from_text(&text));
    let checkpoint = note.map_err(CheckpointError::from).and_then(|note| Checkpoint::verified(&note, key));
    let damaged = |source| WitnessError::Damaged { path: path.to_owned(), origin: key.name().to_owned(), source };
    checkpoint.map(Some).map_err(damaged)
}

#[cfg(test)]
mod tests {
    use sekisho_disk::simulated::{Plan, SimulatedDisk};
    use sekisho_seal::{SealLog, SigningKey, consistency_proof};

    use super::*;

    const TIME_S: u64 = 1_700_000_000;

    struct Bench {
        disk: SimulatedDisk,
        log: SealLog,
        key: VerifyingKey,
        witness: Witness,
        secret: String,
    }

    fn bench() -> Bench {
        let key = SigningKey::generate("log.example").unwrap();
        let verifying = key.verifying();
        let disk = SimulatedDisk::new(1, Plan::default());
        let log = SealLog::open(Arc::new(disk.clone()), Path::new("seal"), key).unwrap();
        let secret = SigningKey::generate_witness("w.example").unwrap().to_secret_text();
        let witness = witness(&disk, &secret, &verifying);
        Bench { disk, log, key: verifying, witness, secret }
    }

    fn witness(disk: &SimulatedDisk, secret: &str, key: &VerifyingKey) -> Witness {
        let cosigner = Cosigner::new(SigningKey::from_text(secret).unwrap()).unwrap();
        Witness::open(Arc::new(disk.clone()), Path::new("witness"), cosigner, vec![key.clone()]).unwrap()
    }

    impl Bench {
        /// Adds leaves, and gives the request for the new state.
        fn grow(&mut self, leaves: u8, before: u64) -> AddCheckpoint {
            (0..leaves).for_each(|leaf| self.log.push(Hash::of_leaf(&[leaf])));
            let checkpoint = self.log.checkpoint().unwrap();
            let proof = if before == 0 || before == self.log.size() {
                Vec::new()
            } else {
                consistency_proof(self.log.files(), before, self.log.size()).unwrap()
            };
            AddCheckpoint { before, proof, checkpoint }
        }
    }

    #[test]
    fn it_signs_states_that_follow_and_remembers_across_a_start() {
        let mut bench = bench();
        let first = bench.grow(7, 0);
        let Answer::Signed(signature) = bench.witness.add_checkpoint(&first, TIME_S) else { panic!("not signed") };
        let mut note = first.checkpoint.clone();
        note.add(signature);
        let witness_key = sekisho_seal::WitnessKey::from_text(&bench.witness.key()).unwrap();
        assert_eq!(witness_key.find(&note).unwrap().unwrap().time_s, TIME_S);
        bench.witness = witness(&bench.disk, &bench.secret, &bench.key);
        let second = bench.grow(200, 7);
        assert!(matches!(bench.witness.add_checkpoint(&second, TIME_S), Answer::Signed(_)));
        let again = AddCheckpoint { before: 207, proof: vec![], checkpoint: second.checkpoint.clone() };
        assert!(matches!(bench.witness.add_checkpoint(&again, TIME_S), Answer::Signed(_)));
        assert_eq!(bench.witness.add_checkpoint(&second, TIME_S), Answer::Conflict(207));
    }

    #[test]
    fn it_signs_no_state_that_contradicts_another() {
        let mut bench = bench();
        let first = bench.grow(7, 0);
        assert!(matches!(bench.witness.add_checkpoint(&first, TIME_S), Answer::Signed(_)));
        let mut forged = bench.grow(3, 7);
        forged.proof[0] = Hash::of(&[b"x"]);
        assert_eq!(bench.witness.add_checkpoint(&forged, TIME_S), Answer::NotConsistent);
        // The same size with another root, signed by the log's own key.
        let key = SigningKey::generate("log.example").unwrap();
        let twin = Checkpoint { origin: "log.example".to_owned(), size: 7, root: Hash::of(&[]) };
        let witness = witness(&SimulatedDisk::new(2, Plan::default()), &bench.secret, &key.verifying());
        let begun = Checkpoint { root: Hash::of(&[b"one"]), ..twin.clone() };
        let request = |checkpoint: &Checkpoint, before| AddCheckpoint {
            before,
            proof: vec![],
            checkpoint: checkpoint.sign(&key),
        };
        assert!(matches!(witness.add_checkpoint(&request(&begun, 0), TIME_S), Answer::Signed(_)));
        assert_eq!(witness.add_checkpoint(&request(&twin, 7), TIME_S), Answer::Conflict(7));
    }

    #[test]
    fn it_refuses_what_it_does_not_know_and_what_contradicts_itself() {
        let mut bench = bench();
        let first = bench.grow(7, 0);
        let stranger = SigningKey::generate("other.example").unwrap();
        let unknown = Checkpoint { origin: "other.example".to_owned(), size: 1, root: Hash::of(&[]) };
        let request = AddCheckpoint { before: 0, proof: vec![], checkpoint: unknown.sign(&stranger) };
        assert_eq!(bench.witness.add_checkpoint(&request, TIME_S), Answer::UnknownLog);
        let mut unsigned = first.clone();
        unsigned.checkpoint = resigned(&first.checkpoint);
        assert_eq!(bench.witness.add_checkpoint(&unsigned, TIME_S), Answer::NotSigned);
        let larger = AddCheckpoint { before: 8, ..first.clone() };
        assert!(matches!(bench.witness.add_checkpoint(&larger, TIME_S), Answer::BadRequest(_)));
        let needless = AddCheckpoint { proof: vec![Hash::of(&[])], ..first };
        assert!(matches!(bench.witness.add_checkpoint(&needless, TIME_S), Answer::BadRequest(_)));
    }

    /// The same text, signed by another key of the same name.
    fn resigned(note: &Note) -> Note {
        Note::sign(note.text().to_owned(), &SigningKey::generate("log.example").unwrap())
    }

    #[test]
    fn what_it_cannot_keep_it_does_not_sign() {
        let mut bench = bench();
        let first = bench.grow(7, 0);
        let full = SimulatedDisk::new(3, Plan { failing_syncs: vec![0, 1, 2], ..Plan::default() });
        let witness = witness(&full, &bench.secret, &bench.key);
        assert_eq!(witness.add_checkpoint(&first, TIME_S), Answer::NotKept);
        assert!(matches!(bench.witness.add_checkpoint(&first, TIME_S), Answer::Signed(_)));
    }

    #[test]
    fn what_it_has_signed_must_be_readable() {
        let mut bench = bench();
        let first = bench.grow(7, 0);
        assert!(matches!(bench.witness.add_checkpoint(&first, TIME_S), Answer::Signed(_)));
        let path = bench.disk.paths().into_iter().find(|path| path.starts_with("witness")).unwrap();
        bench.disk.tamper(&path, |bytes| bytes.truncate(20));
        let cosigner = Cosigner::new(SigningKey::from_text(&bench.secret).unwrap()).unwrap();
        let opened =
            Witness::open(Arc::new(bench.disk.clone()), Path::new("witness"), cosigner, vec![bench.key.clone()]);
        assert!(matches!(opened, Err(WitnessError::Damaged { .. })));
    }
}
