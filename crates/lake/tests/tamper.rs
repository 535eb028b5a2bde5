//! Tamper truth: stored files, tables, hashes and checkpoints are changed in ways drawn from a seed; verifying finds and names each.
//!
//! `tamper [MANIPULATIONS [SEED]]`; a hundred unless said otherwise. A second implementation in Python must agree, if the packages it needs
//! are there (`cargo xtask python`); under CI they must be.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]
#![expect(clippy::print_stdout, reason = "a test of its own")]
#![expect(clippy::disallowed_methods, reason = "the test asks whether it runs under CI")]

#[path = "tamper/manipulation.rs"]
mod manipulation;
#[path = "crash/random.rs"]
mod random;
#[path = "tamper/second.rs"]
mod second;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sekisho_append::{Batch, Origin, Record};
use sekisho_lake::verify::{Report, prove, verify};
use sekisho_lake::{Lake, Place, Settings};
use sekisho_model::{ManualClock, Timestamp};
use sekisho_seal::VerifyingKey;

use manipulation::manipulate;
use random::Random;

/// Manipulations of a short run.
const MANIPULATIONS: u64 = 100;
const NOW_MS: i64 = 1_795_348_800_000;
const LOG: &str = "lake.example/tamper";

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let count = numbers.first().copied().unwrap_or(MANIPULATIONS);
    let seed = numbers.get(1).copied().unwrap_or(1);
    let begun = Instant::now();
    let original = tempfile::tempdir().unwrap();
    make(original.path());
    let key = key(original.path());
    let good = verified(original.path(), &key);
    assert!(good.is_good(), "{:#?}", good.problems);
    let second = second::find();
    let says = |folder: &Path| second.as_ref().map(|second| second::is_good(second, folder, &key));
    assert_ne!(says(original.path()), Some(false), "the second verifier finds fault with a good lake");
    proofs_hold(original.path(), &key, good.sealed.unwrap().0);
    let mut kinds: BTreeMap<&'static str, u64> = BTreeMap::new();
    for number in 0..count {
        let mut random = Random::new(seed.wrapping_add(number));
        let copy = tempfile::tempdir().unwrap();
        copy_folder(original.path(), copy.path());
        let done = manipulate(copy.path(), &mut random);
        let report = verified(copy.path(), &key);
        let is_named = report.problems.iter().any(|problem| (done.names)(problem));
        assert!(is_named, "seed {}: {} {}: not named in {:#?}", seed + number, done.kind, done.what, report.problems);
        assert_ne!(
            says(copy.path()),
            Some(true),
            "seed {}: {} {}: the second verifier",
            seed + number,
            done.kind,
            done.what
        );
        *kinds.entry(done.kind).or_default() += 1;
    }
    println!(
        "tamper: {count} manipulations, seed {seed}, all found and named; second verifier: {}; {:?}",
        agreed(&second),
        begun.elapsed()
    );
    kinds.iter().for_each(|(kind, times)| println!("  {times:5} {kind}"));
}

fn agreed<T>(second: &Option<T>) -> &'static str {
    if second.is_some() { "agrees on each" } else { "not here (cargo xtask python)" }
}

/// A lake with several commits in several tables, one compaction, and a rest in the write-ahead log.
fn make(folder: &Path) {
    let settings = Settings {
        name: LOG.to_owned(),
        commit_bytes: 60_000,
        commit_interval: Duration::from_millis(100),
        checkpoint_interval: Duration::from_millis(10),
        append: sekisho_append::Settings { segment_bytes: 30_000, ..sekisho_append::Settings::default() },
        ..Settings::default()
    };
    let clock = Arc::new(ManualClock::new(Timestamp::from_unix_ms(NOW_MS.cast_unsigned())));
    let lake = Lake::open(&Place::folder(folder).unwrap(), clock, &settings).unwrap();
    for round in 0..12_u32 {
        let cloudtrail: Vec<_> = (0..40).map(|number| cloudtrail(round * 40 + number)).collect();
        append(&lake, "cloudtrail", "", &cloudtrail);
        append(&lake, "vpc-flow", "", &["not a flow".to_owned(), format!("{round}")]);
        let syslog: Vec<_> =
            (0..10).map(|number| format!("<34>1 2026-11-22T11:00:{number:02}.003Z host{round} su - - - hi")).collect();
        append(&lake, "syslog", "", &syslog);
    }
    assert_eq!(lake.close(), None);
}

fn cloudtrail(number: u32) -> String {
    format!(
        r#"{{"eventVersion":"1.08","eventTime":"2026-11-22T10:00:{:02}Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.{}","eventID":"{number}"}}"#,
        number % 60,
        number % 250
    )
}

fn append(lake: &Lake, source: &str, header: &str, raws: &[String]) {
    let mut batch = Batch::new(Origin { source, header, ..Origin::default() });
    raws.iter().for_each(|raw| batch.push(Record { received_ms: NOW_MS, raw: raw.as_bytes() }));
    lake.append(batch).unwrap().wait().unwrap();
}

fn key(folder: &Path) -> VerifyingKey {
    VerifyingKey::from_text(fs::read_to_string(folder.join("seal/key.pub")).unwrap().trim_end()).unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn verified(folder: &Path, key: &VerifyingKey) -> Report {
    runtime().block_on(verify(&Place::folder(folder).unwrap(), key, &(i32::MIN..=i32::MAX)))
}

/// Records of all tables and of the write-ahead log are proved, in little room and time.
fn proofs_hold(folder: &Path, key: &VerifyingKey, size: u64) {
    let place = Place::folder(folder).unwrap();
    for index in (0..size).step_by(29).chain([size - 1]) {
        let proved = runtime().block_on(prove(&place, key, index)).unwrap();
        let text = proved.proof.to_text();
        assert!(text.len() <= 2_048, "{} bytes", text.len());
        let begun = Instant::now();
        proved.proof.verify(&proved.raw, key).unwrap();
        assert!(begun.elapsed() < Duration::from_millis(10));
        assert!(proved.proof.verify(&[&proved.raw[..], b" "].concat(), key).is_err());
    }
    assert!(runtime().block_on(prove(&place, key, size)).is_err());
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
