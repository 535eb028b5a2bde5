//! What rules in ModSecurity's language made of a request: each that matched, on which value, seen how, the scores, the end.

use std::fmt::Write as _;

use sekisho_waf::ir::phased::{EngineMode, PhasedOperator};
use sekisho_waf::transaction::{Intervention, InterventionKind, Matched, Transaction};

use super::shown;
use super::words::Style;

const SEVERITIES: [&str; 8] = ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"];

/// The scores of the Core Rule Set, in all and by paranoia level.
const SCORES: [(&str, &str); 2] = [INBOUND, ("outbound", "outbound_anomaly_score")];
/// The only one that a group has.
pub(super) const INBOUND: (&str, &str) = ("inbound", "inbound_anomaly_score");

/// What rules in phases made of a request.
#[derive(Clone, Copy)]
pub(crate) struct Judgement<'a> {
    pub(crate) transaction: &'a Transaction,
    /// What stopped it.
    pub(crate) stopped: Option<&'a Intervention>,
}

impl Judgement<'_> {
    /// What became of the request.
    pub(super) fn end(&self, style: &Style) -> String {
        end(self.transaction, self.stopped, style)
    }

    /// Appends the scores and each rule that matched.
    pub(super) fn explain(&self, text: &mut String, style: &Style) {
        let transaction = self.transaction;
        for score in SCORES {
            explain_score(text, transaction, score);
        }
        text.push_str("\nSecLang rules that matched the request (phases 1, 2 and 5)\n\n");
        let mut any = false;
        for matched in transaction.matches() {
            explain_match(text, &matched, style);
            any = true;
        }
        if !any {
            let _ = writeln!(text, "{}", style.dim("none that is logged"));
        }
        for rule in transaction.gave_up() {
            let told = format!("the search for the expression of rule {rule} was given up, which counts as no match");
            let _ = writeln!(text, "{}", style.alert(&told));
        }
    }
}

/// A score that rules of the Core Rule Set added up, if they did.
pub(super) fn explain_score(text: &mut String, transaction: &Transaction, (name, variable): (&str, &str)) {
    let Some(total) = transaction.tx_number(&format!("blocking_{variable}")) else { return };
    let levels = (1..=4).filter_map(|level| {
        let score = transaction.tx_number(&format!("{variable}_pl{level}"))?;
        Some(format!("{score} of level {level}"))
    });
    let threshold = transaction.tx_number(&format!("{variable}_threshold"));
    let threshold = threshold.map_or_else(String::new, |score| format!(", stopped from {score}"));
    let levels = levels.collect::<Vec<_>>().join(", ");
    let _ = writeln!(text, "{name} anomaly score {total} ({levels}){threshold}");
}

fn explain_match(text: &mut String, matched: &Matched<'_>, style: &Style) {
    let rule = matched.rule;
    let outcome = if matched.stopped_with.is_some() { style.alert("MATCH → stopped") } else { style.alert("MATCH") };
    let number = style.strong(&rule.id.to_string());
    let _ = writeln!(text, "{number}  phase {}{}  {outcome}", matched.phase.number(), severity(matched));
    explain_found(text, matched, "    ", style);
}

/// How bad a rule thinks its match is, after two spaces; nothing if it does not say.
pub(super) fn severity(matched: &Matched<'_>) -> String {
    let severity = matched.rule.metadata.severity.and_then(|number| SEVERITIES.get(usize::from(number)));
    severity.map_or_else(String::new, |name| format!("  {name}"))
}

/// What a rule matched, and how it was seen.
pub(super) fn explain_found(text: &mut String, matched: &Matched<'_>, indent: &str, style: &Style) {
    let rule = matched.rule;
    let mut tell = |what: String| {
        let _ = writeln!(text, "{indent}{what}");
    };
    if !matched.message.is_empty() {
        tell(shown(matched.message));
    }
    let test = rule.links.last().and_then(|link| link.test.as_ref());
    if !matched.variable.is_empty() {
        tell(format!("{} = {}", shown(matched.variable), shown(matched.value)));
    }
    if let Some(test) = test {
        let names: Vec<_> = test.transforms.iter().map(|transform| transform.seclang_names()[0]).collect();
        let seen = if names.is_empty() { "as it came".to_owned() } else { format!("after {}", names.join(", ")) };
        let link = if rule.links.len() > 1 { ", in the last rule of its chain" } else { "" };
        tell(style.dim(&format!("seen {seen}, by {}{link}", operator(&test.operator, test.negated))));
    }
    if !matched.log_data.is_empty() {
        tell(format!("data: {}", shown(matched.log_data)));
    }
    tell(style.dim(&format!("{}:{}", shown(rule.place.file.as_bytes()), rule.place.line)));
}

fn operator(operator: &PhasedOperator, negated: bool) -> String {
    let name = match operator {
        PhasedOperator::Regex { pattern, .. } => format!("the expression {}", shown(pattern.as_bytes())),
        PhasedOperator::RegexWithMacros { .. } => "an expression with macros".to_owned(),
        PhasedOperator::Phrases(phrases) => format!("one of {} phrases", phrases.len()),
        PhasedOperator::DetectSqli => "the detector of SQL injection".to_owned(),
        PhasedOperator::DetectXss => "the detector of cross-site scripting".to_owned(),
        PhasedOperator::Number { .. } => "a comparison of numbers".to_owned(),
        PhasedOperator::Text { .. } => "a comparison of texts".to_owned(),
        PhasedOperator::IpMatch(_) => "a list of addresses".to_owned(),
        _ => "a check of its own".to_owned(),
    };
    if negated { format!("{name}, which does not hold") } else { name }
}

fn end(transaction: &Transaction, stopped: Option<&Intervention>, style: &Style) -> String {
    let Some(stopped) = stopped else {
        return match transaction.engine() {
            EngineMode::DetectionOnly => format!("{}: rules only count", style.calm("ALLOW")),
            EngineMode::Off => format!("{}: rules are switched off", style.calm("ALLOW")),
            EngineMode::On => format!("{}: no rule stopped it", style.calm("ALLOW")),
        };
    };
    let by = stopped.rule.map_or_else(|| "the limit on bodies".to_owned(), |rule| format!("rule {rule}"));
    let what = match &stopped.kind {
        InterventionKind::Deny => format!("BLOCK with status {}", stopped.status),
        InterventionKind::Drop => "BLOCK: the connection is closed".to_owned(),
        InterventionKind::Redirect(place) => format!("REDIRECT to {}", shown(place.as_bytes())),
    };
    format!("{} by {by}", style.alert(&what))
}
