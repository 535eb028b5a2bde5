//! Small files of a day made into a large one.
//!
//! The files are read in the order of time, clustered anew piece by piece, and replaced in one commit. They stay where they are until
//! [`vacuum`](crate::Tables::vacuum) removes them, so that whoever reads them can end.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::array::{Array as _, RecordBatch};
use arrow::error::ArrowError;
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

use crate::clustering::clustered;
use crate::day;
use crate::encoding::{self, Effort};
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
/// Files that are merged at once.
const FILES_MAX: usize = 48;
/// Fewer are not worth being read again, unless they are all of a day that is over.
const FILES_MIN: usize = 8;
/// Rows that are read and written at once.
const WRITE_ROWS: usize = 4_096;
/// Rows that are clustered together: those of a row group.
const PIECE_ROWS: usize = encoding::ROW_GROUP_ROWS;
/// Bytes of them in memory, of which there are two copies for a moment.
const PIECE_BYTES: usize = 96 << 20;

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

/// Reads files one after the other, the oldest first, and gives their rows in large pieces, each clustered: a piece takes about as long as a row group.
struct Pieces<'f> {
    tier: &'f Tier,
    table: TableName,
    files: std::slice::Iter<'f, DataFile>,
    reading: Option<(ParquetRecordBatchStream<StoredFile>, &'f DataFile)>,
}

impl<'f> Pieces<'f> {
    /// `files`: by time.
    fn new(tier: &'f Tier, table: TableName, files: &'f [DataFile]) -> Self {
        Self { tier, table, files: files.iter(), reading: None }
    }

    /// Some rows of a file; none at the end of the last.
    async fn read(&mut self) -> Result<Option<RecordBatch>, TablesError> {
        loop {
            if let Some((rows, file)) = &mut self.reading
                && let Some(batch) = rows.next().await
            {
                return batch.map(Some).map_err(unreadable(file));
            }
            let Some(file) = self.files.next() else { return Ok(None) };
            let builder = open(self.tier.store(), file).await?;
            let rows = builder.with_batch_size(WRITE_ROWS).build().map_err(unreadable(file))?;
            self.reading = Some((rows, file));
        }
    }

    /// The rows of the next piece, in batches; empty at the end.
    async fn next(&mut self) -> Result<Vec<RecordBatch>, TablesError> {
        let (mut batches, mut rows, mut bytes) = (Vec::new(), 0, 0);
        while rows < PIECE_ROWS && bytes < PIECE_BYTES {
            let Some(batch) = self.read().await? else { break };
            rows += batch.num_rows();
            bytes += batch.get_array_memory_size();
            batches.push(batch);
        }
        if batches.is_empty() {
            return Ok(batches);
        }
        let failed = |error: ArrowError| TablesError::Parquet {
            action: "order",
            path: self.table.as_str().to_owned(),
            source: error.into(),
        };
        let ordered = clustered(self.table, &batches, WRITE_ROWS).map_err(failed)?;
        ordered.collect::<Result<_, _>>().map_err(failed)
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
        .with_properties(encoding::properties(&schema, Effort::Thorough).map_err(failed)?)
        .with_skip_arrow_metadata(true);
    let mut sink =
        Hashed { inner: BufWriter::new(Arc::clone(tier.store()), path.clone()), hash: Sha256::new(), bytes: 0 };
    let mut writer = AsyncArrowWriter::try_new_with_options(&mut sink, schema, options).map_err(failed)?;
    let mut words = Builder::new();
    let mut by_time = files.clone();
    by_time.sort_by_key(|file| (file.time_us.as_ref().map(|times| *times.start()), *file.records.start()));
    let mut pieces = Pieces::new(tier, mergeable.table, &by_time);
    let (mut count, mut without_time) = (0, 0);
    loop {
        let piece = pieces.next().await?;
        if piece.is_empty() {
            break;
        }
        for batch in piece {
            count += batch.num_rows() as u64;
            without_time += batch.column_by_name("time").map_or(batch.num_rows(), |time| time.null_count()) as u64;
            texts::add(&batch, &mut words);
            writer.write(&batch).await.map_err(failed)?;
        }
        // A row group is what readers unpack at once: however well long records are packed, it must find room.
        writer.flush().await.map_err(failed)?;
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
