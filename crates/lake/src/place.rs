//! Where a lake is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_disk::{Disk, FileSystem};
use sekisho_tables::{Location, TablesError};

/// A lake's folder, and where its tables are: below it, unless said otherwise.
#[derive(Debug, Clone)]
pub struct Place {
    /// The folder.
    pub folder: PathBuf,
    /// How the write-ahead log and the seal are reached.
    pub disk: Arc<dyn Disk>,
    /// Where the tables are; the first is written to.
    pub tables: Vec<Location>,
}

impl Place {
    /// A lake that is all in one folder.
    ///
    /// # Errors
    ///
    /// If the folder of the tables cannot be made.
    pub fn folder(folder: &Path) -> Result<Self, TablesError> {
        let tables = vec![Location::folder(&folder.join("tables"))?];
        Ok(Self { folder: folder.to_owned(), disk: Arc::new(FileSystem), tables })
    }

    pub(crate) fn append(&self) -> PathBuf {
        self.folder.join("append")
    }

    pub(crate) fn seal(&self) -> PathBuf {
        self.folder.join("seal")
    }
}
