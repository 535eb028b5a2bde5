//! What a table has, as of a moment.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use object_store::path::Path;

use crate::name::TableName;

/// A data file of a table. Its rows are sorted by time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// Which of the [`locations`](crate::Tables::locations) it is in.
    pub tier: usize,
    /// Its path in the location's store.
    pub path: Path,
    /// The path of the filter of its words in the same store. It may not be there; then the file must be read.
    pub words: Path,
    /// Its length.
    pub bytes: u64,
    /// Number of its records.
    pub rows: u64,
    /// The day its records are filed under: days since 1970-01-01.
    pub day: i32,
    /// Times of its events, in microseconds since 1970-01-01T00:00:00Z, rounded outwards to milliseconds; none if no event of it has a time.
    pub time_us: Option<RangeInclusive<i64>>,
    /// Number of its records whose event has no time.
    pub without_time: u64,
    /// The least and the greatest index of its records. Not all between them need be in it.
    pub records: RangeInclusive<u64>,
    /// Name of the log the indexes are of.
    pub log: Arc<str>,
}

impl DataFile {
    /// Its name, with the folder of its day: the same in all tiers.
    #[must_use]
    pub fn name(&self) -> &str {
        let path = self.path.as_ref();
        let folder = path.rfind('/').and_then(|end| path[..end].rfind('/'));
        folder.map_or(path, |folder| &path[folder + 1..])
    }
}

/// The files of a table, as of a moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    table: TableName,
    versions: Vec<Option<u64>>,
    files: Vec<DataFile>,
}

impl Snapshot {
    /// The union of what the tiers list, in their order: a file that several have counts once.
    pub(crate) fn union<'t>(table: TableName, tiers: impl Iterator<Item = Option<(u64, &'t [DataFile])>>) -> Self {
        let mut versions = Vec::new();
        let mut files: Vec<DataFile> = Vec::new();
        let mut known: HashSet<&str> = HashSet::new();
        for tier in tiers {
            versions.push(tier.map(|(version, _)| version));
            let listed = tier.map(|(_, files)| files).unwrap_or_default();
            files.extend(listed.iter().filter(|file| known.insert(file.name())).cloned());
        }
        let order =
            |file: &DataFile| (file.day, file.time_us.as_ref().map(|range| *range.start()), *file.records.start());
        files.sort_by_cached_key(order);
        Self { table, versions, files }
    }

    /// Which table.
    #[must_use]
    pub fn table(&self) -> TableName {
        self.table
    }

    /// Its columns, with `day`.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    /// The version of the table in each tier; none where it was never written.
    #[must_use]
    pub fn versions(&self) -> &[Option<u64>] {
        &self.versions
    }

    /// Its files, by day and time.
    #[must_use]
    pub fn files(&self) -> &[DataFile] {
        &self.files
    }

    /// Number of its records.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// Bytes of its files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}
