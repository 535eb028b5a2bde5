//! The engines alone, without a proxy around them: ours beside another in Rust, by the program in `peers`.
//!
//! It is a workspace of its own, so that nobody compiles another's engine to test ours.

use std::path::Path;

use anyhow::{Context, Result};

use super::loads::Load;
use crate::args::CrsBench;
use crate::modsecurity::{self, Setting};
use crate::process::{cargo, run as run_command};

/// Takes bodies of 1 MB to the rules, which the limits of the recommended configuration refuse.
const LARGE_BODIES: &str = "SecRequestBodyLimit 8388608\nSecRequestBodyNoFilesLimit 8388608";

/// Builds `peers` and has it hold every request against the rules, which it prints as a report.
///
/// # Errors
///
/// If it does not build, or an engine does not load the rules.
pub(super) fn run(root: &Path, folder: &Path, crs: &Path, loads: &[Load], wanted: CrsBench) -> Result<()> {
    let requests = folder.join("requests");
    std::fs::create_dir_all(&requests).with_context(|| format!("create {}", requests.display()))?;
    for (at, load) in loads.iter().enumerate() {
        let path = requests.join(format!("{at}-{}.{}", load.file_name(), load.status));
        std::fs::write(&path, load.bytes()).with_context(|| format!("write {}", path.display()))?;
    }
    let rules = |name: &str, paranoia, after| {
        let setting = Setting { paranoia, inbound: 5, outbound: 4, audit_log: None, after };
        modsecurity::write_rules(folder, name, crs, setting)
    };
    let mut command = cargo(&root.join("peers"));
    command.args(["run", "--release", "--"]).arg(&requests);
    command.arg(rules("paranoia-1.conf", 1, "")?).arg(rules("paranoia-4.conf", 4, "")?);
    command.arg(rules("hostile.conf", 1, LARGE_BODIES)?);
    command.args([wanted.rounds.to_string(), wanted.seconds.to_string()]);
    run_command(&mut command).context("measure the engines alone")
}
