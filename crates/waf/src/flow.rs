//! The course of an evaluation: rules in order, groups, rates, labels, and what ends it.
//!
//! Both evaluators share this; they differ in how they judge a condition.
//!
//! Source: AWS WAF Developer Guide, "How AWS WAF processes rules and rule groups in a protection pack or web ACL",
//! "Action override options", "Web request labeling".

use crate::ir::{Action, AddressSource, Policy, Rule, RuleKind, TokenAction, TokenKind};
use crate::part::{forwarded_present, select_addresses};
use crate::rate_key::{KeyBuffers, KeyOrigin};
use crate::{
    Context, CountedKey, Decision, GroupOutcome, Label, LabelText, RateHit, Request, RuleMatch, RuleRef, TokenResult,
    Verdict,
};

/// Judges the conditions of rules.
pub(crate) trait Judge {
    /// Whether the rule's condition, or its scope-down, holds. A rule without one holds.
    fn holds(&mut self, rule: RuleRef, verdict: &Verdict) -> bool;

    /// Names the address sources that the rule's geographic conditions look at. It may leave out those that it named before
    /// in the same evaluation.
    fn locate(&mut self, rule: RuleRef, each: impl FnMut(&AddressSource));

    /// The address sources whose header must be there for the rule to be applied at all.
    fn forwarded(&self, rule: RuleRef) -> &[AddressSource];

    /// Told what a request counts under in a rate-based rule, and how many there are with it; none if it lacks a part of the
    /// key.
    fn counted(&mut self, _rule: RuleRef, _counted: Option<(CountedKey<'_>, u64)>) {}

    /// Told of each rule that was held against the request, and whether it matched in the end.
    fn judged(&mut self, _rule: RuleRef, _matched: Judged) {}
}

/// What came of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// It matched.
    Matched,
    /// It did not.
    NotMatched,
    /// It was not applied: a header that it needs an address from is missing.
    NotApplied,
}

/// Holds the policy's rules against a request, filling `verdict`, which must be clear.
pub(crate) fn run(
    policy: &Policy,
    request: &Request<'_>,
    context: &Context<'_>,
    judge: &mut impl Judge,
    keys: &mut KeyBuffers,
    verdict: &mut Verdict,
) {
    let mut course = Course { policy, request, context, judge, keys, verdict };
    let ended = policy.rules.iter().zip(0..).any(|(rule, index)| course.ends_at(rule, index));
    if !ended {
        let blocks = matches!(policy.default_action, Action::Block(_));
        verdict.decision = if blocks { Decision::Block } else { Decision::Allow };
    }
}

struct Course<'c, J> {
    policy: &'c Policy,
    request: &'c Request<'c>,
    context: &'c Context<'c>,
    judge: &'c mut J,
    keys: &'c mut KeyBuffers,
    verdict: &'c mut Verdict,
}

impl<J: Judge> Course<'_, J> {
    /// Holds one of the policy's rules; whether evaluation ends with it.
    fn ends_at(&mut self, rule: &Rule, index: u32) -> bool {
        let top = RuleRef::top(index);
        let RuleKind::Group { group, count_only, .. } = &rule.kind else {
            return self.matches(rule, top) && self.act(rule, top);
        };
        let entered = self.scope_holds(top);
        self.judge.judged(top, if entered { Judged::Matched } else { Judged::NotMatched });
        if !entered {
            return false;
        }
        let asked = (self.verdict.captcha, self.verdict.challenge);
        let terminated_by = group.rules.iter().zip(0..).find_map(|(member, at)| {
            let place = RuleRef { rule: index, member: Some(at) };
            (self.matches(member, place) && self.act(member, place)).then_some(at)
        });
        self.verdict.groups.push(GroupOutcome { rule: index, terminated_by });
        if terminated_by.is_some() && *count_only {
            self.verdict.terminating = None;
            self.verdict.decision = Decision::Allow;
            self.forget_failures(asked);
            self.verdict.non_terminating.push(RuleMatch { rule: top });
            return false;
        }
        terminated_by.is_some()
    }

    /// Whether a rule that is no group matches.
    fn matches(&mut self, rule: &Rule, place: RuleRef) -> bool {
        let applied = self.judge.forwarded(place).iter().all(|source| forwarded_present(source, self.request));
        let judged = if !applied {
            Judged::NotApplied
        } else if self.scope_holds(place) && self.is_over_limit(rule, place) {
            Judged::Matched
        } else {
            Judged::NotMatched
        };
        self.judge.judged(place, judged);
        judged == Judged::Matched
    }

    fn scope_holds(&mut self, place: RuleRef) -> bool {
        let holds = self.judge.holds(place, self.verdict);
        let Self { policy, request, context, judge, verdict, .. } = self;
        judge.locate(place, |source| label_place(source, request, context, verdict, policy));
        holds
    }

    /// Counts the request for a rate-based rule and tells whether it is over the limit; true for other rules.
    fn is_over_limit(&mut self, rule: &Rule, place: RuleRef) -> bool {
        let RuleKind::Rate { limit, window_s, key, .. } = &rule.kind else { return true };
        let Self { policy, request, context, .. } = *self;
        let origin = KeyOrigin { policy, request, context, verdict: self.verdict };
        let Some(key) = self.keys.key(key, origin) else {
            self.judge.counted(place, None);
            return false;
        };
        let count = context.rates.count(place, key, *window_s, context.now);
        self.judge.counted(place, Some((key, count)));
        if count <= *limit {
            return false;
        }
        self.verdict.rate_hits.push(RateHit { rule: place, key: key.to_limited(), count });
        true
    }

    /// Does what a rule that matched says; whether that ends evaluation.
    fn act(&mut self, rule: &Rule, place: RuleRef) -> bool {
        for (text, index) in rule.labels.iter().zip(0..) {
            if !has_label(self.verdict, self.policy, text) {
                self.verdict.labels.push(Label::OfRule { rule: place, index });
            }
        }
        let (RuleKind::Match { action, .. } | RuleKind::Rate { action, .. }) = &rule.kind else { return false };
        let decision = match &action.action {
            Action::Count { .. } => None,
            Action::Allow { .. } => Some(Decision::Allow),
            Action::Block(_) => Some(Decision::Block),
            Action::Captcha(asked) => self.ask(TokenKind::Captcha, asked).then_some(Decision::Captcha),
            Action::Challenge(asked) => self.ask(TokenKind::Challenge, asked).then_some(Decision::Challenge),
        };
        match decision {
            Some(decision) => {
                self.verdict.decision = decision;
                self.verdict.terminating = Some(place);
            }
            None => self.verdict.non_terminating.push(RuleMatch { rule: place }),
        }
        decision.is_some()
    }

    /// Holds the client's token against what a rule asks of it; whether it is not good.
    fn ask(&mut self, kind: TokenKind, asked: &TokenAction) -> bool {
        let Some(result) = TokenResult::of(self.context.token.state(kind), asked, self.context.now) else {
            return false;
        };
        *self.verdict.token_mut(kind) = Some(result);
        !result.is_good()
    }

    /// Takes back what a group whose result is only counted said of tokens that were not good: it was not asked in earnest.
    fn forget_failures(&mut self, (captcha, challenge): (Option<TokenResult>, Option<TokenResult>)) {
        for (kind, before) in [(TokenKind::Captcha, captcha), (TokenKind::Challenge, challenge)] {
            let asked = self.verdict.token_mut(kind);
            if asked.is_some_and(|result| !result.is_good()) {
                *asked = before;
            }
        }
    }
}

fn has_label(verdict: &Verdict, policy: &Policy, text: &str) -> bool {
    verdict.labels.iter().any(|label| label.text(policy) == text)
}

/// Adds the labels that tell where an address is, unless they are there.
///
/// Source: AWS WAF Developer Guide, "Geographic match rule statement": unknown places are `XX`.
fn label_place(
    source: &AddressSource,
    request: &Request<'_>,
    context: &Context<'_>,
    verdict: &mut Verdict,
    policy: &Policy,
) {
    let Some(address) = select_addresses(source, request).first() else { return };
    let origin = match source {
        AddressSource::Client => "clientip",
        AddressSource::Forwarded { .. } => "forwardedip",
    };
    let given = request.client.country.filter(|_| *source == AddressSource::Client);
    let place = context.places.place(address);
    let country = given.or(place.map(|place| place.country)).unwrap_or("XX");
    let region = place.filter(|place| place.country == country).and_then(|place| place.region).unwrap_or("XX");
    for text in [
        LabelText::joined(&["awswaf:", origin, ":geo:country:", country]),
        LabelText::joined(&["awswaf:", origin, ":geo:region:", country, "-", region]),
    ] {
        if !has_label(verdict, policy, text.as_str()) {
            verdict.labels.push(Label::Made(text));
        }
    }
}
