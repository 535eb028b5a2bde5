//! Which decisions are recorded.
//!
//! Asked as soon as a decision is made, before anything is looked up or written for its record.
//!
//! Source: AWS WAF Developer Guide, "Configuring logging for a protection pack (web ACL)"; API reference,
//! `ActionCondition`, `LabelNameCondition`.

use sekisho_waf::ir::{Action, LogBehavior, LogCondition, LogFilter, LogRequirement, LoggedAction, Logging, Policy};
use sekisho_waf::ir::{ActionInForce, RuleKind};
use sekisho_waf::{Decision, RuleRef, Verdict};

/// Whether a decision is recorded. Without a verdict (the request was refused unread, or its evaluation failed) there are
/// no labels and no rules, only the decision.
#[must_use]
pub fn keeps(logging: &Logging, policy: &Policy, decision: Decision, verdict: Option<&Verdict>) -> bool {
    if logging.filters.is_empty() && logging.default_behavior == LogBehavior::Keep {
        return true;
    }
    let met = logging.filters.iter().find(|filter| is_met(filter, policy, decision, verdict));
    met.map_or(logging.default_behavior, |filter| filter.behavior) == LogBehavior::Keep
}

fn is_met(filter: &LogFilter, policy: &Policy, decision: Decision, verdict: Option<&Verdict>) -> bool {
    let mut holds = filter.conditions.iter().map(|condition| match condition {
        LogCondition::Action(action) => holds_action(*action, policy, decision, verdict),
        LogCondition::Label(label) => {
            verdict.is_some_and(|verdict| verdict.labels.iter().any(|known| known.text(policy) == label))
        }
    });
    match filter.requirement {
        LogRequirement::All => holds.all(|holds| holds),
        LogRequirement::Any => holds.any(|holds| holds),
    }
}

/// Whether the record of a decision holds an action: what became of the request, or of a rule that let it go on.
fn holds_action(wanted: LoggedAction, policy: &Policy, decision: Decision, verdict: Option<&Verdict>) -> bool {
    let of_request = match decision {
        Decision::Allow => LoggedAction::Allow,
        Decision::Block => LoggedAction::Block,
        Decision::Captcha => LoggedAction::Captcha,
        Decision::Challenge => LoggedAction::Challenge,
    };
    if wanted == of_request {
        return true;
    }
    let mut going_on = verdict.iter().flat_map(|verdict| verdict.non_terminating.iter()).map(|matched| matched.rule);
    match wanted {
        LoggedAction::ExcludedAsCount => going_on.any(|rule| is_excluded_as_count(rule, policy)),
        _ => going_on.any(|rule| going_on_as(rule, policy) == Some(wanted)),
    }
}

/// The action of a rule that matched and let the request go on. A group whose result was only counted counts.
fn going_on_as(at: RuleRef, policy: &Policy) -> Option<LoggedAction> {
    if at.member.is_some() && is_excluded(at, policy) {
        return None;
    }
    match in_force(at, policy).map(|action| &action.action) {
        None | Some(Action::Count { .. }) => Some(LoggedAction::Count),
        // Where the token was good.
        Some(Action::Captcha(_)) => Some(LoggedAction::Captcha),
        Some(Action::Challenge(_)) => Some(LoggedAction::Challenge),
        Some(Action::Allow { .. } | Action::Block(_)) => None,
    }
}

/// Whether a rule of a group only counted because the policy that uses the group says so.
fn is_excluded_as_count(at: RuleRef, policy: &Policy) -> bool {
    let counts = |action: &ActionInForce| matches!(action.action, Action::Count { .. }) && action.overridden.is_some();
    at.member.is_some() && (is_excluded(at, policy) || in_force(at, policy).is_some_and(counts))
}

/// Whether the old form of an override, `ExcludedRules`, names the rule.
fn is_excluded(at: RuleRef, policy: &Policy) -> bool {
    at.group(policy).is_some_and(|group| group.excluded.contains(&at.resolve(policy).name))
}

fn in_force(at: RuleRef, policy: &Policy) -> Option<&ActionInForce> {
    match &at.resolve(policy).kind {
        RuleKind::Match { action, .. } | RuleKind::Rate { action, .. } => Some(action),
        RuleKind::Group { .. } => None,
    }
}

#[cfg(test)]
mod tests;
