//! The rules, read from the disk.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_waf::Limits;
use sekisho_waf::ir::phased::{EngineMode, PhasedPolicy};
use sekisho_waf::transaction::PhasedRules;
use sekisho_waf_lang::seclang::crs::{CrsOptions, entries};
use sekisho_waf_lang::seclang::{Entry, LoadOptions, RuleFiles, load as load_entries, matches};

pub(crate) type Rules = Arc<PhasedRules>;

/// Files of a disk.
struct Disk;

impl RuleFiles for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|error| error.to_string())
    }

    fn expand(&self, pattern: &str) -> Result<Vec<String>, String> {
        let (folder, _) = pattern.rsplit_once('/').unwrap_or((".", pattern));
        let Ok(listing) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
        let names = listing.filter_map(|entry| Some(format!("{folder}/{}", entry.ok()?.file_name().to_str()?)));
        let mut found: Vec<String> = names.filter(|path| matches(pattern, path)).collect();
        found.sort();
        Ok(found)
    }
}

/// Where the rules are; none, said aloud, if they are missing.
#[expect(clippy::print_stdout, reason = "a benchmark that cannot run says so")]
pub(crate) fn folder() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "where the shared folder lies is the environment's to say")]
    let shared = std::env::var_os("SEKISHO_SHARED");
    let shared = shared.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let folder = shared.join("data/crs");
    if !folder.is_dir() {
        println!("skipped: {} is missing", folder.display());
        return None;
    }
    Some(folder)
}

/// Reads the rules. Above paranoia 1 they find fault with ordinary requests, so they stop none.
pub(crate) fn read(folder: &Path, paranoia: u8) -> PhasedPolicy {
    let engine = if paranoia == 1 { EngineMode::On } else { EngineMode::DetectionOnly };
    read_with(folder, paranoia, LoadOptions { engine: Some(engine), ..LoadOptions::default() }, "")
}

/// Reads and compiles the rules.
pub(crate) fn load(folder: &Path, paranoia: u8) -> Rules {
    compile(read(folder, paranoia))
}

/// The same at paranoia 1, for bodies of more than a megabyte. They stop none, so that all of them run.
pub(crate) fn load_for_large_bodies(folder: &Path) -> Rules {
    let limits = "SecRequestBodyNoFilesLimit 16777216\nSecRequestBodyLimit 16777216\n";
    compile(read_with(
        folder,
        1,
        LoadOptions { engine: Some(EngineMode::DetectionOnly), ..LoadOptions::default() },
        limits,
    ))
}

/// The rules at paranoia 1 with others before them, which may go back so many steps. They stop nothing.
pub(crate) fn load_with_own(folder: &Path, own: &str, backtracking: Option<u32>) -> Rules {
    let backtracking = backtracking.and_then(NonZeroU32::new);
    compile(read_with(folder, 1, LoadOptions { engine: Some(EngineMode::DetectionOnly), backtracking }, own))
}

fn read_with(folder: &Path, paranoia: u8, options: LoadOptions, own: &str) -> PhasedPolicy {
    let after_setup = vec![Entry::text("own.conf", own)];
    let crs = CrsOptions { paranoia: Some(paranoia), after_setup, ..CrsOptions::default() };
    let folder = folder.to_str().expect("the folder has a name in UTF-8");
    let entries = entries(folder, &Disk, &crs).expect("the folder holds the rules");
    let loaded = load_entries(&entries, &Disk, &options);
    let shown = loaded.diagnostics.render(false);
    loaded.policy.unwrap_or_else(|| panic!("{shown}"))
}

fn compile(policy: PhasedPolicy) -> Rules {
    Arc::new(PhasedRules::compile(policy, Limits::default()).expect("the rules compile"))
}
