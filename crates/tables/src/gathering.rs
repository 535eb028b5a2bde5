//! Records that have come together and will be committed together.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use arrow::array::RecordBatch;
use deltalake::kernel::{Action, Add};
use deltalake::protocol::{DeltaOperation, SaveMode};
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutPayload};
use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use sekisho_event::{Column, Event, Value};
use sekisho_words::Builder;
use sha2::{Digest as _, Sha256};

use crate::arrived::Arrived;
use crate::chance::chance;
use crate::columns::Columns;
use crate::day;
use crate::encoding::{self, Effort};
use crate::error::TablesError;
use crate::name::TableName;
use crate::schema::DAY;
use crate::statistics::Statistics;
use crate::tables::Tables;
use crate::texts;
use crate::tier::{Mark, Tier};

/// Rows of one table and day.
#[derive(Debug)]
struct Day {
    columns: Columns,
    times: Option<RangeInclusive<i64>>,
    without_time: u64,
    records: RangeInclusive<u64>,
}

/// Rows of all tables.
#[derive(Debug)]
pub struct Gathering {
    log: String,
    days: BTreeMap<(TableName, i32), Day>,
    rows: u64,
    bytes: u64,
}

fn widen<T: Copy + Ord>(range: &RangeInclusive<T>, value: T) -> RangeInclusive<T> {
    value.min(*range.start())..=value.max(*range.end())
}

impl Gathering {
    /// Nothing yet. `log`: the name of the log that indexes of records are of.
    #[must_use]
    pub fn new(log: &str) -> Self {
        Self { log: log.to_owned(), days: BTreeMap::new(), rows: 0, bytes: 0 }
    }

    /// Number of records.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes of the records as they came, without what is drawn from them.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Adds a record and what it tells, or why it tells nothing: then it goes to the quarantine.
    pub fn add(&mut self, record: &Arrived<'_>, told: Result<&Event<'_>, &str>) {
        let (table, values, said) = match &told {
            Ok(event) => (TableName::Events(event.table()), event.values(), event.unmapped()),
            Err(reason) => (TableName::Quarantine, [].as_slice(), *reason),
        };
        let time_us = match told.ok().and_then(|event| event.get(Column::Time)) {
            Some(Value::Time(time_us)) => Some(*time_us),
            _ => None,
        };
        let day = self.days.entry((table, record.day(time_us))).or_insert_with(|| Day {
            columns: Columns::new(table),
            times: None,
            without_time: 0,
            records: record.index..=record.index,
        });
        day.columns.push(&self.log, record, values, said);
        day.records = widen(&day.records, record.index);
        match time_us {
            Some(time) => day.times = Some(day.times.as_ref().map_or(time..=time, |times| widen(times, time))),
            None => day.without_time += 1,
        }
        self.rows += 1;
        self.bytes += record.raw.len() as u64;
    }

    /// Writes the files. Nobody sees them before [`Written::commit`]. `now_ms`: milliseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// If a store refuses.
    pub async fn write(self, tables: &Tables, now_ms: i64) -> Result<Written, TablesError> {
        let mut words = Builder::new();
        let mut written = Written { log: self.log, adds: BTreeMap::new(), files: Vec::new() };
        for ((table, day), gathered) in self.days {
            let tier = &tables.tiers(table)[0];
            let (add, file) = gathered.write(tier, day, &written.log, now_ms, &mut words).await?;
            written.adds.entry(table).or_default().push(Action::Add(add));
            written.files.push(file);
        }
        Ok(written)
    }
}

/// A data file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// The table it is for.
    pub table: TableName,
    /// Its name, with the folder of its day.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// SHA-256 of the filter of its words.
    pub words_sha256: [u8; 32],
}

/// Files that are no part of their tables yet.
#[derive(Debug)]
pub struct Written {
    log: String,
    adds: BTreeMap<TableName, Vec<Action>>,
    files: Vec<WrittenFile>,
}

impl Written {
    /// The files.
    #[must_use]
    pub fn files(&self) -> &[WrittenFile] {
        &self.files
    }

    /// Commits the files, table by table. `next`: the index after the last record that was gathered or left out.
    ///
    /// # Errors
    ///
    /// If a store refuses. Some tables may have committed, others not: which records they have, tells [`Tables::held`].
    pub async fn commit(self, tables: &Tables, next: u64) -> Result<(), TablesError> {
        for (table, actions) in self.adds {
            let operation = DeltaOperation::Write {
                mode: SaveMode::Append,
                partition_by: Some(vec![DAY.to_owned()]),
                predicate: None,
            };
            tables.tiers(table)[0].commit(actions, operation, Mark::Progress(&self.log, next.cast_signed())).await?;
        }
        Ok(())
    }
}

impl Day {
    async fn write(
        self,
        tier: &Tier,
        day: i32,
        log: &str,
        now_ms: i64,
        words: &mut Builder,
    ) -> Result<(Add, WrittenFile), TablesError> {
        let name = file_name(day, &self.records);
        let statistics = Statistics {
            rows: self.columns.rows() as u64,
            time_us: self.times,
            without_time: self.without_time,
            records: self.records,
            log: log.to_owned(),
        };
        let failed = |source| TablesError::Parquet { action: "write", path: name.clone(), source };
        let batch = self.columns.finish().map_err(|error| failed(error.into()))?;
        let bytes = to_parquet(&batch).map_err(failed)?;
        texts::add(&batch, words);
        let filter = words.finish();
        let file = WrittenFile {
            table: tier.table(),
            name: name.clone(),
            bytes: bytes.len() as u64,
            sha256: Sha256::digest(&bytes).into(),
            words_sha256: Sha256::digest(&filter).into(),
        };
        let add = Add { modification_time: now_ms, ..added(&name, day, bytes.len(), &statistics) };
        put(tier, &tier.words_path(&name), filter.into()).await?;
        put(tier, &tier.path(&name), bytes.into()).await?;
        Ok((add, file))
    }
}

/// A name that no other file has: the day's folder, the first record, and chance.
pub(crate) fn file_name(day: i32, records: &RangeInclusive<u64>) -> String {
    format!("{DAY}={}/{:012}-{:016x}.parquet", day::show(day), records.start(), chance())
}

pub(crate) fn to_parquet(batch: &RecordBatch) -> Result<Vec<u8>, parquet::errors::ParquetError> {
    let options = ArrowWriterOptions::new()
        .with_properties(encoding::properties(&batch.schema(), Effort::Quick)?)
        // Readers go by Parquet's own types.
        .with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options)?;
    writer.write(batch)?;
    writer.into_inner()
}

/// Stores a file of a table.
pub(crate) async fn put(tier: &Tier, path: &Path, bytes: PutPayload) -> Result<(), TablesError> {
    let put = tier.store().put(path, bytes).await;
    put.map(drop).map_err(|source| TablesError::Store { action: "write", path: path.to_string(), source })
}

/// What a commit says of a new data file.
pub(crate) fn added(name: &str, day: i32, bytes: usize, statistics: &Statistics) -> Add {
    Add {
        path: name.to_owned(),
        partition_values: [(DAY.to_owned(), Some(day::show(day)))].into(),
        size: i64::try_from(bytes).expect("a file fits the memory"),
        modification_time: 0,
        data_change: true,
        stats: Some(statistics.to_json()),
        tags: None,
        deletion_vector: None,
        base_row_id: None,
        default_row_commit_version: None,
        clustering_provider: None,
    }
}
