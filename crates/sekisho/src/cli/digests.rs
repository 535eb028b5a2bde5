//! `sekisho ingest cloudtrail --digest-keys`: whether log files are those that CloudTrail delivered.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use sekisho_gather::{DigestKeys, DigestReport, DigestState, LogState, verify_digests};

use crate::terminal;

/// Keys and files that are named; how many there are is told of all.
const NAMED_MAX: usize = 20;

/// Reads the keys that digests are signed with: what `aws cloudtrail list-public-keys` prints, or one key in PEM or DER.
pub(super) fn keys(file: &Path) -> anyhow::Result<DigestKeys> {
    let content = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut keys = DigestKeys::default();
    let added = match std::str::from_utf8(&content) {
        Ok(text) if text.trim_start().starts_with('{') => keys.add_list(text),
        _ => keys.add_file(&content),
    };
    added.with_context(|| format!("{}: save what `aws cloudtrail list-public-keys` prints", file.display()))?;
    Ok(keys)
}

/// Verifies the digests below a folder and tells what they say. True if nothing was altered and nothing is missing.
pub(super) fn verify(folder: &Path, keys: &DigestKeys) -> anyhow::Result<bool> {
    // Signatures in metadata stay in S3: that of the newest digest is not at hand.
    let report = verify_digests(folder, keys, &BTreeMap::new())?;
    terminal::note(&told(folder, &report));
    Ok(is_good(&report))
}

fn is_good(report: &DigestReport) -> bool {
    let digests =
        report.digests.iter().all(|(_, state)| matches!(state, DigestState::Verified | DigestState::Unsigned));
    digests && report.logs.values().all(|state| *state == LogState::Verified)
}

/// What a person reads of it.
fn told(folder: &Path, report: &DigestReport) -> String {
    if report.digests.is_empty() {
        return format!("{}: no digests of CloudTrail, so nothing says that a log file is missing", folder.display());
    }
    let mut text = format!("{}: digests of CloudTrail\n", folder.display());
    let mut named = Vec::new();
    for (what, state) in [
        ("verified", DigestState::Verified),
        ("whose signature comes with the next", DigestState::Unsigned),
        ("ALTERED", DigestState::Altered),
        ("after one that is MISSING", DigestState::PreviousMissing),
        ("after one that was ALTERED", DigestState::PreviousAltered),
    ] {
        let keys = report.digests.iter().filter(|(_, found)| *found == state).map(|(key, _)| key);
        let is_bad = !matches!(state, DigestState::Verified | DigestState::Unsigned);
        count(&mut text, &mut named, ("digests", what), keys, is_bad);
    }
    for (what, state) in [
        ("verified", LogState::Verified),
        ("ALTERED", LogState::Altered),
        ("MISSING", LogState::Missing),
        ("named by altered digests", LogState::Unproved),
    ] {
        let keys = report.logs.iter().filter(|(_, found)| **found == state).map(|(key, _)| key);
        count(&mut text, &mut named, ("log files", what), keys, state != LogState::Verified);
    }
    if !report.unnamed.is_empty() {
        writeln!(text, "  {} log files that no digest names", report.unnamed.len()).expect("a String takes any text");
    }
    for line in named.iter().take(NAMED_MAX) {
        writeln!(text, "  {line}").expect("a String takes any text");
    }
    if named.len() > NAMED_MAX {
        writeln!(text, "  and {} more", named.len() - NAMED_MAX).expect("a String takes any text");
    }
    // Keys are what the files say.
    text.trim_end()
        .chars()
        .map(|letter| if letter.is_control() && letter != '\n' { '\u{fffd}' } else { letter })
        .collect()
}

fn count<'r>(
    text: &mut String,
    named: &mut Vec<String>,
    (things, what): (&str, &str),
    keys: impl Iterator<Item = &'r String>,
    is_bad: bool,
) {
    let mut total = 0;
    for key in keys {
        total += 1;
        if is_bad {
            named.push(format!("{what}: {key}"));
        }
    }
    if total > 0 {
        writeln!(text, "  {total} {things} {what}").expect("a String takes any text");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named_and_counted() {
        let mut report = DigestReport::default();
        report.digests.push(("AWSLogs/d1.json.gz".to_owned(), DigestState::Verified));
        report.digests.push(("AWSLogs/d2.json.gz".to_owned(), DigestState::Unsigned));
        report.logs.insert("AWSLogs/l1.json.gz".to_owned(), LogState::Verified);
        assert!(is_good(&report));
        report.logs.insert("AWSLogs/l2\x1b[2J.json.gz".to_owned(), LogState::Missing);
        assert!(!is_good(&report));
        let text = told(Path::new("logs"), &report);
        assert!(
            text.contains("1 log files MISSING") && text.contains("MISSING: AWSLogs/l2\u{fffd}[2J.json.gz"),
            "{text}"
        );
        assert!(!text.contains('\x1b'));
        assert!(told(Path::new("logs"), &DigestReport::default()).contains("no digests"));
    }

    #[test]
    fn keys_are_a_list_or_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys");
        fs::write(&file, r#"{"PublicKeyList":[{"Value":"MIIB","Fingerprint":"x"}]}"#).unwrap();
        assert!(keys(&file).is_ok());
        fs::write(&file, "nothing").unwrap();
        assert!(format!("{:#}", keys(&file).unwrap_err()).contains("list-public-keys"));
    }
}
