//! The counters as one policy's rules see them: positions become uses of rules, which stay the same across reloads.

use std::sync::Arc;

use sekisho_model::Timestamp;
use sekisho_waf::ir::{Policy, Rule, RuleKind};
use sekisho_waf::{CountedKey, RateSource, RuleRef};

use super::identity::identify;
use super::store::{CountedRule, CounterStore, Limited};
use super::window::Allowance;

/// The rate-based rules of one policy and what counts for them.
#[derive(Debug)]
pub struct PolicyRates {
    counters: Arc<dyn CounterStore>,
    /// Per rule of the policy.
    rules: Box<[Uses]>,
}

/// A rule of the policy as far as it is rate-based: itself, or the members of its group.
#[derive(Debug)]
struct Uses {
    own: Option<CountedRule>,
    members: Box<[Option<CountedRule>]>,
}

impl PolicyRates {
    /// Finds the counters of each use of a rate-based rule.
    #[must_use]
    pub fn new(counters: Arc<dyn CounterStore>, policy: &Policy) -> Self {
        let counted = |path: &[&str], rule: &Rule| {
            let RuleKind::Rate { limit, window_s, .. } = rule.kind else { return None };
            let allowance = Allowance { limit, window_ms: window_s.saturating_mul(1000) };
            Some(CountedRule { identity: identify(policy, path, rule)?, allowance })
        };
        let rules = policy.rules.iter().map(|rule| {
            let members: Box<[_]> = match &rule.kind {
                RuleKind::Group { group, .. } => {
                    group.rules.iter().map(|member| counted(&[&rule.name, &member.name], member)).collect()
                }
                RuleKind::Match { .. } | RuleKind::Rate { .. } => Box::default(),
            };
            Uses { own: counted(&[&rule.name], rule), members }
        });
        let rules = rules.collect();
        Self { counters, rules }
    }

    /// The keys of a use of a rule that are limited now; none if it is not rate-based.
    #[must_use]
    pub fn limited(&self, rule: RuleRef, now: Timestamp) -> Vec<Limited> {
        self.counted(rule).map(|rule| self.counters.limited(rule, now)).unwrap_or_default()
    }

    fn counted(&self, rule: RuleRef) -> Option<&CountedRule> {
        let uses = self.rules.get(rule.rule as usize)?;
        match rule.member {
            None => uses.own.as_ref(),
            Some(member) => uses.members.get(member as usize)?.as_ref(),
        }
    }
}

impl RateSource for PolicyRates {
    /// A reference made with another policy is never over a limit.
    fn count(&self, rule: RuleRef, key: CountedKey<'_>, _: u32, now: Timestamp) -> u64 {
        self.counted(rule).map_or(1, |rule| self.counters.count(rule, key, now))
    }
}
