//! The order of rules in each phase, and where it goes on after a match.

use std::collections::HashMap;

use super::gate::Gate;
use crate::ir::phased::{Flow, Item, Phase, PhasedPolicy};

/// A rule in the order of its phase.
#[derive(Debug, Clone, Copy)]
pub(in crate::transaction) struct Step {
    /// Its index.
    pub(in crate::transaction) rule: u32,
    /// The place in the order where the phase goes on if the rule matches.
    pub(in crate::transaction) next: u32,
    /// What must hold for it to match at all.
    pub(in crate::transaction) gate: Gate,
}

/// The order of each phase.
///
/// `skip` counts the rules of the same phase. `skipAfter` leads to what follows the next marker of that name, or the next
/// rule of that number, in the order of files; there may be rules of other phases between. Without such a place, the phase
/// ends. ModSecurity 3.0.9 would go on skipping in the phases after it.
pub(super) fn phases(policy: &PhasedPolicy, gate: impl Fn(usize) -> Gate) -> [Box<[Step]>; 5] {
    let places = places(policy);
    Phase::ALL.map(|phase| {
        let rules = policy.items.iter().enumerate().filter_map(|(item, kind)| match kind {
            Item::Rule(rule) => Some((item, rule)),
            Item::Marker(_) => None,
        });
        let of_phase: Vec<_> = rules.enumerate().filter(|(_, (_, rule))| rule.phase == phase).collect();
        let end = of_phase.len();
        let steps = of_phase.iter().enumerate().map(|(at, (index, (item, rule)))| {
            let next = match &rule.flow {
                Flow::Next => at + 1,
                Flow::Skip(count) => (at + 1).saturating_add(*count as usize).min(end),
                Flow::After(name) => {
                    match places.get(name.as_str()).and_then(|found| found.iter().find(|at| *at > item)) {
                        Some(place) => of_phase.partition_point(|(_, (item, _))| item <= place),
                        None => end,
                    }
                }
            };
            Step { rule: narrow(*index), next: narrow(next), gate: gate(*index) }
        });
        steps.collect()
    })
}

/// The items of each name: of a marker, or of a rule's number. In ascending order.
fn places(policy: &PhasedPolicy) -> HashMap<String, Vec<usize>> {
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, item) in policy.items.iter().enumerate() {
        let name = match item {
            Item::Marker(name) => name.clone(),
            Item::Rule(rule) => rule.id.to_string(),
        };
        places.entry(name).or_default().push(at);
    }
    places
}

fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect("fewer rules than bytes of rules")
}
