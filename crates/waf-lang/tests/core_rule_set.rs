//! The OWASP Core Rule Set loads whole.

use std::path::{Path, PathBuf};

use sekisho_waf::ir::phased::{Item, Phase, PhasedPolicy};
use sekisho_waf_lang::seclang::crs::{CrsOptions, entries};
use sekisho_waf_lang::seclang::{LoadOptions, RuleFiles, load, matches};

/// Files of a disk, as the binary reads them.
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

/// The folder of the CRS; `None`, said aloud, where it is not there and may be missing.
#[expect(clippy::print_stdout, reason = "a test that cannot run says so")]
fn folder() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "where the shared folder lies is the environment's to say")]
    let (shared, ci) = (std::env::var_os("SEKISHO_SHARED"), std::env::var_os("CI"));
    let shared = shared.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("data/crs");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(ci.is_none(), "{} is missing", folder.display());
    println!("skipped: {} is missing", folder.display());
    None
}

fn crs() -> Option<PhasedPolicy> {
    let folder = folder()?;
    let entries = entries(folder.to_str()?, &Disk, &CrsOptions::default()).expect("the folder holds the CRS");
    let loaded = load(&entries, &Disk, &LoadOptions::default());
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.diagnostics.render(false));
    loaded.policy
}

#[test]
fn loads_without_a_problem() {
    let Some(policy) = crs() else { return };
    let rules = || policy.items.iter().filter_map(|item| if let Item::Rule(rule) = item { Some(rule) } else { None });
    assert!(rules().count() > 600, "{} rules", rules().count());
    for phase in Phase::ALL {
        assert!(rules().any(|rule| rule.phase == phase), "no rule in {phase:?}");
    }
    assert!(!policy.settings.unicode_map.is_empty());
    // Updates of the file that comes last are in the rules before it.
    let updated = rules().find(|rule| rule.id == 942_550).unwrap();
    let test = updated.links[0].test.as_ref().unwrap();
    assert_eq!(test.exclusions.len(), 4, "{:?}", test.exclusions);
}
