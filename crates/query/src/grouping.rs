//! Grouping rows that come in runs.
//!
//! Records of a kind stand together in the lake's files (ADR 031), so a row mostly has the same service, operation or
//! user as the row before. Of such a run only the first row need be looked up among the groups, which is most of what
//! grouping by texts costs. This rule puts [`GroupRunsExec`] where DataFusion's own operator would group what one
//! thread reads; the groups of all threads are brought together as ever.

mod groups;
mod operator;
mod runs;

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::{ExecutionPlan, InputOrderMode};

use self::operator::GroupRunsExec;

/// Groups by runs wherever that can be done.
#[derive(Debug)]
pub(crate) struct GroupRuns;

impl PhysicalOptimizerRule for GroupRuns {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let with_runs = plan.transform_up(|node| match node.downcast_ref::<AggregateExec>() {
            Some(grouping) if fits(grouping)? => {
                Ok(Transformed::yes(Arc::new(GroupRunsExec::new(grouping.clone())) as _))
            }
            _ => Ok(Transformed::no(node)),
        });
        Ok(with_runs?.data)
    }

    fn name(&self) -> &'static str {
        "group_runs"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Whether it is the first of two steps of a plain `GROUP BY` whose values can be compared row by row.
fn fits(grouping: &AggregateExec) -> Result<bool> {
    let by = grouping.group_expr();
    let is_plain = *grouping.mode() == AggregateMode::Partial
        && *grouping.input_order_mode() == InputOrderMode::Linear
        && by.is_single()
        && !by.is_true_no_grouping()
        && grouping.limit_options().is_none()
        && grouping.dynamic_expressions_produced().is_empty()
        && grouping.aggr_expr().iter().all(|aggregate| aggregate.groups_accumulator_supported());
    if !is_plain {
        return Ok(false);
    }
    let keys = by.group_schema(&grouping.input().schema())?;
    Ok(keys.fields().iter().all(|key| runs::can_compare(key.data_type())))
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, AsArray as _, Int64Array, RecordBatch, StringViewArray};
    use arrow::datatypes::Int64Type;
    use arrow::util::pretty::pretty_format_batches;
    use datafusion::datasource::MemTable;
    use datafusion::execution::memory_pool::{FairSpillPool, GreedyMemoryPool, MemoryPool};
    use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
    use datafusion::execution::{SessionStateBuilder, TaskContext};
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;

    const PARTS: usize = 2;
    const BATCH_ROWS: usize = 500;

    /// Rows whose `kind` and `user` come in runs of so many rows; `id` is different in each row.
    fn table(run: usize) -> MemTable {
        let part = |part: usize| {
            let batch = |batch: usize| {
                let rows = (0..BATCH_ROWS).map(move |row| (part * 40 + batch) * BATCH_ROWS + row);
                let kind = rows.clone().map(|row| {
                    (!(row / run).is_multiple_of(7)).then(|| format!("a kind with a long name {}", row / run % 7))
                });
                let user = rows.clone().map(|row| format!("u{}", row / run / 3 % 5));
                let id = rows.clone().map(|row| format!("the id of a row {row}"));
                let number = rows.map(|row| (!row.is_multiple_of(11)).then_some(i64::try_from(row % 13).unwrap()));
                RecordBatch::try_from_iter_with_nullable([
                    ("kind", Arc::new(kind.collect::<StringViewArray>()) as ArrayRef, true),
                    ("user", Arc::new(user.map(Some).collect::<StringViewArray>()) as ArrayRef, true),
                    ("id", Arc::new(id.map(Some).collect::<StringViewArray>()) as ArrayRef, true),
                    ("number", Arc::new(number.collect::<Int64Array>()) as ArrayRef, true),
                ])
                .unwrap()
            };
            (0..40).map(batch).collect::<Vec<_>>()
        };
        let parts: Vec<_> = (0..PARTS).map(part).collect();
        MemTable::try_new(parts[0][0].schema(), parts).unwrap()
    }

    /// How it is done, and what comes out.
    async fn asked(sql: &str, run: usize, with_runs: bool, environment: &Arc<RuntimeEnv>) -> (String, String) {
        let config = SessionConfig::new().with_target_partitions(PARTS).with_batch_size(BATCH_ROWS);
        let state = SessionStateBuilder::new().with_config(config).with_default_features();
        let state = state.with_runtime_env(Arc::clone(environment));
        let state = if with_runs { state.with_physical_optimizer_rule(Arc::new(GroupRuns)) } else { state };
        let context = SessionContext::new_with_state(state.build());
        context.register_table("t", Arc::new(table(run))).unwrap();
        let explained = context.sql(&format!("EXPLAIN {sql}")).await.unwrap().collect().await.unwrap();
        let rows = context.sql(sql).await.unwrap().collect().await.unwrap();
        (pretty_format_batches(&explained).unwrap().to_string(), pretty_format_batches(&rows).unwrap().to_string())
    }

    const GROUPINGS: [&str; 5] = [
        "SELECT kind, user, count(*), count(number), sum(number), min(id) FROM t GROUP BY 1, 2 ORDER BY 1, 2",
        "SELECT kind, avg(number) FILTER (WHERE user <> 'u2') FROM t GROUP BY 1 ORDER BY 1",
        "SELECT DISTINCT user, number FROM t ORDER BY 1, 2",
        "SELECT id, max(number) FROM t GROUP BY 1 ORDER BY 1",
        "SELECT upper(user) AS u, number % 2, first_value(id ORDER BY number, id) FROM t GROUP BY 1, 2 ORDER BY 1, 2",
    ];

    #[tokio::test]
    async fn answers_are_those_of_the_operator_it_stands_for() {
        let environment = Arc::default();
        for sql in GROUPINGS {
            for run in [1, 2, 40, 900] {
                let (plan, ours) = asked(sql, run, true, &environment).await;
                let (_, theirs) = asked(sql, run, false, &environment).await;
                assert!(plan.contains("GroupRunsExec"), "{plan}");
                assert_eq!(ours, theirs, "{sql}, runs of {run}");
            }
        }
    }

    #[tokio::test]
    async fn groups_that_do_not_fit_into_memory_are_handed_on() {
        let pool = Arc::new(FairSpillPool::new(6 << 20));
        let narrow = Arc::new(RuntimeEnvBuilder::new().with_memory_pool(pool).build().unwrap());
        let sql = "SELECT user, id, sum(number) AS n FROM t GROUP BY 1, 2 ORDER BY n DESC, 2 LIMIT 20";
        let (_, ours) = asked(sql, 3, true, &narrow).await;
        let (_, theirs) = asked(sql, 3, false, &Arc::default()).await;
        assert_eq!(ours, theirs);
    }

    #[tokio::test]
    async fn without_any_memory_each_batch_hands_its_groups_on() {
        let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(PARTS));
        let rule: Arc<dyn PhysicalOptimizerRule + Send + Sync> = Arc::new(GroupRuns);
        context.register_table("t", Arc::new(table(900))).unwrap();
        let asked = context.sql("SELECT user, count(*) FROM t GROUP BY 1").await.unwrap();
        let plan = rule.optimize(asked.create_physical_plan().await.unwrap(), &ConfigOptions::new()).unwrap();
        let mut node = plan;
        while node.name() != "GroupRunsExec" {
            node = Arc::clone(node.children()[0]);
        }
        let nothing: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(1));
        let narrow = RuntimeEnvBuilder::new().with_memory_pool(nothing).build_arc().unwrap();
        let task = Arc::new(TaskContext::default().with_runtime(narrow));
        let groups = datafusion::physical_plan::common::collect(node.execute(0, task).unwrap()).await.unwrap();
        assert_eq!(groups.len(), 40, "one for each batch");
        let counted = groups.iter().flat_map(|batch| batch.column(1).as_primitive::<Int64Type>().values().to_vec());
        assert_eq!(counted.sum::<i64>(), 40 * i64::try_from(BATCH_ROWS).unwrap());
    }

    #[tokio::test]
    async fn what_cannot_be_done_by_runs_is_left_alone() {
        let environment = Arc::default();
        for sql in [
            "SELECT make_array(user, kind) AS k, count(*) FROM t GROUP BY 1 ORDER BY 1",
            "SELECT user, kind, count(*) FROM t GROUP BY ROLLUP (user, kind) ORDER BY 1, 2",
            "SELECT user, kind, count(*) FROM t GROUP BY GROUPING SETS ((user), (kind), ()) ORDER BY 1, 2",
            "SELECT max(number), count(DISTINCT user) FROM t",
            "SELECT DISTINCT user FROM t LIMIT 9",
        ] {
            let (plan, ours) = asked(sql, 3, true, &environment).await;
            let (_, theirs) = asked(sql, 3, false, &environment).await;
            assert!(!plan.contains("GroupRunsExec") || sql.contains("count(DISTINCT"), "{plan}");
            if !sql.contains("LIMIT") {
                assert_eq!(ours, theirs, "{sql}");
            }
        }
    }

    #[tokio::test]
    async fn groupings_within_groupings_are_as_they_were() {
        let environment = Arc::default();
        for sql in [
            "SELECT n, count(*) FROM (SELECT user, count(*) AS n FROM t GROUP BY 1) GROUP BY 1 ORDER BY 1",
            "SELECT kind, count(DISTINCT user), sum(DISTINCT number) FROM t GROUP BY 1 ORDER BY 1",
            "SELECT user, count(*) AS n FROM t GROUP BY 1 HAVING count(*) > 3 ORDER BY 1",
            "SELECT a.user, count(*) FROM t a JOIN (SELECT DISTINCT user FROM t) b ON a.user = b.user GROUP BY 1 ORDER BY 1",
            "SELECT user, array_agg(number ORDER BY id) FROM t WHERE number = 1 GROUP BY 1 ORDER BY 1",
            "SELECT user, approx_distinct(id) > 9, median(number), avg(number) FROM t GROUP BY 1 ORDER BY 1",
            "SELECT user, sum(count(*)) OVER (ORDER BY user) FROM t GROUP BY 1 ORDER BY 1",
            "SELECT user FROM t WHERE user = 'nobody' GROUP BY 1",
        ] {
            let (_, ours) = asked(sql, 40, true, &environment).await;
            let (_, theirs) = asked(sql, 40, false, &environment).await;
            assert_eq!(ours, theirs, "{sql}");
        }
    }
}
