//! Where a lake is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_disk::{Disk, FileSystem};
use sekisho_tables::Location;

use crate::error::LakeError;
use crate::storage::Storage;

/// A lake's folder, and where its tables are: below it, unless said otherwise.
#[derive(Debug, Clone)]
pub struct Place {
    /// The folder.
    pub folder: PathBuf,
    /// How the write-ahead log and the seal are reached.
    pub disk: Arc<dyn Disk>,
    /// Where the tables are; the first is written to.
    pub tables: Vec<Location>,
    /// Names of the other logs that write to the same tables.
    pub writers: Vec<String>,
}

impl Place {
    /// The lake in a folder; its tables are below it, or where its [`Storage`] says.
    ///
    /// # Errors
    ///
    /// If the folder of the tables cannot be made, or what says where they are is wrong.
    pub fn folder(folder: &Path) -> Result<Self, LakeError> {
        let storage = Storage::read(&FileSystem, folder)?;
        let tables = storage.places(folder)?;
        Ok(Self { folder: folder.to_owned(), disk: Arc::new(FileSystem), tables, writers: storage.writers })
    }

    pub(crate) fn append(&self) -> PathBuf {
        self.folder.join("append")
    }

    pub(crate) fn seal(&self) -> PathBuf {
        self.folder.join("seal")
    }
}
