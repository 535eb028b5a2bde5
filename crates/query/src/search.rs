//! `search`: words across all tables, newest first, the first rows early.
//!
//! The files of all tables are taken from the newest to the oldest, without those whose filters lack a word, and looked through one
//! after another. A row is given as soon as no file that is still to be read can have a newer one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, AsArray as _, RecordBatch, RecordBatchReader as _};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use futures::StreamExt as _;
use object_store::{ObjectStore, ObjectStoreExt as _};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use sekisho_tables::{DataFile, TableName, Tables};
use sekisho_words::Wanted;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::engine::Questions;
use crate::error::QueryError;
use crate::need::Need;
use crate::progress::Progress;

/// Files that are read ahead of the one that is looked through.
const FILES_AHEAD: usize = 2;
/// Rows that wait to be taken.
const ROWS_WAITING: usize = 256;
/// Rows that are decoded at a time.
const BATCH_ROWS: usize = 4_096;
/// Microseconds in a day.
const DAY_US: i64 = 86_400_000_000;

/// A row that has all the words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// When it happened, or when it came in if it says nothing of that: microseconds since 1970-01-01T00:00:00Z.
    pub time_us: i64,
    /// Its table.
    pub table: &'static str,
    /// Name of the log its index is of.
    pub log: String,
    /// Its index.
    pub record: i64,
    /// What it comes from.
    pub source: String,
    /// The record as it was received; bytes that are no UTF-8 are replaced.
    pub raw: String,
}

/// What to look for.
#[derive(Debug, Clone)]
pub struct Search {
    /// Words, parted by white space; quotes hold together.
    pub words: String,
    /// Only rows from this moment on: microseconds since 1970-01-01T00:00:00Z.
    pub since_us: Option<i64>,
    /// Only rows before this moment.
    pub until_us: Option<i64>,
    /// Rows to give.
    pub rows_max: usize,
}

/// Rows that were found, newest first. Dropping it stops the search.
#[derive(Debug)]
pub struct Finding {
    rows: mpsc::Receiver<Result<Found, QueryError>>,
    progress: Arc<std::sync::Mutex<Progress>>,
    task: JoinHandle<()>,
}

impl Finding {
    /// The next row; none after the last, or after an error.
    pub async fn next(&mut self) -> Option<Result<Found, QueryError>> {
        self.rows.recv().await
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        *self.progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Finding {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Questions {
    /// Looks for words in all tables. A row has them in what was received and in its columns together.
    ///
    /// # Errors
    ///
    /// There is nothing to look for, or a table's log cannot be read. What goes wrong later is among the rows.
    pub async fn search(&self, search: &Search) -> Result<Finding, QueryError> {
        let wanted = Wanted::read(&search.words)?;
        let deadline = Instant::now() + Duration::from_millis(self.settings().time_ms_max);
        let progress = Arc::new(std::sync::Mutex::new(Progress::default()));
        let files = self.files(search, &wanted, &progress).await?;
        let (give, rows) = mpsc::channel(ROWS_WAITING);
        let run = Run {
            tables: Arc::clone(self.tables()),
            search: search.clone(),
            wanted,
            progress: Arc::clone(&progress),
            waiting: BinaryHeap::new(),
            left: search.rows_max,
        };
        let late = self.took_too_long();
        let task = self.handle().spawn(async move {
            if timeout_at(deadline, run.run(files, &give)).await.is_err() {
                let _ = give.send(Err(late)).await;
            }
        });
        Ok(Finding { rows, progress, task })
    }

    /// The files that can have such rows, by the greatest time they can have, newest first.
    async fn files(
        &self,
        search: &Search,
        wanted: &Wanted,
        progress: &std::sync::Mutex<Progress>,
    ) -> Result<Vec<(i64, TableName, DataFile)>, QueryError> {
        let mut files = Vec::new();
        let mut all = 0;
        for table in TableName::all() {
            let snapshot = self.tables().snapshot(table).await?;
            all += snapshot.files().len() as u64;
            let in_range = snapshot.files().iter().filter(|file| can_have(file, search));
            files.extend(in_range.map(|file| (newest_us(file), table, file.clone())));
        }
        files.sort_by_key(|(newest, _, file)| Reverse((*newest, *file.records.end())));
        let in_range = files.len() as u64;
        let needs = [Need::of_search(wanted)];
        let filters = files.iter().map(|(_, _, file)| {
            let store = self.tables().locations()[file.tier].store();
            (Arc::clone(store), file.words.clone())
        });
        let mut kept = self.word_files().can_meet(&needs, filters.collect()).await.into_iter();
        files.retain(|_| kept.next().unwrap_or(true));
        *progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Progress {
            files: all,
            files_in_range: in_range,
            files_to_read: files.len() as u64,
            bytes_to_read: files.iter().map(|(_, _, file)| file.bytes).sum(),
            ..Progress::default()
        };
        Ok(files)
    }
}

/// The greatest time a row of the file can have. Rows without a time have that of their arrival, which no
/// statistics tell: among rows with a time, they may stand a little out of order.
fn newest_us(file: &DataFile) -> i64 {
    let end_of_day = (i64::from(file.day) + 2).saturating_mul(DAY_US);
    file.time_us.as_ref().map_or(end_of_day, |times| *times.end())
}

/// Whether a file can have rows of the time that is searched. Rows without a time came in on the file's day.
fn can_have(file: &DataFile, search: &Search) -> bool {
    let (begin, end) = (i64::from(file.day).saturating_mul(DAY_US), (i64::from(file.day) + 1).saturating_mul(DAY_US));
    let (oldest, newest) =
        file.time_us.as_ref().map_or((begin, end), |times| (begin.min(*times.start()), end.max(*times.end())));
    search.since_us.is_none_or(|since| newest >= since) && search.until_us.is_none_or(|until| oldest < until)
}

/// A search that runs.
struct Run {
    tables: Arc<Tables>,
    search: Search,
    wanted: Wanted,
    progress: Arc<std::sync::Mutex<Progress>>,
    /// Rows that were found but may have newer ones in files to come.
    waiting: BinaryHeap<Found>,
    left: usize,
}

type Bytes = Result<(TableName, DataFile, bytes::Bytes), QueryError>;

impl Run {
    async fn run(mut self, files: Vec<(i64, TableName, DataFile)>, give: &mpsc::Sender<Result<Found, QueryError>>) {
        let newest: Vec<_> = files.iter().map(|(newest, ..)| *newest).chain([i64::MIN]).collect();
        let tables = Arc::clone(&self.tables);
        let mut fetched = Vec::with_capacity(files.len());
        for (_, table, file) in files {
            fetched.push(fetch(Arc::clone(tables.locations()[file.tier].store()), table, file));
        }
        let mut fetched = futures::stream::iter(fetched).buffered(FILES_AHEAD);
        let mut next = 0;
        while let Some(file) = fetched.next().await {
            next += 1;
            if let Err(error) = self.look_through(file) {
                let _ = give.send(Err(error)).await;
                return;
            }
            // Nothing that is still to be read is newer than this.
            let frontier = newest[next];
            while self.waiting.peek().is_some_and(|found| found.time_us >= frontier) {
                let Some(found) = self.waiting.pop() else { break };
                if self.left == 0 || give.send(Ok(found)).await.is_err() {
                    return;
                }
                self.left -= 1;
            }
            if self.left == 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    fn look_through(&mut self, file: Bytes) -> Result<(), QueryError> {
        let (table, file, bytes) = file?;
        let unreadable =
            |error: &dyn std::fmt::Display| QueryError::Sql(format!("{} cannot be read: {error}", file.path));
        let metadata = ArrowReaderMetadata::load(&bytes, Default::default()).map_err(|error| unreadable(&error))?;
        let (mut rows, read) = (0, bytes.len() as u64);
        for group in (0..metadata.metadata().num_row_groups()).rev() {
            let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes.clone(), metadata.clone())
                .with_row_groups(vec![group])
                .with_batch_size(BATCH_ROWS)
                .build()
                .map_err(|error| unreadable(&error))?;
            let texts = Texts::of(&reader.schema());
            for batch in reader {
                let batch = batch.map_err(|error| unreadable(&error))?;
                rows += batch.num_rows() as u64;
                self.look_at(table, &batch, &texts);
            }
        }
        let mut progress = self.progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        progress.bytes_read += read;
        progress.rows_read += rows;
        Ok(())
    }

    fn look_at(&mut self, table: TableName, batch: &RecordBatch, texts: &Texts) {
        let text = |name: &str, row: usize| {
            let column = batch.column_by_name(name)?.as_string_opt::<i32>()?;
            column.is_valid(row).then(|| column.value(row).to_owned())
        };
        for row in 0..batch.num_rows() {
            let time_us = moment(batch, "time", row).or_else(|| moment(batch, "received", row)).unwrap_or_default();
            if self.search.since_us.is_some_and(|since| time_us < since)
                || self.search.until_us.is_some_and(|until| time_us >= until)
                || !self.wanted.matches(texts.of_row(batch, row))
            {
                continue;
            }
            let raw = text("raw", row).or_else(|| {
                let bytes = batch.column_by_name("raw_bytes")?.as_binary_opt::<i32>()?;
                bytes.is_valid(row).then(|| String::from_utf8_lossy(bytes.value(row)).into_owned())
            });
            let record = batch.column_by_name("record").and_then(|column| column.as_primitive_opt::<Int64Type>());
            self.waiting.push(Found {
                time_us,
                table: table.as_str(),
                log: text("log", row).unwrap_or_default(),
                record: record.map_or(-1, |records| records.value(row)),
                source: text("source", row).unwrap_or_default(),
                raw: raw.unwrap_or_default(),
            });
        }
        self.keep_newest();
    }

    /// Rows beyond those that are to be given cannot be among them.
    fn keep_newest(&mut self) {
        if self.waiting.len() > self.left.saturating_mul(2).max(1_024) {
            let mut rows = std::mem::take(&mut self.waiting).into_sorted_vec();
            let surplus: Range<usize> = 0..rows.len().saturating_sub(self.left);
            rows.drain(surplus);
            self.waiting = rows.into();
        }
    }
}

fn moment(batch: &RecordBatch, name: &str, row: usize) -> Option<i64> {
    let column = batch.column_by_name(name)?.as_primitive_opt::<TimestampMicrosecondType>()?;
    column.is_valid(row).then(|| column.value(row))
}

async fn fetch(store: Arc<dyn ObjectStore>, table: TableName, file: DataFile) -> Bytes {
    let got = async { store.get(&file.path).await?.bytes().await }.await;
    match got {
        Ok(bytes) => Ok((table, file, bytes)),
        Err(error) => Err(QueryError::Sql(format!("{} cannot be read: {error}", file.path))),
    }
}

/// The columns that hold text, the record itself first: it has most of the words.
struct Texts(Vec<usize>);

impl Texts {
    fn of(schema: &arrow::datatypes::Schema) -> Self {
        let is_text = |kept: &DataType| matches!(kept, DataType::Utf8 | DataType::Binary | DataType::List(_));
        let fields = schema.fields().iter().enumerate();
        let mut places: Vec<_> =
            fields.filter(|(_, field)| is_text(field.data_type())).map(|(place, _)| place).collect();
        places.sort_by_key(|place| !schema.field(*place).name().starts_with("raw"));
        Self(places)
    }

    fn of_row<'b>(&self, batch: &'b RecordBatch, row: usize) -> impl Iterator<Item = &'b [u8]> {
        let columns = self.0.clone().into_iter().map(move |place| batch.column(place));
        columns.filter(move |column| column.is_valid(row)).flat_map(move |column| of_value(column.as_ref(), row))
    }
}

/// The texts of a value: one, or those of a list.
fn of_value(column: &dyn Array, row: usize) -> Vec<&[u8]> {
    if let Some(texts) = column.as_string_opt::<i32>() {
        return vec![texts.value(row).as_bytes()];
    }
    if let Some(bytes) = column.as_binary_opt::<i32>() {
        return vec![bytes.value(row)];
    }
    let Some(lists) = column.as_list_opt::<i32>() else { return Vec::new() };
    let Some(items) = lists.values().as_string_opt::<i32>() else { return Vec::new() };
    let offsets = lists.value_offsets();
    let range = usize::try_from(offsets[row]).unwrap_or(0)..usize::try_from(offsets[row + 1]).unwrap_or(0);
    range.filter(|item| items.is_valid(*item)).map(|item| items.value(item).as_bytes()).collect()
}
