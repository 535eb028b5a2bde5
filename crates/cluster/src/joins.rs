//! Joins without a key to divide by, made safe to be run in pieces.

use std::sync::Arc;

use datafusion::common::JoinType;
use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _};
use datafusion::error::Result;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::joins::NestedLoopJoinExec;
use datafusion::physical_plan::limit::GlobalLimitExec;
use datafusion::physical_plan::{ChildrenPropertiesMode, ExecutionPlan, ReplaceChildrenOptions};

/// In one process the tasks of such a join tell each other which rows of the left side have found a partner; between processes nobody does, and each task
/// would give a row without a partner once more. Where rows of the left side are given for themselves, one task sees the whole right side.
pub(crate) fn in_one_piece(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|node| {
        let Some(join) = node.downcast_ref::<NestedLoopJoinExec>() else { return Ok(Transformed::no(node)) };
        let is_divided = join.right().properties().output_partitioning().partition_count() > 1;
        if !is_divided || !gives_left_for_itself(*join.join_type()) {
            return Ok(Transformed::no(node));
        }
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        let left = Arc::clone(join.left());
        let right = Arc::new(CoalescePartitionsExec::new(Arc::clone(join.right())));
        // The scheduler takes pieces together only where an operator asks for it: this one does, and lets all rows through.
        let right = Arc::new(GlobalLimitExec::new(right, 0, None));
        Ok(Transformed::yes(node.replace_children(vec![left, right], options)?))
    })
    .data()
}

fn gives_left_for_itself(kind: JoinType) -> bool {
    matches!(kind, JoinType::Left | JoinType::Full | JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark)
}
