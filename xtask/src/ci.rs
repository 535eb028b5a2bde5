//! `cargo xtask ci`: everything that must hold before a change lands, from a clean clone.
//!
//! Dependencies are compiled as few times as possible: clippy checks them once (metadata only), the tests and the binary
//! that they drive compile them once in the profile `ci`, the fuzz targets once in their own workspace. A failed step does not hide what the others have to say.
//!
//! The same commit gives the same result: generated cases and fuzzed inputs follow fixed seeds here. `cargo xtask
//! nightly` is where chance searches on.

mod steps;

use std::io::{self, Write};
use std::path::Path;

use anyhow::Result;

use self::steps::Steps;
use crate::args::CrsConformance;
use crate::process::{ALL_FEATURES, build_with_tests, cargo, find_program, run as run_command, say};
use crate::reloads::{self, Form};
use crate::{conformance, fuzz, packages, python, tidy};

/// What tests are built in, and the binary they drive.
const PROFILE: &str = "ci";

/// How long each target is fuzzed, in seconds.
const FUZZ_SECONDS: u32 = 10;

/// What the generators of the property tests begin with; without it they begin elsewhere each time.
const PROPERTY_SEED: u64 = 1;

/// Runs every step and prints how each went.
///
/// # Errors
///
/// If a step fails.
pub(crate) fn run(root: &Path, fast: bool) -> Result<()> {
    let mut steps = Steps::new(io::stdout());
    let installed = fast
        || steps.step("packages", || {
            packages::ensure(NEEDED)?;
            python::ensure(root).map(drop)
        })?;
    steps.step("format", || format(root))?;
    steps.step("tidy", || tidy::run(root))?;
    steps.step("clippy", || clippy(root, if fast { "dev" } else { PROFILE }))?;
    if fast {
        steps.skip("end to end", "--fast")?;
        steps.step("tests", || test(root, "dev", None))?;
        steps.skip("fuzz", "--fast")?;
    } else {
        end_to_end(&mut steps, root, installed)?;
        steps.step("fuzz", || fuzz::run(root, None, FUZZ_SECONDS, fuzz::Lock::Keep, fuzz::Search::Repeatable))?;
    }
    deny(&mut steps, root)?;
    steps.finish()
}

/// The short form of `cargo xtask conformance crs`.
const BESIDE: CrsConformance =
    CrsConformance { generated: 400, suite: 300, seed: 1, only_peer: false, shown: 40, keep: false };
/// The short form of `cargo xtask reloads`.
const RELOADS: u32 = 25;

/// What the tests and the fuzz runs need besides Rust.
const NEEDED: &[&packages::Package] = &[
    &packages::CXX,
    &packages::NGINX,
    &packages::MODSECURITY,
    &packages::WRK,
    &packages::SQLMAP,
    &packages::WAPITI,
    &packages::NGHTTP,
    &packages::CHROMIUM,
    &packages::REDIS,
];

fn format(root: &Path) -> Result<()> {
    run_command(cargo(root).args(["fmt", "--all", "--check"]))?;
    for workspace in ["fuzz/Cargo.toml", "peers/Cargo.toml"] {
        run_command(cargo(root).args(["fmt", "--manifest-path", workspace, "--check"]))?;
    }
    Ok(())
}

/// In the profile of the tests: macros and the libraries' build programs are compiled once for both.
fn clippy(root: &Path, profile: &str) -> Result<()> {
    let mut command = cargo(root);
    command.args(["clippy", "--workspace", "--all-targets", "--locked", "--keep-going", "--profile", profile]);
    run_command(command.args(ALL_FEATURES).args(["--", "-D", "warnings"]))
}

/// Builds the binary, then runs all tests in one invocation, the end-to-end tests among them.
fn end_to_end(steps: &mut Steps<impl Write>, root: &Path, installed: bool) -> Result<()> {
    let mut binary = None;
    steps.step("build", || {
        binary = Some(build_with_tests(root, PROFILE)?);
        Ok(())
    })?;
    match binary {
        Some(binary) if installed => {
            steps.step("tests", || test(root, PROFILE, Some(&binary)))?;
            steps.step("beside ModSecurity", || conformance::check(root, Some(&binary), BESIDE))?;
            steps.step("reloads", || reloads::check(root, &binary, Form::SecLang, RELOADS))?;
            steps.step("reloads of a group", || reloads::check(root, &binary, Form::Group, RELOADS))?
        }
        Some(_) => steps.skip("tests", "packages are missing")?,
        None => steps.skip("tests", "the binary did not build")?,
    };
    Ok(())
}

/// Runs the tests of the workspace; with a binary, also those that drive it.
///
/// `CI` is set: a missing prerequisite is a failure, not a reason to skip. Saved failures run besides the generated cases.
fn test(root: &Path, profile: &str, binary: Option<&Path>) -> Result<()> {
    let mut command = cargo(root);
    command.args(["test", "--workspace", "--locked", "--no-fail-fast", "--profile", profile]).args(ALL_FEATURES);
    match binary {
        Some(binary) => command.env("SEKISHO_BIN", binary),
        None => command.args(["--exclude", "sekisho-e2e"]),
    };
    run_command(command.env("CI", "true").env("PROPTEST_RNG_SEED", PROPERTY_SEED.to_string()))
}

/// Licences, advisories and bans, where `cargo-deny` is installed: it is too large to install for one step.
fn deny(steps: &mut Steps<impl Write>, root: &Path) -> Result<()> {
    if find_program("cargo-deny").is_none() {
        say("cargo-deny is not installed: licences, advisories and bans of deny.toml are not checked here")?;
        steps.skip("deny", "cargo-deny is not installed")?;
        return Ok(());
    }
    steps.step("deny", || run_command(cargo(root).args(["deny", "--locked", "check"])))?;
    Ok(())
}
