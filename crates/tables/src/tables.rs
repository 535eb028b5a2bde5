//! All tables of a lake.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;
use futures::StreamExt as _;
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt as _, PutMode, PutOptions};
use sha2::{Digest as _, Sha256};

use crate::compaction::{self, Mergeable, Merged};
use crate::error::TablesError;
use crate::lease::{self, LEASE, Lease, Leased};
use crate::location::Location;
use crate::name::TableName;
use crate::reading::Rows;
use crate::retention;
use crate::snapshot::{DataFile, Snapshot};
use crate::tier::Tier;
use crate::vacuum;

/// Folder of what says which logs write here, beside the tables.
const WRITERS: &str = "_writers";

/// The tables of a lake, in one or several places: the first is written to.
#[derive(Debug)]
pub struct Tables {
    locations: Vec<Location>,
    tables: BTreeMap<TableName, Vec<Tier>>,
}

impl Tables {
    /// The tables in these places. Nothing is read or made before it is asked for.
    ///
    /// # Panics
    ///
    /// If there is no place.
    #[must_use]
    pub fn open(locations: Vec<Location>) -> Arc<Self> {
        assert!(!locations.is_empty(), "tables are somewhere");
        let tiers = |table| {
            let places = locations.iter().enumerate();
            places.map(|(number, location)| Tier::new(number, table, location)).collect()
        };
        let tables = TableName::all().map(|table| (table, tiers(table))).collect();
        Arc::new(Self { locations, tables })
    }

    /// Where the tables are, the first written to. [`DataFile::tier`](crate::DataFile::tier) is a place among them.
    #[must_use]
    pub fn locations(&self) -> &[Location] {
        &self.locations
    }

    pub(crate) fn tiers(&self, table: TableName) -> &[Tier] {
        &self.tables[&table]
    }

    /// What a table has now: the union of its tiers. A table that was never written has no files.
    ///
    /// Must be called within a tokio runtime, as all that asks stores.
    ///
    /// # Errors
    ///
    /// If the table's log cannot be read.
    pub async fn snapshot(&self, table: TableName) -> Result<Snapshot, TablesError> {
        // The tier that files move to is listed last, so that one on its way is seen at least once.
        let mut listings = Vec::new();
        for tier in self.tiers(table) {
            listings.push(tier.list().await?);
        }
        let listed = listings.iter().map(|listing| listing.as_ref().map(|l| (l.version, l.files.as_slice())));
        Ok(Snapshot::union(table, listed))
    }

    /// The indexes from `from` on that records of a log have in any table, in order.
    ///
    /// # Errors
    ///
    /// If a table's log or a file cannot be read.
    pub async fn held(&self, log: &str, from: u64) -> Result<Vec<u64>, TablesError> {
        let mut held = Vec::new();
        for table in TableName::all() {
            let snapshot = self.snapshot(table).await?;
            let wanted = snapshot.files().iter().filter(|file| *file.log == *log && *file.records.end() >= from);
            for file in wanted {
                let indexes = self.indexes(file).await?;
                held.extend(indexes.into_iter().filter(|index| *index >= from));
            }
        }
        held.sort_unstable();
        Ok(held)
    }

    /// The rows of a file, with some of its columns.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub async fn rows(&self, file: &DataFile, columns: &[&str]) -> Result<Rows, TablesError> {
        Rows::open(self.locations[file.tier].store(), file, columns).await
    }

    /// SHA-256 of a file's bytes.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub async fn digest(&self, tier: usize, path: &Path) -> Result<[u8; 32], TablesError> {
        let failed = |source| TablesError::Store { action: "read", path: path.to_string(), source };
        let mut bytes = self.locations[tier].store().get(path).await.map_err(failed)?.into_stream();
        let mut hash = Sha256::new();
        while let Some(piece) = bytes.next().await {
            hash.update(&piece.map_err(failed)?);
        }
        Ok(hash.finalize().into())
    }

    async fn indexes(&self, file: &DataFile) -> Result<Vec<u64>, TablesError> {
        let mut indexes = Vec::new();
        let mut rows = self.rows(file, &["record"]).await?;
        while let Some(batch) = rows.next().await? {
            let records = batch.column(0).as_primitive::<Int64Type>();
            indexes.extend(records.values().iter().map(|index| index.cast_unsigned()));
        }
        Ok(indexes)
    }

    /// Says that a log writes here, so that no other of the same name can: their records could not be told apart. `proof`: what only this log has,
    /// such as its public key.
    ///
    /// # Errors
    ///
    /// [`TablesError::Claimed`], [`TablesError::Unconditional`], or if a store refuses.
    pub async fn claim(&self, log: &str, proof: &str) -> Result<(), TablesError> {
        for location in self.locations.iter().filter(|location| location.is_shared()) {
            let path =
                location.path([WRITERS, &url::form_urlencoded::byte_serialize(log.as_bytes()).collect::<String>()]);
            let failed = |source| TablesError::Store { action: "write", path: path.to_string(), source };
            let found = match location.store().get(&path).await {
                Ok(found) => Some(found.bytes().await.map_err(failed)?),
                Err(Error::NotFound { .. }) => None,
                Err(error) => return Err(failed(error)),
            };
            let create = async |bytes: String| {
                let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
                match location.store().put_opts(&path, bytes.into(), options).await {
                    Ok(_) => Ok(true),
                    Err(Error::AlreadyExists { .. }) => Ok(false),
                    Err(error) => Err(error),
                }
            };
            let is_ours = match found {
                Some(found) => found == proof.as_bytes(),
                None => {
                    let is_ours = create(proof.to_owned()).await.map_err(failed)?;
                    // It is there now: a store that writes over it all the same would do so with commits.
                    if is_ours && create(format!("{proof} again")).await.map_err(failed)? {
                        location.store().delete(&path).await.map_err(failed)?;
                        return Err(TablesError::Unconditional { location: location.url().to_string() });
                    }
                    is_ours
                }
            };
            if !is_ours {
                return Err(TablesError::Claimed { log: log.to_owned(), location: location.url().to_string() });
            }
        }
        Ok(())
    }

    /// Asks for leave to compact. Where nobody else can write, it is given. `holder`: what others are told. `now_ms`: milliseconds since
    /// 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// If the store refuses.
    pub async fn lease(&self, holder: &str, now_ms: i64) -> Result<Leased, TablesError> {
        let location = &self.locations[0];
        if !location.is_shared() {
            return Ok(Leased::Held(Lease::alone()));
        }
        let least = async || {
            let mut greatest = 0;
            for tiers in self.tables.values() {
                greatest = greatest.max(tiers[0].lease().await?.unwrap_or_default());
            }
            Ok(greatest)
        };
        lease::take(location.store(), location.path([LEASE]), holder, now_ms, least).await
    }

    /// Small files of the first place that could be one, with records of a log: who seals a file must have sealed its records. `today`: in days since 1970-01-01; of that day a few are let be, more will come.
    ///
    /// # Errors
    ///
    /// If the table's log cannot be read.
    pub async fn mergeable(&self, table: TableName, log: &str, today: i32) -> Result<Vec<Mergeable>, TablesError> {
        Ok(compaction::plan(table, log, self.snapshot(table).await?.files(), today))
    }

    /// Writes one file with the rows of several. It is no part of the table before [`Merged::commit`]. `now_ms`: milliseconds since
    /// 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or written.
    pub async fn merge(&self, mergeable: &Mergeable, now_ms: i64) -> Result<Merged, TablesError> {
        compaction::merge(&self.tiers(mergeable.table())[0], mergeable, now_ms).await
    }

    /// Takes files of a table out of it, in all places. They stay where they are until they are [vacuumed](Self::vacuum). `now_ms`: milliseconds
    /// since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// If a store refuses.
    pub async fn delete(&self, table: TableName, files: &[DataFile], now_ms: i64) -> Result<(), TablesError> {
        retention::delete(self, table, files, now_ms).await
    }

    /// Moves files of the first place to the second, if there is one. A reader sees them in the one or the other.
    ///
    /// # Errors
    ///
    /// If a store refuses.
    pub async fn move_on(&self, table: TableName, files: &[DataFile], now_ms: i64) -> Result<(), TablesError> {
        retention::move_on(self, table, files, now_ms).await
    }

    /// Removes files of all places that were replaced or deleted more than `grace_ms` ago, and such as never became part of a table. Gives
    /// their number.
    ///
    /// # Errors
    ///
    /// If a store refuses.
    pub async fn vacuum(&self, now_ms: i64, grace_ms: i64) -> Result<u64, TablesError> {
        let mut removed = 0;
        for tier in self.tables.values().flatten() {
            removed += vacuum::vacuum(tier, now_ms, grace_ms).await?;
        }
        Ok(removed)
    }

    /// How far an application has written a table of the first place.
    ///
    /// # Errors
    ///
    /// If the table's log cannot be read.
    pub async fn progress(&self, table: TableName, application: &str) -> Result<Option<i64>, TablesError> {
        self.tiers(table)[0].progress(application).await
    }
}
