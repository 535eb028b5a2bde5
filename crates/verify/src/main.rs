//! `sekisho-verify KEY PROOF RECORD`: whether a record is the one that was sealed.
//!
//! Needs nothing but the three files' contents: the log's public key, the proof, and the record's bytes. Ends with 0 if the record is
//! proved, 1 if it is not, 2 if it was called in a wrong way.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that answers on the terminal")]

use std::io::Read as _;
use std::process::ExitCode;

use sekisho_seal::{Checkpoint, RecordProof, VerifyingKey, WitnessKey};

const USAGE: &str = "\
usage: sekisho-verify KEY PROOF RECORD [--witness KEY]…

  KEY      the log's public key: its text (name+id+key), or a file that holds it
  PROOF    the proof, as `sekisho verify --record ID` wrote it: ID.proof
  RECORD   the record's bytes, as it wrote them beside the proof: ID.record
  --witness KEY   a witness that must have signed too; may be said several times

0: proved · 証明されました   1: not proved · 証明されません   2: wrong usage";

/// A proof holds some kilobytes, a record some megabytes.
const FILE_BYTES_MAX: u64 = 64 << 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut plain = Vec::new();
    let mut witnesses = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--help" | "-h" => {
                println!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            "--witness" => match rest.next() {
                Some(key) => witnesses.push(key.as_str()),
                None => return wrong_usage("--witness needs a key"),
            },
            other if other.starts_with('-') && other.len() > 1 => {
                return wrong_usage(&format!("unknown option {other}"));
            }
            other => plain.push(other),
        }
    }
    let [key, proof, record] = plain[..] else { return wrong_usage("three arguments are needed") };
    match verify(key, proof, record, &witnesses) {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(Failure::NotProved(why)) => {
            println!("NOT PROVED · 証明されません: {why}");
            ExitCode::FAILURE
        }
        Err(Failure::Unreadable(why)) => wrong_usage(&why),
    }
}

fn wrong_usage(why: &str) -> ExitCode {
    eprintln!("sekisho-verify: {why}\n\n{USAGE}");
    ExitCode::from(2)
}

enum Failure {
    NotProved(String),
    Unreadable(String),
}

fn verify(key: &str, proof: &str, record: &str, witnesses: &[&str]) -> Result<String, Failure> {
    let unreadable = |what: &str, why: &dyn std::fmt::Display| Failure::Unreadable(format!("{what}: {why}"));
    let key = VerifyingKey::from_text(&key_text(key)?).map_err(|error| unreadable(key, &error))?;
    let text = String::from_utf8(read(proof)?).map_err(|_| unreadable(proof, &"not UTF-8"))?;
    let raw = read(record)?;
    let not_proved = |why: &dyn std::fmt::Display| Failure::NotProved(why.to_string());
    let proof = RecordProof::from_text(&text).map_err(|error| not_proved(&error))?;
    let checkpoint = proof.verify(&raw, &key).map_err(|error| not_proved(&error))?;
    let mut said = proved(&proof, &checkpoint, raw.len());
    for witness in witnesses {
        let witness = WitnessKey::from_text(&key_text(witness)?).map_err(|error| unreadable(witness, &error))?;
        match witness.find(&proof.checkpoint).map_err(|error| not_proved(&error))? {
            Some(cosignature) => {
                said.push_str(&format!(
                    "\n  witness · 証人      {} at {} s since 1970",
                    cosignature.witness, cosignature.time_s
                ));
            }
            None => return Err(not_proved(&format!("the witness {} has not signed", witness.name()))),
        }
    }
    Ok(said)
}

fn proved(proof: &RecordProof, checkpoint: &Checkpoint, bytes: usize) -> String {
    let header = match proof.header.as_str() {
        "" => String::new(),
        header => format!("\n  header · 見出し     {}", printable(header)),
    };
    format!(
        "PROVED · 証明されました\n  log · ログ          {}\n  record · 記録       {} of {}, {bytes} bytes\n  source · 収集元     {}\n  received · 受信     {} ms since 1970{header}",
        printable(&checkpoint.origin),
        proof.index,
        checkpoint.size,
        printable(&proof.source),
        proof.received_ms,
    )
}

/// What a file says must not move the cursor of whoever reads it.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

/// A key is given as its text or in a file.
fn key_text(given: &str) -> Result<String, Failure> {
    if given.contains('+') && !std::path::Path::new(given).exists() {
        return Ok(given.to_owned());
    }
    let bytes = read(given)?;
    String::from_utf8(bytes).map_err(|_| Failure::Unreadable(format!("{given}: not UTF-8")))
}

fn read(path: &str) -> Result<Vec<u8>, Failure> {
    let unreadable = |error: std::io::Error| Failure::Unreadable(format!("read {path}: {error}"));
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(Failure::Unreadable(format!("{path} has more than {FILE_BYTES_MAX} bytes")));
    }
    Ok(bytes)
}
