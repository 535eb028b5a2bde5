//! A decision as a person reads it: what was decided, then each rule in order, what it looked at, whether it matched and why.
//!
//! Written from the reference evaluator's trace. Bytes of the request are shown escaped and cut, so that a hostile request
//! cannot drive the terminal.

mod condition;
mod phased;
mod rate;
mod words;

use std::fmt::Write as _;

use sekisho_waf::ir::{Action, Policy, Rule, RuleKind, TokenKind};
use sekisho_waf::reference::{ConditionTrace, RuleTrace, Trace};
use sekisho_waf::{Decision, Judged, Request, RuleRef, TokenFailure, Verdict};

use words::{Style, action_name, solution_name};

pub(crate) use phased::Judgement;
pub(crate) use words::shown;

/// Explains what became of a request: first that, then why. `phases` is what rules in phases made of it, if they saw it.
pub(crate) fn explain(
    policy: &Policy,
    request: &Request<'_>,
    (verdict, trace): (&Verdict, &Trace),
    phases: Option<Judgement<'_>>,
    color: bool,
) -> String {
    let style = Style::new(color);
    let mut text = String::new();
    let mut target = request.path.to_vec();
    if !request.query.is_empty() {
        target.extend([b"?", request.query].concat());
    }
    if let Some(fragment) = request.fragment {
        target.extend([b"#", fragment].concat());
    }
    let _ = writeln!(text, "{} {} from {}", shown(request.method), shown(&target), request.client.ip);
    let end = match &phases {
        Some(judgement) => judgement.end(&style),
        None => end(policy, verdict, &style),
    };
    let _ = writeln!(text, "{end}");
    // Without rules of its own, a web ACL is there for those in phases to be asked.
    if phases.is_none() || !policy.rules.is_empty() {
        let name = shown(policy.name.as_bytes());
        match &phases {
            Some(_) => drop(writeln!(text, "\nweb ACL {name}, which lets it through to SecLang rules\n")),
            None => drop(writeln!(text, "\nweb ACL {name}\n")),
        }
        for rule in &trace.rules {
            explain_rule(&mut text, policy, rule, trace, &style);
        }
        explain_effects(&mut text, policy, verdict, trace);
    }
    if let Some(judgement) = &phases {
        judgement.explain(&mut text, &style);
    }
    text
}

fn explain_rule(text: &mut String, policy: &Policy, trace: &RuleTrace, whole: &Trace, style: &Style) {
    let in_phases = match &trace.condition {
        Some(ConditionTrace::Phased(test)) => Some(test),
        _ => None,
    };
    // Of hundreds of rules in phases, those that match are worth a line.
    if in_phases.is_some() && trace.outcome == Judged::NotMatched {
        return;
    }
    let found = in_phases.and_then(|test| test.matched(whole));
    let rule = trace.rule.resolve(policy);
    let indent = if trace.rule.member.is_some() { "     " } else { "" };
    let outcome = match (&rule.kind, trace.outcome) {
        (RuleKind::Group { .. }, Judged::Matched) => style.dim("group, evaluated"),
        (RuleKind::Group { .. }, _) => style.dim("group, left out by its scope-down"),
        (_, Judged::NotApplied) => style.dim("not applied: the header it takes the address from is missing"),
        (_, Judged::NotMatched) => style.dim("no match"),
        (_, Judged::Matched) => style.alert(&format!("MATCH → {}", in_force(rule))),
    };
    let number = match trace.rule.member {
        None => format!("{:>2}. ", trace.rule.rule + 1),
        Some(_) => "- ".to_owned(),
    };
    let severity = found.as_ref().map_or_else(String::new, phased::severity);
    let _ = writeln!(text, "{indent}{number}{}{severity}  {outcome}", style.strong(&shown(rule.name.as_bytes())));
    let inner = format!("{indent}    ");
    match (&found, &trace.condition) {
        (Some(matched), _) => phased::explain_found(text, matched, &inner, style),
        (None, Some(condition)) => condition::explain(text, condition, &inner, style),
        (None, None) => {}
    }
    if let RuleKind::Rate { limit, window_s, key, .. } = &rule.kind {
        let _ = writeln!(text, "{inner}at most {limit} requests in {window_s} s {}", rate::counted_by(key));
        if let Some(counted) = &trace.counted {
            let _ = writeln!(text, "{inner}{}", rate::counted(key, counted));
        }
    }
    if trace.outcome == Judged::Matched && !matches!(rule.kind, RuleKind::Group { .. }) {
        if let Some((kind, asked)) = rule.action().and_then(|in_force| in_force.action.asks()) {
            let _ = writeln!(text, "{inner}asks for {}, good for {} s", solution_name(kind), asked.immunity_s);
        }
        for label in &rule.labels {
            let _ = writeln!(text, "{inner}+ label {}", shown(label.as_bytes()));
        }
    }
}

fn in_force(rule: &Rule) -> String {
    let (RuleKind::Match { action, .. } | RuleKind::Rate { action, .. }) = &rule.kind else { return String::new() };
    match &action.overridden {
        Some(before) => format!("{} (overridden; was {})", action_name(&action.action), action_name(before)),
        None => action_name(&action.action).to_owned(),
    }
}

/// What evaluation left behind, besides the decision.
fn explain_effects(text: &mut String, policy: &Policy, verdict: &Verdict, trace: &Trace) {
    let mut lines = String::new();
    for transaction in &trace.transactions {
        phased::explain_score(&mut lines, transaction, phased::INBOUND);
    }
    if !verdict.labels.is_empty() {
        let _ = writeln!(lines, "labels");
        for label in &verdict.labels {
            let _ = writeln!(lines, "    {}", shown(label.text(policy).as_bytes()));
        }
    }
    for group in verdict.groups.iter().filter(|group| group.terminated_by.is_some()) {
        let counted = verdict.non_terminating.iter().any(|matched| matched.rule == RuleRef::top(group.rule));
        if counted {
            let name = &policy.rules[group.rule as usize].name;
            let _ = writeln!(lines, "the result of group {} is only counted", shown(name.as_bytes()));
        }
    }
    for kind in [TokenKind::Captcha, TokenKind::Challenge] {
        if let Some(result) = verdict.token(kind) {
            let found = result.failure.map_or("good", TokenFailure::name);
            let _ = writeln!(lines, "the token, as {}: {found}", solution_name(kind));
        }
    }
    for header in verdict.inserted_headers(policy) {
        let _ = writeln!(lines, "the request goes on with {}: {}", header.name, shown(header.value.as_bytes()));
    }
    if !lines.is_empty() {
        let _ = write!(text, "\n{lines}");
    }
}

/// What a web ACL decided.
fn end(policy: &Policy, verdict: &Verdict, style: &Style) -> String {
    let by = match verdict.terminating {
        None => "the default action: no rule ended evaluation".to_owned(),
        Some(rule) => match rule.member {
            None => format!("rule {}", shown(rule.top_rule(policy).name.as_bytes())),
            Some(_) => format!(
                "rule {} of {}",
                shown(rule.resolve(policy).name.as_bytes()),
                shown(rule.top_rule(policy).name.as_bytes())
            ),
        },
    };
    let decision = match (verdict.decision, verdict.deciding_action(policy)) {
        (Decision::Allow, _) => style.calm("ALLOW"),
        (Decision::Block, Action::Block(response)) => style.alert(&format!("BLOCK with status {}", response.status)),
        (Decision::Block, _) => style.alert("BLOCK"),
        (Decision::Captcha, _) => style.alert("CAPTCHA with status 405"),
        (Decision::Challenge, _) => style.alert("CHALLENGE with status 202"),
    };
    format!("{decision} by {by}")
}

#[cfg(test)]
mod tests;
