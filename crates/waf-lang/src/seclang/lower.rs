//! Drafts become rules of the engine: defaults merged, transformations in a row.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sekisho_model::{Diagnostic, Span};
use sekisho_waf::ir::phased::{Disruptive, Flow, Item, Link, Metadata, Phase, PhasedRule, PhasedTest, Place};
use sekisho_waf::transform::Transform;

use super::action::{Actions, LogWish, Placed, Wish};
use super::draft::{Draft, DraftLink, DraftRule};
use super::transformation::Step;
use crate::report::{Report, quoted};

type Defaults = BTreeMap<Phase, (Actions, Span)>;

/// Lowers all drafts.
pub(super) fn items(drafts: Vec<Draft>, defaults: &Defaults, report: &mut Report) -> Vec<Item> {
    check_ids(&drafts, report);
    check_markers(&drafts, report);
    check_wishes(&drafts, defaults, report);
    let lowered = drafts.into_iter().filter_map(|draft| match draft {
        Draft::Marker(name) => Some(Item::Marker(name)),
        Draft::Rule(draft) => rule(*draft, defaults).map(|rule| Item::Rule(Box::new(rule))),
    });
    lowered.collect()
}

fn check_ids(drafts: &[Draft], report: &mut Report) {
    let mut seen: HashMap<u64, &Place> = HashMap::new();
    for draft in drafts {
        let Draft::Rule(rule) = draft else { continue };
        let Some(id) = rule.starter().and_then(|actions| actions.id.as_ref()) else { continue };
        if let Some(first) = seen.get(&id.value) {
            let message = format!("rule {} is there already, in {}:{}", id.value, first.file, first.line);
            let problem = Diagnostic::error("duplicate-id", message).at(&id.span.file, id.span.range.clone());
            report.push(problem.help("give each rule a number of its own; is a file loaded twice?"));
        } else {
            seen.insert(id.value, &rule.place);
        }
    }
}

fn check_markers(drafts: &[Draft], report: &mut Report) {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for draft in drafts {
        match draft {
            Draft::Marker(name) => drop(names.insert(name.clone())),
            Draft::Rule(rule) => names.extend(rule.id().map(|id| id.to_string())),
        }
    }
    for draft in drafts {
        let Draft::Rule(rule) = draft else { continue };
        let Some(flow) = rule.starter().and_then(|actions| actions.flow.as_ref()) else { continue };
        let Flow::After(name) = &flow.value else { continue };
        if !names.contains(name) {
            let message = format!("there is no marker {}, so the rest of the phase is left out", quoted(name));
            let problem = Diagnostic::warning("unknown-marker", message).at(&flow.span.file, flow.span.range.clone());
            let help = report.did_you_mean(name, names.iter().map(String::as_str));
            report.push(problem.help(help.unwrap_or_else(|| "add a `SecMarker` of this name".to_owned())));
        }
    }
}

/// Without a word on it, ModSecurity 2 does with a transaction what the defaults say, and ModSecurity 3 lets it go on.
fn check_wishes(drafts: &[Draft], defaults: &Defaults, report: &mut Report) {
    for draft in drafts {
        let Draft::Rule(rule) = draft else { continue };
        let Some(starter) = rule.starter().filter(|actions| actions.disruptive.is_none()) else { continue };
        let default = defaults.get(&rule.phase()).and_then(|(actions, _)| actions.disruptive.as_ref());
        let passes = default.is_none_or(|default| matches!(default.value, Wish::Pass | Wish::Block));
        if let (false, Some(id)) = (passes, &starter.id) {
            let message = format!("rule {} does not say what becomes of the transaction, so it goes on", id.value);
            let problem = Diagnostic::warning("no-disruptive", message).at(&id.span.file, id.span.range.clone());
            report.push(problem.help("add `block` for the default action of the phase, or `pass`"));
        }
    }
}

fn rule(draft: DraftRule, defaults: &Defaults) -> Option<PhasedRule> {
    let (id, phase) = (draft.id()?, draft.phase());
    let default = defaults.get(&phase).map(|(actions, _)| actions);
    let starter = draft.starter()?;
    let disruptive = disruptive(starter, default);
    let status = starter.status.as_ref().or(default.and_then(|default| default.status.as_ref()));
    let status = status.map(|status| status.value);
    let flow = starter.flow.as_ref().map_or(Flow::Next, |flow| flow.value.clone());
    let logging = default.into_iter().chain([starter]).flat_map(|actions| &actions.logging);
    let (log, audit_log) = logged(logging.copied());
    let metadata = metadata(&draft, default);
    let last = draft.links.len() - 1;
    let log_data = first(&draft, |actions| actions.log_data.as_ref());
    let message = metadata.message.clone().filter(|_| last > 0);
    let place = draft.place;
    let links = draft.links.into_iter().enumerate();
    let mut links: Vec<Link> = links.map(|(at, one)| link(one, at == last, default)).collect();
    // What logs say is made up once the whole chain has matched, and the first link to say something is heard.
    if let Some(link) = links.last_mut() {
        (link.log_data, link.message) = (log_data, message);
    }
    Some(PhasedRule { id, phase, links, disruptive, status, flow, metadata, log, audit_log, place })
}

fn disruptive(actions: &Actions, default: Option<&Actions>) -> Disruptive {
    let default = default.and_then(|default| default.disruptive.as_ref()).map(|wish| &wish.value);
    match actions.disruptive.as_ref().map(|wish| &wish.value) {
        Some(Wish::Block) => default.map_or(Disruptive::Pass, wish),
        // As in ModSecurity 3; [`check_wishes`] warns where ModSecurity 2 does otherwise.
        None => Disruptive::Pass,
        Some(own) => wish(own),
    }
}

fn wish(wish: &Wish) -> Disruptive {
    match wish {
        Wish::Pass | Wish::Block => Disruptive::Pass,
        Wish::Deny => Disruptive::Deny,
        Wish::Drop => Disruptive::Drop,
        Wish::Allow(scope) => Disruptive::Allow(*scope),
        Wish::Redirect(place) => Disruptive::Redirect(place.clone()),
    }
}

/// Whether a match goes to the error log and the audit log. Without a word on it, it goes to both.
fn logged(wishes: impl Iterator<Item = LogWish>) -> (bool, bool) {
    wishes.fold((true, true), |(log, _), wish| match wish {
        LogWish::Log => (true, true),
        LogWish::NoLog => (false, false),
        LogWish::AuditLog => (log, true),
        LogWish::NoAuditLog => (log, false),
    })
}

fn metadata(draft: &DraftRule, default: Option<&Actions>) -> Metadata {
    let starter = draft.starter();
    let tags = default.into_iter().chain(draft.links.iter().map(|link| &link.actions)).flat_map(|one| &one.tags);
    Metadata {
        message: first(draft, |actions| actions.message.as_ref()),
        severity: first(draft, |actions| actions.severity.as_ref()),
        tags: tags.map(|tag| tag.value.clone()).collect(),
        version: starter.and_then(|actions| actions.version.as_ref()).map(|version| version.value.clone()),
        revision: starter.and_then(|actions| actions.revision.as_ref()).map(|revision| revision.value.clone()),
        maturity: first(draft, |actions| actions.maturity.as_ref()),
        accuracy: first(draft, |actions| actions.accuracy.as_ref()),
    }
}

/// What the first link says that says anything of this.
fn first<T: Clone>(draft: &DraftRule, value: fn(&Actions) -> Option<&Placed<T>>) -> Option<T> {
    draft.links.iter().find_map(|link| value(&link.actions)).map(|placed| placed.value.clone())
}

fn link(draft: DraftLink, is_last: bool, default: Option<&Actions>) -> Link {
    let actions = draft.actions;
    let transforms = transforms(default, &actions);
    let test = draft.test.map(|draft| PhasedTest {
        targets: draft.targets.included,
        exclusions: draft.targets.excluded,
        transforms,
        operator: draft.test.operator,
        negated: draft.test.negated,
    });
    let mut effects = actions.effects;
    if is_last && let Some(default) = default {
        effects.splice(0..0, default.effects.iter().cloned());
    }
    Link {
        test,
        effects,
        capture: actions.capture || default.is_some_and(|default| default.capture),
        multi_match: actions.multi_match || default.is_some_and(|default| default.multi_match),
        log_data: None,
        message: None,
    }
}

fn transforms(default: Option<&Actions>, actions: &Actions) -> Vec<Transform> {
    let steps = default.into_iter().chain([actions]).flat_map(|actions| &actions.steps);
    steps.fold(Vec::new(), |mut chain, step| {
        match step {
            Step::None => chain.clear(),
            Step::Then(transform) => chain.push(*transform),
        }
        chain
    })
}
