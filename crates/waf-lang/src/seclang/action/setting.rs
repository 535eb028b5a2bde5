//! Actions that change variables.
//!
//! Source: ModSecurity Reference Manual, "setvar", "expirevar", "deprecatevar", "initcol", "setsid", "setuid", "setrsc",
//! "setenv".

use sekisho_waf::ir::phased::{Change, Effect, Store, Text};

use super::super::macros;
use super::super::reading::Reading;
use super::super::word::Part;
use crate::report::quoted;

/// The names rules know collections by that they write to.
const STORES: &[(&str, Store)] = &[
    ("TX", Store::Tx),
    ("ENV", Store::Env),
    ("GLOBAL", Store::Global),
    ("IP", Store::Ip),
    ("SESSION", Store::Session),
    ("USER", Store::User),
    ("RESOURCE", Store::Resource),
];

/// Reads `setvar`: `TX.name=value`, `=+n`, `=-n`, `!TX.name`, `TX.name`.
pub(super) fn variable(part: Part<'_>, reading: &mut Reading<'_>) -> Option<Effect> {
    let part = part.trim();
    if part.text().starts_with('!') {
        let (store, name) = member(part.from(1), reading)?;
        return Some(Effect::Set { store, name, change: Change::Unset });
    }
    let Some((place, value)) = assignment(part) else {
        let (store, name) = member(part, reading)?;
        return Some(Effect::Set { store, name, change: Change::To(Text::literal("1")) });
    };
    let (store, name) = member(place, reading)?;
    let change = match value.text().as_bytes().first() {
        Some(b'+') => Change::Add(macros::text(value.from(1), &mut reading.report)),
        Some(b'-') => Change::Subtract(macros::text(value.from(1), &mut reading.report)),
        _ => Change::To(macros::text(value, &mut reading.report)),
    };
    Some(Effect::Set { store, name, change })
}

/// Reads `setenv`: `name=value`, `!name`, `name`.
pub(super) fn environment(part: Part<'_>, reading: &mut Reading<'_>) -> Option<Effect> {
    let part = part.trim();
    let report = &mut reading.report;
    let (name, change) = if part.text().starts_with('!') {
        (part.from(1), Change::Unset)
    } else {
        match assignment(part) {
            Some((name, value)) => (name, Change::To(macros::text(value, report))),
            None => (part, Change::To(Text::literal("1"))),
        }
    };
    if name.trim().is_empty() {
        report.push(part.error("missing-variable", "the name of a variable is missing here"));
        return None;
    }
    Some(Effect::Set { store: Store::Env, name: macros::text(name.trim(), report), change })
}

/// Reads `expirevar`: `IP.name=seconds`.
pub(super) fn expiry(part: Part<'_>, reading: &mut Reading<'_>) -> Option<Effect> {
    let Some((place, value)) = assignment(part.trim()) else {
        let problem = part.error("action-value", "it is not said when the variable goes away");
        reading.report.push(problem.help("write `expirevar:COLLECTION.name=SECONDS`"));
        return None;
    };
    let (store, name) = member(place, reading)?;
    let after_s = macros::text(value.trim(), &mut reading.report);
    if let Some(literal) = after_s.as_literal()
        && literal.parse::<u64>().is_err()
    {
        let problem = value.error("invalid-number", format!("{} is no number of seconds", quoted(literal)));
        reading.report.push(problem.help("write digits, or a macro such as `%{tx.block_duration}`"));
        return None;
    }
    Some(Effect::Expire { store, name, after_s })
}

/// Reads `deprecatevar`: `SESSION.score=60/300`.
pub(super) fn decline(part: Part<'_>, reading: &mut Reading<'_>) -> Option<Effect> {
    let read = assignment(part.trim()).and_then(|(place, value)| {
        let (by, every_s) = value.split_once(|mark| mark == '/')?;
        let (by, every_s) = (by.trim().text().parse::<u64>().ok()?, every_s.trim().text().parse::<u64>().ok()?);
        (every_s > 0).then_some((place, by, every_s))
    });
    let Some((place, by, every_s)) = read else {
        let problem =
            part.error("action-value", format!("{} does not say how the variable declines", quoted(part.text())));
        reading.report.push(problem.help("write `deprecatevar:COLLECTION.name=AMOUNT/SECONDS`"));
        return None;
    };
    let (store, name) = member(place, reading)?;
    Some(Effect::Deprecate { store, name, by, every_s })
}

/// Reads `initcol`: `ip=%{REMOTE_ADDR}`.
pub(super) fn collection(part: Part<'_>, reading: &mut Reading<'_>) -> Option<Effect> {
    let Some((name, key)) = assignment(part.trim()) else {
        let problem = part.error("action-value", "the key of the collection is missing");
        reading.report.push(problem.help("write `initcol:ip=%{REMOTE_ADDR}`"));
        return None;
    };
    let store = store(name.trim(), reading)?;
    if matches!(store, Store::Tx | Store::Env) {
        let problem = name
            .error("invalid-collection", format!("{} ends with the transaction and has no key", quoted(name.text())));
        reading.report.push(problem.help("collections with keys are GLOBAL, IP, SESSION, USER and RESOURCE"));
        return None;
    }
    Some(Effect::Initialize { store, key: macros::text(key.trim(), &mut reading.report) })
}

pub(super) fn session(part: Part<'_>, reading: &mut Reading<'_>) -> Effect {
    Effect::Initialize { store: Store::Session, key: macros::text(part, &mut reading.report) }
}

pub(super) fn user(part: Part<'_>, reading: &mut Reading<'_>) -> Effect {
    Effect::Initialize { store: Store::User, key: macros::text(part, &mut reading.report) }
}

pub(super) fn resource(part: Part<'_>, reading: &mut Reading<'_>) -> Effect {
    Effect::Initialize { store: Store::Resource, key: macros::text(part, &mut reading.report) }
}

/// A collection and the name of one of its variables.
fn member(part: Part<'_>, reading: &mut Reading<'_>) -> Option<(Store, Text)> {
    let part = part.trim();
    let Some((collection, name)) = part.split_once(|mark| mark == '.' || mark == ':') else {
        let problem = part.error("missing-collection", format!("{} is in no collection", quoted(part.text())));
        reading.report.push(problem.help("write the collection before the name, as in `TX.name`"));
        return None;
    };
    let store = store(collection, reading);
    if name.is_empty() {
        reading.report.push(part.error("missing-variable", "the name of a variable is missing after the dot"));
        return None;
    }
    Some((store?, macros::text(name, &mut reading.report)))
}

fn store(part: Part<'_>, reading: &mut Reading<'_>) -> Option<Store> {
    let text = part.text();
    if let Some((_, found)) = STORES.iter().find(|(known, _)| known.eq_ignore_ascii_case(text)) {
        return Some(*found);
    }
    let problem = part.error("invalid-collection", format!("rules cannot write to {}", quoted(text)));
    reading.report.push(problem.help("they write to TX, ENV, GLOBAL, IP, SESSION, USER and RESOURCE"));
    None
}

/// What stands before and after the first `=` outside of a macro.
fn assignment(part: Part<'_>) -> Option<(Part<'_>, Part<'_>)> {
    let mut in_macro = false;
    for (at, character) in part.text().char_indices() {
        match character {
            '%' if part.text()[at..].starts_with("%{") => in_macro = true,
            '}' => in_macro = false,
            '=' if !in_macro => return Some((part.sub(0..at), part.from(at + 1))),
            _ => {}
        }
    }
    None
}
