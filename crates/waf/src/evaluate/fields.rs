//! The parts of the current request as far as rules have asked for them.

use crate::compile::{FieldPlan, Marks, TestId};
use crate::part::{self, Extent};
use crate::transform::Outcome;
use crate::{Request, RuleSet};

/// A buffer that grew beyond this (bytes) for one request is given back before the next.
const BUFFER_KEPT_BYTES_MAX: usize = 256 * 1024;

/// Results by part, and the buffers that transformations write to.
#[derive(Debug, Default)]
pub(super) struct Fields {
    marks: Marks,
    /// By part: how much of it there is, once it was taken apart.
    extents: Vec<Option<Extent>>,
    /// Output of the transformation at each depth of a chain.
    buffers: Vec<Vec<u8>>,
    /// For each depth of the chain at hand, the buffer (by depth) its value is in; 0 is the value as received.
    value_at: Vec<usize>,
    /// Values that must be decoded before they are visited.
    memory: part::Memory,
}

impl Fields {
    pub(super) fn resize(&mut self, rule_set: &RuleSet) {
        let program = &rule_set.program;
        self.marks.resize(program.tests.len(), program.regexes);
        self.extents = vec![None; program.fields.len()];
        self.buffers = vec![Vec::new(); program.chain_depth_max + 1];
        self.value_at = vec![0; program.chain_depth_max + 1];
    }

    pub(super) fn clear(&mut self) {
        self.marks.clear();
        self.extents.fill(None);
        for buffer in &mut self.buffers {
            if buffer.capacity() > BUFFER_KEPT_BYTES_MAX {
                *buffer = Vec::new();
            }
        }
        self.memory.shrink();
    }

    /// Whether a test passes; takes its part apart if no test asked for it before.
    pub(super) fn passes(&mut self, test: TestId, rule_set: &RuleSet, request: &Request<'_>) -> bool {
        let plan = &rule_set.program.tests[test.index()];
        let extent = match self.extents[plan.field] {
            Some(extent) => extent,
            None => self.inspect(plan.field, rule_set, request),
        };
        extent.passes(plan.oversize, plan.on_missing, || self.marks.is_hit(test))
    }

    fn inspect(&mut self, index: usize, rule_set: &RuleSet, request: &Request<'_>) -> Extent {
        let plan = &rule_set.program.fields[index];
        let Self { marks, buffers, value_at, memory, .. } = self;
        let extent = part::visit(&plan.field, request, rule_set.limits(), memory, |_, value| {
            walk(plan, value, marks, buffers, value_at);
        });
        self.extents[index] = Some(extent);
        extent
    }
}

/// Takes one value through all chains of its part and holds it against what is asked at each step.
fn walk(plan: &FieldPlan, value: &[u8], marks: &mut Marks, buffers: &mut [Vec<u8>], value_at: &mut [usize]) {
    for node in &plan.nodes {
        let depth = node.depth;
        if let Some(transform) = node.transform {
            let parent = value_at[depth - 1];
            let (before, here) = buffers.split_at_mut(depth);
            let input = if parent == 0 { value } else { &before[parent] };
            here[0].clear();
            value_at[depth] = match transform.apply(input, &mut here[0]) {
                Outcome::Unchanged => parent,
                Outcome::Changed => depth,
            };
        }
        if !node.matcher.is_empty() {
            let at = value_at[depth];
            node.matcher.run(if at == 0 { value } else { &buffers[at] }, marks);
        }
    }
}
