//! What an executor runs: plans that compute, and read files of the lake's tables.
//!
//! Whoever reaches an executor's port can hand it any plan that can be written down. Only operators that are named here are run: those that write
//! files, read other formats or injure the process on purpose are none of them. A new operator of the engine's is refused until it is looked at.

use std::sync::Arc;

use ballista_core::JobId;
use ballista_executor::execution_engine::{DefaultExecutionEngine, ExecutionEngine, QueryStageExecutor};
use datafusion::common::exec_err;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::{FileScanConfig, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionConfig;

use crate::lake_files::LakeFiles;
use crate::task::Task;

/// Operators by name, besides scans.
const ALLOWED: &[&str] = &[
    "AggregateExec",
    "AnalyzeExec",
    "BoundedWindowAggExec",
    "BufferExec",
    "CoalesceBatchesExec",
    "CoalescePartitionsExec",
    "CooperativeExec",
    "CrossJoinExec",
    "EmptyExec",
    "ExplainExec",
    "FilterExec",
    "GlobalLimitExec",
    "HashJoinExec",
    "InterleaveExec",
    "LocalLimitExec",
    "NestedLoopJoinExec",
    "PartialSortExec",
    "PlaceholderRowExec",
    "ProjectionExec",
    "RepartitionExec",
    "ShuffleReaderExec",
    "ShuffleWriterExec",
    "SortExec",
    "SortExec(TopK)",
    "SortMergeJoinExec",
    "SortPreservingMergeExec",
    "SortShuffleWriterExec",
    "UnionExec",
    "UnnestExec",
    "WindowAggExec",
];
/// Bytes of a job's id, which is the name of a folder; Ballista's are shorter.
const JOB_BYTES_MAX: usize = 64;

/// Whether executors run an operator of this name; scans are looked at by what they read.
pub(crate) fn runs(operator: &str) -> bool {
    ALLOWED.contains(&operator)
}

/// Ballista's engine, behind the fence.
pub(crate) struct Fence {
    files: LakeFiles,
    engine: DefaultExecutionEngine,
}

impl Fence {
    pub(crate) fn new(files: LakeFiles, engine: DefaultExecutionEngine) -> Self {
        Self { files, engine }
    }

    fn allows(&self, plan: &Arc<dyn ExecutionPlan>) -> Result<()> {
        plan.apply(|node| {
            self.allows_one(node)?;
            Ok(TreeNodeRecursion::Continue)
        })
        .map(drop)
    }

    fn allows_one(&self, node: &Arc<dyn ExecutionPlan>) -> Result<()> {
        let Some(source) = node.downcast_ref::<DataSourceExec>() else {
            return match node.name() {
                name if runs(name) => Ok(()),
                name => exec_err!("{name} is not run by executors of a lake"),
            };
        };
        let source = source.data_source();
        if source.downcast_ref::<MemorySourceConfig>().is_some() {
            return Ok(());
        }
        let Some(scan) = source.downcast_ref::<FileScanConfig>() else {
            return exec_err!("executors of a lake read its Parquet files, and nothing else");
        };
        if scan.file_source().downcast_ref::<ParquetSource>().is_none() {
            return exec_err!("executors of a lake read Parquet, not {}", scan.file_source().file_type());
        }
        let url = scan.object_store_url.as_str();
        let files = scan.file_groups.iter().flat_map(|group| group.files());
        match files.map(|file| &file.object_meta.location).find(|file| !self.files.has(url, file)) {
            None => Ok(()),
            Some(file) => {
                exec_err!("{url}{file} is no file of this lake: this executor reads below {}", self.files.places())
            }
        }
    }
}

/// A job's id is the name of a folder in the executor's own.
fn is_folder_name(job: &str) -> bool {
    let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'-' || letter == b'_';
    !job.is_empty() && job.len() <= JOB_BYTES_MAX && job.bytes().all(is_plain)
}

impl ExecutionEngine for Fence {
    fn create_query_stage_exec(
        &self,
        job_id: JobId,
        stage_id: usize,
        task_id: usize,
        global_output_partition_ids: Vec<usize>,
        plan: Arc<dyn ExecutionPlan>,
        work_dir: &str,
        config: &SessionConfig,
    ) -> Result<Arc<dyn QueryStageExecutor>> {
        if !is_folder_name(job_id.as_str()) {
            return exec_err!("a job of an executor has a plain name");
        }
        self.allows(&plan)?;
        let (job, partitions) = (job_id.as_str().to_owned(), global_output_partition_ids);
        let task =
            self.engine.create_query_stage_exec(job_id, stage_id, task_id, partitions, plan, work_dir, config)?;
        Ok(Arc::new(Task::new(job, stage_id, task)))
    }
}
