//! A task of an executor, whose begin and end are told, and which leaves nothing if it is cancelled.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
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
    /// Where tasks of its job leave what they make.
    folder: PathBuf,
    task: Arc<dyn QueryStageExecutor>,
}

impl Task {
    /// `job` is the name of a folder in `work`.
    pub(crate) fn new(job: String, stage: usize, work: &Path, task: Arc<dyn QueryStageExecutor>) -> Self {
        Self { folder: work.join(&job), job, stage, task }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.task.fmt(to)
    }
}

/// Dropped when a task is done, has failed or was cancelled.
struct Running<'t> {
    of: &'t Task,
    task: usize,
    is_cancelled: bool,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let Task { job, stage, folder, .. } = self.of;
        // A task is cancelled with its job. The scheduler has the job's files removed, but perhaps before this task was stopped.
        if self.is_cancelled
            && let Err(error) = std::fs::remove_dir_all(folder)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(job, %error, "files of a cancelled job stay for a while");
        }
        tracing::debug!(job, stage, task = self.task, "a task has ended");
    }
}

#[async_trait]
impl QueryStageExecutor for Task {
    async fn execute_query_stage(&self, task: usize, context: Arc<TaskContext>) -> Result<Vec<ShuffleWritePartition>> {
        tracing::debug!(job = self.job, stage = self.stage, task, "a task begins");
        let mut running = Running { of: self, task, is_cancelled: true };
        let made = self.task.execute_query_stage(task, context).await;
        running.is_cancelled = false;
        made
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
