//! One request as `GetSampledRequests` shows it: a `SampledHTTPRequest` but for its weight, which only an answer knows.
//!
//! Written through the same veil and masks as records. Of the headers, as many are shown as AWS WAF gets to see; of the
//! path, as much as of a body.
//!
//! Source: API reference, `SampledHTTPRequest`, `HTTPRequest`; AWS WAF Developer Guide, "Handling oversize web request
//! components in AWS WAF": 200 headers, 8 KB of them.

use std::io::Write as _;

use sekisho_waf::ir::{Action, Group, HeaderInsert, Policy, Rule, TokenKind};
use sekisho_waf::{Request, RuleRef, Verdict};

use crate::record::{Cloak, Occurrence, action_name, decision_name, push_number, push_text};

/// Headers of a sample.
const HEADERS_MAX: usize = 200;
/// Bytes of all names and values of headers in a sample.
const HEADERS_BYTES_MAX: usize = 8 * 1024;
/// Bytes of the path in a sample.
const PATH_BYTES_MAX: usize = 8 * 1024;
/// Labels of a sample, as of a record.
const LABELS_MAX: usize = 100;

/// What a sample is written from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sampled<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) occurrence: &'a Occurrence<'a>,
    pub(crate) request: &'a Request<'a>,
    pub(crate) verdict: &'a Verdict,
    /// The rule whose sample it is; none for the default action.
    pub(crate) rule: Option<RuleRef>,
}

/// The JSON of a sample, without its last brace.
pub(crate) fn write(sampled: &Sampled<'_>, cloak: &mut Cloak<'_>) -> Box<[u8]> {
    let mut out = Vec::with_capacity(1024);
    write_request(sampled, cloak, &mut out);
    let ms = sampled.occurrence.at.unix_ms();
    raw(&mut out, ",\"Timestamp\":");
    write!(out, "{}.{:03}", ms / 1000, ms % 1000).expect("a vector takes any bytes");
    raw(&mut out, ",\"Action\":\"");
    raw(&mut out, action(sampled));
    raw(&mut out, "\"");
    if let Some((group, rule)) = sampled.rule.and_then(|rule| member(rule, sampled)) {
        raw(&mut out, ",\"RuleNameWithinRuleGroup\":\"");
        let name = if group.managed { &group.id } else { &group.name };
        push_text(&mut out, name.as_bytes());
        raw(&mut out, "#");
        push_text(&mut out, rule.name.as_bytes());
        raw(&mut out, "\"");
    }
    write_inserted(sampled.occurrence.inserted, &mut out);
    if let Some(code) = sampled.occurrence.response_code_sent {
        raw(&mut out, ",\"ResponseCodeSent\":");
        push_number(&mut out, code.into());
    }
    write_labels(sampled, &mut out);
    for (kind, name) in
        [(TokenKind::Captcha, ",\"CaptchaResponse\":"), (TokenKind::Challenge, ",\"ChallengeResponse\":")]
    {
        write_token(sampled.verdict, kind, name, &mut out);
    }
    if let Some(overridden) = overridden(sampled) {
        raw(&mut out, ",\"OverriddenAction\":\"");
        raw(&mut out, action_name(overridden));
        raw(&mut out, "\"");
    }
    out.into_boxed_slice()
}

fn raw(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn write_request(sampled: &Sampled<'_>, cloak: &mut Cloak<'_>, out: &mut Vec<u8>) {
    let request = sampled.request;
    write!(out, "{{\"Request\":{{\"ClientIP\":\"{}\",\"Country\":\"", request.client.ip)
        .expect("a vector takes any bytes");
    push_text(out, sampled.occurrence.country.unwrap_or("-").as_bytes());
    raw(out, "\",\"URI\":\"");
    cloak.push_path(out, &request.path[..request.path.len().min(PATH_BYTES_MAX)]);
    raw(out, "\",\"Method\":\"");
    cloak.push_method(out, request.method);
    raw(out, "\",\"HTTPVersion\":\"");
    cloak.push(out, request.version);
    raw(out, "\",\"Headers\":[");
    let mut bytes = 0;
    for (at, header) in request.headers.iter().take(HEADERS_MAX).enumerate() {
        bytes += header.name.len() + header.value.len();
        if bytes > HEADERS_BYTES_MAX {
            break;
        }
        raw(out, if at == 0 { "{\"Name\":\"" } else { ",{\"Name\":\"" });
        cloak.push(out, header.name);
        raw(out, "\",\"Value\":\"");
        cloak.push_header(out, header.name, header.value);
        raw(out, "\"}");
    }
    raw(out, "]}");
}

/// What was done about the request for this rule: what decided, if it was the rule, or what it did and went on.
fn action(sampled: &Sampled<'_>) -> &'static str {
    let decided = sampled.rule.is_none() || sampled.rule == sampled.verdict.terminating;
    if decided {
        return decision_name(sampled.verdict.decision);
    }
    let rule = sampled.rule.map(|rule| rule.resolve(sampled.policy));
    rule.and_then(Rule::action).map_or("COUNT", |in_force| action_name(&in_force.action))
}

/// The rule of a group that matched, even if the policy only counts the group's result.
fn member<'a>(at: RuleRef, sampled: &Sampled<'a>) -> Option<(&'a Group, &'a Rule)> {
    let group = at.group(sampled.policy)?;
    let outcome = || sampled.verdict.groups.iter().find(|outcome| outcome.rule == at.rule)?.terminated_by;
    let place = at.member.or_else(outcome)?;
    Some((group, group.rules.get(place as usize)?))
}

fn overridden<'a>(sampled: &Sampled<'a>) -> Option<&'a Action> {
    let at = sampled.rule.filter(|rule| rule.member.is_some())?;
    at.resolve(sampled.policy).action()?.overridden.as_ref()
}

fn write_inserted(inserted: &[&HeaderInsert], out: &mut Vec<u8>) {
    if inserted.is_empty() {
        return;
    }
    raw(out, ",\"RequestHeadersInserted\":[");
    for (at, header) in inserted.iter().enumerate() {
        raw(out, if at == 0 { "{\"Name\":\"" } else { ",{\"Name\":\"" });
        push_text(out, header.name.as_bytes());
        raw(out, "\",\"Value\":\"");
        push_text(out, header.value.as_bytes());
        raw(out, "\"}");
    }
    raw(out, "]");
}

fn write_labels(sampled: &Sampled<'_>, out: &mut Vec<u8>) {
    if sampled.verdict.labels.is_empty() {
        return;
    }
    raw(out, ",\"Labels\":[");
    for (at, label) in sampled.verdict.labels.iter().take(LABELS_MAX).enumerate() {
        raw(out, if at == 0 { "{\"Name\":\"" } else { ",{\"Name\":\"" });
        push_text(out, label.text(sampled.policy).as_bytes());
        raw(out, "\"}");
    }
    raw(out, "]");
}

fn write_token(verdict: &Verdict, kind: TokenKind, name: &str, out: &mut Vec<u8>) {
    let Some(result) = verdict.token(kind) else { return };
    let asking = match kind {
        TokenKind::Captcha => 405,
        TokenKind::Challenge => 202,
    };
    raw(out, name);
    raw(out, "{\"ResponseCode\":");
    push_number(out, if result.is_good() { 0 } else { asking });
    raw(out, ",\"SolveTimestamp\":");
    push_number(out, result.solved_at.map_or(0, |at| at.unix_ms() / 1000));
    if let Some(failure) = result.failure {
        raw(out, ",\"FailureReason\":\"");
        raw(out, failure.name());
        raw(out, "\"");
    }
    raw(out, "}");
}
