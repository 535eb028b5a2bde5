//! A table of the lake, for DataFusion: which of its files a query must read, and how.
//!
//! Files are left out by `day`, by the least and greatest time and record, and by the filters of their words; what is left is read as plain
//! Parquet, the newest file first, with conditions applied while pages are read.

use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::config::ConfigOptions;
use datafusion::common::pruning::PrunableStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, DFSchema, Result, ScalarValue, Statistics, ToDFSchema as _};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use sekisho_tables::{DataFile, Snapshot, Tables};

use crate::need::Need;
use crate::progress::Planned;
use crate::word_files::WordFiles;

/// Bytes at a file's end that are read at first, to have its metadata in one read: a row group's take some 8 KiB and stand for a few MB.
const METADATA_BYTES: RangeInclusive<u64> = 16 << 10..=1 << 20;
/// Bytes of a file for each byte of its metadata, at the least.
const BYTES_FOR_METADATA: u64 = 256;

/// How texts and bytes of files are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Texts {
    /// As views, which are faster to compare and to group by.
    Views,
    /// Whole, as is better where batches are sent: a view takes all that it points into along.
    Whole,
}

impl Texts {
    /// As the settings of a session say.
    pub(crate) fn of(options: &ConfigOptions) -> Self {
        if options.execution.parquet.schema_force_view_types { Self::Views } else { Self::Whole }
    }

    fn held(self, files: &Schema) -> Schema {
        let fields = files.fields().iter().map(|field| {
            let kept = match (self, field.data_type()) {
                (Self::Views, DataType::Utf8) => DataType::Utf8View,
                (Self::Views, DataType::Binary) => DataType::BinaryView,
                (_, other) => other.clone(),
            };
            field.as_ref().clone().with_data_type(kept)
        });
        Schema::new(fields.collect::<Vec<_>>())
    }
}

/// A table as of a moment.
#[derive(Debug)]
pub(crate) struct LakeTable {
    tables: Arc<Tables>,
    word_files: Arc<WordFiles>,
    planned: Arc<Planned>,
    snapshot: Snapshot,
    schema: TableSchema,
}

impl LakeTable {
    pub(crate) fn new(
        tables: Arc<Tables>,
        word_files: Arc<WordFiles>,
        planned: Arc<Planned>,
        snapshot: Snapshot,
        texts: Texts,
    ) -> Self {
        let day = Arc::new(Field::new("day", DataType::Date32, true));
        let files = Arc::new(texts.held(&snapshot.table().file_schema()));
        let schema = TableSchema::builder(files).with_table_partition_cols(vec![day]).build();
        Self { tables, word_files, planned, snapshot, schema }
    }

    /// The files that the conditions leave, newest first.
    async fn files(&self, state: &dyn Session, conditions: &[Expr]) -> Result<Vec<(DataFile, Arc<Statistics>)>> {
        let schema = self.schema.table_schema();
        let files = self.snapshot.files().iter().rev();
        let mut files: Vec<_> = files.map(|file| (file.clone(), Arc::new(statistics(file, schema)))).collect();
        if let Some(condition) = conjunction(conditions.iter().cloned()) {
            let kept = prune(state, condition, schema, &files)?;
            let mut kept = kept.into_iter();
            files.retain(|_| kept.next().unwrap_or(true));
        }
        let after_statistics = files.len();
        let needs = Need::of_all(conditions);
        let filters = files.iter().map(|(file, _)| {
            let store = self.tables.locations()[file.tier].store();
            (Arc::clone(store), file.words.clone())
        });
        let kept = self.word_files.can_meet(&needs, filters.collect()).await;
        let mut kept = kept.into_iter();
        files.retain(|_| kept.next().unwrap_or(true));
        self.planned.add(self.snapshot.files().len(), after_statistics, &files);
        Ok(files)
    }

    fn scan_of(
        &self,
        state: &dyn Session,
        tier: usize,
        files: &[(DataFile, Arc<Statistics>)],
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let location = &self.tables.locations()[tier];
        let url = ObjectStoreUrl::parse(location.store_url())?;
        let mut options = state.table_options().parquet.clone();
        options.global = state.config_options().execution.parquet.clone();
        let cache = state.runtime_env().cache_manager.get_file_metadata_cache();
        let reader = CachedParquetFileReaderFactory::new(Arc::clone(location.store()), cache);
        let source = ParquetSource::new(self.schema.clone())
            .with_table_parquet_options(options)
            .with_metadata_size_hint(metadata_bytes(files.iter().map(|(file, _)| file.bytes)))
            .with_parquet_file_reader_factory(Arc::new(reader));
        let groups = state.config().target_partitions().clamp(1, files.len());
        let mut lists = vec![Vec::new(); groups];
        for (place, (file, statistics)) in files.iter().enumerate() {
            lists[place % groups].push(partitioned(file, statistics));
        }
        let schema = self.schema.table_schema();
        let groups = lists.into_iter().map(|files| {
            let of_files = sum(files.iter().filter_map(|file| file.statistics.as_deref()), schema);
            FileGroup::new(files).with_statistics(Arc::new(of_files))
        });
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(groups.collect())
            .with_statistics(sum(files.iter().map(|(_, statistics)| &**statistics), schema))
            .with_projection_indices(projection.cloned())?
            .with_limit(limit);
        Ok(DataSourceExec::from_data_source(config.build()))
    }
}

#[async_trait]
impl TableProvider for LakeTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.schema.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        // Files are left out here; rows are, where the engine hands the conditions on to the Parquet reader.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = self.files(state, filters).await?;
        let mut scans = Vec::new();
        for tier in 0..self.tables.locations().len() {
            let of_tier: Vec<_> = files.iter().filter(|(file, _)| file.tier == tier).cloned().collect();
            if !of_tier.is_empty() {
                scans.push(self.scan_of(state, tier, &of_tier, projection, limit)?);
            }
        }
        match scans.len() {
            0 => {
                let schema = datafusion::physical_plan::project_schema(&self.schema(), projection)?;
                Ok(Arc::new(EmptyExec::new(schema)))
            }
            1 => Ok(scans.remove(0)),
            _ => UnionExec::try_new(scans),
        }
    }

    fn statistics(&self) -> Option<Statistics> {
        let schema = self.schema.table_schema();
        let files: Vec<_> = self.snapshot.files().iter().map(|file| statistics(file, schema)).collect();
        Some(sum(files.iter(), schema))
    }
}

/// How much of its end to read of each file at first, for all to be read like the largest.
fn metadata_bytes(files: impl Iterator<Item = u64>) -> usize {
    let bytes = files.max().unwrap_or_default() / BYTES_FOR_METADATA;
    usize::try_from(bytes.clamp(*METADATA_BYTES.start(), *METADATA_BYTES.end())).unwrap_or_default()
}

/// Whether each file can have a row that fits.
fn prune(
    state: &dyn Session,
    condition: Expr,
    schema: &SchemaRef,
    files: &[(DataFile, Arc<Statistics>)],
) -> Result<Vec<bool>> {
    let names: DFSchema = Arc::clone(schema).to_dfschema()?;
    let condition = state.create_physical_expr(condition, &names)?;
    let Ok(predicate) = PruningPredicateBuilder::new().with_file_schema(Arc::clone(schema)).try_build(condition) else {
        return Ok(vec![true; files.len()]);
    };
    let statistics = files.iter().map(|(_, statistics)| Arc::clone(statistics)).collect();
    predicate.prune(&PrunableStatistics::new(statistics, Arc::clone(schema)))
}

/// What is known of a file. Bounds of the time are exact enough to leave files out: they are rounded outwards.
fn statistics(file: &DataFile, schema: &SchemaRef) -> Statistics {
    let mut known = Statistics::new_unknown(schema);
    known.num_rows = Precision::Exact(usize::try_from(file.rows).unwrap_or(usize::MAX));
    known.total_byte_size = Precision::Inexact(usize::try_from(file.bytes).unwrap_or(usize::MAX));
    let mut set = |name: &str, least: ScalarValue, greatest: ScalarValue, nulls: Precision<usize>| {
        if let Ok(place) = schema.index_of(name) {
            known.column_statistics[place] = ColumnStatistics {
                null_count: nulls,
                min_value: Precision::Exact(least),
                max_value: Precision::Exact(greatest),
                ..ColumnStatistics::default()
            };
        }
    };
    let day = ScalarValue::Date32(Some(file.day));
    set("day", day.clone(), day, Precision::Exact(0));
    let record = |index: u64| ScalarValue::Int64(i64::try_from(index).ok());
    set("record", record(*file.records.start()), record(*file.records.end()), Precision::Exact(0));
    if let Some(times) = &file.time_us {
        let time = |us: i64| ScalarValue::TimestampMicrosecond(Some(us), Some("UTC".into()));
        set("time", time(*times.start()), time(*times.end()), Precision::Absent);
    }
    known
}

/// What is known of several files. The time's bounds are rounded, so that they answer no question by themselves.
fn sum<'s>(files: impl Iterator<Item = &'s Statistics>, schema: &SchemaRef) -> Statistics {
    let files: Vec<_> = files.collect();
    let mut known = Statistics::new_unknown(schema);
    known.num_rows = files.iter().fold(Precision::Exact(0), |sum, file| sum.add(&file.num_rows));
    known.total_byte_size = files.iter().fold(Precision::Exact(0), |sum, file| sum.add(&file.total_byte_size));
    for name in ["day", "record", "time"] {
        let Ok(place) = schema.index_of(name) else { continue };
        let columns = || files.iter().map(|file| &file.column_statistics[place]);
        let Some(first) = columns().next() else { continue };
        let mut all = columns().skip(1).fold(first.clone(), |all, one| ColumnStatistics {
            null_count: all.null_count.add(&one.null_count),
            min_value: all.min_value.min(&one.min_value),
            max_value: all.max_value.max(&one.max_value),
            ..ColumnStatistics::default()
        });
        if name == "time" {
            all = all.to_inexact();
        }
        known.column_statistics[place] = all;
    }
    known
}

fn partitioned(of: &DataFile, statistics: &Arc<Statistics>) -> PartitionedFile {
    // Files never change; the cache of metadata goes by path, length, and a time that is always the same.
    let mut file =
        PartitionedFile::new(String::new(), of.bytes).with_partition_values(vec![ScalarValue::Date32(Some(of.day))]);
    file.object_meta.location = of.path.clone();
    file.statistics = Some(Arc::clone(statistics));
    file
}
