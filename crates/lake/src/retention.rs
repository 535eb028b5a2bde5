//! How long records are kept, and where.
//!
//! A day that is over the limit is deleted file by file; before a file goes, a sealed record names it and the records it has, so
//! that verifying knows them as deleted, not lost. Such records are written again before they would be deleted themselves.

use std::io;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use arrow::array::AsArray as _;
use sekisho_event::Table;
use sekisho_tables::{DataFile, TableName};
use serde::{Deserialize, Serialize};

use crate::error::LakeError;
use crate::lake::{DAY_MS, Lake};
use crate::place::Place;
use crate::record::{self, Kind};

/// What stops deletions, and says why.
const HOLD: &str = "hold";
/// Days that the table with the lake's own records is kept longer: a file's day may be the one after it was written, and the record that
/// vouches for it must not go first.
const OWN_DAYS: u32 = 2;
/// Bytes of what is said of a hold: a sentence or some, not a document.
const WHY_BYTES_MAX: usize = 4_096;
/// How long whoever begins a hold waits for the checkpoint that covers the record of it: several intervals between checkpoints. The hold itself waits for nothing.
const HOLD_SEAL_WAIT: Duration = Duration::from_secs(10);

/// How long records are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Days in the first place; older ones are moved to the second, if there is one.
    pub hot_days: u32,
    /// Days until they are deleted.
    pub keep_days: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self { hot_days: 7, keep_days: 400 }
    }
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retained {
    /// Files that were moved to the second place.
    pub moved: u64,
    /// Files that were deleted.
    pub deleted: u64,
    /// Their records.
    pub records: u64,
    /// Why nothing was deleted, if a hold stopped it.
    pub held: Option<String>,
}

/// A hold that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Index of the record that says it began. It is durable.
    pub record: u64,
    /// Whether a signed state covers that record by now.
    pub is_sealed: bool,
}

impl Place {
    fn hold(&self) -> PathBuf {
        self.folder.join(HOLD)
    }

    /// Why deletions are stopped, if they are.
    ///
    /// # Errors
    ///
    /// If the disk refuses.
    pub fn held(&self) -> Result<Option<String>, LakeError> {
        let path = self.hold();
        match self.disk.read(&path) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(LakeError::Disk { action: "read", path, source }),
        }
    }
}

/// What is said of a hold is a record that people read.
fn check_why(why: &str) -> Result<(), LakeError> {
    let is_said = !why.trim().is_empty() && why.len() <= WHY_BYTES_MAX;
    if is_said { Ok(()) } else { Err(LakeError::Why { bytes_max: WHY_BYTES_MAX }) }
}

impl Lake {
    /// Stops all deletions until [`Lake::release`], those under way, too: a legal hold. That it began is a record, durable when this returns; it waits some seconds for the
    /// record to be sealed.
    ///
    /// # Errors
    ///
    /// If the reason is none, or the disk refuses.
    pub fn hold(&self, why: &str) -> Result<Held, LakeError> {
        check_why(why)?;
        {
            // A deletion in progress ends before this is had; those that follow see the file.
            let mut holds = self.holds();
            *holds += 1;
            let path = self.place().hold();
            let written = sekisho_disk::replace(self.disk(), &path, why.as_bytes());
            written.map_err(|source| LakeError::Disk { action: "write", path, source })?;
        }
        let said_until = self.say(record::hold(Kind::Held, why, self.now_ms()));
        let said_until = said_until.map_err(|source| LakeError::HoldUnsaid(Box::new(source)))?;
        Ok(Held { record: said_until - 1, is_sealed: self.is_sealed_within(said_until, HOLD_SEAL_WAIT) })
    }

    /// Lets deletions go on. That the hold ended is sealed, before it ends. Gives the index of the record that says so; none if there is no hold.
    ///
    /// # Errors
    ///
    /// If the reason is none, the disk refuses, or another hold began meanwhile.
    pub fn release(&self, why: &str) -> Result<Option<u64>, LakeError> {
        check_why(why)?;
        let before = *self.holds();
        if self.place().held()?.is_none() {
            return Ok(None);
        }
        let said_until = self.say(record::hold(Kind::Released, why, self.now_ms()))?;
        self.wait_sealed(said_until)?;
        let holds = self.holds();
        if *holds != before {
            return Err(LakeError::HeldAgain);
        }
        let path = self.place().hold();
        let removed = match self.disk().remove(&path) {
            // Somebody else released the same hold.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.and_then(|()| self.disk().sync_folder(self.folder())),
        };
        drop(holds);
        removed.map_err(|source| LakeError::Disk { action: "remove", path, source })?;
        Ok(Some(said_until - 1))
    }

    /// Moves and deletes what the policy says.
    ///
    /// # Errors
    ///
    /// If the disk or a store refuses. What was done until then stands.
    pub fn retain(&self, policy: Policy) -> Result<Retained, LakeError> {
        let _upkeep = self.upkeep();
        let mut retained = Retained { held: self.place().held()?, ..Retained::default() };
        for table in TableName::all() {
            let is_own = table == TableName::Events(Table::System);
            let keep_days = policy.keep_days.saturating_add(if is_own { OWN_DAYS } else { 0 });
            let snapshot = self.block_on(self.tables().snapshot(table))?;
            // Records of other logs are theirs to delete: only they can seal that they did.
            let ours = snapshot.files().iter().filter(|file| *file.log == *self.log());
            let (old, kept): (Vec<_>, Vec<_>) = ours.partition(|file| self.is_older(file, keep_days));
            if retained.held.is_none() && !old.is_empty() {
                self.delete(table, &old, keep_days, &mut retained)?;
            }
            if self.tables().locations().len() > 1 {
                let cold = kept.into_iter().filter(|file| file.tier == 0 && self.is_older(file, policy.hot_days));
                for file in cold {
                    self.block_on(self.tables().move_on(table, std::slice::from_ref(file), self.now_ms()))?;
                    retained.moved += 1;
                }
            }
        }
        Ok(retained)
    }

    fn is_older(&self, file: &DataFile, days: u32) -> bool {
        i64::from(file.day) < self.now_ms().div_euclid(DAY_MS) - i64::from(days)
    }

    /// Says what goes, waits until that is sealed, and lets it go; not what is left when a hold begins.
    fn delete(
        &self,
        table: TableName,
        files: &[&DataFile],
        keep_days: u32,
        retained: &mut Retained,
    ) -> Result<(), LakeError> {
        let is_own = table == TableName::Events(Table::System);
        let why = format!("older than {keep_days} days");
        let mut said_until = 0;
        for file in files {
            let (records, said) = self.block_on(self.contents(file, is_own))?;
            for raw in said {
                self.say(record::again(&raw, self.now_ms()))?;
            }
            said_until = self.say(record::deleted((table, file.name()), &why, &records, self.now_ms()))?;
        }
        self.wait_sealed(said_until)?;
        for file in files {
            let holds = self.holds();
            retained.held = self.place().held()?;
            if retained.held.is_some() {
                return Ok(());
            }
            self.block_on(self.tables().delete(table, std::slice::from_ref(*file), self.now_ms()))?;
            drop(holds);
            retained.deleted += 1;
            retained.records += file.rows;
        }
        Ok(())
    }

    /// The indexes a file has, and what records of the lake's own in it say of deletions.
    async fn contents(
        &self,
        file: &DataFile,
        is_own: bool,
    ) -> Result<(Vec<RangeInclusive<u64>>, Vec<String>), LakeError> {
        let (mut indexes, mut said) = (Vec::new(), Vec::new());
        let columns: &[&str] = if is_own { &["record", "source", "raw"] } else { &["record"] };
        let mut rows = self.tables().rows(file, columns).await?;
        while let Some(batch) = rows.next().await? {
            let column = |name: &str| batch.column_by_name(name).expect("every table has the columns of records");
            let records = column("record").as_primitive::<arrow::datatypes::Int64Type>();
            indexes.extend(records.values().iter().map(|index| index.cast_unsigned()));
            if is_own {
                let (sources, raws) = (column("source").as_string::<i32>(), column("raw").as_string::<i32>());
                let own = sources.iter().zip(raws).filter(|(source, _)| *source == Some(record::SOURCE));
                let deletions =
                    own.filter_map(|(_, raw)| raw).filter(|raw| record::records_deleted(raw.as_bytes()).is_some());
                said.extend(deletions.map(str::to_owned));
            }
        }
        Ok((ranges(indexes), said))
    }
}

/// Numbers as ranges of neighbours.
fn ranges(mut indexes: Vec<u64>) -> Vec<RangeInclusive<u64>> {
    indexes.sort_unstable();
    let neighbours = indexes.chunk_by(|one, next| one + 1 == *next);
    neighbours.map(|run| run[0]..=run[run.len() - 1]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_as_ranges() {
        assert_eq!(ranges(vec![5, 1, 2, 3, 9, 8]), [1..=3, 5..=5, 8..=9]);
        assert!(ranges(Vec::new()).is_empty());
    }
}
