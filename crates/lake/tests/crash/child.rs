//! The process that is killed: it brings records from where its feed stands, and says what was acknowledged.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sekisho_append::{Batch, Origin, Record};
use sekisho_lake::{Lake, Place, Settings};
use sekisho_model::{ManualClock, Timestamp};

use crate::faults::{FailingDisk, FailingStore, Faults};
use crate::random::Random;

pub(crate) const LOG: &str = "lake.example/crash";
pub(crate) const NOW_MS: u64 = 1_795_348_800_000;
const FEED: &[u8] = b"feed";

pub(crate) fn settings() -> Settings {
    Settings {
        name: LOG.to_owned(),
        commit_bytes: 6_000,
        commit_interval: Duration::from_millis(20),
        checkpoint_interval: Duration::from_millis(5),
        retry_interval: Duration::from_millis(2),
        append: sekisho_append::Settings { segment_bytes: 20_000, ..sekisho_append::Settings::default() },
        ..Settings::default()
    }
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp::from_unix_ms(NOW_MS)))
}

/// The record with this number: every seventh tells no event, the others are of three days.
pub(crate) fn raw(number: u64) -> String {
    if number % 7 == 3 {
        return format!("no JSON, number {number}");
    }
    let (day, fill) = (20 + number % 3, "x".repeat(usize::try_from(number % 90).unwrap()));
    format!(
        r#"{{"eventVersion":"1.08","eventTime":"2026-11-{day}T10:00:{:02}Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-west-1","eventID":"{number}","requestParameters":{{"key":"{fill}"}}}}"#,
        number % 60
    )
}

/// The number of the record that follows what the lake knows to be read.
pub(crate) fn position(lake: &Lake) -> u64 {
    let known = lake.positions().iter().find(|(feed, _)| feed == FEED);
    known.map_or(0, |(_, position)| String::from_utf8(position.clone()).unwrap().parse().unwrap())
}

pub(crate) fn run(folder: &Path, seed: u64) {
    let mut random = Random::new(seed);
    let faults = Faults::new(random.clone());
    let mut place = Place::folder(folder).unwrap();
    place.disk = Arc::new(FailingDisk(Arc::clone(&faults)));
    let wrapped =
        |inner| Arc::new(FailingStore { inner, faults: Arc::clone(&faults) }) as Arc<dyn object_store::ObjectStore>;
    place.tables = place.tables.into_iter().map(|location| location.through(wrapped)).collect();
    // A disk that fails while the lake is opened makes it end with an error; who runs it tries again.
    let lake = loop {
        match Lake::open(&place, clock(), &settings()) {
            Ok(lake) => break lake,
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let at = position(&lake);
    println!("acknowledged {at}");
    std::thread::scope(|scope| {
        scope.spawn(|| compact(&lake));
        bring(&lake, at, &mut random);
    });
}

fn compact(lake: &Lake) {
    loop {
        // It fails when the store does, and goes on next time.
        _ = lake.compact(Duration::ZERO);
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn bring(lake: &Lake, mut at: u64, random: &mut Random) {
    loop {
        let until = at + 1 + random.below(12);
        let position = until.to_string();
        let origin = Origin { source: "cloudtrail", header: "", feed: FEED, position: position.as_bytes() };
        let mut batch = Batch::new(origin);
        for number in at..until {
            batch.push(Record { received_ms: i64::try_from(NOW_MS).unwrap(), raw: raw(number).as_bytes() });
        }
        match lake.append(batch).map(sekisho_append::Pending::wait) {
            Ok(Ok(_)) => {
                at = until;
                println!("acknowledged {at}");
            }
            // It is brought again, as a collector would.
            Ok(Err(_)) | Err(_) => std::thread::sleep(Duration::from_millis(2)),
        }
        std::thread::sleep(Duration::from_micros(random.below(3_000)));
    }
}
