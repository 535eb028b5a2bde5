//! The transformation chains over one part of the request, as a trie: a step shared by many tests runs once a value.

use super::CompileError;
use super::matcher::{Matcher, MatcherBuilder, TestId};
use crate::Limits;
use crate::ir::{Field, Rule, Test};
use crate::transform::Transform;

/// How one part is inspected.
#[derive(Debug)]
pub(crate) struct FieldPlan {
    pub(crate) field: Field,
    /// The trie in pre-order; the first node is the untransformed value.
    pub(crate) nodes: Vec<ChainNode>,
}

/// One step of a chain.
#[derive(Debug)]
pub(crate) struct ChainNode {
    /// The transformation that leads here; none at the root.
    pub(crate) transform: Option<Transform>,
    /// How many transformations lead here.
    pub(crate) depth: usize,
    /// What the value is held against here.
    pub(crate) matcher: Matcher,
}

impl FieldPlan {
    /// The longest chain.
    pub(super) fn depth(&self) -> usize {
        self.nodes.iter().map(|node| node.depth).max().unwrap_or(0)
    }
}

/// Gathers the tests over one part.
pub(super) struct FieldPlanBuilder {
    field: Field,
    root: NodeBuilder,
}

#[derive(Default)]
struct NodeBuilder {
    matcher: MatcherBuilder,
    children: Vec<(Transform, NodeBuilder)>,
}

impl FieldPlanBuilder {
    pub(super) fn new(field: Field) -> Self {
        Self { field, root: NodeBuilder::default() }
    }

    pub(super) fn add(&mut self, rule: &Rule, id: TestId, test: &Test, limits: &Limits) -> Result<(), CompileError> {
        let mut node = &mut self.root;
        for &transform in &test.transforms {
            let known = node.children.iter().position(|(step, _)| *step == transform);
            let at = known.unwrap_or_else(|| {
                node.children.push((transform, NodeBuilder::default()));
                node.children.len() - 1
            });
            node = &mut node.children[at].1;
        }
        node.matcher.add(rule, id, &test.operator, limits)
    }

    pub(super) fn finish(self, regexes: &mut usize) -> Result<FieldPlan, CompileError> {
        let mut nodes = Vec::new();
        let mut open = vec![(None, 0, self.root)];
        while let Some((transform, depth, node)) = open.pop() {
            nodes.push(ChainNode { transform, depth, matcher: node.matcher.finish(regexes)? });
            let children = node.children.into_iter().rev();
            open.extend(children.map(|(transform, child)| (Some(transform), depth + 1, child)));
        }
        Ok(FieldPlan { field: self.field, nodes })
    }
}
