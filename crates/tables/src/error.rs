//! What can go wrong.

use std::io;

use deltalake::DeltaTableError;

/// Why a table cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TablesError {
    /// The location is no folder and no S3 URL.
    #[error("`{0}` is not a place for tables: a folder or `s3://bucket/prefix` is")]
    Location(String),
    /// The folder cannot be made or found.
    #[error("make the folder {folder}")]
    Folder {
        /// Which.
        folder: String,
        /// Why.
        source: io::Error,
    },
    /// The store refuses.
    #[error("{action} {path}")]
    Store {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: String,
        /// Why it failed.
        source: object_store::Error,
    },
    /// The table's log cannot be read or written.
    #[error("{action} the table {table} in {location}")]
    Delta {
        /// What was tried.
        action: &'static str,
        /// With which table.
        table: &'static str,
        /// Where it is.
        location: String,
        /// Why it failed.
        source: Box<DeltaTableError>,
    },
    /// The table's log lists a file in a way that this program does not write.
    #[error("the log of the table {table} lists {path} without {what}")]
    Listed {
        /// The table.
        table: &'static str,
        /// The file.
        path: String,
        /// What is missing or wrong.
        what: &'static str,
    },
    /// A file is to be replaced that is no part of the table any more.
    #[error("{path} is no part of the table {table} any more: someone else has replaced or deleted it")]
    Replaced {
        /// The table.
        table: &'static str,
        /// The file.
        path: String,
    },
    /// Another compacts by now.
    #[error(
        "the lease on compaction was lost: it was not renewed in time, or another has taken it; what was done until then stands"
    )]
    LeaseLost,
    /// What lies where the lease should be is none.
    #[error("{0} is no lease, or changes all the time: remove it if no `sekisho` compacts these tables")]
    Lease(String),
    /// Another log of the same name writes to these tables.
    #[error(
        "{location} has records of another log with the name {log}: give this lake another name or another place (see `sekisho lake init`)"
    )]
    Claimed {
        /// The name.
        log: String,
        /// Where the tables are.
        location: String,
    },
    /// The store passes over conditions.
    #[error(
        "the store of {location} writes over a file that must not be there yet (If-None-Match: *): two commits could take each other's place; use one that knows conditional writes"
    )]
    Unconditional {
        /// Where the tables are.
        location: String,
    },
    /// A table changes faster than a commit comes through.
    #[error("the table {table} in {location} was changed by others {tries} times while it was written to")]
    Contended {
        /// The table.
        table: &'static str,
        /// Where it is.
        location: String,
        /// How often it was tried.
        tries: u32,
    },
    /// A data file cannot be read or written.
    #[error("{action} {path}")]
    Parquet {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: String,
        /// Why it failed.
        source: parquet::errors::ParquetError,
    },
}

impl TablesError {
    /// Whether it stays until somebody does something about it: the store does answer.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        use object_store::Error;
        let store = match self {
            Self::Store { source, .. } => source,
            Self::Delta { source, .. } => match &**source {
                DeltaTableError::ObjectStore { source } => source,
                _ => return false,
            },
            Self::LeaseLost | Self::Contended { .. } | Self::Parquet { .. } => return false,
            _ => return true,
        };
        matches!(
            store,
            Error::NotFound { .. }
                | Error::PermissionDenied { .. }
                | Error::Unauthenticated { .. }
                | Error::NotImplemented { .. }
                | Error::UnknownConfigurationKey { .. }
        )
    }
}
