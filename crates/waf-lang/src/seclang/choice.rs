//! Words of which there are a few: `On`, `DetectionOnly`, `RelevantOnly`; and numbers.

use sekisho_waf::ir::phased::{AuditEngine, AuditFormat, AuditParts, AuditStorage, EngineMode, OverLimit, XmlIntoArgs};

use super::word::Part;
use crate::report::{Report, quoted};

pub(super) const SWITCH: &[(&str, bool)] = &[("On", true), ("Off", false)];

pub(super) const ENGINE_MODES: &[(&str, EngineMode)] =
    &[("On", EngineMode::On), ("Off", EngineMode::Off), ("DetectionOnly", EngineMode::DetectionOnly)];

pub(super) const AUDIT_ENGINES: &[(&str, AuditEngine)] =
    &[("On", AuditEngine::On), ("Off", AuditEngine::Off), ("RelevantOnly", AuditEngine::RelevantOnly)];

pub(super) const AUDIT_STORAGES: &[(&str, AuditStorage)] =
    &[("Serial", AuditStorage::Serial), ("Concurrent", AuditStorage::Concurrent)];

pub(super) const AUDIT_FORMATS: &[(&str, AuditFormat)] =
    &[("Native", AuditFormat::Native), ("JSON", AuditFormat::Json)];

pub(super) const OVER_LIMIT: &[(&str, OverLimit)] =
    &[("Reject", OverLimit::Reject), ("ProcessPartial", OverLimit::ProcessPartial)];

pub(super) const XML_INTO_ARGS: &[(&str, XmlIntoArgs)] =
    &[("On", XmlIntoArgs::On), ("Off", XmlIntoArgs::Off), ("OnlyArgs", XmlIntoArgs::OnlyArgs)];

/// Reads one of these words, in any ASCII case.
pub(super) fn one<T: Copy>(part: Part<'_>, words: &[(&str, T)], report: &mut Report) -> Option<T> {
    let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(part.text())).map(|(_, meaning)| *meaning);
    if found.is_none() {
        let known: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let message = format!("{} is not a value this takes", quoted(part.text()));
        report.push(part.error("invalid-value", message).help(format!("write one of {}", known.join(", "))));
    }
    found
}

/// Reads a whole number.
pub(super) fn number<T: std::str::FromStr>(part: Part<'_>, report: &mut Report) -> Option<T> {
    let found = part.text().parse().ok();
    if found.is_none() {
        let message = format!("{} is no number this takes", quoted(part.text()));
        report.push(part.error("invalid-number", message).help("write a whole number in digits"));
    }
    found
}

/// Reads letters of sections of the audit log.
pub(super) fn audit_parts(part: Part<'_>, report: &mut Report) -> Option<AuditParts> {
    let known = "ABCDEFGHIJKZ";
    for (at, letter) in part.text().char_indices() {
        if !known.contains(letter) {
            let place = part.sub(at..at + letter.len_utf8());
            let message = format!("the audit log has no section {}", quoted(place.text()));
            report.push(place.error("invalid-audit-part", message).help("write letters from A to K, and Z"));
            return None;
        }
    }
    AuditParts::of(part.text())
}
