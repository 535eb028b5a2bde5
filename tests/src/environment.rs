//! What the tests take from the process environment; no other module reads it.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

#[expect(clippy::disallowed_methods, reason = "the tests' one door to the environment")]
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether the tests run in continuous integration, where a missing prerequisite is a failure.
#[must_use]
pub fn in_ci() -> bool {
    variable("CI").is_some()
}

/// The binary under test where the caller has built it already (`SEKISHO_BIN`).
pub(crate) fn binary_under_test() -> Option<PathBuf> {
    variable("SEKISHO_BIN").map(PathBuf::from)
}

/// The cargo that runs these tests.
pub(crate) fn cargo() -> OsString {
    variable("CARGO").unwrap_or_else(|| "cargo".into())
}

/// A file or folder of the shared data; where it is missing, says on standard error why the test is skipped.
///
/// # Panics
///
/// When it is missing and [`in_ci`] holds.
#[must_use]
pub fn shared_data(name: &str) -> Option<PathBuf> {
    let shared = variable("SEKISHO_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let path = shared.join("data").join(name);
    if path.exists() {
        return Some(path);
    }
    let complaint = format!("{} is missing", path.display());
    assert!(!in_ci(), "{complaint}");
    say(&format!("skipped: {complaint}"));
    None
}

/// Looks `name` up in `PATH`; where it is missing, says on standard error why the test is skipped.
///
/// # Panics
///
/// When it is missing and [`in_ci`] holds: a skipped test must not pass for a green one there.
#[must_use]
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        let complaint = format!("{name} is not installed (apt-get install {name})");
        assert!(!in_ci(), "{complaint}");
        say(&format!("skipped: {complaint}"));
    }
    found
}

/// Writes a line to standard error past the capture of the test harness, so that a skipped test is seen.
fn say(line: &str) {
    use std::io::Write;
    // Nothing is left to tell if standard error is gone.
    drop(writeln!(std::io::stderr(), "{line}"));
}
