//! Crashes, full disks and failing syncs at every operation: what was acknowledged is there, once and in order.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::path::Path;
use std::sync::Arc;

use sekisho_append::{Append, AppendError, Batch, Origin, Reader, Record, Refused, Settings};
use sekisho_disk::Disk as _;
use sekisho_disk::simulated::{Plan, SimulatedDisk};

const FOLDER: &str = "log";
const RECORDS: u64 = 60;

fn settings() -> Settings {
    Settings { sync_interval: std::time::Duration::ZERO, segment_bytes: 300, ..Settings::default() }
}

fn open(disk: &SimulatedDisk) -> Result<Append, AppendError> {
    Append::open(Arc::new(disk.clone()), Path::new(FOLDER), settings())
}

fn batch_of(feed: &[u8], position: &[u8]) -> Batch {
    Batch::new(Origin { source: "source", header: "#Fields: number", feed, position })
}

fn raw(number: u64) -> Vec<u8> {
    format!("record {number} {}", "x".repeat(usize::try_from(number % 40).unwrap())).into_bytes()
}

/// How many records the feed has given, by the positions that were kept.
fn position(append: &Append) -> u64 {
    let kept = append.positions().iter().find(|(feed, _)| feed == b"feed");
    kept.map_or(0, |(_, position)| String::from_utf8(position.clone()).unwrap().parse().unwrap())
}

/// Brings records from where the feed stands, in batches of one to three, until all are in or the disk is gone.
fn bring(disk: &SimulatedDisk, acknowledged: &mut u64) -> Result<(), Box<dyn std::error::Error>> {
    let append = open(disk)?;
    let mut at = position(&append);
    assert!(at >= *acknowledged, "{at} records are known to be read, {acknowledged} were acknowledged");
    while at < RECORDS {
        let until = RECORDS.min(at + 1 + at % 3);
        let mut batch = batch_of(b"feed", until.to_string().as_bytes());
        (at..until).for_each(|number| batch.push(Record { received_ms: number.cast_signed(), raw: &raw(number) }));
        match append.append(batch)?.wait() {
            Ok(_) => (at, *acknowledged) = (until, until),
            // It is brought again, as a collector would.
            Err(_) if !disk.is_crashed() => disk.set_plan(Plan { crash_at: disk_crash(disk), ..Plan::default() }),
            Err(error) => return Err(error.into()),
        }
        append.remove_before(at.saturating_sub(30))?;
    }
    Ok(())
}

/// Room was made on a full disk; the power may fail yet.
fn disk_crash(disk: &SimulatedDisk) -> Option<u64> {
    Some(disk.operations() + 40)
}

/// All records from the first that is left.
fn read(disk: &SimulatedDisk) -> (u64, Vec<Vec<u8>>) {
    let append = open(disk).unwrap();
    let durable = append.durable();
    let first =
        (0..=durable).find(|from| Reader::new(Arc::new(disk.clone()), Path::new(FOLDER), *from).next(durable).is_ok());
    let first = first.unwrap();
    let mut reader = Reader::new(Arc::new(disk.clone()), Path::new(FOLDER), first);
    let mut records = Vec::new();
    while let Some(batch) = reader.next(durable).unwrap() {
        assert_eq!(batch.index(), first + records.len() as u64);
        assert_eq!((batch.source(), batch.header()), ("source", "#Fields: number"));
        records.extend(batch.records().map(|record| record.raw.to_vec()));
    }
    (first, records)
}

fn check(disk: &SimulatedDisk, what: &str) {
    let (first, records) = read(disk);
    assert_eq!(first + records.len() as u64, RECORDS, "{what}: number of records");
    for (number, record) in (first..).zip(&records) {
        assert_eq!(*record, raw(number), "{what}: record {number}");
    }
}

fn run(seed: u64, plan: Plan, what: &str) -> u64 {
    let mut disk = SimulatedDisk::new(seed, plan);
    let mut acknowledged = 0;
    let mut crashes = 0;
    while bring(&disk, &mut acknowledged).is_err() {
        crashes += 1;
        assert!(crashes < 200, "{what}: no end");
        // Each later start is interrupted too, now and then.
        let again = (crashes < 4).then_some(5 + seed % 23);
        disk = disk.crash(Plan { crash_at: again, ..Plan::default() });
    }
    let disk = disk.crash(Plan::default());
    check(&disk, what);
    crashes
}

#[test]
fn a_crash_at_every_operation_loses_and_doubles_nothing() {
    let mut crashes = 0;
    for at in 1..140 {
        let plan = Plan { crash_at: Some(at), ..Plan::default() };
        crashes += run(at, plan, &format!("crash at {at}"));
    }
    assert!(crashes > 200, "{crashes}");
}

#[test]
fn a_failing_sync_anywhere_loses_and_doubles_nothing() {
    for at in 1..60 {
        for seed in [at, 100 + at] {
            let plan = Plan { failing_syncs: vec![at, at + 1 + seed % 3], ..Plan::default() };
            run(seed, plan, &format!("sync {at} fails, seed {seed}"));
            let plan = Plan { failing_syncs: vec![at], crash_at: Some(at * 3 + 5), ..Plan::default() };
            run(seed, plan, &format!("sync {at} fails, then a crash, seed {seed}"));
        }
    }
}

#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    for bytes in (10..2_500).step_by(37) {
        run(bytes, Plan { bytes_max: Some(bytes), ..Plan::default() }, &format!("{bytes} bytes fit"));
    }
}

#[test]
fn on_a_full_disk_it_opens_reads_and_goes_on_when_there_is_room() {
    let batch = |number: u64| {
        let mut batch = batch_of(b"feed", (number + 1).to_string().as_bytes());
        batch.push(Record { received_ms: number.cast_signed(), raw: &raw(number) });
        batch
    };
    let disk = SimulatedDisk::new(1, Plan::default());
    let append = open(&disk).unwrap();
    for number in 0..30 {
        append.append(batch(number)).unwrap().wait().unwrap();
    }
    drop(append);
    for bytes in [0, 5] {
        let whole = disk.crash(Plan::default());
        let used: u64 = whole.paths().iter().map(|path| whole.length(path).unwrap()).sum();
        let full = disk.crash(Plan { bytes_max: Some(used + bytes), ..Plan::default() });
        let append = open(&full).unwrap();
        assert_eq!((position(&append), append.durable()), (30, 30));
        let mut reader = Reader::new(Arc::new(full.clone()), Path::new(FOLDER), 0);
        let mut read = 0;
        while let Some(batch) = reader.next(30).unwrap() {
            read += batch.records().count();
        }
        assert_eq!(read, 30);
        assert!(matches!(append.append(batch(30)).unwrap().wait(), Err(Refused::Disk(_))));
        // A crash meanwhile changes nothing.
        let full = full.crash(Plan { bytes_max: Some(used + bytes), ..Plan::default() });
        let again = open(&full).unwrap();
        full.set_plan(Plan::default());
        again.append(batch(30)).unwrap().wait().unwrap();
        drop(again);
        bring(&full, &mut 31).unwrap();
        check(&full, "after room was made");
    }
}

#[test]
fn damage_to_durable_records_is_named() {
    let disk = SimulatedDisk::new(1, Plan::default());
    bring(&disk, &mut 0).unwrap();
    let whole = disk.crash(Plan::default());
    let append = open(&whole).unwrap();
    let durable = append.durable();
    drop(append);
    let (first, _) = read(&whole);
    let mut named = 0;
    for path in whole.paths() {
        let disk = whole.crash(Plan::default());
        disk.tamper(&path, |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x10;
        });
        let damaged = match open(&disk) {
            Err(error) => Some(error),
            Ok(_) => {
                let mut reader = Reader::new(Arc::new(disk.clone()), Path::new(FOLDER), first);
                loop {
                    match reader.next(durable) {
                        Err(error) => break Some(error),
                        Ok(None) => break None,
                        Ok(Some(_)) => {}
                    }
                }
            }
        };
        if let Some(error) = damaged {
            assert!(matches!(&error, AppendError::Damaged { path: named, .. } if *named == path), "{error}");
            named += 1;
        }
    }
    // The last segment has no records: it was begun by the last start.
    assert!(named + 2 >= whole.paths().len() && named > 2, "{named} of {}", whole.paths().len());
}

#[test]
fn a_damaged_beginning_before_durable_records_is_named_and_nothing_is_removed() {
    let disk = SimulatedDisk::new(1, Plan::default());
    let append = open(&disk).unwrap();
    let mut batch = batch_of(b"feed", b"1");
    batch.push(Record { received_ms: 0, raw: b"acknowledged" });
    assert_eq!(append.append(batch).unwrap().wait().unwrap(), 0..1);
    drop(append);
    let path = disk.paths().pop().unwrap();
    disk.tamper(&path, |bytes| bytes[20] ^= 1);
    assert!(matches!(open(&disk), Err(AppendError::Damaged { offset: 0, .. })));
    disk.tamper(&path, |bytes| bytes[20] ^= 1);
    assert_eq!(open(&disk).unwrap().durable(), 1);
}

/// A disk with one segment of these records, a batch each.
fn written(records: &[&[u8]]) -> SimulatedDisk {
    let disk = SimulatedDisk::new(1, Plan::default());
    let append = Append::open(Arc::new(disk.clone()), Path::new(FOLDER), Settings::default()).unwrap();
    for raw in records {
        let mut batch = batch_of(b"", b"");
        batch.push(Record { received_ms: 0, raw });
        append.append(batch).unwrap().wait().unwrap();
    }
    disk
}

#[test]
fn a_reader_gives_what_was_written_last_not_what_it_read_ahead() {
    let (disk, later) = (written(&[b"first", b"ahead"]), written(&[b"first", b"later"]));
    let path = disk.paths().pop().unwrap();
    let mut reader = Reader::new(Arc::new(disk.clone()), Path::new(FOLDER), 0);
    assert_eq!(reader.next(1).unwrap().unwrap().index(), 0);
    // As if the second batch had failed, was cut away, and another came in its place.
    let bytes = sekisho_disk::Disk::read(&later, &path).unwrap();
    disk.tamper(&path, |old| *old = bytes);
    let read = reader.next(2).unwrap().unwrap();
    assert_eq!((read.index(), read.records().next().unwrap().raw), (1, &b"later"[..]));
}

#[test]
fn a_reader_goes_on_when_what_it_has_read_was_removed() {
    let disk = SimulatedDisk::new(1, Plan::default());
    let append = open(&disk).unwrap();
    let mut reader = Reader::new(Arc::new(disk.clone()), Path::new(FOLDER), 0);
    for number in 0..40 {
        let mut batch = batch_of(b"", b"");
        batch.push(Record { received_ms: 0, raw: &raw(number) });
        append.append(batch).unwrap().wait().unwrap();
        assert_eq!(reader.next(append.durable()).unwrap().unwrap().index(), number);
        append.remove_before(number + 1).unwrap();
    }
    assert!(append.first().unwrap() > 0 && append.bytes().unwrap() < 1_000);
}

#[test]
fn positions_are_bounded_and_can_be_forgotten() {
    let disk = SimulatedDisk::new(1, Plan::default());
    let append = Append::open(Arc::new(disk.clone()), Path::new(FOLDER), Settings::default()).unwrap();
    let bring = |feed: u8, position: &[u8]| append.append(batch_of(&[feed], position)).unwrap().wait();
    let large = vec![b'x'; 6 << 20];
    bring(1, &large).unwrap();
    bring(2, &large).unwrap();
    assert!(matches!(bring(3, &large), Err(Refused::TooManyFeeds)));
    bring(1, b"").unwrap();
    bring(3, &large).unwrap();
    drop(append);
    let feeds: Vec<_> = open(&disk).unwrap().positions().iter().map(|(feed, _)| feed[0]).collect();
    assert_eq!(feeds, [2, 3]);
}

#[test]
fn of_batches_that_follow_one_another_none_is_kept_after_one_that_is_refused() {
    let disk = SimulatedDisk::new(1, Plan::default());
    let append = Append::open(Arc::new(disk.clone()), Path::new(FOLDER), Settings::default()).unwrap();
    let large = vec![b'x'; 9 << 20];
    let set = [&b"first"[..], &large, &large, b"last"].into_iter().enumerate();
    let set = set.map(|(feed, position)| batch_of(&[u8::try_from(feed).unwrap()], position)).collect();
    let outcomes: Vec<_> = append.append_all(set).unwrap().into_iter().map(sekisho_append::Pending::wait).collect();
    assert!(matches!(outcomes[..], [Ok(_), Ok(_), Err(Refused::TooManyFeeds), Err(Refused::TooManyFeeds)]));
    drop(append);
    assert_eq!(open(&disk).unwrap().positions().len(), 2);
}

#[test]
fn a_segment_that_is_gone_is_missed() {
    let disk = SimulatedDisk::new(1, Plan::default());
    bring(&disk, &mut 0).unwrap();
    let paths = disk.paths();
    let after = disk.crash(Plan::default());
    sekisho_disk::Disk::remove(&after, &paths[paths.len() / 2]).unwrap();
    let opened = open(&after);
    assert!(
        matches!(opened, Err(AppendError::Missing { .. })),
        "{opened:?} without {:?} of {paths:?}",
        paths[paths.len() / 2]
    );
}
