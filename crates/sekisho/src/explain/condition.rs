//! Conditions in words: what was looked at and what was found.

use std::fmt::Write as _;

use sekisho_waf::ir::{LabelScope, Operator, Oversize, SqliSensitivity};
use sekisho_waf::reference::{ConditionTrace, Finding, TestTrace, ValueTrace};

use super::words::{Style, comparison_sign, field_name, position_verb, shown, source_name};

/// Values shown of one test, those that passed first.
const VALUES_SHOWN_MAX: usize = 3;
/// Patterns shown of one test that did not pass.
const PATTERNS_SHOWN_MAX: usize = 2;

/// Explains a condition, one line a test, parts indented.
pub(super) fn explain(text: &mut String, condition: &ConditionTrace, indent: &str, style: &Style) {
    let mark = if condition.holds() { style.alert("✓") } else { style.dim("✗") };
    let deeper = format!("{indent}  ");
    let _ = write!(text, "{indent}{mark} ");
    match condition {
        ConditionTrace::Test(test) => explain_test(text, test, &deeper),
        ConditionTrace::And(parts) => {
            let _ = writeln!(text, "all of");
            parts.iter().for_each(|part| explain(text, part, &deeper, style));
        }
        ConditionTrace::Or(parts) => {
            let _ = writeln!(text, "any of");
            parts.iter().for_each(|part| explain(text, part, &deeper, style));
        }
        ConditionTrace::Not(part) => {
            let _ = writeln!(text, "not");
            explain(text, part, &deeper, style);
        }
        ConditionTrace::Ip { source, addresses, set, .. } => {
            let addresses = addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let addresses = if addresses.is_empty() { "(none valid)".to_owned() } else { addresses };
            let _ = writeln!(text, "{} {addresses} in IP set {}", source_name(source), shown(set.as_bytes()));
        }
        ConditionTrace::Geo { source, country, countries, .. } => {
            let country = country.as_deref().unwrap_or("unknown");
            let _ = writeln!(text, "country {country} of {} in {}", source_name(source), countries.join(", "));
        }
        ConditionTrace::Asn { source, asn, asns, .. } => {
            let asn = asn.map_or("unknown".to_owned(), |asn| asn.to_string());
            let asns = asns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let _ = writeln!(text, "autonomous system {asn} of {} in {asns}", source_name(source));
        }
        ConditionTrace::Phased(test) => {
            let _ = writeln!(text, "rule {} of a group of rules in phases", test.rule);
        }
        ConditionTrace::Label { test, found } => {
            let what = match test.scope {
                LabelScope::Label => "label",
                LabelScope::Namespace => "label in namespace",
            };
            let _ = write!(text, "{what} {}", shown(test.key.as_bytes()));
            let _ = match found {
                Some(found) => writeln!(text, ": found {}", shown(found.as_bytes())),
                None => writeln!(text, ": not there"),
            };
        }
    }
}

fn explain_test(text: &mut String, test: &TestTrace, indent: &str) {
    let _ = write!(text, "{}", field_name(&test.field));
    if !test.transforms.is_empty() {
        let steps = test.transforms.iter().map(|step| step.name()).collect::<Vec<_>>().join(" → ");
        let _ = write!(text, " after {steps}");
    }
    let _ = writeln!(text, " {}", asked(&test.operator));
    if !test.present && !test.oversize {
        let then = if test.holds { ", which counts as a match" } else { "" };
        let _ = writeln!(text, "{indent}the request has none{then}");
        return;
    }
    if test.oversize {
        let then = match test.handling {
            Oversize::Continue => "only its first part is inspected",
            Oversize::Match => "which counts as a match",
            Oversize::NoMatch => "which counts as no match",
        };
        let _ = writeln!(text, "{indent}it is larger than is inspected: {then}");
    }
    let size_decides = test.oversize && test.handling != Oversize::Continue;
    if let Some(passes) = test.settled.filter(|_| !size_decides) {
        let then = if passes { "a match" } else { "no match" };
        let _ = writeln!(text, "{indent}it cannot be read as JSON to its end, which counts as {then}");
    }
    let (found, others): (Vec<_>, Vec<_>) = test.values.iter().partition(|value| value.finding.is_some());
    for value in found.iter().chain(&others).take(VALUES_SHOWN_MAX) {
        explain_value(text, value, indent);
    }
    if let more @ 1.. = test.values.len().saturating_sub(VALUES_SHOWN_MAX) {
        let _ = writeln!(text, "{indent}and {more} more");
    }
}

fn asked(operator: &Operator) -> String {
    match operator {
        Operator::Bytes { literal, position } => format!("{} \"{}\"", position_verb(*position), shown(literal)),
        Operator::Regex(patterns) => {
            let listed =
                patterns.iter().take(PATTERNS_SHOWN_MAX).map(|pattern| format!("/{}/", shown(pattern.0.as_bytes())));
            let mut listed = listed.collect::<Vec<_>>().join(" or ");
            if let more @ 1.. = patterns.len().saturating_sub(PATTERNS_SHOWN_MAX) {
                listed.push_str(&format!(" or {more} more"));
            }
            format!("matches {listed}")
        }
        Operator::Size { comparison, bytes } => format!("has a length {} {bytes} bytes", comparison_sign(*comparison)),
        Operator::Sqli(SqliSensitivity::Low) => "injects SQL (sensitivity LOW)".to_owned(),
        Operator::Sqli(SqliSensitivity::High) => "injects SQL (sensitivity HIGH)".to_owned(),
        Operator::Xss => "runs script".to_owned(),
    }
}

fn explain_value(text: &mut String, value: &ValueTrace, indent: &str) {
    let name = if value.name.is_empty() { String::new() } else { format!("{} = ", shown(&value.name)) };
    let _ = write!(text, "{indent}{name}\"{}\"", shown(&value.bytes));
    let _ = match &value.finding {
        None => writeln!(text),
        Some(Finding::Bytes { start, end }) => writeln!(text, "  ← \"{}\"", shown(&value.bytes[*start..*end])),
        Some(Finding::Length) => writeln!(text, "  ← {} bytes", value.bytes.len()),
        Some(Finding::Injection { tokens }) => {
            let tokens = tokens.iter().map(|token| shown(token)).collect::<Vec<_>>().join(" ");
            writeln!(text, "  ← {tokens}")
        }
    };
}
