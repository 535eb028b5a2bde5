//! One decision as one line of JSON in the AWS WAF log format.
//!
//! Fields and their order are those of AWS's own logs; a field AWS leaves out when it has nothing to say
//! (`oversizeFields`, the fingerprints, `clientAsn`, `overriddenAction`) is left out here, one it writes as `null`
//! (`requestHeadersInserted`, `responseCodeSent`, `excludedRules`) is `null` here. `labels` is always written. One field
//! is ours and comes last: `failure`, for a request that could not be read or not be evaluated.
//!
//! Text follows [`super::json`]; what the policy protects, secrets and card numbers are covered by [`super::cloak`]. The line is appended to a
//! buffer the worker keeps; nothing is allocated on the usual path.
//!
//! Source: AWS WAF Developer Guide, "Log fields for protection pack (web ACL) traffic" and "Log examples".

mod rate;

use std::io::Write as _;
use std::net::IpAddr;
use std::ops::Range;

use sekisho_model::Timestamp;
use sekisho_waf::ir::{Action, ActionInForce, Group, HeaderInsert, Policy, Rule, RuleKind, SqliSensitivity};
use sekisho_waf::{BodySize, Decision, GroupOutcome, Label, Request, RuleRef, Verdict};

use super::cloak::Cloak;
use super::draft::{Draft, Seams};
use super::json::{push_number, push_text};
use super::mask::{Mask, MaskSettings};
use super::veil::Veil;

pub use phased::Judged;
pub(crate) use phased::{is_covered, shows_fixed_message};
pub(crate) use rate::{limit_key, part_key, push_address, push_value, shows_address};

/// Labels in a record: AWS WAF logs the first 100.
const LABELS_MAX: usize = 100;
/// How a record ends.
const END: &str = "}\n";
/// Bytes a record takes besides what the client sent.
const FRAME_BYTES: usize = 1024;

/// Which service a record's request was meant for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The kind of front: AWS has `CF`, `APIGW`, `ALB`, `APPSYNC`…
    pub name: String,
    /// The protected resource.
    pub id: String,
}

/// What the edge knows of one request besides the request and the verdict.
#[derive(Debug, Clone, Copy)]
pub struct Occurrence<'a> {
    /// When the request arrived.
    pub at: Timestamp,
    /// Identifies the request in all logs.
    pub request_id: &'a str,
    /// The client's country, ISO 3166-1; none is written `-`.
    pub country: Option<&'a str>,
    /// The client's autonomous system, if a rule asked for it.
    pub asn: Option<u32>,
    /// The status sent, where the edge answered with a custom response or refused the request itself.
    pub response_code_sent: Option<u16>,
    /// The headers added to the request on its way to the service.
    pub inserted: &'a [&'a HeaderInsert],
    /// What detectors of injection found, per rule.
    pub match_details: &'a [MatchDetail<'a>],
}

/// What a detector of injection found in a request.
#[derive(Debug, Clone, Copy)]
pub struct MatchDetail<'a> {
    /// The rule that matched.
    pub rule: RuleRef,
    /// What it found.
    pub condition: Condition,
    /// The part of the request, in AWS's words: `HEADER`, `ALL_QUERY_ARGS`, `BODY`, `COOKIES`…
    pub location: &'a str,
    /// The name of the header, argument or cookie, if it is one.
    pub field_name: Option<&'a str>,
    /// The tokens that gave it away.
    pub matched: &'a [&'a [u8]],
}

/// What a detector of injection finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// SQL injection, at this sensitivity.
    Sqli(SqliSensitivity),
    /// Cross-site scripting.
    Xss,
}

/// What the record is about.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// A request held against the policy.
    Evaluated {
        /// The request.
        request: &'a Request<'a>,
        /// What came out.
        verdict: &'a Verdict,
    },
    /// A request whose evaluation failed; the setting says what became of it.
    Fault {
        /// The request.
        request: &'a Request<'a>,
        /// What failed.
        reason: &'a str,
        /// Whether the request went on (fail open) or not (fail closed).
        let_through: bool,
    },
    /// Bytes that are no request, or one beyond the edge's limits: refused before evaluation.
    Malformed {
        /// Who sent them.
        client: IpAddr,
        /// What is wrong with them.
        reason: &'a str,
    },
}

/// Serialises decisions. Each worker has its own; it keeps memory between records.
#[derive(Debug)]
pub struct Recorder {
    mask: Mask,
    /// `"httpSourceName":"…","httpSourceId":"…"`, the same in all records.
    source: Vec<u8>,
}

impl Recorder {
    /// A recorder for requests to one source.
    #[must_use]
    pub fn new(source: &Source, mask: &MaskSettings) -> Self {
        let mut text = Vec::new();
        text.extend_from_slice(b"\"httpSourceName\":\"");
        push_text(&mut text, source.name.as_bytes());
        text.extend_from_slice(b"\",\"httpSourceId\":\"");
        push_text(&mut text, source.id.as_bytes());
        text.push(b'"');
        Self { mask: Mask::new(mask), source: text }
    }

    /// Writes under a veil what is no record.
    pub(crate) fn cloak<'r>(&'r mut self, veil: &'r Veil) -> Cloak<'r> {
        Cloak::new(&mut self.mask, veil)
    }

    /// Appends the record of one decision to `out`: one line, the newline included. What the veil covers is not shown.
    ///
    /// # Panics
    ///
    /// If the verdict was made with another policy.
    pub fn write(
        &mut self,
        policy: &Policy,
        veil: &Veil,
        occurrence: &Occurrence<'_>,
        subject: Subject<'_>,
        out: &mut Vec<u8>,
    ) {
        self.compose(policy, veil, occurrence, subject, out);
    }

    /// Writes the record of a decision that rules in phases have still to confirm.
    pub(crate) fn draft(
        &mut self,
        policy: &Policy,
        veil: &Veil,
        occurrence: &Occurrence<'_>,
        subject: Subject<'_>,
        draft: &mut Draft,
    ) {
        draft.seams = self.compose(policy, veil, occurrence, subject, &mut draft.line);
    }

    fn compose(
        &mut self,
        policy: &Policy,
        veil: &Veil,
        occurrence: &Occurrence<'_>,
        subject: Subject<'_>,
        out: &mut Vec<u8>,
    ) -> Seams {
        out.reserve(FRAME_BYTES);
        out.extend_from_slice(b"{\"timestamp\":");
        push_number(out, occurrence.at.unix_ms());
        out.extend_from_slice(b",\"formatVersion\":1,\"webaclId\":\"");
        push_text(out, policy.id.as_bytes());
        let request = match subject {
            Subject::Evaluated { request, .. } | Subject::Fault { request, .. } => Some(request),
            Subject::Malformed { .. } => None,
        };
        let mut line = Line { cloak: Cloak::new(&mut self.mask, veil), policy, occurrence, request, out };
        let (decision, status) = line.decision(subject, &self.source);
        line.request(subject);
        line.tail(subject);
        let end = line.out.len() - END.len();
        Seams { decision, status, end }
    }
}

/// One line in the making.
struct Line<'r> {
    cloak: Cloak<'r>,
    policy: &'r Policy,
    occurrence: &'r Occurrence<'r>,
    request: Option<&'r Request<'r>>,
    out: &'r mut Vec<u8>,
}

impl Line<'_> {
    #[inline]
    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Text of ours or of the policy.
    fn text(&mut self, text: &str) {
        push_text(self.out, text.as_bytes());
    }

    /// `webaclId` stands open; writes up to `responseCodeSent`. Returns where the rule that decided stands, with all that
    /// is said of it there, and where the status does.
    fn decision(&mut self, subject: Subject<'_>, source: &[u8]) -> (Range<usize>, Range<usize>) {
        let verdict = match subject {
            Subject::Evaluated { verdict, .. } => Some(verdict),
            Subject::Fault { .. } | Subject::Malformed { .. } => None,
        };
        let terminating = verdict.and_then(|verdict| verdict.terminating);
        self.raw("\",\"terminatingRuleId\":\"");
        let decided_at = self.out.len();
        match (subject, terminating) {
            (_, Some(rule)) => self.text(&rule.top_rule(self.policy).name),
            (Subject::Evaluated { .. }, None) => self.raw("Default_Action"),
            (Subject::Fault { .. }, None) => self.raw("Evaluation_Fault"),
            (Subject::Malformed { .. }, None) => self.raw("Malformed_Request"),
        }
        self.raw("\",\"terminatingRuleType\":\"");
        self.raw(terminating.map_or("REGULAR", |rule| rule_type(rule.top_rule(self.policy))));
        self.raw("\",\"action\":\"");
        self.raw(match subject {
            Subject::Evaluated { verdict, .. } => decision_name(verdict.decision),
            Subject::Fault { let_through: true, .. } => "ALLOW",
            Subject::Fault { .. } | Subject::Malformed { .. } => "BLOCK",
        });
        self.raw("\",\"terminatingRuleMatchDetails\":");
        self.match_details(terminating);
        let decision = decided_at..self.out.len();
        self.raw(",");
        self.out.extend_from_slice(source);
        self.rules(verdict);
        self.raw(",\"requestHeadersInserted\":");
        self.inserted();
        self.raw(",\"responseCodeSent\":");
        let status_at = self.out.len();
        match self.occurrence.response_code_sent {
            Some(code) => push_number(self.out, code.into()),
            None => self.raw("null"),
        }
        (decision, status_at..self.out.len())
    }

    fn rules(&mut self, verdict: Option<&Verdict>) {
        let Some(verdict) = verdict else {
            self.raw(",\"ruleGroupList\":[],\"rateBasedRuleList\":[],\"nonTerminatingMatchingRules\":[]");
            return;
        };
        self.raw(",\"ruleGroupList\":[");
        self.list(verdict.groups.iter(), |line, outcome| line.group(verdict, outcome));
        self.raw("],\"rateBasedRuleList\":[");
        self.list(verdict.rate_hits.iter(), Self::rate);
        self.raw("],\"nonTerminatingMatchingRules\":[");
        let own = verdict.non_terminating.iter().filter(|matched| matched.rule.member.is_none());
        self.list(own, |line, matched| line.matching_rule(verdict, matched.rule));
        self.raw("]");
    }

    fn list<T>(&mut self, items: impl Iterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        let mut comma = "";
        for item in items {
            self.raw(comma);
            write(self, item);
            comma = ",";
        }
    }

    fn group(&mut self, verdict: &Verdict, outcome: &GroupOutcome) {
        let Some(group) = RuleRef::top(outcome.rule).group(self.policy) else { return };
        self.raw("{\"ruleGroupId\":\"");
        self.text(&group.id);
        self.raw("\",\"terminatingRule\":");
        match outcome.terminated_by.and_then(|member| group.rules.get(member as usize)) {
            Some(rule) => {
                self.rule_and_action(rule);
                self.raw(",\"ruleMatchDetails\":null}");
            }
            None => self.raw("null"),
        }
        let members = || {
            let matched = verdict.non_terminating.iter().filter(|matched| matched.rule.rule == outcome.rule);
            matched.filter_map(|matched| Some((matched.rule, group.rules.get(matched.rule.member? as usize)?)))
        };
        let excluded = |rule: &Rule| is_excluded(group, rule);
        self.raw(",\"nonTerminatingMatchingRules\":[");
        self.list(members().filter(|(_, rule)| !excluded(rule)), |line, (at, _)| line.matching_rule(verdict, at));
        self.raw("],\"excludedRules\":");
        if group.excluded.is_empty() || !members().any(|(_, rule)| excluded(rule)) {
            self.raw("null}");
            return;
        }
        self.raw("[");
        self.list(members().filter(|(_, rule)| excluded(rule)), |line, (_, rule)| {
            line.raw("{\"exclusionType\":\"EXCLUDED_AS_COUNT\",\"ruleId\":\"");
            line.text(&rule.name);
            line.raw("\"}");
        });
        self.raw("]}");
    }

    fn matching_rule(&mut self, verdict: &Verdict, at: RuleRef) {
        let rule = at.resolve(self.policy);
        self.rule_and_action(rule);
        self.raw(",\"ruleMatchDetails\":");
        self.match_details(Some(at));
        self.good_token(verdict, rule);
        self.raw("}");
    }

    /// Leaves the object open.
    fn rule_and_action(&mut self, rule: &Rule) {
        self.raw("{\"ruleId\":\"");
        self.text(&rule.name);
        self.raw("\",\"action\":\"");
        let in_force = match &rule.kind {
            RuleKind::Match { action, .. } | RuleKind::Rate { action, .. } => Some(action),
            RuleKind::Group { .. } => None,
        };
        self.raw(in_force.map_or("COUNT", |ActionInForce { action, .. }| action_name(action)));
        self.raw("\"");
        if let Some(overridden) = in_force.and_then(|action| action.overridden.as_ref()) {
            self.raw(",\"overriddenAction\":\"");
            self.raw(action_name(overridden));
            self.raw("\"");
        }
    }

    fn address(&mut self, address: IpAddr) {
        write!(self.out, "{address}").expect("a vector takes any bytes");
    }

    fn tail(&mut self, subject: Subject<'_>) {
        self.raw(",\"labels\":[");
        if let Subject::Evaluated { verdict, .. } = subject {
            self.list(verdict.labels.iter().take(LABELS_MAX), Self::label);
        }
        self.raw("]");
        if let Subject::Evaluated { verdict, .. } = subject {
            self.tokens(verdict);
            self.oversize(verdict);
        }
        if let Subject::Evaluated { request, .. } | Subject::Fault { request, .. } = subject {
            self.body_and_client(request);
        }
        if let Some(asn) = self.occurrence.asn {
            self.raw(",\"clientAsn\":");
            push_number(self.out, asn.into());
        }
        match subject {
            Subject::Evaluated { .. } => {}
            Subject::Fault { reason, .. } => self.failure("EVALUATION_FAULT", reason),
            Subject::Malformed { reason, .. } => self.failure("MALFORMED_REQUEST", reason),
        }
        self.raw(END);
    }

    fn label(&mut self, label: &Label) {
        self.raw("{\"name\":\"");
        self.text(label.text(self.policy));
        self.raw("\"}");
    }

    fn oversize(&mut self, verdict: &Verdict) {
        let oversize = verdict.oversize;
        let parts = [
            (oversize.body, "\"REQUEST_BODY\""),
            (oversize.json_body, "\"REQUEST_JSON_BODY\""),
            (oversize.headers, "\"REQUEST_HEADERS\""),
            (oversize.cookies, "\"REQUEST_COOKIES\""),
        ];
        if parts.iter().any(|(over, _)| *over) {
            self.raw(",\"oversizeFields\":[");
            self.list(parts.iter().filter(|(over, _)| *over), |line, (_, name)| line.raw(name));
            self.raw("]");
        }
    }

    fn body_and_client(&mut self, request: &Request<'_>) {
        self.raw(",\"requestBodySize\":");
        let (BodySize::Exact(size) | BodySize::AtLeast(size)) = request.body.size;
        push_number(self.out, size);
        self.raw(",\"requestBodySizeInspectedByWAF\":");
        push_number(self.out, request.body.bytes.len() as u64);
        for (name, fingerprint) in
            [(",\"ja3Fingerprint\":\"", request.client.ja3), (",\"ja4Fingerprint\":\"", request.client.ja4)]
        {
            if let Some(fingerprint) = fingerprint {
                self.raw(name);
                self.text(fingerprint);
                self.raw("\"");
            }
        }
    }

    fn failure(&mut self, kind: &str, reason: &str) {
        self.raw(",\"failure\":{\"type\":\"");
        self.raw(kind);
        self.raw("\",\"reason\":");
        self.masked_string(reason.as_bytes());
        self.raw("}");
    }
}

fn is_excluded(group: &Group, rule: &Rule) -> bool {
    group.excluded.contains(&rule.name)
}

fn rule_type(rule: &Rule) -> &'static str {
    match &rule.kind {
        RuleKind::Match { .. } => "REGULAR",
        RuleKind::Rate { .. } => "RATE_BASED",
        RuleKind::Group { group: Group { managed: true, .. }, .. } => "MANAGED_RULE_GROUP",
        RuleKind::Group { .. } => "GROUP",
    }
}

/// An action in AWS's word.
pub(crate) fn action_name(action: &Action) -> &'static str {
    match action {
        Action::Allow { .. } => "ALLOW",
        Action::Block(_) => "BLOCK",
        Action::Count { .. } => "COUNT",
        Action::Captcha(_) => "CAPTCHA",
        Action::Challenge(_) => "CHALLENGE",
    }
}

/// What was decided in AWS's word.
pub(crate) fn decision_name(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "ALLOW",
        Decision::Block => "BLOCK",
        Decision::Captcha => "CAPTCHA",
        Decision::Challenge => "CHALLENGE",
    }
}

mod part;
mod phased;
mod token;

#[cfg(test)]
mod tests;
