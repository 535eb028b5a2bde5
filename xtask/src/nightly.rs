//! `cargo xtask nightly`: the searches that are too long for every change.

use std::path::Path;

use anyhow::{Result, bail};

use crate::args::Differential;
use crate::process::say;
use crate::reloads::{self, Form};
use crate::{conformance, equivalence, fuzz, properties, truth};

/// Policies that are generated for the comparison with the reference evaluator.
pub(crate) const CASES: u32 = 100_000;
/// Cases of every property test; the ordinary tests run 100 to 2,000.
const PROPERTY_CASES: u32 = 20_000;
/// How often the Core Rule Set is reloaded under load.
pub(crate) const RELOADS: u32 = 1_000;
/// How often a process that ingests is killed.
pub(crate) const KILLS: u32 = 1_000;
/// How often a lake's files are changed.
pub(crate) const MANIPULATIONS: u32 = 1_000;
/// What the two begin with.
const SEED: u64 = 1;
/// How long each fuzz target runs, in seconds.
const FUZZ_SECONDS: u32 = 600;

/// Runs all searches, whether or not one of them finds something.
///
/// # Errors
///
/// If one found something.
pub(crate) fn run(root: &Path) -> Result<()> {
    let searches = [
        ("equivalence", equivalence::run(root, CASES)),
        ("properties", properties::run(root, PROPERTY_CASES)),
        ("reloads", reloads::run(root, Form::SecLang, RELOADS)),
        ("reloads of a group", reloads::run(root, Form::Group, RELOADS)),
        ("crashes", truth::crashes(root, KILLS, SEED)),
        ("tampering", truth::tampering(root, MANIPULATIONS, SEED)),
        ("patterns", conformance::patterns(root, Differential::default())),
        ("operators", conformance::operators(root, Differential::default())),
        ("fuzz", fuzz::run(root, None, FUZZ_SECONDS, fuzz::Lock::Keep, fuzz::Search::Onward)),
    ];
    let mut found = Vec::new();
    for (name, outcome) in searches {
        if let Err(error) = outcome {
            say(format!("{name}: {error:#}"))?;
            found.push(name);
        }
    }
    if !found.is_empty() {
        bail!("found something: {}", found.join(", "));
    }
    Ok(())
}
