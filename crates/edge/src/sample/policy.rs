//! Where the samples of one policy go, by position: swapped together with it.

use std::sync::Arc;

use sekisho_model::Timestamp;
use sekisho_waf::ir::{Policy, Rule, RuleKind};
use sekisho_waf::{RuleRef, Verdict};

use super::draw::Draw;
use super::reservoir::{Reservoir, Sample};
use crate::record::Veil;

/// Where the samples of one policy go.
#[derive(Debug)]
pub(crate) struct PolicySamples {
    draw: Draw,
    veil: Veil,
    default_action: Option<Arc<Reservoir>>,
    rules: Box<[TopRule]>,
}

#[derive(Debug)]
struct TopRule {
    reservoir: Option<Arc<Reservoir>>,
    /// Whether matches of the members of its group are sampled.
    members: Box<[bool]>,
}

impl PolicySamples {
    pub(super) fn new(
        policy: &Policy,
        veil: Veil,
        draw: Draw,
        default_action: Option<Arc<Reservoir>>,
        rules: Vec<Option<Arc<Reservoir>>>,
    ) -> Self {
        let top = |(rule, reservoir): (&Rule, _)| {
            let members = match &rule.kind {
                RuleKind::Group { group, .. } => {
                    let sampled = |member: &Rule| member.visibility.samples && group.visibility.samples;
                    group.rules.iter().map(sampled).collect()
                }
                RuleKind::Match { .. } | RuleKind::Rate { .. } => Box::default(),
            };
            TopRule { reservoir, members }
        };
        let rules = policy.rules.iter().zip(rules).map(top).collect();
        Self { draw, veil, default_action, rules }
    }

    /// What samples do not show.
    pub(crate) fn veil(&self) -> &Veil {
        &self.veil
    }

    /// Keeps the request where it is drawn: `write` gives its JSON for a rule that matched, or for the default action.
    pub(crate) fn observe(
        &self,
        verdict: &Verdict,
        at: Timestamp,
        mut write: impl FnMut(Option<RuleRef>) -> Box<[u8]>,
    ) {
        let mut sample = |reservoir: &Reservoir, rule| {
            if let Some(drawn) = reservoir.count(at, self.draw) {
                reservoir.keep(drawn, Sample { at, json: write(rule) });
            }
        };
        let matched = verdict.non_terminating.iter().map(|matched| matched.rule).chain(verdict.terminating);
        for rule in matched {
            if let Some(reservoir) = self.reservoir(rule) {
                sample(reservoir, Some(rule));
            }
        }
        if verdict.terminating.is_none()
            && let Some(reservoir) = &self.default_action
        {
            sample(reservoir, None);
        }
    }

    fn reservoir(&self, at: RuleRef) -> Option<&Reservoir> {
        let top = self.rules.get(at.rule as usize)?;
        let sampled = at.member.is_none_or(|member| top.members.get(member as usize).copied().unwrap_or(true));
        top.reservoir.as_deref().filter(|_| sampled)
    }
}
