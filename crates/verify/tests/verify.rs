//! The program as people call it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;

use sekisho_disk::FileSystem;
use sekisho_seal::{Cosigner, Note, RecordProof, SealLog, SigningKey, record_hash};

struct Files {
    folder: PathBuf,
    key: String,
    witness: String,
}

impl Files {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("sekisho-verify-{name}-{}", std::process::id()));
        let key = SigningKey::generate("sekisho.example/lake").unwrap();
        let public = key.verifying().to_text();
        let mut log = SealLog::open(Arc::new(FileSystem), &folder.join("seal"), key).unwrap();
        for number in 0..1_000_i64 {
            log.push(record_hash("syslog", "#Fields: line", number, format!("line {number}").as_bytes()));
        }
        let mut checkpoint: Note = log.checkpoint().unwrap();
        let witness = Cosigner::new(SigningKey::generate_witness("witness.example").unwrap()).unwrap();
        checkpoint.add(witness.cosign(&checkpoint, 1_700_000_000));
        let proof = RecordProof {
            source: "syslog".to_owned(),
            header: "#Fields: line".to_owned(),
            received_ms: 321,
            index: 321,
            hashes: log.prove(321).unwrap(),
            checkpoint,
        };
        std::fs::write(folder.join("proof"), proof.to_text()).unwrap();
        std::fs::write(folder.join("record"), "line 321").unwrap();
        Self { folder, key: public, witness: witness.verifying().to_text() }
    }

    fn run(&self, more: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho-verify"));
        command.arg(&self.key).arg(self.folder.join("proof")).arg(self.folder.join("record")).args(more);
        command.output().unwrap()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_record_is_proved_and_an_altered_one_is_not() {
    let files = Files::new("altered");
    let output = files.run(&["--witness", &files.witness]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert!(
        told(&output).contains("321 of 1000")
            && told(&output).contains("#Fields: line")
            && told(&output).contains("witness.example"),
        "{}",
        told(&output)
    );
    std::fs::write(files.folder.join("record"), "line 322").unwrap();
    let output = files.run(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("NOT PROVED"), "{}", told(&output));
}

#[test]
fn another_key_or_a_missing_witness_proves_nothing() {
    let mut files = Files::new("key");
    let other = SigningKey::generate_witness("other.example").unwrap().verifying().to_text();
    assert_eq!(files.run(&["--witness", &other]).status.code(), Some(1));
    files.key = SigningKey::generate("sekisho.example/lake").unwrap().verifying().to_text();
    assert_eq!(files.run(&[]).status.code(), Some(1));
}

#[test]
fn wrong_usage_is_explained() {
    let files = Files::new("usage");
    for more in [&["--nonsense"][..], &["more"], &["--witness"]] {
        let output = files.run(more);
        assert_eq!(output.status.code(), Some(2));
        assert!(told(&output).contains("usage:"), "{}", told(&output));
    }
    std::fs::remove_file(files.folder.join("record")).unwrap();
    let output = files.run(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("record"), "{}", told(&output));
}
