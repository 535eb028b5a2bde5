//! Recovery of the log from segments that hold anything: no panic, and no record that was not written.
//!
//! An input either damages a log that was written, as disks do: bits turn over, ends are missing or zero, files are gone; or it
//! makes up segments of its own, of frames whose checksums are right.

#![no_main]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use sekisho_append::{Append, Batch, Origin, Reader, Record, Settings};
use sekisho_disk::Disk;
use sekisho_disk::simulated::{Plan, SimulatedDisk};

const SETTINGS: Settings = Settings { sync_interval: Duration::ZERO, segment_bytes: 200, queue_bytes_max: 1 << 20 };
const RECORDS_MAX: u64 = 1_000;

fn folder() -> PathBuf {
    PathBuf::from("/log")
}

/// What an input decides, byte by byte; zeros when it has ended.
struct Choices<'b>(&'b [u8]);

impl<'b> Choices<'b> {
    fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or(0)
    }

    fn number(&mut self) -> u64 {
        match self.byte() {
            byte @ 0..0xf0 => u64::from(byte),
            0xf0..0xf8 => u64::from(u16::from_le_bytes([self.byte(), self.byte()])),
            0xf8..0xfc => u64::MAX - u64::from(self.byte()),
            _ => u64::from_le_bytes(std::array::from_fn(|_| self.byte())),
        }
    }

    fn bytes(&mut self) -> &'b [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        self.0.split_off(..length).expect("there are so many")
    }
}

/// The text of a record that was written.
fn written(index: u64) -> Vec<u8> {
    format!("record {index} {}", "x".repeat(index as usize % 30)).into_bytes()
}

/// Writes batches of records, the first of them `from`; gives how many there are then.
fn write(log: &Append, from: u64, batches: u64) -> u64 {
    let mut next = from;
    for number in 0..batches {
        let position = number.to_le_bytes();
        let mut batch = Batch::new(Origin { source: "s", header: "h", feed: b"f", position: &position });
        for _ in 0..number % 4 {
            batch.push(Record { received_ms: 5, raw: &written(next) });
            next += 1;
        }
        log.append(batch).expect("the log takes it").wait().expect("it is durable");
    }
    next
}

/// A log that was written, damaged; how many records it had.
fn damaged(choices: &mut Choices<'_>) -> (Arc<SimulatedDisk>, u64) {
    let disk = Arc::new(SimulatedDisk::new(1, Plan::default()));
    let log = Append::open(disk.clone(), &folder(), SETTINGS).expect("an empty folder is a log");
    let count = write(&log, 0, u64::from(choices.byte() % 12));
    log.close();
    for _ in 0..choices.byte() % 4 {
        let paths = disk.paths();
        if paths.is_empty() {
            break;
        }
        let path = paths[usize::from(choices.byte()) % paths.len()].clone();
        let (what, at, more) = (choices.byte(), choices.number() as usize, choices.byte());
        match what % 5 {
            0 => disk.tamper(&path, |bytes| bytes.truncate(at)),
            1 => disk.tamper(&path, |bytes| {
                let from = at.min(bytes.len());
                bytes[from..].fill(0);
            }),
            2 => disk.tamper(&path, |bytes| {
                let length = bytes.len().max(1);
                if let Some(byte) = bytes.get_mut(at % length) {
                    *byte ^= 1 << (more % 8);
                }
            }),
            3 => disk.tamper(&path, |bytes| bytes.resize(bytes.len() + usize::from(more), 0xff)),
            _ => disk.remove(&path).expect("the file is there"),
        }
    }
    (disk, count)
}

/// Checksum of a frame (CRC-32, reflected, polynomial 0x04c11db7).
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |state, byte| {
        let turn = |state: u32, _| (state >> 1) ^ (0xedb8_8320 & (state & 1).wrapping_neg());
        (0..8).fold(state ^ u32::from(*byte), turn)
    })
}

/// Segments of frames that an input makes up.
fn made_up(choices: &mut Choices<'_>) -> Arc<SimulatedDisk> {
    let disk = SimulatedDisk::new(1, Plan::default());
    disk.create_folder(&folder()).expect("the disk takes it");
    for _ in 0..choices.byte() % 4 {
        let path = folder().join(format!("{:020}.segment", choices.number()));
        let mut segment = Vec::new();
        for _ in 0..choices.byte() % 8 {
            let (kind, index, durable) = (choices.byte() % 4, choices.number(), choices.number());
            let mut inner = vec![kind];
            inner.extend_from_slice(&index.to_le_bytes());
            inner.extend_from_slice(&durable.to_le_bytes());
            if kind == 1 {
                inner.extend_from_slice(b"sekisho append 1\n");
            }
            inner.extend_from_slice(choices.bytes());
            segment.extend_from_slice(&(inner.len() as u32).to_le_bytes());
            segment.extend_from_slice(&checksum(&inner).to_le_bytes());
            segment.extend_from_slice(&inner);
        }
        segment.extend_from_slice(choices.bytes());
        if disk.length(&path).is_err() {
            let mut file = disk.open(&path).expect("the disk takes it");
            file.append(&segment).and_then(|()| file.sync()).expect("the disk takes it");
        }
    }
    Arc::new(disk)
}

/// Reads all records below `durable`; `see` gets each with its index. Says whether all of them could be read.
fn read(disk: &Arc<SimulatedDisk>, folder: &Path, from: u64, durable: u64, mut see: impl FnMut(u64, &[u8])) -> bool {
    let mut reader = Reader::new(disk.clone(), folder, from);
    while reader.next_index() < durable {
        let Ok(Some(batch)) = reader.next(durable) else { return false };
        for (index, record) in (batch.index()..).zip(batch.records()) {
            see(index, record.raw);
        }
    }
    true
}

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Choices(bytes);
    if choices.byte() % 2 == 0 {
        let (disk, count) = damaged(&mut choices);
        let Ok(log) = Append::open(disk.clone(), &folder(), SETTINGS) else { return };
        let durable = log.durable();
        assert!(durable <= count, "{durable} of {count} records");
        let check = |index: u64, raw: &[u8]| assert_eq!(raw, written(index), "record {index}");
        let whole = read(&disk, &folder(), 0, durable, check);
        let count = write(&log, durable, 5);
        // What is written from now on is there, whatever was lost before.
        assert!(read(&disk, &folder(), durable, count, check));
        assert_eq!(read(&disk, &folder(), 0, count, check), whole);
        log.close();
        let again = Append::open(disk, &folder(), SETTINGS).expect("what recovered once recovers again");
        assert_eq!(again.durable(), count);
        again.close();
    } else {
        let disk = made_up(&mut choices);
        let Ok(log) = Append::open(disk.clone(), &folder(), SETTINGS) else { return };
        let durable = log.durable();
        if durable < RECORDS_MAX {
            read(&disk, &folder(), 0, durable, |index, _| assert!(index < durable));
        }
        if durable < u64::MAX - RECORDS_MAX {
            let count = write(&log, durable, 5);
            assert!(read(&disk, &folder(), durable, count, |index, raw| {
                assert!(index < durable || raw == written(index));
            }));
        }
        log.close();
    }
});
