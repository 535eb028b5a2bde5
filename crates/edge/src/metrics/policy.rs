//! AWS WAF's own metrics: what became of requests, by web ACL, rule and rule group.
//!
//! Labels, after the dimensions of `AWS/WAFV2`: `WebACL` and `Rule` for a rule of the ACL, `ALL` for all of them and
//! `Default_Action` for requests no rule ended; `WebACL`, `RuleGroup` and `Rule` for a rule within a group, `ALL` for the
//! group as a whole.
//!
//! Source: AWS WAF Developer Guide, "AWS WAF metrics and dimensions".

use std::sync::Arc;

use prometheus_client::encoding::{EncodeLabel as _, EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use sekisho_waf::ir::{Policy, Rule, RuleKind, TokenKind};
use sekisho_waf::{Decision, GroupOutcome, RuleRef, Verdict};

const ALL: &str = "ALL";
const DEFAULT_ACTION: &str = "Default_Action";

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct RuleLabels {
    acl: Arc<str>,
    group: Option<Arc<str>>,
    rule: Arc<str>,
}

impl EncodeLabelSet for RuleLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        ("WebACL", &*self.acl).encode(encoder.encode_label())?;
        if let Some(group) = &self.group {
            ("RuleGroup", &**group).encode(encoder.encode_label())?;
        }
        ("Rule", &*self.rule).encode(encoder.encode_label())
    }
}

/// The counters of all policies, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct PolicyFamilies {
    allowed: Family<RuleLabels, Counter>,
    blocked: Family<RuleLabels, Counter>,
    counted: Family<RuleLabels, Counter>,
    passed: Family<RuleLabels, Counter>,
    captcha: TokenFamilies,
    challenge: TokenFamilies,
}

/// Of one kind of token.
#[derive(Debug, Clone, Default)]
struct TokenFamilies {
    asked: Family<RuleLabels, Counter>,
    good: Family<RuleLabels, Counter>,
}

impl TokenFamilies {
    fn resolve(&self, labels: &RuleLabels) -> TokenCounters {
        TokenCounters { asked: self.asked.get_or_create_owned(labels), good: self.good.get_or_create_owned(labels) }
    }
}

impl PolicyFamilies {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let families = Self::default();
        registry.register("AllowedRequests", "Requests allowed", families.allowed.clone());
        registry.register("BlockedRequests", "Requests blocked", families.blocked.clone());
        registry.register("CountedRequests", "Matches of rules that count", families.counted.clone());
        registry.register(
            "PassedRequests",
            "Requests that went through a rule group without matching any of its rules",
            families.passed.clone(),
        );
        for (name, token, help) in [
            ("Captcha", &families.captcha, "Requests a Captcha action was applied to"),
            ("Challenge", &families.challenge, "Requests a Challenge action was applied to"),
        ] {
            registry.register(format!("{name}Requests"), help, token.asked.clone());
            let help = format!("{help}, and that had a good token");
            registry.register(format!("RequestsWithValid{name}Token"), help, token.good.clone());
        }
        families
    }

    /// The counters of one policy, by position. Those it shares names with earlier ones go on counting.
    pub(super) fn resolve(&self, policy: &Policy) -> PolicyCounters {
        let acl: Arc<str> = policy.name.as_str().into();
        let counters = |group: Option<&Arc<str>>, rule: &str| {
            let labels = RuleLabels { acl: Arc::clone(&acl), group: group.cloned(), rule: rule.into() };
            RuleCounters {
                allowed: self.allowed.get_or_create_owned(&labels),
                blocked: self.blocked.get_or_create_owned(&labels),
                counted: self.counted.get_or_create_owned(&labels),
                captcha: self.captcha.resolve(&labels),
                challenge: self.challenge.resolve(&labels),
            }
        };
        let asks = |rule: &Rule| rule.action().and_then(|in_force| in_force.action.asks()).map(|(kind, _)| kind);
        let rules = policy.rules.iter().map(|rule| {
            let group = match &rule.kind {
                RuleKind::Match { .. } | RuleKind::Rate { .. } => None,
                RuleKind::Group { group, .. } => {
                    let name: Arc<str> = group.name.as_str().into();
                    let labels = RuleLabels { acl: Arc::clone(&acl), group: Some(Arc::clone(&name)), rule: ALL.into() };
                    Some(GroupCounters {
                        whole: counters(Some(&name), ALL),
                        passed: self.passed.get_or_create_owned(&labels),
                        members: (group.rules.iter())
                            .map(|member| (counters(Some(&name), &member.visibility.metric_name), asks(member)))
                            .collect(),
                    })
                }
            };
            TopCounters { own: counters(None, &rule.visibility.metric_name), asks: asks(rule), group }
        });
        let rules = rules.collect();
        PolicyCounters { all: counters(None, ALL), default_action: counters(None, DEFAULT_ACTION), rules }
    }
}

#[derive(Debug)]
struct RuleCounters {
    allowed: Counter,
    blocked: Counter,
    counted: Counter,
    captcha: TokenCounters,
    challenge: TokenCounters,
}

#[derive(Debug)]
struct TokenCounters {
    asked: Counter,
    good: Counter,
}

impl RuleCounters {
    fn decided(&self, decision: Decision) {
        match decision {
            Decision::Allow => self.allowed.inc(),
            Decision::Block => self.blocked.inc(),
            Decision::Captcha => self.captcha.asked.inc(),
            Decision::Challenge => self.challenge.asked.inc(),
        };
    }

    /// A rule matched and let evaluation go on: it counts, or the token it asks for is good.
    ///
    /// Source: AWS WAF Developer Guide, "CAPTCHA and Challenge actions in the logs and metrics".
    fn went_on(&self, asks: Option<TokenKind>) {
        let token = match asks {
            None => {
                self.counted.inc();
                return;
            }
            Some(TokenKind::Captcha) => &self.captcha,
            Some(TokenKind::Challenge) => &self.challenge,
        };
        token.asked.inc();
        token.good.inc();
    }
}

#[derive(Debug)]
struct GroupCounters {
    whole: RuleCounters,
    passed: Counter,
    members: Box<[(RuleCounters, Option<TokenKind>)]>,
}

#[derive(Debug)]
struct TopCounters {
    own: RuleCounters,
    asks: Option<TokenKind>,
    group: Option<GroupCounters>,
}

/// The counters of one policy, by position: swapped together with it.
#[derive(Debug)]
pub struct PolicyCounters {
    all: RuleCounters,
    default_action: RuleCounters,
    rules: Box<[TopCounters]>,
}

impl PolicyCounters {
    /// Counts one evaluated request. A verdict of another policy counts only as far as it fits.
    pub fn observe(&self, verdict: &Verdict) {
        self.all.decided(verdict.decision);
        match verdict.terminating {
            None => self.default_action.decided(verdict.decision),
            Some(rule) => self.terminated(rule, verdict.decision),
        }
        for matched in &verdict.non_terminating {
            if let Some((counters, asks)) = self.rule(matched.rule) {
                let asks = asked_in(verdict, asks);
                counters.went_on(asks);
                self.all.went_on(asks);
            }
        }
        for outcome in &verdict.groups {
            self.observe_group(outcome, verdict);
        }
    }

    /// Counts a request the edge decided without a verdict: refused as malformed, or let through or not on a fault.
    pub fn observe_undecided(&self, decision: Decision) {
        self.all.decided(decision);
    }

    fn terminated(&self, at: RuleRef, decision: Decision) {
        let Some(top) = self.rules.get(at.rule as usize) else { return };
        top.own.decided(decision);
        if let (Some(group), Some(member)) = (&top.group, at.member) {
            group.whole.decided(decision);
            if let Some((member, _)) = group.members.get(member as usize) {
                member.decided(decision);
            }
        }
    }

    fn rule(&self, at: RuleRef) -> Option<(&RuleCounters, Option<TokenKind>)> {
        let top = self.rules.get(at.rule as usize)?;
        match (at.member, &top.group) {
            (Some(member), Some(group)) => group.members.get(member as usize).map(|(counters, asks)| (counters, *asks)),
            _ => Some((&top.own, top.asks)),
        }
    }

    fn observe_group(&self, outcome: &GroupOutcome, verdict: &Verdict) {
        let Some(group) = self.rules.get(outcome.rule as usize).and_then(|top| top.group.as_ref()) else { return };
        let of_group = |at: RuleRef| at.rule == outcome.rule && at.member.is_some();
        let went_on = || {
            let matched = verdict.non_terminating.iter().map(|matched| matched.rule).filter(|&at| of_group(at));
            matched.map(|at| self.rule(at).and_then(|(_, asks)| asked_in(verdict, asks)))
        };
        match outcome.terminated_by {
            None if went_on().next().is_some() => {
                for asked in [None, Some(TokenKind::Captcha), Some(TokenKind::Challenge)] {
                    if went_on().any(|asks| asks == asked) {
                        group.whole.went_on(asked);
                    }
                }
            }
            None => _ = group.passed.inc(),
            // The result was only counted: the member's action did not come into force.
            Some(member) if verdict.terminating.is_none_or(|rule| rule.rule != outcome.rule) => {
                group.whole.counted.inc();
                if let Some((member, _)) = group.members.get(member as usize) {
                    member.counted.inc();
                }
            }
            Some(_) => {}
        }
    }
}

/// What a rule asked for, if it did: a request that brings a solution is not asked.
fn asked_in(verdict: &Verdict, asks: Option<TokenKind>) -> Option<TokenKind> {
    asks.filter(|kind| verdict.token(*kind).is_some())
}

#[cfg(test)]
mod tests;
