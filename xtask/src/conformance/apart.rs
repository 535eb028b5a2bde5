//! A copy of the rules in which two things that ModSecurity 3.0.9 does otherwise than documented play no part.
//!
//! It keeps `MATCHED_VARS` from one rule to the next as long as each matches, so that a chain that asks for them counts
//! what the rule before found, too (its issue 3382, mended by its pull request 3422): here a rule that never matches
//! stands before each such chain. And it has `REQUEST_BODY` for XML, which others have when a rule forces it: here one
//! does. `docs/conformance.md` tells of both.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// The first number of rules that stand in between.
const FIRST_ID: usize = 9_001_000;

/// Its message shows `MULTIPART_FILE_LIMIT_EXCEEDED`, which ModSecurity 3.0.9 leaves empty where it is not 1.
const LIMIT_OF_FILES: u64 = 200_003;

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

/// The numbers of the rules at `crs` of which audit logs tell otherwise: those that look at a value after each transformation,
/// themselves or in a link, of which ModSecurity tells once for each form, of later ones without their metadata; and
/// [`LIMIT_OF_FILES`].
///
/// # Errors
///
/// If a file cannot be read, or there are none: then the rules are not those meant here.
pub(super) fn told_otherwise(crs: &Path) -> Result<BTreeSet<u64>> {
    let mut rules = BTreeSet::from([LIMIT_OF_FILES]);
    for entry in std::fs::read_dir(crs.join("rules")).context("list the rules")? {
        let file = entry.context("list the rules")?.path();
        if file.extension().is_some_and(|extension| extension == "conf") {
            let text = std::fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
            rules.extend(multi_match_in(&text));
        }
    }
    ensure!(rules.len() > 1, "no rule has multiMatch");
    Ok(rules)
}

fn multi_match_in(text: &str) -> BTreeSet<u64> {
    let mut rules = BTreeSet::new();
    let mut last: Option<u64> = None;
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let id = line.split_once("id:").map(|(_, rest)| rest.split(|letter: char| !letter.is_ascii_digit()).next());
        last = id.flatten().and_then(|id| id.parse().ok()).or(last);
        if line.contains("multiMatch") {
            rules.extend(last);
        }
    }
    rules
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
    fn rules_that_look_at_each_form_are_found_in_their_links_too() {
        let text = "SecRule A \"@rx 1\" \\\n    \"id:11,\\\n    chain\"\n    SecRule B \"@rx 2\" \\\n    \"multiMatch\"\n\
            # multiMatch\nSecRule C \"@rx id:x\" \"id:12\"\nSecRule D \"@rx 3\" \"id:13,multiMatch\"\n";
        assert_eq!(multi_match_in(text), BTreeSet::from([11, 13]));
    }

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
