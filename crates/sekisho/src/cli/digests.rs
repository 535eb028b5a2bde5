//! `sekisho ingest cloudtrail --digest-keys`: whether log files are those that CloudTrail delivered.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use sekisho_gather::{
    DigestKeys, DigestPlace, DigestReport, DigestState, LogState, S3Feed, verify_digests, verify_place,
};

use crate::terminal;

/// Keys and files that are named; how many there are is told of all.
const NAMED_MAX: usize = 20;

/// Verifies the digests below a folder and tells what they say. True if nothing was altered and nothing is missing.
pub(super) fn verify(folder: &Path, keys: &DigestKeys) -> anyhow::Result<bool> {
    // Signatures in metadata stay in S3: that of the newest digest is not at hand.
    let report = verify_digests(folder, keys, &BTreeMap::new())?;
    terminal::note(&told(&folder.display().to_string(), &report));
    Ok(is_good(&report))
}

/// The same in a bucket.
pub(super) fn verify_bucket(bucket: S3Feed, keys: &DigestKeys) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("failed to start the runtime")?;
    let place = DigestPlace::Bucket(bucket);
    let report = runtime.block_on(verify_place(&place, keys))?;
    terminal::note(&told(&place.name(), &report));
    Ok(is_good(&report))
}

fn is_good(report: &DigestReport) -> bool {
    let digests =
        report.digests.iter().all(|(_, state)| matches!(state, DigestState::Verified | DigestState::Unsigned));
    digests && report.logs.values().all(|state| *state == LogState::Verified)
}

/// What a person reads of it.
fn told(place: &str, report: &DigestReport) -> String {
    if report.digests.is_empty() {
        return format!("{place}: no digests of CloudTrail, so nothing says that a log file is missing");
    }
    let mut text = format!("{place}: digests of CloudTrail\n");
    let mut named = Vec::new();
    for (what, state) in [
        ("verified", DigestState::Verified),
        ("whose signature comes with the next", DigestState::Unsigned),
        ("ALTERED", DigestState::Altered),
        ("signed with a key that is NOT AMONG THOSE GIVEN", DigestState::UnknownKey),
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
        let text = told("logs", &report);
        assert!(
            text.contains("1 log files MISSING") && text.contains("MISSING: AWSLogs/l2\u{fffd}[2J.json.gz"),
            "{text}"
        );
        assert!(!text.contains('\x1b'));
        assert!(told("logs", &DigestReport::default()).contains("no digests"));
    }
}
