//! Small files of a day made into a large one.
//!
//! The files are merged by time, a few rows of each in memory, and replaced in one commit. They stay where they are until
//! [`vacuum`](crate::Tables::vacuum) removes them, so that whoever reads them can end.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use bytes::Bytes;
use deltalake::kernel::{Action, Add, Remove};
use deltalake::protocol::DeltaOperation;
use futures::StreamExt as _;
use futures::future::{BoxFuture, FutureExt as _};
use object_store::buffered::BufWriter;
use parquet::arrow::AsyncArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::async_reader::ParquetRecordBatchStream;
use parquet::arrow::async_writer::AsyncFileWriter;
use parquet::errors::ParquetError;
use sekisho_words::Builder;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use crate::day;
use crate::encoding;
use crate::error::TablesError;
use crate::gathering::{WrittenFile, added, file_name, put};
use crate::lease::Lease;
use crate::name::TableName;
use crate::reading::{StoredFile, open, unreadable};
use crate::schema::DAY;
use crate::snapshot::DataFile;
use crate::statistics::Statistics;
use crate::tables::Tables;
use crate::texts;
use crate::tier::{Mark, Tier};

/// Bytes of the files that become one, and so about of that one: what a query of one file should not be slower for.
const TARGET_BYTES: u64 = 256 << 20;
/// A file of so many bytes is large enough.
const LARGE_BYTES: u64 = TARGET_BYTES / 2;
/// Files that are merged at once: each has some rows in memory.
const FILES_MAX: usize = 48;
/// Fewer are not worth being read again, unless they are all of a day that is over.
const FILES_MIN: usize = 8;
/// Rows of each file in memory.
const READ_ROWS: usize = 512;
/// Rows that are written at once.
const WRITE_ROWS: usize = 4_096;

/// Files of one table, day and log that could be one.
#[derive(Debug, Clone)]
pub struct Mergeable {
    table: TableName,
    files: Vec<DataFile>,
}

impl Mergeable {
    /// Which table's.
    #[must_use]
    pub fn table(&self) -> TableName {
        self.table
    }

    /// The files.
    #[must_use]
    pub fn files(&self) -> &[DataFile] {
        &self.files
    }
}

/// Groups small files of the first place that have records of a log.
pub(crate) fn plan(table: TableName, log: &str, files: &[DataFile], today: i32) -> Vec<Mergeable> {
    let mut groups: BTreeMap<i32, Vec<&DataFile>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.tier == 0 && *file.log == *log && file.bytes < LARGE_BYTES) {
        groups.entry(file.day).or_default().push(file);
    }
    let mut plans = Vec::new();
    for (day, mut small) in groups {
        small.sort_by_key(|file| *file.records.start());
        let least = if day < today { 2 } else { FILES_MIN };
        let mut rest = small.as_slice();
        while rest.len() >= least {
            let mut bytes = 0;
            let fits = |file: &&&DataFile| {
                bytes += file.bytes;
                bytes <= TARGET_BYTES
            };
            let count = rest.iter().take(FILES_MAX).take_while(fits).count().max(1);
            let (now, later) = rest.split_at(count);
            if now.len() >= least {
                plans.push(Mergeable { table, files: now.iter().copied().cloned().collect() });
            }
            rest = later;
        }
    }
    plans
}

/// A large file that is no part of its table yet.
#[derive(Debug)]
pub struct Merged {
    table: TableName,
    add: Add,
    removes: Vec<Remove>,
    file: WrittenFile,
}

impl Merged {
    /// The file.
    #[must_use]
    pub fn file(&self) -> &WrittenFile {
        &self.file
    }

    /// Puts it in the place of those it was made from.
    ///
    /// # Errors
    ///
    /// If the store refuses, one of them is no part of the table any more, or another compacts by now.
    pub async fn commit(self, tables: &Tables, lease: &Lease) -> Result<(), TablesError> {
        let target_size = i64::try_from(TARGET_BYTES).unwrap_or(i64::MAX);
        let operation = DeltaOperation::Optimize { predicate: None, target_size };
        let mut actions: Vec<_> = self.removes.into_iter().map(Action::Remove).collect();
        actions.push(Action::Add(self.add));
        tables.tiers(self.table)[0].commit(actions, operation, Mark::Lease(lease.number())).await
    }
}

/// One of the files that are merged.
struct Source {
    rows: ParquetRecordBatchStream<StoredFile>,
    file: DataFile,
    /// Where its present batch is among those in memory, and the row it stands at.
    at: Option<(usize, usize)>,
}

/// What rows are in order of.
type Key = (i64, i64);

fn key(batch: &RecordBatch, row: usize) -> Option<Key> {
    let moment = |name| batch.column_by_name(name)?.as_primitive_opt::<TimestampMicrosecondType>();
    let record = batch.column_by_name("record")?.as_primitive_opt::<Int64Type>()?.value(row);
    let time = moment("time").filter(|times| times.is_valid(row));
    let time =
        time.map_or_else(|| moment("received").map(|received| received.value(row)), |time| Some(time.value(row)));
    Some((time?, record))
}

/// Merges the rows of files by time.
struct Merge {
    sources: Vec<Source>,
    batches: Vec<RecordBatch>,
    heap: BinaryHeap<Reverse<(Key, usize)>>,
}

impl Merge {
    async fn new(tier: &Tier, files: &[DataFile]) -> Result<Self, TablesError> {
        let mut merge = Self { sources: Vec::new(), batches: Vec::new(), heap: BinaryHeap::new() };
        for (number, file) in files.iter().enumerate() {
            let builder = open(tier.store(), file).await?;
            let rows = builder.with_batch_size(READ_ROWS).build().map_err(unreadable(file))?;
            merge.sources.push(Source { rows, file: file.clone(), at: None });
            merge.advance(number).await?;
        }
        Ok(merge)
    }

    /// Moves a source to its next row.
    async fn advance(&mut self, number: usize) -> Result<(), TablesError> {
        let source = &mut self.sources[number];
        let next = source.at.map(|(batch, row)| (batch, row + 1));
        let next = match next.filter(|(batch, row)| *row < self.batches[*batch].num_rows()) {
            Some(next) => Some(next),
            None => match source.rows.next().await {
                Some(batch) => {
                    self.batches.push(batch.map_err(unreadable(&source.file))?);
                    Some((self.batches.len() - 1, 0))
                }
                None => None,
            },
        };
        source.at = next;
        if let Some((batch, row)) = next {
            let of = |file: &DataFile| unreadable(file)(ParquetError::General("a column is missing".to_owned()));
            let key = key(&self.batches[batch], row).ok_or_else(|| of(&source.file))?;
            self.heap.push(Reverse((key, number)));
        }
        Ok(())
    }

    /// The next rows; none at the end.
    async fn next(&mut self) -> Result<Option<RecordBatch>, TablesError> {
        let mut rows = Vec::with_capacity(WRITE_ROWS);
        while rows.len() < WRITE_ROWS {
            let Some(Reverse((_, number))) = self.heap.pop() else { break };
            rows.push(self.sources[number].at.expect("what is in the heap stands at a row"));
            self.advance(number).await?;
        }
        if rows.is_empty() {
            return Ok(None);
        }
        let batches: Vec<_> = self.batches.iter().collect();
        let merged = interleave_record_batch(&batches, &rows);
        let merged = merged.map_err(|error| unreadable(&self.sources[0].file)(error.into()))?;
        self.forget();
        Ok(Some(merged))
    }

    /// Keeps only the batches that sources stand in.
    fn forget(&mut self) {
        let mut kept = Vec::new();
        for source in &mut self.sources {
            if let Some((batch, _)) = &mut source.at {
                kept.push(self.batches[*batch].clone());
                *batch = kept.len() - 1;
            }
        }
        self.batches = kept;
    }
}

/// Hashes and counts what is written.
struct Hashed {
    inner: BufWriter,
    hash: Sha256,
    bytes: usize,
}

impl AsyncFileWriter for &mut Hashed {
    fn write(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<(), ParquetError>> {
        async move {
            self.hash.update(&bytes);
            self.bytes += bytes.len();
            self.inner.put(bytes).await.map_err(|error| ParquetError::External(Box::new(error)))
        }
        .boxed()
    }

    fn complete(&mut self) -> BoxFuture<'_, Result<(), ParquetError>> {
        async move { self.inner.shutdown().await.map_err(ParquetError::from) }.boxed()
    }
}

fn widened<T: Copy + Ord>(all: &Option<RangeInclusive<T>>, more: &RangeInclusive<T>) -> RangeInclusive<T> {
    all.as_ref().map_or_else(|| more.clone(), |all| *all.start().min(more.start())..=*all.end().max(more.end()))
}

/// Writes one file with the rows of several. `now_ms`: milliseconds since 1970-01-01T00:00:00Z.
pub(crate) async fn merge(tier: &Tier, mergeable: &Mergeable, now_ms: i64) -> Result<Merged, TablesError> {
    let files = &mergeable.files;
    let (day, log) = (files[0].day, Arc::clone(&files[0].log));
    let records = files.iter().fold(None, |all, file| Some(widened(&all, &file.records)));
    let records = records.expect("there are files");
    let name = file_name(day, &records);
    let path = tier.path(&name);
    let failed = |source| TablesError::Parquet { action: "write", path: path.to_string(), source };
    let schema = mergeable.table.file_schema();
    let options = ArrowWriterOptions::new()
        .with_properties(encoding::properties(&schema).map_err(failed)?)
        .with_skip_arrow_metadata(true);
    let mut sink =
        Hashed { inner: BufWriter::new(Arc::clone(tier.store()), path.clone()), hash: Sha256::new(), bytes: 0 };
    let mut writer = AsyncArrowWriter::try_new_with_options(&mut sink, schema, options).map_err(failed)?;
    let mut words = Builder::new();
    let mut rows = Merge::new(tier, files).await?;
    let (mut count, mut without_time) = (0, 0);
    while let Some(batch) = rows.next().await? {
        count += batch.num_rows() as u64;
        without_time += batch.column_by_name("time").map_or(batch.num_rows(), |time| time.null_count()) as u64;
        texts::add(&batch, &mut words);
        writer.write(&batch).await.map_err(failed)?;
    }
    writer.close().await.map_err(failed)?;
    let filter = words.finish();
    let words_sha256 = Sha256::digest(&filter).into();
    put(tier, &tier.words_path(&name), filter.into()).await?;
    let times = files.iter().filter_map(|file| file.time_us.as_ref());
    let time_us = times.fold(None, |all, times| Some(widened(&all, times)));
    let statistics = Statistics { rows: count, time_us, without_time, records, log: log.to_string() };
    let file = WrittenFile {
        table: mergeable.table,
        name: name.clone(),
        bytes: sink.bytes as u64,
        sha256: sink.hash.finalize().into(),
        words_sha256,
    };
    let add = Add { modification_time: now_ms, data_change: false, ..added(&name, day, sink.bytes, &statistics) };
    let removes = files.iter().map(|file| removed(file, now_ms, false)).collect();
    Ok(Merged { table: mergeable.table, add, removes, file })
}

/// What a commit says of a file that is part of the table in another place already.
pub(crate) fn moved(file: &DataFile, now_ms: i64) -> Add {
    let statistics = Statistics {
        rows: file.rows,
        time_us: file.time_us.clone(),
        without_time: file.without_time,
        records: file.records.clone(),
        log: file.log.to_string(),
    };
    let bytes = usize::try_from(file.bytes).unwrap_or(usize::MAX);
    Add { modification_time: now_ms, ..added(file.name(), file.day, bytes, &statistics) }
}

/// What a commit says of a file that is no part of the table any more.
pub(crate) fn removed(file: &DataFile, now_ms: i64, data_change: bool) -> Remove {
    Remove {
        path: file.name().to_owned(),
        data_change,
        deletion_timestamp: Some(now_ms),
        extended_file_metadata: Some(true),
        partition_values: Some([(DAY.to_owned(), Some(day::show(file.day)))].into()),
        size: i64::try_from(file.bytes).ok(),
        ..Remove::default()
    }
}
