//! Metrics by label: what became of the requests that rules put a label on.
//!
//! A series begins with the first request that has the label, as policies name far more labels than requests ever get. The
//! labels that rules add are the policy's; those made from requests, such as countries, are counted up to a limit.
//!
//! Source: AWS WAF Developer Guide, "AWS WAF metrics and dimensions", label metrics.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use prometheus_client::metrics::counter::Counter;
use sekisho_waf::ir::{Policy, Rule, RuleKind};
use sekisho_waf::{Label, LabelText, RuleRef, Verdict};

use super::{PolicyFamilies, RuleCounters, Scope, Series};

/// Labels made from requests that are counted, of all policies together: the countries of the world and their commoner
/// regions.
const MADE_LABELS_MAX: usize = 1_000;
/// Labels of a request that are counted.
const LABELS_MAX: usize = 100;

/// The counters of labels made from requests, of all policies.
#[derive(Debug, Clone, Default)]
pub(super) struct MadeLabels {
    counters: Arc<RwLock<MadeCounters>>,
    /// Labels that would have gone beyond the limit.
    pub(super) left_out: Counter,
}

/// By the policy's name and the label.
type MadeCounters = HashMap<(Arc<str>, LabelText), Arc<RuleCounters>>;

/// The counters of one policy's labels.
#[derive(Debug)]
pub(super) struct LabelCounters {
    acl: Arc<str>,
    families: PolicyFamilies,
    /// By rule, member and label; none where metrics are switched off.
    rules: Box<[RuleLabels]>,
}

#[derive(Debug, Default)]
struct RuleLabels {
    own: Box<[NamedCounters]>,
    members: Box<[Box<[NamedCounters]>]>,
}

/// A label, and its counters once there was a request with it.
#[derive(Debug)]
struct NamedCounters {
    label: Arc<str>,
    counters: OnceLock<RuleCounters>,
}

impl LabelCounters {
    pub(super) fn new(policy: &Policy, acl: &Arc<str>, families: &PolicyFamilies) -> Option<Self> {
        let of = |rule: &Rule, counted: bool| -> Box<[NamedCounters]> {
            let labels = if counted && rule.visibility.metrics { rule.labels.as_slice() } else { &[] };
            let named = |label: &String| NamedCounters { label: label.as_str().into(), counters: OnceLock::new() };
            labels.iter().map(named).collect()
        };
        let rules = policy.rules.iter().map(|rule| {
            let members = match &rule.kind {
                RuleKind::Group { group, .. } => {
                    let counted = rule.visibility.metrics && group.visibility.metrics;
                    group.rules.iter().map(|member| of(member, counted)).collect()
                }
                RuleKind::Match { .. } | RuleKind::Rate { .. } => Box::default(),
            };
            RuleLabels { own: of(rule, true), members }
        });
        let counters = Self { acl: Arc::clone(acl), families: families.clone(), rules: rules.collect() };
        policy.visibility.metrics.then_some(counters)
    }

    /// Counts the labels of a request: by what was decided, and by what the rule did that added the label and went on.
    pub(super) fn observe(&self, verdict: &Verdict, went_on: impl Fn(RuleRef, &RuleCounters)) {
        for label in verdict.labels.iter().take(LABELS_MAX) {
            match label {
                Label::OfRule { rule, index } => {
                    let Some(named) = self.named(*rule, *index) else { continue };
                    let counters = named.counters.get_or_init(|| self.series(&named.label));
                    counters.decided(verdict.decision);
                    if verdict.terminating != Some(*rule) {
                        went_on(*rule, counters);
                    }
                }
                Label::Made(text) => self.observe_made(text, verdict),
            }
        }
    }

    fn named(&self, at: RuleRef, index: u32) -> Option<&NamedCounters> {
        let top = self.rules.get(at.rule as usize)?;
        let labels = match at.member {
            Some(member) => top.members.get(member as usize)?,
            None => &top.own,
        };
        labels.get(index as usize)
    }

    fn observe_made(&self, label: &LabelText, verdict: &Verdict) {
        let made = &self.families.made;
        let key = (Arc::clone(&self.acl), label.clone());
        let known = made.counters.read().unwrap_or_else(PoisonError::into_inner).get(&key).map(Arc::clone);
        let counters = known.or_else(|| {
            let mut counters = made.counters.write().unwrap_or_else(PoisonError::into_inner);
            if counters.len() >= MADE_LABELS_MAX && !counters.contains_key(&key) {
                return None;
            }
            Some(Arc::clone(counters.entry(key).or_insert_with(|| Arc::new(self.series(label.as_str())))))
        });
        match counters {
            Some(counters) => counters.decided(verdict.decision),
            None => _ = made.left_out.inc(),
        }
    }

    /// The series of a label. What stands before the last colon is its namespace.
    fn series(&self, label: &str) -> RuleCounters {
        let (namespace, name) = label.rsplit_once(':').unwrap_or(("", label));
        let scope = Scope::Label { namespace: namespace.into(), name: name.into() };
        self.families.counters(&Series { acl: Arc::clone(&self.acl), scope }, true)
    }
}
