//! Where the data is that tests read in place.

use std::path::{Path, PathBuf};

/// A file below `shared/data`, or none if it is missing and may be.
///
/// # Panics
///
/// If it is missing where `CI` is set.
#[expect(clippy::disallowed_methods, reason = "tests find the shared folder by the environment")]
#[expect(clippy::print_stderr, reason = "a test that is skipped says why")]
pub(crate) fn file(path: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("SEKISHO_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let file = shared.join("data").join(path);
    if file.exists() {
        return Some(file);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing", file.display());
    eprintln!("skipped: {} is missing", file.display());
    None
}
