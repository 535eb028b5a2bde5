//! The long forms of the lake's seeded tests: kills and manipulations. The short forms run with its other tests.

use std::path::Path;

use anyhow::{Context, Result};

use crate::process::{cargo, run};

/// Kills a process that ingests; holds what is left against what was acknowledged.
///
/// # Errors
///
/// If a record was lost or doubled, or the lake does not verify: the message has the seed.
pub(crate) fn crashes(root: &Path, kills: u32, seed: u64) -> Result<()> {
    seeded(root, "crash", kills, seed)
}

/// Changes files of a lake behind its back; all of it must be found and named.
///
/// # Errors
///
/// If something was not: the message has the seed.
pub(crate) fn tampering(root: &Path, manipulations: u32, seed: u64) -> Result<()> {
    seeded(root, "tamper", manipulations, seed)
}

fn seeded(root: &Path, test: &str, count: u32, seed: u64) -> Result<()> {
    let mut command = cargo(root);
    command.args(["test", "--locked", "--package", "sekisho-lake", "--test", test, "--"]);
    command.args([count.to_string(), seed.to_string()]);
    run(&mut command).with_context(|| format!("{test}: {count} times, seed {seed}"))
}
