//! What detectors of injection found in a request, for the record of a match.
//!
//! Off the usual path: only rules that matched are looked at again, by the reference evaluator.
//!
//! Source: AWS WAF Developer Guide, "Log fields for protection pack (web ACL) traffic": match details are given for SQL
//! injection and cross-site scripting.

use sekisho_waf::ir::{Action, Field, Operator, Policy};
use sekisho_waf::reference::{self, Finding, TestTrace};
use sekisho_waf::{Decision, Request, RuleRef, RuleSet, Verdict};

use super::{Condition, MatchDetail};

/// Tokens given of one finding.
const TOKENS_MAX: usize = 10;
/// Findings given of one request.
const FINDINGS_MAX: usize = 20;

/// Owned match details.
#[derive(Debug, Clone, Default)]
pub struct Details(Vec<Detail>);

#[derive(Debug, Clone)]
struct Detail {
    rule: RuleRef,
    condition: Condition,
    location: &'static str,
    field_name: Option<String>,
    tokens: Vec<Vec<u8>>,
}

impl Details {
    /// Looks again at the rules that matched.
    #[must_use]
    pub fn of(rule_set: &RuleSet, request: &Request<'_>, verdict: &Verdict) -> Self {
        let mut details = Self::default();
        let matched = verdict.non_terminating.iter().map(|matched| matched.rule).chain(verdict.terminating);
        let terminated = verdict.groups.iter().filter_map(|group| {
            let member = group.terminated_by?;
            Some(RuleRef { rule: group.rule, member: Some(member) })
        });
        let mut seen = Vec::new();
        for rule in matched.chain(terminated) {
            if seen.contains(&rule) {
                continue;
            }
            seen.push(rule);
            for test in reference::injections(rule_set.policy(), rule_set.limits(), request, rule) {
                details.gather(rule, &test);
            }
        }
        details
    }

    /// Lends the details as the recorder takes them, to `then`.
    pub fn lend<T>(&self, then: impl FnOnce(&[MatchDetail<'_>]) -> T) -> T {
        let tokens: Vec<Vec<&[u8]>> =
            self.0.iter().map(|detail| detail.tokens.iter().map(Vec::as_slice).collect()).collect();
        let lent: Vec<_> = self
            .0
            .iter()
            .zip(&tokens)
            .map(|(detail, tokens)| MatchDetail {
                rule: detail.rule,
                condition: detail.condition,
                location: detail.location,
                field_name: detail.field_name.as_deref(),
                matched: tokens,
            })
            .collect();
        then(&lent)
    }

    fn gather(&mut self, rule: RuleRef, test: &TestTrace) {
        let condition = match test.operator {
            Operator::Sqli(sensitivity) => Condition::Sqli(sensitivity),
            Operator::Xss => Condition::Xss,
            _ => return,
        };
        for value in &test.values {
            let Some(Finding::Injection { tokens }) = &value.finding else { continue };
            if self.0.len() == FINDINGS_MAX {
                return;
            }
            let field_name = (!value.name.is_empty()).then(|| String::from_utf8_lossy(&value.name).into_owned());
            let tokens = tokens.iter().take(TOKENS_MAX).cloned().collect();
            self.0.push(Detail { rule, condition, location: location(&test.field), field_name, tokens });
        }
    }
}

/// The status of a custom response, or of one that asks for a token, which the record names; none for a plain block or for a
/// request that goes on.
#[must_use]
pub fn custom_status(verdict: &Verdict, policy: &Policy) -> Option<u16> {
    match (verdict.decision, verdict.deciding_action(policy)) {
        (Decision::Block, Action::Block(response)) if *response != Default::default() => Some(response.status),
        (Decision::Captcha, _) => Some(405),
        (Decision::Challenge, _) => Some(202),
        _ => None,
    }
}

/// A part of the request in AWS's words.
fn location(field: &Field) -> &'static str {
    match field {
        Field::Method => "METHOD",
        Field::UriPath => "URI",
        Field::QueryString => "QUERY_STRING",
        Field::UriFragment => "URI_FRAGMENT",
        Field::SingleHeader(_) => "HEADER",
        Field::Headers(_) => "HEADERS",
        Field::SingleQueryArgument { .. } => "SINGLE_QUERY_ARG",
        Field::AllQueryArguments { .. } => "ALL_QUERY_ARGS",
        Field::Cookies(_) => "COOKIES",
        Field::Body | Field::BodyValues => "BODY",
        Field::JsonBody(_) => "JSON_BODY",
        Field::HeaderOrder => "HEADER_ORDER",
        Field::Ja3 => "JA3_FINGERPRINT",
        Field::Ja4 => "JA4_FINGERPRINT",
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Instant;

    use sekisho_model::Timestamp;
    use sekisho_waf::ir::{ActionInForce, Condition as Asked, OnMissing, Oversize, RegexSource, Rule, RuleKind, Test};
    use sekisho_waf::{Body, BodySize, Client, Context, Header, KnownToken, Limits, NoPlaces, NoRates, Scratch};

    use super::*;

    fn test(operator: Operator) -> Asked {
        let (oversize, on_missing) = (Oversize::Continue, OnMissing::NoMatch);
        Asked::Test(Test { field: Field::BodyValues, transforms: Vec::new(), operator, oversize, on_missing })
    }

    /// A detector beside many expressions, and a body of many values: only the detector is asked again.
    #[test]
    fn a_body_of_many_values_is_looked_at_again_in_no_time() {
        let patterns = (0..30).map(|n| RegexSource(format!("(?i)never{n}[a-z]{{1,40}}seen"))).collect();
        let when = Asked::Or(vec![test(Operator::Xss), test(Operator::Regex(patterns))]);
        let action = ActionInForce::from(Action::block());
        let rule = Rule {
            name: "xss".to_owned(),
            visibility: "xss".into(),
            labels: Vec::new(),
            kind: RuleKind::Match { when, action },
        };
        let policy = Policy {
            name: "p".to_owned(),
            id: "p".to_owned(),
            default_action: Action::ALLOW,
            rules: vec![rule],
            body_inspected_bytes_max: None,
            token_domains: Vec::new(),
            visibility: "acl".into(),
            protection: Default::default(),
        };
        let rules = RuleSet::compile(policy, Limits::default()).unwrap();
        let body = format!("{}q=%3Cscript%3Ealert(1)%3C/script%3E", "a=1&".repeat(4_000));
        let headers = [Header { name: b"content-type", value: b"application/x-www-form-urlencoded" }];
        let request = Request {
            method: b"POST",
            path: b"/",
            query: b"",
            fragment: None,
            version: b"HTTP/1.1",
            scheme: "http",
            headers: &headers,
            body: Body { bytes: body.as_bytes(), size: BodySize::Exact(0), truncated: false },
            client: Client { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), country: None, asn: None, ja3: None, ja4: None },
        };
        let context =
            Context { now: Timestamp::from_unix_ms(0), rates: &NoRates, places: &NoPlaces, token: &KnownToken::NONE };
        let mut scratch = Scratch::new();
        let verdict = rules.evaluate(&request, &context, &mut scratch);
        let start = Instant::now();
        let details = Details::of(&rules, &request, verdict);
        assert!(start.elapsed().as_millis() < 5_000, "{:?}", start.elapsed());
        details.lend(|lent| assert_eq!((lent.len(), lent[0].location), (1, "BODY")));
    }
}
