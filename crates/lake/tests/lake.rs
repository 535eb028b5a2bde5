//! A lake as others see it: what is acknowledged is in the tables once, sealed, and stays so over closing and opening.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sekisho_append::{Batch, Origin, Record};
use sekisho_event::Table;
use sekisho_lake::verify::{Days, Problem, Report, verify};
use sekisho_lake::{Answer, Control, Lake, LakeError, Place, Policy, Request, Retained, Settings, ask};
use sekisho_model::{ManualClock, Timestamp};
use sekisho_seal::VerifyingKey;
use sekisho_tables::{Location, TableName};

const NOW_MS: i64 = 1_795_348_800_000;
const LOG: &str = "lake.example/one";

fn settings() -> Settings {
    Settings {
        name: LOG.to_owned(),
        commit_bytes: 2_000,
        commit_interval: Duration::from_millis(50),
        checkpoint_interval: Duration::from_millis(20),
        ..Settings::default()
    }
}

fn open(folder: &Path) -> Result<Lake, LakeError> {
    open_at(&Place::folder(folder).unwrap(), 0)
}

/// Opens a lake, days after [`NOW_MS`].
fn open_at(place: &Place, days: u64) -> Result<Lake, LakeError> {
    let clock = Arc::new(ManualClock::new(Timestamp::from_unix_ms(NOW_MS.cast_unsigned() + days * 86_400_000)));
    Lake::open(place, clock, &settings())
}

fn batch(source: &str, raws: &[String]) -> Batch {
    let mut batch = Batch::new(Origin { source, ..Origin::default() });
    raws.iter().for_each(|raw| batch.push(Record { received_ms: NOW_MS, raw: raw.as_bytes() }));
    batch
}

fn syslog(number: usize) -> String {
    format!("<34>1 2026-11-22T11:00:{:02}.003Z host{number} su - ID47 - 'su root' failed", number % 60)
}

/// Waits until all that is durable is in tables.
fn settle(lake: &Lake, records: u64) {
    for _ in 0..400 {
        let status = lake.status().unwrap();
        if status.committed >= records && status.sealed >= records {
            return;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("not settled: {:?}", lake.status());
}

fn rows(lake: &Lake, table: TableName) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(lake.tables().snapshot(table)).unwrap().rows()
}

fn held(lake: &Lake) -> Vec<u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(lake.tables().held(LOG, 0)).unwrap()
}

#[test]
fn records_reach_their_tables_and_the_rest_the_quarantine() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).unwrap();
    assert!(matches!(open(folder.path()), Err(LakeError::Locked(_))));
    let good: Vec<_> = (0..50).map(syslog).collect();
    let ranges = [
        lake.append(batch("syslog", &good)).unwrap().wait().unwrap(),
        lake.append(batch("cloudtrail", &["no JSON".to_owned()])).unwrap().wait().unwrap(),
        lake.append(batch("unheard-of", &["x".to_owned()])).unwrap().wait().unwrap(),
    ];
    assert_eq!((ranges[0].clone(), ranges[2].end - ranges[2].start), (0..50, 1));
    settle(&lake, ranges[2].end);
    assert_eq!(rows(&lake, TableName::Quarantine), 2);
    let hours = lake.status().unwrap().hours;
    assert_eq!((hours["syslog"][&498_708].records, hours["cloudtrail"][&498_708].quarantined), (50, 1));
    // Beside the process that has it open.
    let report = verified(&Place::folder(folder.path()).unwrap());
    assert!(report.is_good(), "{report:#?}");
    assert_eq!(lake.close(), None);
}

#[test]
fn a_lake_that_is_closed_and_opened_goes_on_and_has_each_record_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut given = 0;
    for round in 0..4 {
        let lake = open(folder.path()).unwrap();
        for _ in 0..5 {
            let raws: Vec<_> = (given..given + 20).map(syslog).collect();
            lake.append(batch("syslog", &raws)).unwrap().wait().unwrap();
            given += 20;
        }
        assert_eq!(lake.close(), None, "round {round}");
    }
    let lake = open(folder.path()).unwrap();
    let held = held(&lake);
    assert!(held.windows(2).all(|pair| pair[0] < pair[1]), "{held:?}");
    let own = rows(&lake, TableName::Events(Table::System)) - u64::try_from(given).unwrap();
    assert_eq!(held.len() as u64, u64::try_from(given).unwrap() + own);
    // All but the last few of the lake's own records are in the tables too.
    let status = lake.status().unwrap();
    assert!(status.durable - held.len() as u64 <= 5 && status.sealed == status.durable, "{status:?} {}", held.len());
    drop(lake);
    let segments = std::fs::read_dir(folder.path().join("append")).unwrap().count();
    assert!(segments <= 3, "{segments} segments are left");
}

const ALL_DAYS: Days = i32::MIN..=i32::MAX;

fn verified(place: &Place) -> Report {
    verified_of(place, &ALL_DAYS)
}

/// The first file in a folder or those below it.
fn file_below(folder: &Path) -> PathBuf {
    let path = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    if path.is_dir() { file_below(&path) } else { path }
}

fn verified_of(place: &Place, days: &Days) -> Report {
    let key = std::fs::read_to_string(place.folder.join("seal/key.pub")).unwrap();
    let key = VerifyingKey::from_text(key.trim_end()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(verify(place, &key, days))
}

#[test]
fn old_records_are_moved_then_deleted_and_a_hold_stops_that() {
    let folder = tempfile::tempdir().unwrap();
    let mut place = Place::folder(&folder.path().join("lake")).unwrap();
    place.tables.push(Location::folder(&folder.path().join("cold")).unwrap());
    let policy = Policy { hot_days: 7, keep_days: 30 };
    let http = TableName::Events(Table::Authentication);
    let lake = open_at(&place, 0).unwrap();
    let good: Vec<_> = (0..50).map(syslog).collect();
    lake.append(batch("syslog", &good)).unwrap().wait().unwrap();
    lake.append(batch("cloudtrail", &["no JSON".to_owned()])).unwrap().wait().unwrap();
    assert_eq!(lake.close(), None);
    assert_eq!(lake.retain(policy).unwrap(), Retained::default());
    drop(lake);

    let lake = open_at(&place, 8).unwrap();
    let moved = lake.retain(policy).unwrap();
    assert!(moved.moved >= 2 && moved.deleted == 0, "{moved:?}");
    assert_eq!((rows(&lake, TableName::Quarantine), lake.retain(policy).unwrap().moved), (1, 0));
    lake.compact(Duration::ZERO).unwrap();
    assert_eq!(lake.close(), None);
    drop(lake);
    let report = verified(&place);
    assert!(report.is_good() && report.deleted == 0, "{report:#?}");
    // Of other days it is told that nothing is missing, and no more.
    let (none, whole) = (verified_of(&place, &(0..=0)), report);
    assert!(none.is_good() && none.files < whole.files, "{none:#?}");
    // So that nobody can hide a gap by inventing a record on a day that nobody looks at.
    let filter = file_below(&folder.path().join("cold/quarantine/_words"));
    let bytes = std::fs::read(&filter).unwrap();
    std::fs::write(&filter, [&bytes[..], b"x"].concat()).unwrap();
    let altered = verified_of(&place, &(0..=0));
    assert!(matches!(&altered.problems[..], [Problem::Bytes { is_words: true, .. }]), "{altered:#?}");
    std::fs::write(&filter, bytes).unwrap();

    let lake = open_at(&place, 31).unwrap();
    lake.hold("case 7").unwrap();
    assert_eq!(lake.retain(policy).unwrap(), Retained { held: Some("case 7".to_owned()), ..Retained::default() });
    lake.release("case 7 is closed").unwrap();
    let deleted = lake.retain(policy).unwrap();
    assert_eq!((deleted.records >= 1, rows(&lake, TableName::Quarantine), rows(&lake, http)), (true, 0, 0));
    lake.compact(Duration::ZERO).unwrap();
    assert_eq!(lake.close(), None);
    drop(lake);
    let report = verified(&place);
    assert!(report.is_good() && report.deleted == deleted.records, "{report:#?}");

    // Much later the lake's own records go as well; what they said of deletions is said again.
    let lake = open_at(&place, 100).unwrap();
    assert!(lake.retain(policy).unwrap().deleted > 0);
    lake.compact(Duration::ZERO).unwrap();
    assert_eq!(lake.close(), None);
    drop(lake);
    let report = verified(&place);
    assert!(report.is_good() && report.deleted > deleted.records, "{report:#?}");
}

#[test]
fn the_process_that_has_it_open_does_what_others_ask() {
    let outside = tempfile::tempdir().unwrap();
    // Longer than the path of a socket may be.
    let folder = outside.path().join("f".repeat(120));
    assert!(matches!(ask(&folder, &Request::Compact { grace_s: 0 }), Err(LakeError::Disk { .. } | LakeError::Deaf(_))));
    let lake = Arc::new(open(&folder).unwrap());
    let hold = Request::Hold { why: "case 7".to_owned() };
    assert!(matches!(ask(&folder, &hold), Err(LakeError::Deaf(_))));
    let socket = folder.join("control");
    // As a process that was killed leaves it.
    std::fs::write(&socket, "").unwrap();
    let control = Control::serve(&lake, Policy { hot_days: 7, keep_days: 30 }).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::symlink_metadata(&socket).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let Answer::Held(held) = ask(&folder, &hold).unwrap() else { panic!("another answer") };
    assert!(held.is_sealed, "{held:?}");
    assert_eq!(Place::folder(&folder).unwrap().held().unwrap().as_deref(), Some("case 7"));
    let retain = Request::Retain { hot_days: None, keep_days: None };
    let Answer::Retained(retained) = ask(&folder, &retain).unwrap() else { panic!("another answer") };
    assert_eq!(retained.held.as_deref(), Some("case 7"));
    let release = Request::Release { why: "closed".to_owned() };
    assert!(
        matches!(ask(&folder, &release).unwrap(), Answer::Released { record: Some(record) } if record > held.record)
    );
    assert!(matches!(ask(&folder, &release).unwrap(), Answer::Released { record: None }));
    for why in ["", " \n", &"x".repeat(5_000)] {
        let refused = ask(&folder, &Request::Hold { why: why.to_owned() }).unwrap_err();
        assert!(refused.to_string().contains("say why"), "{refused}");
    }
    assert_eq!(Place::folder(&folder).unwrap().held().unwrap(), None);
    drop(control);
    assert!(!socket.exists() && matches!(ask(&folder, &hold), Err(LakeError::Deaf(_))));
    assert_eq!(lake.close(), None);
}

#[test]
fn a_hold_stops_deletions_that_are_under_way() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::folder(folder.path()).unwrap();
    let table = TableName::Quarantine;
    let lake = open_at(&place, 0).unwrap();
    // Each in a file of its own.
    for number in 0..40 {
        let end = lake.append(batch("cloudtrail", &[format!("no JSON, number {number}")])).unwrap().wait().unwrap().end;
        settle(&lake, end);
    }
    assert_eq!(lake.close(), None);
    drop(lake);
    let lake = Arc::new(open_at(&place, 31).unwrap());
    let before = rows(&lake, table);
    let retaining = {
        let lake = Arc::clone(&lake);
        std::thread::spawn(move || lake.retain(Policy { hot_days: 7, keep_days: 30 }).unwrap())
    };
    // Each deletion is a commit of its own.
    let commits = || std::fs::read_dir(folder.path().join("tables/quarantine/_delta_log")).unwrap().count();
    let until_now = commits();
    while commits() < until_now + 3 {
        assert!(!retaining.is_finished(), "nothing was deleted");
    }
    lake.hold("case 7").unwrap();
    let confirmed = rows(&lake, table);
    let retained = retaining.join().unwrap();
    assert_eq!(rows(&lake, table), confirmed, "deleted after the hold was confirmed");
    assert!(confirmed > 0 && retained.held.as_deref() == Some("case 7"), "{confirmed} of {before} left: {retained:?}");
    assert!(retained.deleted > 0 && retained.records == before - confirmed, "{retained:?}");
    assert_eq!(lake.close(), None);
    drop(lake);
    // What was said to go, and stayed, is there.
    assert!(verified(&place).is_good());
}
