//! What a record says of rules in phases: which of them decided, and the field `secLang`, which is ours.
//!
//! Messages and log data quote the request. Those of a match are left out whenever the variable that matched, or one that the
//! rule quotes by name, is covered: by the policy's data protection, by the masks of headers, and for cookies always. What a
//! chain hands on from link to link counts as what matched any of them, or, if that is not known, as what any of them looks at.

use sekisho_waf::ir::Policy;
use sekisho_waf::ir::phased::{EngineMode, Piece, Selector, Target, Text, Variable};
use sekisho_waf::transaction::{Intervention, InterventionKind, Matched, Transaction};

use super::super::cloak::Cloak;
use super::super::draft::{Completion, Draft};
use super::super::json::{push_number, push_text};
use super::super::mask::REDACTED;
use super::super::veil::{Place, Veil};
use super::{Occurrence, Recorder, Subject};

/// Matches in a record: as many as labels.
const MATCHES_MAX: usize = 100;

/// The names of severities, by number.
const SEVERITIES: [&str; 8] = ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"];

/// The variables in which the Core Rule Set keeps a score in all, of versions 4 and 3, and by paranoia level.
///
/// Source: OWASP Core Rule Set, `REQUEST-949-BLOCKING-EVALUATION.conf`, `RESPONSE-959-BLOCKING-EVALUATION.conf`.
const SCORES: [(&str, [&str; 2], [&str; 4]); 2] = [
    (
        "inbound",
        ["blocking_inbound_anomaly_score", "anomaly_score"],
        [
            "inbound_anomaly_score_pl1",
            "inbound_anomaly_score_pl2",
            "inbound_anomaly_score_pl3",
            "inbound_anomaly_score_pl4",
        ],
    ),
    (
        "outbound",
        ["blocking_outbound_anomaly_score", "outbound_anomaly_score"],
        [
            "outbound_anomaly_score_pl1",
            "outbound_anomaly_score_pl2",
            "outbound_anomaly_score_pl3",
            "outbound_anomaly_score_pl4",
        ],
    ),
];

/// What rules in phases made of a request that a web ACL let through to them.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    /// Everything they know of it.
    pub transaction: &'a Transaction,
    /// What stopped it.
    pub stopped: Option<&'a Intervention>,
}

impl Recorder {
    /// Appends the record of a decision as rules in phases have completed it: one line, the newline included.
    ///
    /// # Panics
    ///
    /// If the verdict was made with another policy.
    pub fn write_judged(
        &mut self,
        policy: &Policy,
        veil: &Veil,
        occurrence: &Occurrence<'_>,
        subject: Subject<'_>,
        judged: &Judged<'_>,
        out: &mut Vec<u8>,
    ) {
        let mut draft = Draft::default();
        self.draft(policy, veil, occurrence, subject, &mut draft);
        let completion = judged.stopped.map_or(Completion::Passed { status: None }, Completion::Stopped);
        self.complete(&draft, veil, judged.transaction, &completion, out);
    }

    /// Completes a draft, and appends it to `out`: one line, the newline included.
    pub(crate) fn complete(
        &mut self,
        draft: &Draft,
        veil: &Veil,
        transaction: &Transaction,
        completion: &Completion<'_>,
        out: &mut Vec<u8>,
    ) {
        let (line, seams) = (&draft.line, &draft.seams);
        out.extend_from_slice(&line[..seams.decision.start]);
        match completion {
            Completion::Passed { .. } => out.extend_from_slice(&line[seams.decision.clone()]),
            Completion::Stopped(Intervention { rule: Some(rule), .. }) => {
                push_number(out, *rule);
                out.extend_from_slice(DECIDED);
            }
            Completion::Stopped(_) => {
                out.extend_from_slice(b"Body_Limit");
                out.extend_from_slice(DECIDED);
            }
            Completion::Faulted { let_through } => {
                out.extend_from_slice(b"Evaluation_Fault\",\"terminatingRuleType\":\"REGULAR\",\"action\":\"");
                out.extend_from_slice(if *let_through { b"ALLOW" } else { b"BLOCK" });
                out.extend_from_slice(b"\",\"terminatingRuleMatchDetails\":[]");
            }
        }
        out.extend_from_slice(&line[seams.decision.end..seams.status.start]);
        match completion.status_sent() {
            Some(status) => push_number(out, status.into()),
            None => out.extend_from_slice(&line[seams.status.clone()]),
        }
        out.extend_from_slice(&line[seams.status.end..seams.end]);
        if let Completion::Faulted { .. } = completion {
            out.extend_from_slice(b",\"failure\":{\"type\":\"EVALUATION_FAULT\",\"reason\":\"evaluation panicked\"}");
        } else {
            let mut field = Field { cloak: self.cloak(veil), out };
            field.write(transaction, completion);
        }
        out.extend_from_slice(b"}\n");
    }
}

impl Recorder {
    /// Adds to a record what rules in phases saw of the request: as a group of the policy, or before it was refused unseen. What
    /// came of that stands in the rest of the record.
    pub fn add_phases(&mut self, veil: &Veil, transaction: &Transaction, line: &mut Vec<u8>) {
        line.truncate(line.len() - b"}\n".len());
        let mut field = Field { cloak: self.cloak(veil), out: line };
        field.write(transaction, &Completion::Passed { status: None });
        line.extend_from_slice(b"}\n");
    }
}

const DECIDED: &[u8] =
    b"\",\"terminatingRuleType\":\"REGULAR\",\"action\":\"BLOCK\",\"terminatingRuleMatchDetails\":[]";

/// The field in the making.
struct Field<'r> {
    cloak: Cloak<'r>,
    out: &'r mut Vec<u8>,
}

impl Field<'_> {
    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, number: i64) {
        if number < 0 {
            self.raw("-");
        }
        push_number(self.out, number.unsigned_abs());
    }

    fn write(&mut self, transaction: &Transaction, completion: &Completion<'_>) {
        self.raw(",\"secLang\":{\"engine\":\"");
        self.raw(match transaction.engine() {
            EngineMode::On => "ON",
            EngineMode::DetectionOnly => "DETECTION_ONLY",
            EngineMode::Off => "OFF",
        });
        self.raw("\",\"responseStatus\":");
        match completion {
            Completion::Passed { status: Some(status) } => push_number(self.out, status.as_u16().into()),
            _ => self.raw("null"),
        }
        self.raw(",\"intervention\":");
        match completion {
            Completion::Stopped(intervention) => self.intervention(intervention),
            _ => self.raw("null"),
        }
        self.scores(transaction);
        self.raw(",\"matchedRules\":[");
        let mut matches = transaction.matches();
        for (number, matched) in matches.by_ref().take(MATCHES_MAX).enumerate() {
            if number > 0 {
                self.raw(",");
            }
            self.matched(&matched);
        }
        self.raw("]");
        let left_out = matches.count();
        if left_out > 0 {
            self.raw(",\"matchedRulesLeftOut\":");
            push_number(self.out, left_out as u64);
        }
        self.gave_up(transaction);
        self.raw("}");
    }

    /// The rules of which a search was given up, if there are any.
    fn gave_up(&mut self, transaction: &Transaction) {
        for (number, rule) in transaction.gave_up().iter().enumerate() {
            self.raw(if number > 0 { "," } else { ",\"searchesGivenUp\":[" });
            push_number(self.out, *rule);
        }
        if !transaction.gave_up().is_empty() {
            self.raw("]");
        }
    }

    fn intervention(&mut self, intervention: &Intervention) {
        self.raw("{\"action\":\"");
        self.raw(match intervention.kind {
            InterventionKind::Deny => "DENY",
            InterventionKind::Drop => "DROP",
            InterventionKind::Redirect(_) => "REDIRECT",
        });
        self.raw("\",\"status\":");
        push_number(self.out, intervention.status.into());
        self.raw(",\"ruleId\":");
        match intervention.rule {
            Some(rule) => push_number(self.out, rule),
            None => self.raw("null"),
        }
        self.raw("}");
    }

    /// The anomaly scores, if the rules keep any.
    fn scores(&mut self, transaction: &Transaction) {
        let mut begun = false;
        for (name, totals, levels) in SCORES {
            let Some(total) = totals.iter().find_map(|name| transaction.tx_number(name)) else { continue };
            self.raw(if begun { ",\"" } else { ",\"anomalyScores\":{\"" });
            begun = true;
            self.raw(name);
            self.raw("\":{\"total\":");
            self.number(total);
            let levels = levels.map(|name| transaction.tx_number(name));
            if levels.iter().any(Option::is_some) {
                self.raw(",\"perParanoiaLevel\":[");
                for (number, level) in levels.into_iter().enumerate() {
                    self.raw(if number > 0 { "," } else { "" });
                    self.number(level.unwrap_or(0));
                }
                self.raw("]");
            }
            self.raw("}");
        }
        if begun {
            self.raw("}");
        }
    }

    fn matched(&mut self, matched: &Matched<'_>) {
        self.raw("{\"ruleId\":");
        push_number(self.out, matched.rule.id);
        self.raw(",\"phase\":");
        push_number(self.out, matched.phase.number().into());
        self.raw(",\"file\":\"");
        push_text(self.out, matched.rule.place.file.as_bytes());
        self.raw("\",\"line\":");
        push_number(self.out, matched.rule.place.line.into());
        let covered = is_covered(&self.cloak, matched);
        self.raw(",\"message\":\"");
        self.text(matched.message, covered && !shows_fixed_message(matched));
        self.raw("\",\"data\":\"");
        self.text(matched.log_data, covered);
        self.raw("\",\"severity\":");
        let severity = matched.rule.metadata.severity.and_then(|severity| SEVERITIES.get(usize::from(severity)));
        match severity {
            Some(name) => {
                self.raw("\"");
                self.raw(name);
                self.raw("\"");
            }
            None => self.raw("null"),
        }
        self.raw(",\"version\":\"");
        push_text(self.out, matched.rule.metadata.version.as_deref().unwrap_or_default().as_bytes());
        self.raw("\",\"tags\":[");
        for (number, tag) in matched.tags().enumerate() {
            self.raw(if number > 0 { ",\"" } else { "\"" });
            self.cloak.push(self.out, tag);
            self.raw("\"");
        }
        self.raw("],\"variable\":\"");
        self.variable(matched.variable);
        self.raw("\"}");
    }

    fn text(&mut self, text: &[u8], covered: bool) {
        if covered && !text.is_empty() {
            self.out.extend_from_slice(REDACTED);
        } else {
            self.cloak.push(self.out, text);
        }
    }

    /// The name of a variable. That of a member is the client's word.
    fn variable(&mut self, name: &[u8]) {
        let (variable, member) = split(name);
        push_text(self.out, variable);
        if let Some(member) = member {
            self.raw(":");
            let veil = self.cloak.veil();
            let covered = veil.query(Place::MatchDetails).or_else(|| veil.body());
            self.text(member, covered.is_some());
        }
    }
}

/// `ARGS:q` into `ARGS` and `q`.
fn split(name: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b':', name) {
        Some(at) => (&name[..at], Some(&name[at + 1..])),
        None => (name, None),
    }
}

/// Whether what a match quotes must not be shown.
pub(crate) fn is_covered(cloak: &Cloak<'_>, matched: &Matched<'_>) -> bool {
    let matched_last = origin(matched.variable);
    let is_covered = |(variable, member): (Variable, &[u8])| covers(cloak, variable, member);
    if matched_last.is_some_and(is_covered) {
        return true;
    }
    let links = &matched.rule.links;
    let data = links.iter().flat_map(|link| [&link.log_data, &link.message]);
    let texts = data.chain([&matched.rule.metadata.message]).flatten().chain(&matched.rule.metadata.tags);
    let is_of_last = matched_last.is_some_and(|(variable, _)| !hands_on(variable));
    let mut is_handed_on = matched_last.is_some_and(|(variable, _)| hands_on(variable));
    for (variable, member) in texts.flat_map(quoted) {
        if covers(cloak, variable, member) {
            return true;
        }
        is_handed_on |= hands_on(variable) && !(variable == Variable::MatchedVar && is_of_last);
    }
    if !is_handed_on || links.len() == 1 {
        return false;
    }
    if let Some(mut origins) = matched.origins() {
        return origins.any(|name| origin(name).is_none_or(is_covered));
    }
    // What a link of a chain captured or matched may be what an earlier one looked at.
    let targets = || links.iter().filter_map(|link| link.test.as_ref()).flat_map(|test| &test.targets);
    targets().any(|target| !target.count && covers(cloak, target.variable, named(target)))
}

/// The variable and the member that a value was taken from in the first place: of `MATCHED_VARS:ARGS:q`, those of `ARGS:q`.
fn origin(name: &[u8]) -> Option<(Variable, &[u8])> {
    let mut name = name;
    loop {
        let (variable, member) = split(name);
        let variable = std::str::from_utf8(variable).ok().and_then(Variable::from_name)?;
        match member {
            Some(member) if variable == Variable::MatchedVars => name = member,
            _ => return Some((variable, member.unwrap_or_default())),
        }
    }
}

/// Whether a variable holds what rules took from others.
fn hands_on(variable: Variable) -> bool {
    matches!(variable, Variable::Tx | Variable::MatchedVar | Variable::MatchedVars)
}

/// Whether the message of a match is the same whatever the request.
pub(crate) fn shows_fixed_message(matched: &Matched<'_>) -> bool {
    let links = matched.rule.links.iter().filter_map(|link| link.message.as_ref());
    links.chain(&matched.rule.metadata.message).all(|text| text.as_literal().is_some())
}

/// The variables a text quotes.
fn quoted(text: &Text) -> impl Iterator<Item = (Variable, &[u8])> {
    text.0.iter().filter_map(|piece| match piece {
        Piece::Literal(_) => None,
        Piece::Value(target) => Some((target.variable, named(target))),
    })
}

/// The member a target names, if it names one.
fn named(target: &Target) -> &[u8] {
    match &target.selector {
        Some(Selector::Name(name)) => name.as_bytes(),
        _ => b"",
    }
}

/// Whether the value of a variable is covered.
fn covers(cloak: &Cloak<'_>, variable: Variable, member: &[u8]) -> bool {
    use Variable as V;
    let veil = cloak.veil();
    let place = Place::MatchDetails;
    let body = || veil.body().is_some();
    let whole_query = || veil.redacts_query() || veil.arguments(place).is_some();
    let argument = || if member.is_empty() { whole_query() } else { veil.argument(member, place).is_some() };
    match variable {
        V::RequestHeaders => member.is_empty() || cloak.hides(member) || veil.header(member, place).is_some(),
        V::ResponseHeaders => cloak.hides(member) || veil.sanitises_response_header(member),
        V::RequestCookies | V::RemoteUser | V::SessionId | V::UserId | V::FullRequest => true,
        V::ArgsGet => veil.redacts_query() || argument(),
        V::Args => veil.redacts_query() || argument() || body(),
        V::ArgsPost | V::RequestBody if veil.sanitises_argument(member) => true,
        V::ArgsPost | V::RequestBody | V::FilesTmpContent | V::Files | V::FilesNames | V::MultipartFilename => body(),
        V::ArgsPostNames | V::MultipartName | V::MultipartPartHeaders | V::Xml => body(),
        V::ArgsGetNames => veil.redacts_query() || veil.query(place).is_some(),
        V::ArgsNames => veil.redacts_query() || veil.query(place).is_some() || body(),
        V::QueryString => whole_query(),
        V::RequestUri | V::RequestUriRaw => whole_query() || veil.path().is_some(),
        V::RequestLine => whole_query() || veil.path().is_some() || veil.method().is_some(),
        V::RequestFilename | V::RequestBasename | V::PathInfo => veil.path().is_some(),
        V::RequestMethod => veil.method().is_some(),
        _ => false,
    }
}
