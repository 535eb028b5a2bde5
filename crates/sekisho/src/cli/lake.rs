//! `sekisho lake`.

use std::path::PathBuf;

use clap::Args;

/// Which lake.
#[derive(Debug, Clone, Args)]
pub(super) struct LakeArgs {
    /// Folder of the lake
    #[arg(long, value_name = "DIR", default_value = "sekisho-data/lake")]
    pub(super) lake: PathBuf,
}
