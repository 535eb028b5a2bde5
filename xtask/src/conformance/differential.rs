//! `cargo xtask conformance patterns` and `… operators`: expressions beside PCRE2, transformations and operators beside
//! libmodsecurity.
//!
//! What compares is the program `differential` in `peers`, a workspace of its own: nothing here links either library.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::args::Differential;
use crate::modsecurity::rules_folder;
use crate::packages;
use crate::process::{cargo, run};

/// Compares every expression of the Core Rule Set on texts drawn from what it means.
///
/// # Errors
///
/// If something does not build, or an expression matches otherwise.
pub(crate) fn patterns(root: &Path, wanted: Differential) -> Result<()> {
    packages::ensure(&[&packages::CXX, &packages::PCRE2])?;
    differential(root, "patterns", &rules_folder(root)?, wanted)
}

/// Compares every transformation, and every operator that looks at nothing but the value.
///
/// # Errors
///
/// If something does not build, or an outcome differs without a known cause.
pub(crate) fn operators(root: &Path, wanted: Differential) -> Result<()> {
    packages::ensure(&[&packages::CXX, &packages::PCRE2, &packages::LIBMODSECURITY])?;
    let folder = tempfile::tempdir().context("create a folder for the oracle")?;
    let oracle = folder.path().join("oracle");
    let mut command = Command::new("c++");
    command.args(["-std=c++17", "-O2", "-o"]).arg(&oracle).arg(root.join("peers/modsecurity/oracle.cc"));
    run(command.arg("-lmodsecurity")).context("build the oracle")?;
    differential(root, "operators", &oracle, wanted)
}

fn differential(root: &Path, what: &str, with: &Path, wanted: Differential) -> Result<()> {
    let mut command = cargo(&root.join("peers"));
    command.args(["run", "--locked", "--profile", "compare", "--bin", "differential", "--", what]).arg(with);
    command.args([wanted.values.to_string(), wanted.seed.to_string()]);
    run(&mut command).with_context(|| format!("compare {what}"))
}
