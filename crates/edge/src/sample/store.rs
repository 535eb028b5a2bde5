//! All samples, by the names they are asked for under. They stay when rules are replaced by others of the same names, unless the
//! others protect other parts of requests, or leave others out of logs: what was kept before shows what is to be shown no more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sekisho_waf::ir::phased::SanitisedPart;
use sekisho_waf::ir::{Policy, Protection, RuleKind, Visibility};

use super::draw::Draw;
use super::policy::PolicySamples;
use super::reservoir::Reservoir;
use crate::record::Veil;

/// Bytes that all samples may take, shared evenly among the names.
const SAMPLES_BYTES_MAX: usize = 64 << 20;

/// The requests that the default action decided go by the policy's metric name, and by this one.
pub(super) const DEFAULT_ACTION: &str = "Default_Action";
/// All names together.
pub(super) const ALL: &str = "ALL";

/// All samples.
#[derive(Debug)]
pub(crate) struct Samples {
    pub(super) draw: Draw,
    names: Mutex<Names>,
}

/// What samples can be asked for.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// By metric name, in their order.
    pub(super) reservoirs: BTreeMap<String, Arc<Reservoir>>,
    /// Other names of the same: of rules, and of the groups they use.
    pub(super) aliases: BTreeMap<String, String>,
    /// The metric name of the policy, for requests that no rule ended.
    pub(super) default_action: String,
    /// What the policy protects, and so none of the samples show.
    protection: Protection,
    /// What rules in phases leave out of them.
    sanitised: BTreeSet<SanitisedPart>,
}

impl Samples {
    pub(crate) fn new() -> Self {
        Self { draw: Draw::new(), names: Mutex::default() }
    }

    pub(super) fn names(&self) -> MutexGuard<'_, Names> {
        // Only whole maps are put in under the lock.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the samples of a policy go, of which rules in phases behind it leave something out of logs. From now on, samples can
    /// be asked for by its names.
    pub(crate) fn resolve(&self, policy: &Policy, sanitised: &[SanitisedPart]) -> PolicySamples {
        // Redaction concerns records alone.
        let veil = Veil::of(policy, &[]).and_sanitised(sanitised);
        let sanitised: BTreeSet<_> = sanitised.iter().chain(policy.sanitised()).cloned().collect();
        let mut names = self.names();
        let mut next = Names {
            default_action: policy.visibility.metric_name.clone(),
            protection: policy.protection.clone(),
            sanitised,
            ..Names::default()
        };
        let mut before = std::mem::take(&mut names.reservoirs);
        if names.protection != next.protection || names.sanitised != next.sanitised {
            before.clear();
        }
        let mut reservoir = |visibility: &Visibility| {
            let name = &visibility.metric_name;
            let known = || before.get(name).map(Arc::clone).unwrap_or_default();
            let reservoir = next.reservoirs.entry(name.clone()).or_insert_with(known);
            visibility.samples.then(|| Arc::clone(reservoir))
        };
        let default = reservoir(&policy.visibility);
        let rules = policy.rules.iter().map(|rule| reservoir(&rule.visibility)).collect();
        let share = SAMPLES_BYTES_MAX / next.reservoirs.len().max(1);
        next.reservoirs.values().for_each(|reservoir| reservoir.limit(share));
        for rule in &policy.rules {
            let metric = &rule.visibility.metric_name;
            let group = match &rule.kind {
                RuleKind::Group { group, .. } => Some([&group.visibility.metric_name, &group.name]),
                RuleKind::Match { .. } | RuleKind::Rate { .. } => None,
            };
            for alias in group.into_iter().flatten().chain([&rule.name]) {
                next.aliases.entry(alias.clone()).or_insert_with(|| metric.clone());
            }
        }
        *names = next;
        PolicySamples::new(policy, veil, self.draw, default, rules)
    }
}

impl Names {
    /// The reservoirs that a name stands for.
    pub(super) fn find(&self, name: &str) -> Option<Vec<Arc<Reservoir>>> {
        if name == ALL {
            return Some(self.reservoirs.values().map(Arc::clone).collect());
        }
        let name = if name == DEFAULT_ACTION { &self.default_action } else { name };
        let found = self.reservoirs.get(name).or_else(|| self.reservoirs.get(self.aliases.get(name)?));
        found.map(|reservoir| vec![Arc::clone(reservoir)])
    }
}
