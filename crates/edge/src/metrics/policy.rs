//! AWS WAF's own metrics: what became of requests, by web ACL, rule, rule group and label.
//!
//! Labels, after the dimensions of `AWS/WAFV2`: `WebACL` and `Rule` for a rule of the ACL, `ALL` for all of them and
//! `Default_Action` for requests no rule ended; `WebACL`, `RuleGroup` and `Rule` for a rule within a group, `ALL` for the
//! group as a whole, and `ManagedRuleGroup` besides if a vendor manages it; `WebACL`, `LabelNamespace` and `Label` for a
//! label. All go by metric names. What a `VisibilityConfig` switches off has no series: for the ACL, those of the default
//! action, of all rules and of labels.
//!
//! Source: AWS WAF Developer Guide, "AWS WAF metrics and dimensions"; API reference, `VisibilityConfig`.

mod label;
mod phased;

use std::sync::Arc;

use prometheus_client::encoding::{EncodeLabel as _, EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use sekisho_waf::ir::phased::PhasedPolicy;
use sekisho_waf::ir::{Group, Policy, Rule, RuleKind, TokenKind};
use sekisho_waf::{Decision, GroupOutcome, RuleRef, Verdict};

use label::{LabelCounters, MadeLabels};

pub use phased::PhasedCounters;

const ALL: &str = "ALL";
const DEFAULT_ACTION: &str = "Default_Action";

/// What a counter counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Series {
    acl: Arc<str>,
    scope: Scope,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Scope {
    /// A rule of the policy, or all of them.
    Rule(Arc<str>),
    /// A rule of a group, or all of them.
    Member { group: Arc<str>, managed: bool, rule: Arc<str> },
    /// A label.
    Label { namespace: Arc<str>, name: Arc<str> },
}

impl EncodeLabelSet for Series {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        ("WebACL", &*self.acl).encode(encoder.encode_label())?;
        match &self.scope {
            Scope::Rule(rule) => ("Rule", &**rule).encode(encoder.encode_label()),
            Scope::Member { group, managed, rule } => {
                ("RuleGroup", &**group).encode(encoder.encode_label())?;
                ("Rule", &**rule).encode(encoder.encode_label())?;
                if *managed { ("ManagedRuleGroup", &**group).encode(encoder.encode_label()) } else { Ok(()) }
            }
            Scope::Label { namespace, name } => {
                ("LabelNamespace", &**namespace).encode(encoder.encode_label())?;
                ("Label", &**name).encode(encoder.encode_label())
            }
        }
    }
}

/// The counters of all policies, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct PolicyFamilies {
    allowed: Family<Series, Counter>,
    blocked: Family<Series, Counter>,
    counted: Family<Series, Counter>,
    passed: Family<Series, Counter>,
    captcha: TokenFamilies,
    challenge: TokenFamilies,
    made: MadeLabels,
}

/// Of one kind of token.
#[derive(Debug, Clone, Default)]
struct TokenFamilies {
    asked: Family<Series, Counter>,
    good: Family<Series, Counter>,
}

impl TokenFamilies {
    fn resolve(&self, series: &Series) -> TokenCounters {
        TokenCounters { asked: self.asked.get_or_create_owned(series), good: self.good.get_or_create_owned(series) }
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
        let help = "Labels made from requests that are not counted apart, as there are too many of them";
        registry.register("sekisho_label_metrics_left_out", help, families.made.left_out.clone());
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

    /// The counters of a series; they count nowhere if it is not visible.
    fn counters(&self, series: &Series, visible: bool) -> RuleCounters {
        if !visible {
            return RuleCounters::default();
        }
        RuleCounters {
            allowed: self.allowed.get_or_create_owned(series),
            blocked: self.blocked.get_or_create_owned(series),
            counted: self.counted.get_or_create_owned(series),
            captcha: self.captcha.resolve(series),
            challenge: self.challenge.resolve(series),
        }
    }

    /// The counters of one policy, by position. Those it shares names with earlier ones go on counting.
    pub(super) fn resolve(&self, policy: &Policy) -> PolicyCounters {
        let acl: Arc<str> = policy.visibility.metric_name.as_str().into();
        let of_rule = |rule: &str, visible| {
            let series = Series { acl: Arc::clone(&acl), scope: Scope::Rule(rule.into()) };
            self.counters(&series, visible)
        };
        let rules = policy.rules.iter().map(|rule| TopCounters {
            own: of_rule(&rule.visibility.metric_name, rule.visibility.metrics),
            asks: asks(rule),
            group: match &rule.kind {
                RuleKind::Match { .. } | RuleKind::Rate { .. } => None,
                RuleKind::Group { group, .. } => Some(self.group(&acl, group, rule.visibility.metrics)),
            },
        });
        let visible = policy.visibility.metrics;
        PolicyCounters {
            all: of_rule(ALL, visible),
            default_action: of_rule(DEFAULT_ACTION, visible),
            rules: rules.collect(),
            labels: LabelCounters::new(policy, &acl, self),
        }
    }

    /// The counters of rules in phases beside a policy.
    pub(super) fn resolve_phased(&self, policy: &Policy, rules: &PhasedPolicy) -> PhasedCounters {
        PhasedCounters::new(self, policy, rules)
    }

    fn group(&self, acl: &Arc<str>, group: &Group, visible: bool) -> GroupCounters {
        let visible = visible && group.visibility.metrics;
        let name: Arc<str> = group.visibility.metric_name.as_str().into();
        let series = |rule: &str| {
            let scope = Scope::Member { group: Arc::clone(&name), managed: group.managed, rule: rule.into() };
            Series { acl: Arc::clone(acl), scope }
        };
        let member = |member: &Rule| {
            let counters = self.counters(&series(&member.visibility.metric_name), visible && member.visibility.metrics);
            (counters, asks(member))
        };
        GroupCounters {
            whole: self.counters(&series(ALL), visible),
            passed: if visible { self.passed.get_or_create_owned(&series(ALL)) } else { Counter::default() },
            members: group.rules.iter().map(member).collect(),
        }
    }
}

/// What a rule asks for.
fn asks(rule: &Rule) -> Option<TokenKind> {
    rule.action().and_then(|in_force| in_force.action.asks()).map(|(kind, _)| kind)
}

#[derive(Debug, Default)]
struct RuleCounters {
    allowed: Counter,
    blocked: Counter,
    counted: Counter,
    captcha: TokenCounters,
    challenge: TokenCounters,
}

#[derive(Debug, Default)]
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
    /// None if they are switched off.
    labels: Option<LabelCounters>,
}

impl PolicyCounters {
    /// Counts one evaluated request. A verdict of another policy counts only as far as it fits.
    pub fn observe(&self, verdict: &Verdict) {
        self.settle(verdict.terminating, verdict.decision);
        self.observe_rules(verdict);
    }

    /// Counts what became of a request, by the rule that decided on it.
    pub(crate) fn settle(&self, terminating: Option<RuleRef>, decision: Decision) {
        self.all.decided(decision);
        match terminating {
            None => self.default_action.decided(decision),
            Some(rule) => self.terminated(rule, decision),
        }
    }

    /// Counts what rules did that did not decide, and the labels.
    pub(crate) fn observe_rules(&self, verdict: &Verdict) {
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
        if let Some(labels) = self.labels.as_ref().filter(|_| !verdict.labels.is_empty()) {
            labels.observe(verdict, |rule, counters| {
                if verdict.non_terminating.iter().any(|matched| matched.rule == rule) {
                    counters.went_on(asked_in(verdict, self.rule(rule).and_then(|(_, asks)| asks)));
                }
            });
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
