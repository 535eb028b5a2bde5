//! Who the executors are; when one is lost, jobs are ended rather than mended.
//!
//! Ballista 55 mends a job by running the lost tasks anew, and the stages that have read what they made. What tasks of such a stage have handed on before
//! stays among the input of the next stage, so that rows are counted twice. Instead, a job that has lost an executor ends, and whoever asked runs it from
//! its beginning: the answer is that of one run, in which nobody was lost.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use ballista_core::JobId;
use ballista_core::error::Result;
use ballista_core::serde::protobuf::ExecutorHeartbeat;
use ballista_core::serde::scheduler::{ExecutorData, ExecutorMetadata};
use ballista_scheduler::cluster::memory::InMemoryClusterState;
use ballista_scheduler::cluster::{BoundTask, ClusterState, ClusterStateEventStream, ExecutorSlot};
use ballista_scheduler::config::TaskDistributionPolicy;
use ballista_scheduler::scheduler_server::SchedulerServer;
use ballista_scheduler::state::task_manager::JobInfoCache;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};

/// Our scheduler's server.
pub(crate) type Server = SchedulerServer<LogicalPlanNode, PhysicalPlanNode>;

/// How often a stage may fail to fetch what another has made: never, as mending is wrong.
pub(crate) const STAGE_FAILURES_MAX: usize = 1;

/// Whether a job ended because an executor was lost: it was cancelled by nobody who asked, or could not fetch what a lost one had made.
pub(crate) fn is_of_lost_executor(failure: &str) -> bool {
    let fetched_in_vain = format!("has failed {STAGE_FAILURES_MAX} times, most recent failure reason");
    failure.contains("Cancelled") || failure.contains(&fetched_in_vain)
}

/// The executors, in memory.
#[derive(Default)]
pub(crate) struct Executors {
    known: InMemoryClusterState,
    /// Set once it is made: it needs the executors first.
    server: OnceLock<Server>,
}

impl Executors {
    pub(crate) fn serve(&self, server: &Server) {
        // Nobody else sets it.
        _ = self.server.set(server.clone());
    }
}

#[async_trait]
impl ClusterState for Executors {
    async fn init(&self) -> Result<()> {
        self.known.init().await
    }

    async fn bind_schedulable_tasks(
        &self,
        distribution: TaskDistributionPolicy,
        active_jobs: Arc<HashMap<JobId, JobInfoCache>>,
        executors: Option<HashSet<String>>,
    ) -> Result<Vec<BoundTask>> {
        self.known.bind_schedulable_tasks(distribution, active_jobs, executors).await
    }

    async fn unbind_tasks(&self, executor_slots: Vec<ExecutorSlot>) -> Result<()> {
        self.known.unbind_tasks(executor_slots).await
    }

    async fn register_executor(&self, metadata: ExecutorMetadata, spec: ExecutorData) -> Result<()> {
        self.known.register_executor(metadata, spec).await
    }

    async fn save_executor_metadata(&self, metadata: ExecutorMetadata) -> Result<()> {
        self.known.save_executor_metadata(metadata).await
    }

    async fn get_executor_metadata(&self, executor_id: &str) -> Result<ExecutorMetadata> {
        self.known.get_executor_metadata(executor_id).await
    }

    async fn registered_executor_metadata(&self) -> Vec<ExecutorMetadata> {
        self.known.registered_executor_metadata().await
    }

    async fn save_executor_heartbeat(&self, heartbeat: ExecutorHeartbeat) -> Result<()> {
        self.known.save_executor_heartbeat(heartbeat).await
    }

    /// Called before jobs are told of the loss. Ends are queued here, so that they come first.
    async fn remove_executor(&self, executor_id: &str) -> Result<()> {
        if let Some(server) = self.server.get() {
            for job in server.state.task_manager.get_running_job_cache().keys() {
                tracing::warn!(executor = %executor_id, %job, "a job has lost an executor and ends; it is to be run again");
                server.cancel_job(job.clone()).await?;
            }
        }
        self.known.remove_executor(executor_id).await
    }

    fn executor_heartbeats(&self) -> HashMap<String, ExecutorHeartbeat> {
        self.known.executor_heartbeats()
    }

    fn get_executor_heartbeat(&self, executor_id: &str) -> Option<ExecutorHeartbeat> {
        self.known.get_executor_heartbeat(executor_id)
    }

    async fn cluster_state_events(&self) -> Result<ClusterStateEventStream> {
        self.known.cluster_state_events().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_job_tells_whether_an_executor_was_lost() {
        assert!(is_of_lost_executor("Cancelled"));
        assert!(is_of_lost_executor(
            "Job failed due to stage 3 failed: Stage 3 has failed 1 times, most recent failure reason: \"x\""
        ));
        assert!(!is_of_lost_executor(
            "Job failed due to stage 1 failed: Task failed due to runtime execution error: x"
        ));
    }
}
