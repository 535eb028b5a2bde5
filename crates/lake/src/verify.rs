//! Whether a lake is as it was sealed.
//!
//! The newest checkpoint's signature is checked, then the stored hashes against its root, then each record in the write-ahead log and the
//! tables against its leaf, then the bytes of each file against the sealed record that says what was written. Nothing is changed; a lake
//! that is open can be verified.
//!
//! Of a period, only the records in files of its days are held against their leaves; that no record is missing, and that no file has other bytes than
//! were written, is told of all.
//!
//! Checked and named: altered, dropped, doubled, inserted and reordered records, files and filters with other bytes, what a table's log
//! says of files, kept checkpoints, damaged hashes. Not checked: what a table's log says besides, such as who wrote a commit.

mod leaves;
mod prove;
mod report;
mod seen;

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use sekisho_append::Reader;
use sekisho_event::Table;
use sekisho_seal::{Checkpoint, Hash, Note, TileFiles, VerifyingKey, record_hash};
use sekisho_tables::{DataFile, TableName, Tables, TablesError, WrittenFile};

pub use prove::{ProveError, Proved, prove};
pub use report::{FileName, PROBLEMS_MAX, Problem, Report};

use self::leaves::Leaves;
use self::seen::Seen;
use crate::lock::Lock;
use crate::place::Place;
use crate::record;

/// Columns a record's leaf is made of, and what a table's log says of.
const COLUMNS: [&str; 8] = ["log", "record", "source", "header", "received", "raw", "raw_bytes", "time"];
/// Microseconds of a millisecond.
const MS_US: i64 = 1_000;

/// What records of files outside of the period are read for: that none is missing.
const COLUMNS_OUTSIDE: [&str; 2] = ["log", "record"];
/// Days since 1970-01-01, in UTC: both are among them.
pub type Days = RangeInclusive<i32>;

/// Verifies a lake. `key`: what its checkpoints must be signed with, from a place an intruder cannot write to. `days`: files of other days
/// are only held against the sealed records that say what was written, and read as far as it takes to tell that no record is missing; with all days, everything is held against its leaf.
///
/// Must be called within a tokio runtime.
pub async fn verify(place: &Place, key: &VerifyingKey, days: &Days) -> Report {
    let mut report = Report { log: key.name().to_owned(), ..Report::default() };
    let files = TileFiles::new(Arc::clone(&place.disk), &place.seal());
    let newest = checkpoint(place, key, "checkpoint", &mut report);
    let Some(newest) = newest else { return report };
    report.sealed = Some((newest.size, newest.root));
    kept(place, key, &files, &newest, &mut report);
    let leaves = Leaves::check(files, newest.size, newest.root, &mut report);
    let mut verifying = Verifying {
        log: key.name().to_owned(),
        days: days.clone(),
        size: newest.size,
        leaves,
        held: Seen::default(),
        seen: Seen::default(),
        appended: Seen::default(),
        appended_ahead: HashMap::new(),
        seen_ahead: HashSet::new(),
        wrong: Vec::new(),
        vouched: HashMap::new(),
        vouched_ahead: HashMap::new(),
        deleted: Seen::default(),
        found: Vec::new(),
        report,
    };
    // What leaves the write-ahead log is in the tables before: so it is read first.
    verifying.append(place);
    verifying.tables(&Tables::open(place.tables.clone()), &place.writers).await;
    verifying.end(Lock::is_taken(&place.folder))
}

/// Reads a checkpoint.
fn checkpoint(place: &Place, key: &VerifyingKey, file: &str, report: &mut Report) -> Option<Checkpoint> {
    let mut say = |why: String| {
        report.add(Problem::Checkpoint { file: file.to_owned(), why });
        None
    };
    let bytes = match place.disk.read(&place.seal().join(file)) {
        Ok(bytes) => bytes,
        Err(error) => return say(error.to_string()),
    };
    let Ok(text) = String::from_utf8(bytes) else { return say("it is not text".to_owned()) };
    match Note::from_text(&text).map_err(Into::into).and_then(|note| Checkpoint::verified(&note, key)) {
        Ok(checkpoint) => Some(checkpoint),
        Err(error) => say(error.to_string()),
    }
}

/// Checks the checkpoints that are kept: each must be a beginning of the newest.
fn kept(place: &Place, key: &VerifyingKey, files: &TileFiles, newest: &Checkpoint, report: &mut Report) {
    const FOLDER: &str = "checkpoints";
    for name in place.disk.list(&place.seal().join(FOLDER)).unwrap_or_default() {
        let file = format!("{FOLDER}/{name}");
        if name.ends_with(".new") {
            continue;
        }
        let Some(kept) = checkpoint(place, key, &file, report) else { continue };
        let root = (kept.size <= newest.size).then(|| sekisho_seal::root(files, kept.size).ok()).flatten();
        if root != Some(kept.root) || name.parse() != Ok(kept.size) {
            let why = format!("the newest checkpoint does not continue it: it is of {} records", kept.size);
            report.add(Problem::Checkpoint { file, why });
        }
    }
}

/// A record in a wrong place: its index, its leaf, where it stands.
type Wrong = (u64, Hash, Option<FileName>);

/// A file of a table that was read: its digest and that of its filter.
#[derive(Debug)]
struct Found {
    file: FileName,
    sha256: Option<[u8; 32]>,
    words_sha256: Option<[u8; 32]>,
}

/// What a file has, for what its table's log says of it.
#[derive(Debug, Default)]
struct Has {
    rows: u64,
    records: Option<(i64, i64)>,
    times: Option<(i64, i64)>,
}

fn widen(range: &mut Option<(i64, i64)>, value: i64) {
    let (from, to) = range.unwrap_or((value, value));
    *range = Some((from.min(value), to.max(value)));
}

impl Has {
    fn add(&mut self, record: i64, time: Option<i64>) {
        self.rows += 1;
        widen(&mut self.records, record);
        if let Some(time) = time {
            widen(&mut self.times, time);
        }
    }

    /// What the log says otherwise.
    fn differs(&self, file: &DataFile) -> impl Iterator<Item = &'static str> + use<> {
        let records = self.records.map(|(from, to)| from.cast_unsigned()..=to.cast_unsigned());
        // The log has milliseconds, rounded outwards; moments beyond the calendar it leaves out.
        let whole = |(from, to): (i64, i64)| {
            let up = to.saturating_add(MS_US - 1).div_euclid(MS_US);
            from.div_euclid(MS_US).saturating_mul(MS_US)..=up.saturating_mul(MS_US)
        };
        let times = self.times.map(whole);
        let is_said = file.time_us.is_some() || times.as_ref().is_none_or(|range| *range.start() > i64::MIN / 2);
        [
            (self.rows != file.rows).then_some("number of rows"),
            (records.as_ref() != Some(&file.records)).then_some("range of records"),
            (is_said && times != file.time_us).then_some("range of times"),
        ]
        .into_iter()
        .flatten()
    }
}

struct Verifying {
    log: String,
    days: Days,
    size: u64,
    leaves: Leaves,
    /// Sealed records that are what their leaves say.
    held: Seen,
    /// Sealed records that tables have.
    seen: Seen,
    /// Sealed records that the write-ahead log has.
    appended: Seen,
    /// Leaves of those in the write-ahead log that no checkpoint covers.
    appended_ahead: HashMap<u64, Hash>,
    /// Records that no checkpoint covers and tables have.
    seen_ahead: HashSet<u64>,
    wrong: Vec<Wrong>,
    /// What sealed records say was written.
    vouched: HashMap<FileName, WrittenFile>,
    /// What records say was written that no checkpoint covers: anyone who can write to the folder can say it.
    vouched_ahead: HashMap<FileName, WrittenFile>,
    /// Records that sealed records say were deleted by policy.
    deleted: Seen,
    found: Vec<Found>,
    report: Report,
}

impl Verifying {
    fn append(&mut self, place: &Place) {
        let folder = place.append();
        let first = match Reader::oldest(&*place.disk, &folder) {
            Ok(Some(first)) => first,
            Ok(None) => return,
            Err(error) => {
                return self.report.add(Problem::Append { record: 0, why: crate::error::chain(&error) });
            }
        };
        let mut reader = Reader::new(Arc::clone(&place.disk), &folder, first);
        // First what is sealed: that must be readable. Then what came after, as far as it goes.
        for durable in [self.size, u64::MAX] {
            loop {
                match reader.next(durable) {
                    Ok(Some(batch)) => {
                        let (source, header) = (batch.source(), batch.header());
                        for (index, record) in (batch.index()..).zip(batch.records()) {
                            let leaf = record_hash(source, header, record.received_ms, record.raw);
                            if index < self.size {
                                self.appended.note(index);
                                self.hold(index, leaf, source, record.raw, None);
                            } else {
                                self.appended_ahead.insert(index, leaf);
                                note_written(&mut self.vouched_ahead, source, record.raw);
                            }
                        }
                    }
                    Ok(None) => break,
                    Err(error) => {
                        if durable == self.size {
                            let record = reader.next_index();
                            self.report.add(Problem::Append { record, why: crate::error::chain(&error) });
                        }
                        break;
                    }
                }
            }
        }
        self.report.unsealed = self.appended_ahead.len() as u64;
    }

    /// Holds a record against its leaf.
    fn hold(&mut self, index: u64, leaf: Hash, source: &str, raw: &[u8], file: Option<&FileName>) {
        match self.leaves.leaf(index) {
            Some(sealed) if sealed == leaf => {
                self.held.note(index);
                self.vouch(source, raw);
            }
            // Without a hash that can be trusted, nothing can be said of the record; that of the hash was.
            Some(_) if self.leaves.is_known(index) => self.wrong.push((index, leaf, file.cloned())),
            _ => {}
        }
    }

    /// Takes in what a sealed record of the lake's own says.
    fn vouch(&mut self, source: &str, raw: &[u8]) {
        note_written(&mut self.vouched, source, raw);
        if source == record::SOURCE {
            for range in record::records_deleted(raw).unwrap_or_default() {
                self.deleted.note_all(*range.start()..range.end().saturating_add(1).min(self.size));
            }
        }
    }

    /// `writers`: names of other logs, whose files are theirs to verify.
    async fn tables(&mut self, tables: &Tables, writers: &[String]) {
        for table in TableName::all() {
            let snapshot = match tables.snapshot(table).await {
                Ok(snapshot) => snapshot,
                Err(error) => {
                    self.report.add(Problem::Table { table, why: crate::error::chain(&error) });
                    continue;
                }
            };
            for file in snapshot.files() {
                if *file.log != *self.log && writers.iter().any(|log| **log == *file.log) {
                    *self.report.others.entry(file.log.to_string()).or_default() += file.rows;
                    continue;
                }
                // What vouches for files of any day may be of another.
                let is_whole = table == TableName::Events(Table::System) || self.days.contains(&file.day);
                let name = FileName { table, name: file.name().to_owned() };
                let sha256 = tables.digest(file.tier, &file.path).await.ok();
                let words_sha256 = tables.digest(file.tier, &file.words).await.ok();
                self.found.push(Found { file: name.clone(), sha256, words_sha256 });
                if is_whole {
                    self.file(tables, name, file).await;
                } else {
                    self.file_outside(tables, name, file).await;
                }
            }
        }
    }

    /// Notes which records a file has. They may be believed as far as its bytes are those that were written.
    async fn file_outside(&mut self, tables: &Tables, name: FileName, file: &DataFile) {
        let indexes = async {
            let mut rows = tables.rows(file, &COLUMNS_OUTSIDE).await?;
            while let Some(batch) = rows.next().await? {
                let text = |column: &str| batch.column_by_name(column)?.as_string_opt::<i32>();
                let index = batch.column_by_name("record").and_then(|index| index.as_primitive_opt::<Int64Type>());
                let (Some(log), Some(index)) = (text("log"), index) else { continue };
                for (log, index) in log.iter().zip(index.values()) {
                    let index = u64::try_from(*index).ok().filter(|index| *index < self.size);
                    if let Some(index) = index.filter(|_| log == Some(&self.log)) {
                        self.seen.note(index);
                    }
                }
            }
            Ok::<_, TablesError>(())
        };
        if let Err(error) = indexes.await {
            self.report.add(Problem::Unreadable { file: name, why: crate::error::chain(&error) });
        }
    }

    async fn file(&mut self, tables: &Tables, name: FileName, file: &DataFile) {
        self.report.files += 1;
        let unreadable = |why| Problem::Unreadable { file: name.clone(), why };
        let mut rows = match tables.rows(file, &COLUMNS).await {
            Ok(rows) => rows,
            Err(error) => return self.report.add(unreadable(crate::error::chain(&error))),
        };
        let mut has = Has::default();
        loop {
            match rows.next().await {
                Ok(Some(batch)) => {
                    if self.rows(&batch, &name, &mut has).is_none() {
                        return self.report.add(unreadable("it has not the columns of a table".to_owned()));
                    }
                }
                Ok(None) => break,
                Err(error) => return self.report.add(unreadable(crate::error::chain(&error))),
            }
        }
        for what in has.differs(file) {
            self.report.add(Problem::Listed { file: name.clone(), what });
        }
    }

    /// Holds the rows of a batch against their leaves. None if a column is missing.
    fn rows(&mut self, batch: &RecordBatch, name: &FileName, has: &mut Has) -> Option<()> {
        let text = |column: &str| batch.column_by_name(column)?.as_string_opt::<i32>();
        let moment = |column: &str| batch.column_by_name(column)?.as_primitive_opt::<TimestampMicrosecondType>();
        let (log, source, header, raw) = (text("log")?, text("source")?, text("header")?, text("raw")?);
        let index = batch.column_by_name("record")?.as_primitive_opt::<Int64Type>()?;
        let bytes = batch.column_by_name("raw_bytes")?.as_binary_opt::<i32>()?;
        let received = moment("received")?;
        let time = moment("time");
        for row in 0..batch.num_rows() {
            let record = index.value(row);
            let raw = if raw.is_valid(row) { raw.value(row).as_bytes() } else { bytes.value(row) };
            let header = if header.is_valid(row) { header.value(row) } else { "" };
            let leaf = record_hash(source.value(row), header, received.value(row).div_euclid(MS_US), raw);
            self.row(record, log.value(row), leaf, (source.value(row), raw), name);
            has.add(record, time.filter(|time| time.is_valid(row)).map(|time| time.value(row)));
        }
        Some(())
    }

    fn row(&mut self, record: i64, log: &str, leaf: Hash, (source, raw): (&str, &[u8]), name: &FileName) {
        let inserted = |report: &mut Report| {
            report.add(Problem::Inserted { record, log: log.to_owned(), file: name.clone() });
        };
        let Ok(index) = u64::try_from(record) else { return inserted(&mut self.report) };
        let is_ours = log == self.log;
        if !is_ours || index >= self.size && self.appended_ahead.get(&index) != Some(&leaf) {
            return inserted(&mut self.report);
        }
        let is_again = if index < self.size { self.seen.note(index) } else { !self.seen_ahead.insert(index) };
        if is_again {
            return self.report.add(Problem::Doubled { record: index, file: name.clone() });
        }
        if index < self.size {
            self.hold(index, leaf, source, raw, Some(name));
        }
    }

    /// Names what is wrong, once all is known. `is_open`: a process has the lake open, and its next checkpoint is seconds away.
    fn end(mut self, is_open: bool) -> Report {
        // A record in another's place has the leaf that was sealed there.
        let sealed_at: HashMap<Hash, u64> =
            self.wrong.iter().filter_map(|(index, ..)| self.leaves.leaf(*index).map(|leaf| (leaf, *index))).collect();
        for (index, leaf, file) in std::mem::take(&mut self.wrong) {
            self.report.add(match sealed_at.get(&leaf) {
                Some(record) => Problem::Reordered { record: *record, stands_at: index, file },
                None => Problem::Altered { record: index, file },
            });
        }
        let is_held = |index: &u64| self.held.has(*index);
        self.report.records = (0..self.size).filter(is_held).count() as u64;
        let is_deleted = |index: &u64| self.deleted.has(*index) && !self.seen.has(*index);
        self.report.deleted = (0..self.size).filter(is_deleted).count() as u64;
        for records in Seen::gaps([&self.seen, &self.appended, &self.deleted], self.size) {
            self.report.add(Problem::Dropped { records });
        }
        for found in std::mem::take(&mut self.found) {
            self.file_bytes(found, is_open);
        }
        self.report
    }

    /// Holds a file's bytes against what a record says was written.
    fn file_bytes(&mut self, Found { file, sha256, words_sha256 }: Found, is_open: bool) {
        let mut pending = 0;
        let mut say = |is_words, why| self.report.add(Problem::Bytes { file: file.clone(), is_words, why });
        let vouched = match (self.vouched.get(&file), self.vouched_ahead.get(&file)) {
            (Some(sealed), _) => sealed,
            (None, Some(ahead)) if is_open => {
                pending = 1;
                ahead
            }
            (None, Some(_)) => {
                return say(
                    false,
                    "the record that says it was written is not sealed: begin the lake and end it, then verify again",
                );
            }
            (None, None) => return say(false, "no sealed record says that it was written"),
        };
        let other = "its bytes are not those that were written";
        if sha256.is_some_and(|found| found != vouched.sha256) {
            say(false, other);
        }
        let words = words_sha256.map(|found| found == vouched.words_sha256);
        if words != Some(true) {
            say(true, if words.is_none() { "it is gone or cannot be read" } else { other });
        }
        self.report.pending += pending;
    }
}

/// Takes in what a record of the lake's own says was written.
fn note_written(vouched: &mut HashMap<FileName, WrittenFile>, source: &str, raw: &[u8]) {
    if source == record::SOURCE {
        let files = record::files_written(raw).unwrap_or_default();
        vouched.extend(files.into_iter().map(|file| (FileName { table: file.table, name: file.name.clone() }, file)));
    }
}
