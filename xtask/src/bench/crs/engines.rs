//! The engines alone, without a proxy around them: ours beside another in Rust, by the program in `peers`.
//!
//! It is a workspace of its own, so that nobody compiles another's engine to test ours.

use std::path::Path;

use anyhow::{Context, Result};

use super::loads::Load;
use crate::args::CrsBench;
use crate::modsecurity::{self, Setting};
use crate::process::{cargo, run as run_command};

/// What of the recommended configuration both engines read: `zentinel-modsec` knows neither numbers in quotes
/// (`id:'200000'`) nor `MULTIPART_UNMATCHED_BOUNDARY`, which is in its rule 200004.
const BASE: &str = "SecRuleEngine On\nSecRequestBodyAccess On\nSecRequestBodyLimit 13107200\n\
    SecRequestBodyNoFilesLimit 131072\nSecResponseBodyAccess On\n\
    SecResponseBodyMimeType text/plain text/html text/xml\nSecResponseBodyLimit 524288\n\
    SecRule REQUEST_HEADERS:Content-Type \"^(?:application(?:/soap\\+|/)|text/)xml\" \
    \"id:200000,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML\"\n\
    SecRule REQUEST_HEADERS:Content-Type \"^application/json\" \
    \"id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON\"\n";

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
    let plain = folder.join("base");
    std::fs::create_dir_all(&plain).with_context(|| format!("create {}", plain.display()))?;
    std::fs::write(plain.join("base.conf"), BASE).context("write the base rules")?;
    let rules = |name: &str, paranoia, after| {
        let setting = Setting { paranoia, inbound: 5, outbound: 4, audit_log: None, after };
        let path = modsecurity::write_rules(folder, name, crs, setting)?;
        let text = std::fs::read_to_string(&path)?;
        let base = format!("{}/modsecurity.conf-recommended", crs.display());
        std::fs::write(&path, text.replace(&base, &plain.join("base.conf").display().to_string()))?;
        Ok::<_, anyhow::Error>(path)
    };
    let mut command = cargo(&root.join("peers"));
    command.args(["run", "--release", "--bin", "sekisho-peers", "--"]).arg(&requests);
    command.arg(rules("paranoia-1.conf", 1, "")?).arg(rules("paranoia-4.conf", 4, "SecRuleEngine DetectionOnly")?);
    command.arg(rules("hostile.conf", 1, LARGE_BODIES)?);
    command.args([wanted.rounds.to_string(), wanted.seconds.to_string()]);
    run_command(&mut command).context("measure the engines alone")
}
