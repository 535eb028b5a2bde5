//! Where the repository is.

use std::path::PathBuf;

use anyhow::{Context, Result};

/// The folder of the workspace's `Cargo.toml`: the first at or above the current folder that holds a `[workspace]` and
/// an `xtask`. Found at run time, so that no path of the building machine gets into the program.
pub(crate) fn root() -> Result<PathBuf> {
    let here = std::env::current_dir().context("read the current folder")?;
    here.ancestors()
        .find(|folder| folder.join("xtask/Cargo.toml").is_file() && folder.join("Cargo.toml").is_file())
        .map(PathBuf::from)
        .with_context(|| format!("find the workspace at or above {}", here.display()))
}
