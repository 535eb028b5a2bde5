//! A copy of the rules in which two things that ModSecurity 3.0.9 does otherwise than documented play no part.
//!
//! It keeps `MATCHED_VARS` from one rule to the next as long as each matches, so that a chain that asks for them counts
//! what the rule before found, too (its issue 3382, mended by its pull request 3422): here a rule that never matches
//! stands before each such chain. And it has `REQUEST_BODY` for XML, which others have when a rule forces it: here one
//! does. `docs/conformance.md` tells of both.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// The first number of rules that stand in between.
const FIRST_ID: usize = 9_001_000;

/// Forces `REQUEST_BODY` for every body.
pub(super) const FORCED_BODY: &str =
    "SecAction \"id:9000002,phase:1,pass,t:none,nolog,ctl:forceRequestBodyVariable=On\"\n";

/// Copies the Core Rule Set at `crs` into `folder`, with rules in between.
///
/// # Errors
///
/// If a file cannot be read or written, or no chain asks for `MATCHED_VARS`: then the rules are not those meant here.
pub(super) fn copy(crs: &Path, folder: &Path) -> Result<()> {
    let rules = folder.join("rules");
    std::fs::create_dir_all(&rules).with_context(|| format!("create {}", rules.display()))?;
    for name in ["modsecurity.conf-recommended", "crs-setup.conf.example", "unicode.mapping"] {
        std::fs::copy(crs.join(name), folder.join(name)).with_context(|| format!("copy {name}"))?;
    }
    let mut next = FIRST_ID;
    let listing = std::fs::read_dir(crs.join("rules")).context("list the rules")?;
    let mut files = listing.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.sort();
    for file in files {
        let name = file.file_name().context("a listed file has a name")?;
        if file.extension().is_some_and(|extension| extension == "conf") {
            let text = std::fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
            std::fs::write(rules.join(name), apart(&text, &mut next)).context("write a copy of rules")?;
        } else {
            std::fs::copy(&file, rules.join(name)).with_context(|| format!("copy {}", file.display()))?;
        }
    }
    ensure!(next > FIRST_ID, "no chain asks for MATCHED_VARS");
    Ok(())
}

/// The rules with one that never matches before each chain that asks for what matched.
fn apart(text: &str, next: &mut usize) -> String {
    let mut out = String::with_capacity(text.len());
    // Where the last rule that is no link of another begins.
    let mut head: Option<usize> = None;
    for line in text.lines() {
        if line.starts_with("SecRule") || line.starts_with("SecAction") {
            head = Some(out.len());
        } else if line.trim_start().starts_with("SecRule MATCHED_VARS")
            && let Some(at) = head.take()
        {
            let phase = out[at..].split_once("phase:").and_then(|(_, rest)| rest.chars().next()).unwrap_or('2');
            let between = format!("SecRule REQUEST_METHOD \"@streq -\" \"id:{next},phase:{phase},pass,nolog\"\n");
            out.insert_str(at, &between);
            *next += 1;
        }
        writeln!(out, "{line}").expect("a String takes any text");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_chains_that_ask_for_what_matched_are_set_apart() {
        let text = "SecRule A \"@rx 1\" \\\n    \"id:1,\\\n    phase:1,\\\n    chain\"\n    SecRule MATCHED_VARS \"@rx 2\" \\\n        \
            \"chain\"\n        SecRule MATCHED_VARS \"@rx 3\"\nSecRule B \"@rx 4\" \"id:2,phase:2,chain\"\n    SecRule C \"@rx 5\"\n";
        let mut next = 7;
        let expected = format!("SecRule REQUEST_METHOD \"@streq -\" \"id:7,phase:1,pass,nolog\"\n{text}");
        assert_eq!(apart(text, &mut next), expected);
        assert_eq!(next, 8);
    }
}
