//! Lakes whose tables are in a bucket, what is brought to them, and what must be there afterwards.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sekisho_append::{Batch, Origin, Record};
use sekisho_lake::verify::{Report, verify};
use sekisho_lake::{Lake, LakeError, Place, Settings};
use sekisho_model::{ManualClock, Timestamp};
use sekisho_seal::VerifyingKey;
use sekisho_tables::{Location, Patience, Tables};

use crate::rows::rows;

pub(crate) const NOW_MS: u64 = 1_795_348_800_000;
const FEED: &[u8] = b"feed";

/// Short enough that a test sees the end of it.
pub(crate) fn patience() -> Patience {
    Patience {
        connect: Duration::from_secs(1),
        request: Duration::from_secs(1),
        retries: 6,
        pause: Duration::from_millis(5),
        pause_max: Duration::from_millis(50),
        creates: 6,
    }
}

pub(crate) fn location(at: SocketAddr, prefix: &str) -> Location {
    let options = [
        ("aws_endpoint", format!("http://{at}")),
        ("aws_region", "us-east-1".to_owned()),
        ("aws_access_key_id", "key".to_owned()),
        ("aws_secret_access_key", "hidden-well".to_owned()),
    ];
    let options: Vec<_> = options.map(|(key, value)| (key.to_owned(), value)).into();
    Location::s3(&format!("s3://lake/{prefix}"), &options, patience()).unwrap()
}

pub(crate) fn place(folder: &Path, at: SocketAddr, prefix: &str) -> Place {
    let mut place = Place::folder(folder).unwrap();
    place.tables = vec![location(at, prefix)];
    place
}

pub(crate) fn settings(log: &str) -> Settings {
    Settings {
        name: log.to_owned(),
        commit_bytes: 6_000,
        commit_interval: Duration::from_millis(50),
        checkpoint_interval: Duration::from_millis(10),
        retry_interval: Duration::from_millis(5),
        append: sekisho_append::Settings { segment_bytes: 20_000, ..sekisho_append::Settings::default() },
        ..Settings::default()
    }
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp::from_unix_ms(NOW_MS)))
}

pub(crate) fn open(place: &Place, log: &str) -> Result<Lake, LakeError> {
    Lake::open(place, clock(), &settings(log))
}

/// The record with this number: every seventh tells no event, the others are of two days.
pub(crate) fn raw(number: u64) -> String {
    if number % 7 == 3 {
        return format!("no JSON, number {number}");
    }
    let day = 21 + number % 2;
    format!(
        r#"{{"eventVersion":"1.08","eventTime":"2026-11-{day}T10:00:{:02}Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","eventID":"{number}"}}"#,
        number % 60
    )
}

/// Brings records `from..until`; they are durable then.
pub(crate) fn bring(lake: &Lake, from: u64, until: u64) {
    let position = until.to_string();
    let origin = Origin { source: "cloudtrail", header: "", feed: FEED, position: position.as_bytes() };
    let mut batch = Batch::new(origin);
    for number in from..until {
        batch.push(Record { received_ms: i64::try_from(NOW_MS).unwrap(), raw: raw(number).as_bytes() });
    }
    lake.append(batch).unwrap().wait().unwrap();
}

/// The number of the record that follows what the lake knows to be read.
pub(crate) fn position(lake: &Lake) -> u64 {
    let known = lake.positions().iter().find(|(feed, _)| feed == FEED);
    known.map_or(0, |(_, position)| String::from_utf8(position.clone()).unwrap().parse().unwrap())
}

pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Holds that a lake's tables have records `0..stored` once each, in order, with their bytes.
pub(crate) fn check_records(place: &Place, log: &str, stored: u64) {
    let (mut records, _) = wait(rows(&Tables::open(place.tables.clone()), log));
    records.sort_unstable();
    assert!(records.windows(2).all(|pair| pair[0].0 != pair[1].0), "an index is there twice");
    let brought: Vec<_> = records.iter().filter(|(_, source, _)| source == "cloudtrail").collect();
    for (number, (index, _, found)) in brought.iter().enumerate() {
        assert_eq!(*found, raw(number as u64), "record {index}");
    }
    assert_eq!(brought.len() as u64, stored, "records in the tables");
}

pub(crate) fn verified(place: &Place) -> Report {
    let key = std::fs::read_to_string(place.folder.join("seal/key.pub")).unwrap();
    let key = VerifyingKey::from_text(key.trim_end()).unwrap();
    wait(verify(place, &key, &(i32::MIN..=i32::MAX)))
}

/// Holds that all is once in the tables and as it was sealed.
pub(crate) fn check(place: &Place, log: &str, stored: u64) {
    check_records(place, log, stored);
    let report = verified(place);
    assert!(report.is_good(), "{:#?}", report.problems);
    assert!(report.records >= stored, "{report:?}");
}

/// Waits until all that is durable is in tables, or fails after a minute.
pub(crate) fn settle(lake: &Lake, records: u64) {
    for _ in 0..2_400 {
        let status = lake.status().unwrap();
        if status.committed >= records && status.sealed >= records {
            return;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("not settled: {:?}", lake.status());
}

/// Ends a lake; what the faults of the way left undone is done by opening it again.
pub(crate) fn finish(lake: Lake, place: &Place, log: &str) {
    _ = lake.close();
    drop(lake);
    let lake = open(place, log).unwrap();
    assert_eq!(lake.close(), None);
}

/// Holds that both verifiers say the same of a lake whose tables are in the bucket of a server, and gives what they say. `storage`: what its `storage.toml` says of
/// them besides, in lines of TOML.
pub(crate) fn agreed(place: &Place, moto: SocketAddr, storage: &str) -> bool {
    let file = place.folder.join("storage.toml");
    let text = format!("endpoint_url = \"http://{moto}\"\nregion = \"us-east-1\"\n{storage}\n");
    std::fs::write(&file, text).unwrap();
    let key = std::fs::read_to_string(place.folder.join("seal/key.pub")).unwrap();
    let key = VerifyingKey::from_text(key.trim_end()).unwrap();
    let python = crate::second::find().expect("moto's server stands beside it");
    let is_good = crate::second::is_good(&python, &place.folder, &key);
    std::fs::remove_file(file).unwrap();
    let report = verified(place);
    assert_eq!(report.is_good(), is_good, "{:#?}", report.problems);
    is_good
}
