//! `cargo xtask equivalence`: the compiled matcher held against the reference evaluator, for longer than a test run may take.
//!
//! Source of the cases: `crates/waf/tests/equivalence`, whose generator the ordinary tests use for 2,000.

use std::path::Path;

use anyhow::{Context, Result};

use crate::process::{cargo, run as run_command};

/// Generates `cases` policies, each with one to three requests, and compares every verdict.
///
/// # Errors
///
/// If a verdict differs: the test prints the smallest policy and request it found.
pub(crate) fn run(root: &Path, cases: u32) -> Result<()> {
    let mut command = cargo(root);
    command
        .args(["test", "--locked", "-p", "sekisho-waf", "--test", "equivalence"])
        .env("PROPTEST_CASES", cases.to_string());
    run_command(&mut command).with_context(|| format!("compare {cases} generated policies"))
}
