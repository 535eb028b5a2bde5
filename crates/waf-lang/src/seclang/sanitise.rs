//! What logs do not show: `sanitiseArg` and its kin, of all rules together.
//!
//! ModSecurity 2 leaves values out once such a rule has matched. Here they are left out from the start, whichever rules match:
//! what is a secret in one request is one in all. So it must be known by name which values are meant.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_model::{Diagnostic, Span};
use sekisho_waf::ir::phased::{Phase, SanitisedPart, Selector, Target, Variable};

use super::action::Actions;
use super::draft::{Draft, DraftLink};
use crate::report::Report;

/// The parts that rules name, and those they look at where these are meant.
pub(super) fn parts(
    drafts: &[Draft],
    defaults: &BTreeMap<Phase, (Actions, Span)>,
    report: &mut Report,
) -> Vec<SanitisedPart> {
    let mut parts: BTreeSet<_> = defaults.values().flat_map(|(actions, _)| actions.sanitised.iter().cloned()).collect();
    let rules = drafts.iter().filter_map(|draft| match draft {
        Draft::Rule(rule) => Some(rule),
        Draft::Marker(_) => None,
    });
    for rule in rules {
        for link in &rule.links {
            parts.extend(link.actions.sanitised.iter().cloned());
            if let Some(span) = &link.actions.sanitises_matched {
                matched(link, span, &mut parts, report);
            }
        }
        let default = defaults.get(&rule.phase()).and_then(|(actions, _)| actions.sanitises_matched.as_ref());
        if let (Some(span), Some(last)) = (default, rule.links.last()) {
            matched(last, span, &mut parts, report);
        }
    }
    parts.into_iter().collect()
}

/// Adds what a link looks at.
fn matched(link: &DraftLink, span: &Span, parts: &mut BTreeSet<SanitisedPart>, report: &mut Report) {
    let targets = link.test.iter().flat_map(|test| &test.targets.included).filter(|target| !target.count);
    for target in targets {
        match part(target) {
            Named::Part(part) => drop(parts.insert(part)),
            Named::NeverShown => {}
            Named::Not => {
                let name = target.variable.name();
                let message = format!("which values of {name} logs do not show is not known before a rule matches");
                let problem = Diagnostic::error("unsupported-action", message).at(&span.file, span.range.clone());
                report.push(problem.help("name the members that the rule looks at, or use `sanitiseArg:NAME`"));
                return;
            }
        }
    }
}

/// What is known of a target when rules are loaded.
enum Named {
    Part(SanitisedPart),
    /// Logs show none of it in any case.
    NeverShown,
    Not,
}

fn part(target: &Target) -> Named {
    use Variable as V;
    let name = match &target.selector {
        Some(Selector::Name(name)) => name.to_ascii_lowercase(),
        _ if target.variable == V::RequestCookies => return Named::NeverShown,
        _ => return Named::Not,
    };
    match target.variable {
        V::Args | V::ArgsGet | V::ArgsPost => Named::Part(SanitisedPart::Argument(name)),
        V::RequestHeaders => Named::Part(SanitisedPart::RequestHeader(name)),
        V::ResponseHeaders => Named::Part(SanitisedPart::ResponseHeader(name)),
        V::RequestCookies => Named::NeverShown,
        _ => Named::Not,
    }
}
