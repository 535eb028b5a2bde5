//! `sekisho lake`: which lake, and what is done with it as a whole.

mod by_hand;
mod compact;
mod export;
mod init;
mod retention;
mod status;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
#[cfg(feature = "cluster")]
use sekisho_disk::FileSystem;
use sekisho_edge::clock::SystemClock;
#[cfg(feature = "cluster")]
use sekisho_lake::Storage;
use sekisho_lake::{Lake, LakeError, Place, Settings};

use super::{Failure, Outcome};
use crate::lake::name_of_this_host;

/// Which lake.
#[derive(Debug, Clone, Args)]
pub(super) struct LakeArgs {
    /// Folder of the lake
    #[arg(long, value_name = "DIR", default_value = "sekisho-data/lake")]
    lake: PathBuf,
}

/// Work with a lake.
#[derive(Debug, Subcommand)]
pub(super) enum LakeCommand {
    /// Begin a lake, and say where its tables are: in S3, or in anything that speaks its protocol
    Init(init::InitArgs),
    /// Say what a lake holds, and what its key is
    Status(status::StatusArgs),
    /// Merge the small files of each day, and remove those that were merged before
    Compact(compact::CompactArgs),
    /// Move what is old to its own place, and delete what is older than it is kept; each deletion is itself a sealed record
    Retention(retention::RetentionArgs),
    /// Stop all deletions, as for a legal case
    Hold(retention::HoldArgs),
    /// End a hold
    Release(retention::HoldArgs),
    /// Write what a lake holds as files for others
    Export(export::ExportArgs),
}

pub(super) fn lake(command: &LakeCommand) -> Outcome {
    match command {
        LakeCommand::Init(args) => init::init(args),
        LakeCommand::Status(args) => status::status(args),
        LakeCommand::Compact(args) => compact::compact(args),
        LakeCommand::Retention(args) => retention::retention(args),
        LakeCommand::Hold(args) => retention::hold(args),
        LakeCommand::Release(args) => retention::release(args),
        LakeCommand::Export(args) => export::export(args),
    }
}

impl LakeArgs {
    /// Its folder.
    pub(super) fn folder(&self) -> &Path {
        &self.lake
    }

    /// A lake that is there, to be read.
    pub(super) fn place(&self) -> Result<Place, Failure> {
        // What a lake cannot be without: any other folder is left as it is.
        if !self.lake.join("seal").is_dir() {
            let none = anyhow::anyhow!(
                "there is no lake at {}: `sekisho ingest` begins one, `sekisho lake init` one in S3",
                self.lake.display()
            );
            return Err(none.into());
        }
        Ok(Place::folder(&self.lake)?)
    }

    /// Where the tables of a lake are, for a machine that only reads them: `storage.toml` is all it needs of a lake in S3.
    #[cfg(feature = "cluster")]
    pub(super) fn tables(&self) -> Result<Vec<sekisho_tables::Location>, Failure> {
        let is_elsewhere = Storage::read(&FileSystem, &self.lake)?.tables.is_some();
        let place = if is_elsewhere { Place::folder(&self.lake)? } else { self.place()? };
        Ok(place.tables)
    }

    /// The lake, to be written to; it is begun if there is none.
    pub(super) fn open(&self) -> Result<Lake, Failure> {
        Ok(self.try_open()?)
    }

    fn try_open(&self) -> Result<Lake, LakeError> {
        let place = Place::folder(&self.lake)?;
        let settings = Settings { name: name_of_this_host(), ..Settings::default() };
        Lake::open(&place, Arc::new(SystemClock), &settings)
    }
}

/// Ends work with a lake: all that was handed over is in tables, or this fails.
fn close(lake: &Lake) -> Outcome {
    match lake.close() {
        None => Ok(ExitCode::SUCCESS),
        Some(trouble) => Err(anyhow::anyhow!("{trouble}").into()),
    }
}
