//! Rule files on disk.

use std::path::Path;

use sekisho_waf_lang::seclang::{RuleFiles, matches};

/// Reads files by their paths; patterns stand in the last part only.
pub struct Disk;

impl RuleFiles for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|error| error.to_string())
    }

    fn expand(&self, pattern: &str) -> Result<Vec<String>, String> {
        let folder = Path::new(pattern).parent().unwrap_or(Path::new("."));
        let listing = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
        let paths = listing.filter_map(|entry| entry.ok()?.path().to_str().map(str::to_owned));
        let mut found: Vec<String> = paths.filter(|path| matches(pattern, path)).collect();
        found.sort();
        Ok(found)
    }
}
