//! The property tests of all rooms with fresh seeds and many cases: what the fixed seed of `cargo xtask ci` does not reach.
//!
//! What it finds is saved beside the tests by proptest, and runs with every test from then on.

use std::path::Path;

use anyhow::{Context, Result};

use crate::process::{cargo, run as run_command};

/// The crates with property tests. The comparison with the reference evaluator has [`crate::equivalence`].
const ROOMS: [&str; 4] = ["sekisho-waf", "sekisho-waf-lang", "sekisho-edge", "sekisho"];

/// Runs the tests of [`ROOMS`] with `cases` for each property.
///
/// # Errors
///
/// If a test fails: it prints the smallest case it found.
pub(crate) fn run(root: &Path, cases: u32) -> Result<()> {
    let mut command = cargo(root);
    command.args(["test", "--locked", "--no-fail-fast"]);
    for room in ROOMS {
        command.args(["--package", room]);
    }
    command.env("PROPTEST_CASES", cases.to_string()).env_remove("PROPTEST_RNG_SEED");
    run_command(&mut command).with_context(|| format!("search with {cases} cases a property"))
}
