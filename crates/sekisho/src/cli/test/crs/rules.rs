//! The rules under test, as the suite of the Core Rule Set asks for them.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use sekisho_crs_test::SETUP;
use sekisho_model::{Diagnostic, Diagnostics};
use sekisho_waf::Limits;
use sekisho_waf::transaction::PhasedRules;
use sekisho_waf_lang::seclang::crs::{self, CrsOptions};
use sekisho_waf_lang::seclang::{Entry, LoadOptions, load as load_entries};

use crate::rule_files::{Disk, check_folder};
use crate::terminal;

/// The name of the setup that whoever unpacks the rules writes; without it, they are as they come.
const OWN_SETUP: &str = "crs-setup.conf";

/// Loads and compiles the rules of a folder. As they come, they get what their suite needs to be set; with a setup of their
/// own, they stay as that says.
///
/// # Errors
///
/// Everything that makes the rules unusable, at once.
pub(super) fn load(
    folder: &Path,
    paranoia: Option<u8>,
    backtracking: Option<NonZeroU32>,
) -> Result<Arc<PhasedRules>, Diagnostics> {
    let Some(path) = folder.to_str() else {
        let message = format!("the name of {} is not UTF-8", folder.display());
        return Err(Diagnostic::error("unreadable-folder", message).into());
    };
    check_folder(folder)?;
    let as_they_come = !folder.join(OWN_SETUP).exists();
    let after_setup = as_they_come.then(|| Entry::text("<setup of the suite>", SETUP)).into_iter().collect();
    let entries = crs::entries(path, &Disk, &CrsOptions { paranoia, after_setup, ..CrsOptions::default() })?;
    let loaded = load_entries(&entries, &Disk, &LoadOptions { backtracking, ..LoadOptions::default() });
    let Some(policy) = loaded.policy else { return Err(loaded.diagnostics) };
    terminal::print_diagnostics(&loaded.diagnostics);
    let compiled = PhasedRules::compile(policy, Limits::default());
    compiled.map(Arc::new).map_err(|problem| {
        let mut message = problem.to_string();
        let mut cause = std::error::Error::source(&problem);
        while let Some(inner) = cause {
            message = format!("{message}: {inner}");
            cause = inner.source();
        }
        Diagnostic::error("not-compiled", message).into()
    })
}
