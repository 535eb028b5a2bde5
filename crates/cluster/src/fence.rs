//! What an executor runs: plans that compute, and read files of the lake's tables.
//!
//! Whoever reaches an executor's port can hand it any plan that can be written down. Only operators that are named here are run: those that write
//! files, read other formats or injure the process on purpose are none of them. A new operator of the engine's is refused until it is looked at.

use std::path::Path;
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
        Ok(Arc::new(Task::new(job, stage_id, Path::new(work_dir), task)))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::{ParquetReadOptions, SessionContext};
    use sekisho_tables::Location;

    use super::*;

    async fn plan(context: &SessionContext, sql: &str) -> Arc<dyn ExecutionPlan> {
        context.sql(sql).await.unwrap().create_physical_plan().await.unwrap()
    }

    #[tokio::test]
    async fn plans_compute_and_read_parquet_of_the_lake_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let tables = folder.path().join("tables");
        let place = Location::folder(&tables).unwrap();
        let context = SessionContext::new_with_config(SessionConfig::new().with_information_schema(true));
        let shown = |path: &Path| path.display().to_string();
        for (name, path) in [("inside", tables.join("one.parquet")), ("outside", folder.path().join("one.parquet"))] {
            let copy = format!("COPY (SELECT 1 AS one, 'x' AS two) TO '{}' STORED AS PARQUET", shown(&path));
            context.sql(&copy).await.unwrap().collect().await.unwrap();
            context.register_parquet(name, shown(&path), ParquetReadOptions::default()).await.unwrap();
        }
        let fence = Fence::new(LakeFiles::new(&[place]), DefaultExecutionEngine::new());
        for allowed in [
            "SELECT two, count(*) FROM inside WHERE one > 0 GROUP BY two ORDER BY two LIMIT 3",
            "SELECT a.one, row_number() OVER (ORDER BY b.two) FROM inside a JOIN inside b ON a.one = b.one",
            "SELECT unnest([one, 2]) FROM inside UNION ALL VALUES (1), (2)",
            "SELECT 1",
        ] {
            fence.allows(&plan(&context, allowed).await).unwrap_or_else(|error| panic!("{allowed}: {error}"));
        }
        let copy = format!("COPY (SELECT * FROM inside) TO '{}/two.parquet' STORED AS PARQUET", shown(&tables));
        for (refused, why) in [
            ("SELECT one FROM outside", "is no file of this lake"),
            ("SELECT one FROM inside UNION ALL SELECT one FROM outside", "is no file of this lake"),
            (&copy, "DataSinkExec is not run"),
            ("SHOW ALL", "is not run"),
        ] {
            let error = fence.allows(&plan(&context, refused).await).unwrap_err().to_string();
            assert!(error.contains(why), "{refused}: {error}");
        }
    }

    #[test]
    fn a_job_is_named_like_a_folder_in_the_executors_own() {
        assert!(is_folder_name("038G4JFRXT000") && is_folder_name("a-b_c"));
        for wrong in ["", ".", "..", "/etc", "a/b", "a\\b", "a\0", "a b", &"a".repeat(65)] {
            assert!(!is_folder_name(wrong), "{wrong:?}");
        }
    }
}
