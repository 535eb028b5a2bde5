//! `ctl`: settings for the rest of a transaction.
//!
//! Source: ModSecurity Reference Manual, "ctl".

use sekisho_waf::ir::phased::{AuditParts, BodyProcessor, Control, Effect, PartsChange, RuleSelection};

use super::super::reading::Reading;
use super::super::word::Part;
use super::super::{choice, ids, refused, target};
use crate::report::quoted;

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    AuditEngine,
    AuditLogParts,
    DebugLogLevel,
    ForceRequestBodyVariable,
    ParseXmlIntoArgs,
    RequestBodyAccess,
    RequestBodyLimit,
    RequestBodyProcessor,
    ResponseBodyAccess,
    ResponseBodyLimit,
    RuleEngine,
    RuleRemoveById,
    RuleRemoveByMsg,
    RuleRemoveByTag,
    RuleRemoveTargetById,
    RuleRemoveTargetByMsg,
    RuleRemoveTargetByTag,
}

const NAMES: refused::Names = refused::Names {
    what: "the setting",
    mark: "ctl:",
    codes: ("unsupported-control", "unknown-control"),
    refused: refused::CONTROLS,
};

const CONTROLS: &[(&str, Kind)] = &[
    ("auditEngine", Kind::AuditEngine),
    ("auditLogParts", Kind::AuditLogParts),
    ("debugLogLevel", Kind::DebugLogLevel),
    ("forceRequestBodyVariable", Kind::ForceRequestBodyVariable),
    ("parseXmlIntoArgs", Kind::ParseXmlIntoArgs),
    ("requestBodyAccess", Kind::RequestBodyAccess),
    ("requestBodyLimit", Kind::RequestBodyLimit),
    ("requestBodyProcessor", Kind::RequestBodyProcessor),
    ("responseBodyAccess", Kind::ResponseBodyAccess),
    ("responseBodyLimit", Kind::ResponseBodyLimit),
    ("ruleEngine", Kind::RuleEngine),
    ("ruleRemoveById", Kind::RuleRemoveById),
    ("ruleRemoveByMsg", Kind::RuleRemoveByMsg),
    ("ruleRemoveByTag", Kind::RuleRemoveByTag),
    ("ruleRemoveTargetById", Kind::RuleRemoveTargetById),
    ("ruleRemoveTargetByMsg", Kind::RuleRemoveTargetByMsg),
    ("ruleRemoveTargetByTag", Kind::RuleRemoveTargetByTag),
];

/// The names rules know processors of bodies by.
const PROCESSORS: &[(&str, BodyProcessor)] = &[
    ("URLENCODED", BodyProcessor::UrlEncoded),
    ("MULTIPART", BodyProcessor::Multipart),
    ("JSON", BodyProcessor::Json),
    ("XML", BodyProcessor::Xml),
];

/// All names that are honoured.
#[cfg(test)]
pub(in super::super) fn names() -> impl Iterator<Item = &'static str> {
    CONTROLS.iter().map(|(name, _)| *name)
}

/// Reads `NAME=VALUE`.
pub(super) fn read(part: Part<'_>, reading: &mut Reading<'_>) -> Vec<Effect> {
    let Some((name, value)) = part.split_once(|mark| mark == '=') else {
        let problem = part.error("action-value", format!("{} gives nothing a value", quoted(part.text())));
        reading.report.push(problem.help("write `ctl:NAME=VALUE`, such as `ctl:ruleEngine=Off`"));
        return Vec::new();
    };
    let (name, value) = (name.trim(), value.trim());
    let text = name.text();
    let Some((_, kind)) = CONTROLS.iter().find(|(known, _)| known.eq_ignore_ascii_case(text)) else {
        refused::tell(name, &NAMES, CONTROLS.iter().map(|(known, _)| *known), &mut reading.report);
        return Vec::new();
    };
    match kind {
        Kind::RuleRemoveTargetById | Kind::RuleRemoveTargetByMsg | Kind::RuleRemoveTargetByTag => {
            remove_targets(*kind, value, reading)
        }
        _ => one(*kind, value, reading).map(Effect::Control).into_iter().collect(),
    }
}

fn one(kind: Kind, value: Part<'_>, reading: &mut Reading<'_>) -> Option<Control> {
    let report = &mut reading.report;
    Some(match kind {
        Kind::AuditEngine => Control::AuditEngine(choice::one(value, choice::AUDIT_ENGINES, report)?),
        Kind::AuditLogParts => Control::AuditParts(parts(value, reading)?),
        Kind::ForceRequestBodyVariable => {
            Control::ForceRequestBodyVariable(choice::one(value, choice::SWITCH, report)?)
        }
        Kind::ParseXmlIntoArgs => Control::ParseXmlIntoArgs(choice::one(value, choice::XML_INTO_ARGS, report)?),
        Kind::RequestBodyAccess => Control::RequestBodyAccess(choice::one(value, choice::SWITCH, report)?),
        Kind::RequestBodyLimit => Control::RequestBodyLimit(choice::number(value, report)?),
        Kind::RequestBodyProcessor => Control::RequestBodyProcessor(choice::one(value, PROCESSORS, report)?),
        Kind::ResponseBodyAccess => Control::ResponseBodyAccess(choice::one(value, choice::SWITCH, report)?),
        Kind::ResponseBodyLimit => Control::ResponseBodyLimit(choice::number(value, report)?),
        Kind::RuleEngine => Control::RuleEngine(choice::one(value, choice::ENGINE_MODES, report)?),
        Kind::RuleRemoveById => Control::RemoveRules(RuleSelection::Ids(ids::ranges(value, report)?)),
        Kind::RuleRemoveByMsg => Control::RemoveRules(RuleSelection::Message(expression(value, reading)?)),
        Kind::RuleRemoveByTag => Control::RemoveRules(RuleSelection::Tag(expression(value, reading)?)),
        Kind::DebugLogLevel => {
            choice::number::<u64>(value, report)?;
            return None;
        }
        Kind::RuleRemoveTargetById | Kind::RuleRemoveTargetByMsg | Kind::RuleRemoveTargetByTag => return None,
    })
}

/// Reads `RULES;TARGETS`.
fn remove_targets(kind: Kind, value: Part<'_>, reading: &mut Reading<'_>) -> Vec<Effect> {
    let Some((rules, targets)) = value.split_once(|mark| mark == ';') else {
        let problem = value.error("action-value", "it is not said what the rules leave out");
        reading.report.push(problem.help("write `ctl:ruleRemoveTargetById=ID;VARIABLE`"));
        return Vec::new();
    };
    let rules = match kind {
        Kind::RuleRemoveTargetById => ids::ranges(rules, &mut reading.report).map(RuleSelection::Ids),
        Kind::RuleRemoveTargetByMsg => expression(rules.trim(), reading).map(RuleSelection::Message),
        _ => expression(rules.trim(), reading).map(RuleSelection::Tag),
    };
    let targets = target::list(targets.trim(), reading);
    let Some(rules) = rules else { return Vec::new() };
    // An exclamation mark before what is left out says the same twice.
    let all = targets.included.into_iter().chain(targets.excluded);
    all.map(|target| Effect::Control(Control::RemoveTarget { rules: rules.clone(), target })).collect()
}

fn expression(part: Part<'_>, reading: &mut Reading<'_>) -> Option<String> {
    let text = part.unquoted().text();
    if text.is_empty() {
        reading.report.push(
            part.error("action-value", "it is not said which rules").help("write a tag, a message or an expression"),
        );
        return None;
    }
    Some(text.to_owned())
}

fn parts(part: Part<'_>, reading: &mut Reading<'_>) -> Option<PartsChange> {
    let text = part.text();
    let (letters, change): (Part<'_>, fn(AuditParts) -> PartsChange) = match text.as_bytes().first() {
        Some(b'+') => (part.from(1), PartsChange::Add),
        Some(b'-') => (part.from(1), PartsChange::Remove),
        _ => (part, PartsChange::To),
    };
    choice::audit_parts(letters, &mut reading.report).map(change)
}
