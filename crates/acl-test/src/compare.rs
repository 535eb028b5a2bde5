//! What came of a request beside what was expected.

use sekisho_waf::ir::{Action, BlockResponse, Policy};
use sekisho_waf::{Decision, RuleRef, TokenFailure, Verdict};

use serde_json::Value;

use crate::record;
use crate::{ActionName, Expectation, Names, ResponseExpectation};

/// The name of the deciding rule where none ended evaluation, as in the log.
const DEFAULT_ACTION: &str = "Default_Action";

/// One thing that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A value that is another.
    Value {
        /// Of what, such as `action`.
        what: String,
        /// What was expected.
        expected: String,
        /// What it is.
        got: String,
    },
    /// Names that are missing or should be.
    Names {
        /// Of what, such as `labels`.
        what: &'static str,
        /// Expected, and not there.
        missing: Vec<String>,
        /// There, and not expected.
        unexpected: Vec<String>,
        /// All there are.
        got: Vec<String>,
    },
}

/// What differs between a verdict and an expectation.
pub(crate) fn differences(policy: &Policy, verdict: &Verdict, expected: &Expectation) -> Vec<Difference> {
    let mut found = Comparison { policy, verdict, found: Vec::new() };
    if let Some(action) = expected.action {
        found.value("action", action.name(), found.action(action).name());
    }
    if let Some(rule) = &expected.rule {
        found.rule(rule, expected.action == Some(ActionName::Count));
    }
    if let Some(names) = &expected.labels {
        let got = verdict.labels.iter().map(|label| label.text(policy).to_owned()).collect();
        found.names("labels", names, got, is_label);
    }
    if let Some(names) = &expected.counted {
        let got = verdict.non_terminating.iter().map(|matched| name(policy, matched.rule)).collect();
        found.names("counted", names, got, |name, wanted| name == wanted);
    }
    if let Some(names) = &expected.oversize {
        let parts = [
            (verdict.oversize.body, "REQUEST_BODY"),
            (verdict.oversize.json_body, "REQUEST_JSON_BODY"),
            (verdict.oversize.headers, "REQUEST_HEADERS"),
            (verdict.oversize.cookies, "REQUEST_COOKIES"),
        ];
        let got = parts.into_iter().filter(|(over, _)| *over).map(|(_, name)| name.to_owned()).collect();
        found.names("oversize", names, got, |name, wanted| name == wanted);
    }
    if let Some(response) = &expected.response {
        found.response(response);
    }
    if let Some(pairs) = &expected.inserted {
        let shown = |name: &str, value: &str| format!("{name}: {value}");
        let exactly = Some(pairs.iter().map(|(name, value)| shown(name, value)).collect());
        let got = verdict.inserted_headers(policy).map(|header| shown(&header.name, &header.value)).collect();
        found.names("inserted", &Names { exactly, ..Names::default() }, got, |name, wanted| name == wanted);
    }
    for (kind, outcome) in expected.proof.iter().flatten() {
        let result = if kind == "captcha" { verdict.captcha } else { verdict.challenge };
        let got = result.map_or("", |result| result.failure.map_or("VALID", TokenFailure::name));
        found.value(&format!("proof.{kind}"), outcome, got);
    }
    found.found
}

/// What differs between a record, if one is written, and an expectation.
pub(crate) fn of_record(got: Option<&Value>, expected: &Expectation) -> Option<Difference> {
    let written = |logged: bool| if logged { "a record" } else { "no record" }.to_owned();
    if let Some(logged) = expected.logged.filter(|logged| *logged != got.is_some()) {
        let (expected, got) = (written(logged), written(!logged));
        return Some(Difference::Value { what: "logged".to_owned(), expected, got });
    }
    let expected = expected.record.as_ref()?;
    let (what, expected, got) = record::difference(expected, got.unwrap_or(&Value::Null), "record")?;
    Some(Difference::Value { what, expected, got })
}

/// A rule by name: `rule`, or `rule/member` of a group.
fn name(policy: &Policy, rule: RuleRef) -> String {
    let top = &rule.top_rule(policy).name;
    rule.member.map_or_else(|| top.clone(), |_| format!("{top}/{}", rule.resolve(policy).name))
}

/// Whether a label is the one meant: by its whole name, or by whole segments at its end.
fn is_label(label: &str, wanted: &str) -> bool {
    label.strip_suffix(wanted).is_some_and(|before| before.is_empty() || before.ends_with(':'))
}

struct Comparison<'v> {
    policy: &'v Policy,
    verdict: &'v Verdict,
    found: Vec<Difference>,
}

impl Comparison<'_> {
    /// The decision, told apart as finely as was asked.
    fn action(&self, asked: ActionName) -> ActionName {
        let counted = self.verdict.terminating.is_none() && !self.verdict.non_terminating.is_empty();
        match self.verdict.decision {
            Decision::Allow if asked == ActionName::Count && counted => ActionName::Count,
            Decision::Allow => ActionName::Allow,
            Decision::Block => ActionName::Block,
            Decision::Captcha => ActionName::Captcha,
            Decision::Challenge => ActionName::Challenge,
        }
    }

    fn rule(&mut self, expected: &str, counted: bool) {
        if counted {
            let got = self.verdict.non_terminating.iter().map(|matched| name(self.policy, matched.rule)).collect();
            let names = Names { including: vec![expected.to_owned()], ..Names::default() };
            self.names("counted", &names, got, |name, wanted| name == wanted);
        } else {
            let got = self.verdict.terminating.map(|rule| name(self.policy, rule));
            self.value("rule", expected, got.as_deref().unwrap_or(DEFAULT_ACTION));
        }
    }

    fn response(&mut self, expected: &ResponseExpectation) {
        let blocked = self.verdict.decision == Decision::Block;
        let Action::Block(got) = self.verdict.deciding_action(self.policy) else {
            self.value("response", "a response of the checkpoint", "the request goes on");
            return;
        };
        if !blocked {
            self.value("response", "a response of the checkpoint", "the request goes on");
            return;
        }
        let BlockResponse { status, headers, body } = got;
        if let Some(expected) = expected.status {
            self.value("response.status", &expected.to_string(), &status.to_string());
        }
        let body_text = body.as_ref().map_or("", |body| body.content.as_str());
        if let Some(expected) = &expected.body {
            self.value("response.body", expected, body_text);
        }
        if let Some(expected) = &expected.content_type {
            self.value("response.content_type", expected, body.as_ref().map_or("", |body| body.content_type.as_str()));
        }
        for (name, value) in &expected.headers {
            let got = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
            self.value(&format!("response.headers.{name}"), value, got.map_or("", |header| header.value.as_str()));
        }
    }

    fn value(&mut self, what: &str, expected: &str, got: &str) {
        if expected != got {
            let (expected, got) = (expected.to_owned(), got.to_owned());
            self.found.push(Difference::Value { what: what.to_owned(), expected, got });
        }
    }

    fn names(&mut self, what: &'static str, names: &Names, got: Vec<String>, is: fn(&str, &str) -> bool) {
        let wanted = names.exactly.iter().flatten().chain(&names.including);
        let missing: Vec<_> = wanted.filter(|wanted| !got.iter().any(|name| is(name, wanted))).cloned().collect();
        let unexpected: Vec<_> = got
            .iter()
            .filter(|name| {
                let listed = |list: &[String]| list.iter().any(|wanted| is(name, wanted));
                listed(&names.without) || names.exactly.as_ref().is_some_and(|exactly| !listed(exactly))
            })
            .cloned()
            .collect();
        if !missing.is_empty() || !unexpected.is_empty() {
            self.found.push(Difference::Names { what, missing, unexpected, got });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_label;

    #[test]
    fn a_label_goes_by_its_last_segments() {
        let label = "awswaf:111122223333:webacl:test:ns:bot";
        assert!(is_label(label, "bot") && is_label(label, "ns:bot") && is_label(label, label));
        assert!(!is_label(label, "ot") && !is_label(label, "ns"));
    }
}
