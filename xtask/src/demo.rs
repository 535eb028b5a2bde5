//! `cargo xtask demo`: the main job of the program, from a clean clone in one command.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{build_sekisho, say, shown};

/// Builds the checkpoint and becomes `sekisho demo`, so that signals reach it directly.
///
/// # Errors
///
/// If it does not build or cannot be started.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<()> {
    let binary = build_sekisho(root, "demo")?;
    let mut command = Command::new(&binary);
    command.arg("demo").args(args);
    say(format!("$ {}", shown(&command)))?;
    let error = command.exec();
    Err(error).with_context(|| format!("start {}", binary.display()))
}
