//! Metrics of rules in phases, by their numbers: under the name of the web ACL beside them, like its own rules.
//!
//! A series begins with the first match of its rule, as sets have hundreds of rules of which few ever match.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use prometheus_client::metrics::counter::Counter;
use sekisho_waf::ir::Policy;
use sekisho_waf::ir::phased::{Item, PhasedPolicy};
use sekisho_waf::transaction::Matched;

use super::{PolicyFamilies, Scope, Series};

/// Rules that are counted apart: some times what the largest sets hold.
const RULES_MAX: usize = 10_000;

/// The counters of rules in phases, by number.
#[derive(Debug)]
pub struct PhasedCounters {
    acl: Arc<str>,
    families: PolicyFamilies,
    rules: HashMap<u64, RuleCounters>,
}

#[derive(Debug, Default)]
struct RuleCounters {
    blocked: OnceLock<Counter>,
    counted: OnceLock<Counter>,
}

impl PhasedCounters {
    /// The counters of the rules beside a web ACL; none if it switches metrics off.
    pub(super) fn new(families: &PolicyFamilies, acl: &Policy, rules: &PhasedPolicy) -> Self {
        let numbers = rules.items.iter().filter_map(|item| match item {
            Item::Rule(rule) => Some(rule.id),
            Item::Marker(_) => None,
        });
        let counted = if acl.visibility.metrics { RULES_MAX } else { 0 };
        Self {
            acl: acl.visibility.metric_name.as_str().into(),
            families: families.clone(),
            rules: numbers.take(counted).map(|number| (number, RuleCounters::default())).collect(),
        }
    }

    /// Counts the matches of one request, and the rule that stopped it.
    pub(crate) fn observe<'m>(&self, matches: impl Iterator<Item = Matched<'m>>, stopped_by: Option<u64>) {
        for matched in matches.filter(|matched| Some(matched.rule.id) != stopped_by) {
            if let Some(counters) = self.rules.get(&matched.rule.id) {
                let counter = || self.families.counted.get_or_create_owned(&self.series(matched.rule.id));
                counters.counted.get_or_init(counter).inc();
            }
        }
        if let Some((number, counters)) = stopped_by.and_then(|number| Some((number, self.rules.get(&number)?))) {
            let counter = || self.families.blocked.get_or_create_owned(&self.series(number));
            counters.blocked.get_or_init(counter).inc();
        }
    }

    fn series(&self, number: u64) -> Series {
        Series { acl: Arc::clone(&self.acl), scope: Scope::Rule(number.to_string().into()) }
    }
}
