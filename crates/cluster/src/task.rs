//! A task of an executor, whose begin and end are told.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use ballista_core::serde::protobuf::{RuntimeStatsReport, ShuffleWritePartition, TaskColumnStats, WindowStateReport};
use ballista_executor::execution_engine::QueryStageExecutor;
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::metrics::MetricsSet;

/// A task of Ballista's, as it is.
#[derive(Debug)]
pub(crate) struct Task {
    job: String,
    stage: usize,
    task: Arc<dyn QueryStageExecutor>,
}

impl Task {
    pub(crate) fn new(job: String, stage: usize, task: Arc<dyn QueryStageExecutor>) -> Self {
        Self { job, stage, task }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.task.fmt(to)
    }
}

/// Dropped when a task is done, has failed or was cancelled.
struct Running<'t>(&'t Task, usize);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        tracing::debug!(job = self.0.job, stage = self.0.stage, task = self.1, "a task has ended");
    }
}

#[async_trait]
impl QueryStageExecutor for Task {
    async fn execute_query_stage(&self, task: usize, context: Arc<TaskContext>) -> Result<Vec<ShuffleWritePartition>> {
        tracing::debug!(job = self.job, stage = self.stage, task, "a task begins");
        let _running = Running(self, task);
        self.task.execute_query_stage(task, context).await
    }

    fn collect_plan_metrics(&self) -> Vec<MetricsSet> {
        self.task.collect_plan_metrics()
    }

    fn collect_runtime_stats_reports(&self) -> Vec<RuntimeStatsReport> {
        self.task.collect_runtime_stats_reports()
    }

    fn collect_window_state_reports(&self) -> Result<Vec<WindowStateReport>> {
        self.task.collect_window_state_reports()
    }

    fn collect_column_stats(&self) -> Vec<TaskColumnStats> {
        self.task.collect_column_stats()
    }
}
