//! Lists of actions: `id:1,phase:2,deny,msg:'…'`.
//!
//! Source: ModSecurity Reference Manual, "Actions".

mod control;
mod list;
mod setting;

use sekisho_model::Span;
use sekisho_waf::ir::phased::{AllowScope, Effect, Flow, Phase, SanitisedPart, Text};

use super::reading::Reading;
use super::refused;
use super::transformation::{self, Step};
use super::word::{Part, Word};
use super::{ids, macros, xpath};
use crate::report::{Report, quoted};

#[cfg(test)]
pub(super) use control::names as control_names;

/// What a list of actions says.
#[derive(Debug, Clone, Default)]
pub(super) struct Actions {
    pub(super) id: Option<Placed<u64>>,
    pub(super) phase: Option<Placed<Phase>>,
    pub(super) disruptive: Option<Placed<Wish>>,
    pub(super) status: Option<Placed<u16>>,
    pub(super) flow: Option<Placed<Flow>>,
    /// In the order given.
    pub(super) logging: Vec<LogWish>,
    pub(super) message: Option<Placed<Text>>,
    pub(super) log_data: Option<Placed<Text>>,
    pub(super) severity: Option<Placed<u8>>,
    pub(super) tags: Vec<Placed<Text>>,
    pub(super) version: Option<Placed<String>>,
    pub(super) revision: Option<Placed<String>>,
    pub(super) maturity: Option<Placed<u8>>,
    pub(super) accuracy: Option<Placed<u8>>,
    pub(super) steps: Vec<Step>,
    pub(super) effects: Vec<Effect>,
    pub(super) capture: bool,
    pub(super) multi_match: bool,
    pub(super) chain: Option<Span>,
    /// `sanitiseArg` and its kin.
    pub(super) sanitised: Vec<SanitisedPart>,
    /// `sanitiseMatched`: what the rule looks at.
    pub(super) sanitises_matched: Option<Span>,
    /// Whether a number was given, sound or not.
    pub(super) gave_id: bool,
    /// Whether a phase was given, sound or not.
    pub(super) gave_phase: bool,
}

/// A value and where it was given.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) span: Span,
}

/// What is to become of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wish {
    Pass,
    /// What the default actions of the phase say.
    Block,
    Deny,
    Drop,
    Allow(AllowScope),
    Redirect(Text),
}

/// What is to be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogWish {
    Log,
    NoLog,
    AuditLog,
    NoAuditLog,
}

/// Whether an action has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Value,
    MaybeValue,
}

/// Which action it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Accuracy,
    Allow,
    AuditLog,
    Block,
    Capture,
    Chain,
    Ctl,
    Deny,
    DeprecateVar,
    Drop,
    ExpireVar,
    Id,
    InitCol,
    Log,
    LogData,
    Maturity,
    Message,
    MultiMatch,
    NoAuditLog,
    NoLog,
    Pass,
    Phase,
    Redirect,
    Revision,
    SanitiseArgument,
    SanitiseMatched,
    SanitiseRequestHeader,
    SanitiseResponseHeader,
    SetEnv,
    SetRsc,
    SetSid,
    SetUid,
    SetVar,
    Severity,
    Skip,
    SkipAfter,
    Status,
    Tag,
    Transform,
    Version,
    XmlNamespace,
}

const NAMES: refused::Names = refused::Names {
    what: "the action",
    mark: "",
    codes: ("unsupported-action", "unknown-action"),
    refused: refused::ACTIONS,
};

/// The names rules know actions by.
const ACTIONS: &[(&str, Kind, Takes)] = &[
    ("accuracy", Kind::Accuracy, Takes::Value),
    ("allow", Kind::Allow, Takes::MaybeValue),
    ("auditlog", Kind::AuditLog, Takes::Nothing),
    ("block", Kind::Block, Takes::Nothing),
    ("capture", Kind::Capture, Takes::Nothing),
    ("chain", Kind::Chain, Takes::Nothing),
    ("ctl", Kind::Ctl, Takes::Value),
    ("deny", Kind::Deny, Takes::Nothing),
    ("deprecatevar", Kind::DeprecateVar, Takes::Value),
    ("drop", Kind::Drop, Takes::Nothing),
    ("expirevar", Kind::ExpireVar, Takes::Value),
    ("id", Kind::Id, Takes::Value),
    ("initcol", Kind::InitCol, Takes::Value),
    ("log", Kind::Log, Takes::Nothing),
    ("logdata", Kind::LogData, Takes::Value),
    ("maturity", Kind::Maturity, Takes::Value),
    ("msg", Kind::Message, Takes::Value),
    ("multiMatch", Kind::MultiMatch, Takes::Nothing),
    ("noauditlog", Kind::NoAuditLog, Takes::Nothing),
    ("nolog", Kind::NoLog, Takes::Nothing),
    ("pass", Kind::Pass, Takes::Nothing),
    ("phase", Kind::Phase, Takes::Value),
    ("redirect", Kind::Redirect, Takes::Value),
    ("rev", Kind::Revision, Takes::Value),
    ("sanitiseArg", Kind::SanitiseArgument, Takes::Value),
    ("sanitiseMatched", Kind::SanitiseMatched, Takes::Nothing),
    ("sanitiseMatchedBytes", Kind::SanitiseMatched, Takes::MaybeValue),
    ("sanitiseRequestHeader", Kind::SanitiseRequestHeader, Takes::Value),
    ("sanitiseResponseHeader", Kind::SanitiseResponseHeader, Takes::Value),
    ("sanitizeArg", Kind::SanitiseArgument, Takes::Value),
    ("sanitizeMatched", Kind::SanitiseMatched, Takes::Nothing),
    ("sanitizeMatchedBytes", Kind::SanitiseMatched, Takes::MaybeValue),
    ("sanitizeRequestHeader", Kind::SanitiseRequestHeader, Takes::Value),
    ("sanitizeResponseHeader", Kind::SanitiseResponseHeader, Takes::Value),
    ("setenv", Kind::SetEnv, Takes::Value),
    ("setrsc", Kind::SetRsc, Takes::Value),
    ("setsid", Kind::SetSid, Takes::Value),
    ("setuid", Kind::SetUid, Takes::Value),
    ("setvar", Kind::SetVar, Takes::Value),
    ("severity", Kind::Severity, Takes::Value),
    ("skip", Kind::Skip, Takes::Value),
    ("skipAfter", Kind::SkipAfter, Takes::Value),
    ("status", Kind::Status, Takes::Value),
    ("t", Kind::Transform, Takes::Value),
    ("tag", Kind::Tag, Takes::Value),
    ("ver", Kind::Version, Takes::Value),
    ("xmlns", Kind::XmlNamespace, Takes::Value),
];

const SEVERITIES: [&str; 8] = ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"];

/// All names that are honoured.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ACTIONS.iter().map(|(name, ..)| *name)
}

/// What a list of actions says that prefixes stand for.
pub(super) fn namespaces(part: Part<'_>) -> Vec<(String, String)> {
    // Whatever is wrong with the list is told of when it is read.
    let items = list::split(part, &mut Report::new());
    let values = items.iter().filter(|item| item.name.text().eq_ignore_ascii_case("xmlns"));
    values.filter_map(|item| xpath::namespace(item.value.as_ref()?.part().text())).collect()
}

/// Reads a list of actions.
pub(super) fn read(part: Part<'_>, reading: &mut Reading<'_>) -> Actions {
    let mut actions = Actions::default();
    for item in list::split(part, &mut reading.report) {
        one(&item, &mut actions, reading);
    }
    actions
}

fn one(item: &list::Item<'_>, actions: &mut Actions, reading: &mut Reading<'_>) {
    let name = item.name.text();
    let Some(&(known, kind, takes)) = ACTIONS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name)) else {
        refused::tell(item.name, &NAMES, ACTIONS.iter().map(|(known, ..)| *known), &mut reading.report);
        return;
    };
    match (&item.value, takes) {
        (Some(value), Takes::Nothing) => {
            let message = format!("`{known}` takes no value");
            reading
                .report
                .push(value.part().error("action-value", message).help("leave out the colon and what follows it"));
        }
        (None, Takes::Value) => {
            let message = format!("`{known}` needs a value");
            reading
                .report
                .push(item.name.error("action-value", message).help(format!("write `{known}:` and the value")));
        }
        (Some(value), _) => with_value(kind, item.name, value, actions, reading),
        (None, _) => bare(kind, item.name, actions, reading),
    }
}

fn bare(kind: Kind, name: Part<'_>, actions: &mut Actions, reading: &mut Reading<'_>) {
    let wish = match kind {
        Kind::Allow => Wish::Allow(AllowScope::Transaction),
        Kind::Block => Wish::Block,
        Kind::Deny => Wish::Deny,
        Kind::Drop => Wish::Drop,
        Kind::Pass => Wish::Pass,
        Kind::AuditLog => return actions.logging.push(LogWish::AuditLog),
        Kind::Log => return actions.logging.push(LogWish::Log),
        Kind::NoAuditLog => return actions.logging.push(LogWish::NoAuditLog),
        Kind::NoLog => return actions.logging.push(LogWish::NoLog),
        Kind::Capture => return actions.capture = true,
        Kind::MultiMatch => return actions.multi_match = true,
        Kind::Chain => return actions.chain = Some(name.span()),
        Kind::SanitiseMatched => return actions.sanitises_matched = Some(name.span()),
        _ => return,
    };
    set(&mut actions.disruptive, wish, name, "what becomes of the transaction", reading);
}

fn with_value(kind: Kind, name: Part<'_>, value: &Word, actions: &mut Actions, reading: &mut Reading<'_>) {
    let part = value.part();
    match kind {
        Kind::Transform => actions.steps.extend(transformation::step(part, &mut reading.report)),
        Kind::Ctl => actions.effects.extend(control::read(part, reading)),
        Kind::SetVar => actions.effects.extend(setting::variable(part, reading)),
        Kind::SetEnv => actions.effects.extend(setting::environment(part, reading)),
        Kind::ExpireVar => actions.effects.extend(setting::expiry(part, reading)),
        Kind::DeprecateVar => actions.effects.extend(setting::decline(part, reading)),
        Kind::InitCol => actions.effects.extend(setting::collection(part, reading)),
        Kind::SetSid => actions.effects.push(setting::session(part, reading)),
        Kind::SetUid => actions.effects.push(setting::user(part, reading)),
        Kind::SetRsc => actions.effects.push(setting::resource(part, reading)),
        Kind::SanitiseArgument => actions.sanitised.extend(sanitised(part, SanitisedPart::Argument, reading)),
        Kind::SanitiseRequestHeader => actions.sanitised.extend(sanitised(part, SanitisedPart::RequestHeader, reading)),
        Kind::SanitiseResponseHeader => {
            actions.sanitised.extend(sanitised(part, SanitisedPart::ResponseHeader, reading));
        }
        // Of the bytes that matched, none is shown.
        Kind::SanitiseMatched => actions.sanitises_matched = Some(name.span()),
        // What the targets of the rule need of it was read with them.
        Kind::XmlNamespace => {
            if xpath::namespace(part.text()).is_none() {
                let message = "`xmlns` needs a prefix and what it stands for";
                let help = "write `xmlns:soap=http://schemas.xmlsoap.org/soap/envelope/`";
                reading.report.push(part.error("invalid-namespace", message).help(help));
            }
        }
        Kind::Tag => {
            let value = macros::text(part, &mut reading.report);
            actions.tags.push(Placed { value, span: part.span() });
        }
        _ => single(kind, name, part, actions, reading),
    }
}

/// What logs do not show.
fn sanitised(part: Part<'_>, kind: fn(String) -> SanitisedPart, reading: &mut Reading<'_>) -> Option<SanitisedPart> {
    let name = part.trim().unquoted();
    if name.is_empty() || macros::any(name.text()) {
        let problem = part.error("action-value", "it is not said whose value logs do not show");
        reading.report.push(problem.help("write the name, without macros"));
        return None;
    }
    Some(kind(name.text().to_ascii_lowercase()))
}

/// Actions of which one holds.
fn single(kind: Kind, name: Part<'_>, part: Part<'_>, actions: &mut Actions, reading: &mut Reading<'_>) {
    match kind {
        Kind::Id => {
            actions.gave_id = true;
            if let Some(id) = ids::id(part, &mut reading.report) {
                set(&mut actions.id, id, part, "the number of the rule", reading);
            }
        }
        Kind::Phase => {
            actions.gave_phase = true;
            if let Some(found) = phase(part, reading) {
                set(&mut actions.phase, found, part, "the phase", reading);
            }
        }
        Kind::Status => {
            if let Some(status) = number(part, 200, 599, "a status from 200 to 599", reading) {
                set(&mut actions.status, status, part, "the status", reading);
            }
        }
        Kind::Maturity => {
            if let Some(level) = number(part, 0, 9, "a number from 0 to 9", reading) {
                set(&mut actions.maturity, level, part, "the maturity", reading);
            }
        }
        Kind::Accuracy => {
            if let Some(level) = number(part, 0, 9, "a number from 0 to 9", reading) {
                set(&mut actions.accuracy, level, part, "the accuracy", reading);
            }
        }
        Kind::Severity => {
            if let Some(level) = severity(part, reading) {
                set(&mut actions.severity, level, part, "the severity", reading);
            }
        }
        Kind::Skip => {
            if let Some(rules) = number(part, 1, u32::MAX, "a number of rules", reading) {
                set(&mut actions.flow, Flow::Skip(rules), part, "where to go on", reading);
            }
        }
        Kind::SkipAfter => {
            set(&mut actions.flow, Flow::After(part.text().to_owned()), part, "where to go on", reading);
        }
        Kind::Version => set(&mut actions.version, part.text().to_owned(), part, "the version", reading),
        Kind::Revision => set(&mut actions.revision, part.text().to_owned(), part, "the revision", reading),
        Kind::Message => {
            let text = macros::text(part, &mut reading.report);
            set(&mut actions.message, text, part, "the message", reading);
        }
        Kind::LogData => {
            let text = macros::text(part, &mut reading.report);
            set(&mut actions.log_data, text, part, "what is quoted in logs", reading);
        }
        _ => disruptive(kind, name, part, actions, reading),
    }
}

fn disruptive(kind: Kind, name: Part<'_>, part: Part<'_>, actions: &mut Actions, reading: &mut Reading<'_>) {
    let wish = match kind {
        Kind::Redirect => Wish::Redirect(macros::text(part, &mut reading.report)),
        Kind::Allow => match part.text().to_ascii_lowercase().as_str() {
            "phase" => Wish::Allow(AllowScope::Phase),
            "request" => Wish::Allow(AllowScope::Request),
            other => {
                let message = format!("nothing is allowed by {}", quoted(other));
                let help = "write `allow`, `allow:phase` or `allow:request`";
                reading.report.push(part.error("action-value", message).help(help));
                return;
            }
        },
        _ => return,
    };
    set(&mut actions.disruptive, wish, name, "what becomes of the transaction", reading);
}

/// Keeps a value of which there is one. The last one given holds, as in ModSecurity.
fn set<T>(slot: &mut Option<Placed<T>>, value: T, part: Part<'_>, what: &str, reading: &mut Reading<'_>) {
    if slot.is_some() {
        let message = format!("{what} is given twice; the last one holds");
        reading.report.push(part.warning("duplicate-action", message).help("leave out the other"));
    }
    *slot = Some(Placed { value, span: part.span() });
}

fn phase(part: Part<'_>, reading: &mut Reading<'_>) -> Option<Phase> {
    let number = match part.text().to_ascii_lowercase().as_str() {
        "request" => 2,
        "response" => 4,
        "logging" => 5,
        digits => digits.parse().unwrap_or(0),
    };
    let found = Phase::ALL.into_iter().find(|phase| phase.number() == number);
    if found.is_none() {
        let message = format!("{} is no phase", quoted(part.text()));
        let help = "write a number from 1 to 5, `request`, `response` or `logging`";
        reading.report.push(part.error("invalid-phase", message).help(help));
    }
    found
}

fn severity(part: Part<'_>, reading: &mut Reading<'_>) -> Option<u8> {
    let text = part.text();
    let named = SEVERITIES.iter().position(|known| known.eq_ignore_ascii_case(text));
    let found = named.or_else(|| text.parse().ok()).filter(|level| *level < SEVERITIES.len());
    if found.is_none() {
        let message = format!("{} is no severity", quoted(text));
        let help = format!("write a number from 0 to 7, or one of {}", SEVERITIES.join(", "));
        reading.report.push(part.error("invalid-severity", message).help(help));
    }
    found.and_then(|level| u8::try_from(level).ok())
}

fn number<T>(part: Part<'_>, low: T, high: T, what: &str, reading: &mut Reading<'_>) -> Option<T>
where
    T: std::str::FromStr + PartialOrd,
{
    let found = part.text().parse::<T>().ok().filter(|number| low <= *number && *number <= high);
    if found.is_none() {
        let message = format!("{} is not {what}", quoted(part.text()));
        reading.report.push(part.error("invalid-number", message).help(format!("write {what}")));
    }
    found
}
