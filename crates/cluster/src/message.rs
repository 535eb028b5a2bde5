//! A plan as it travels.

use std::sync::Arc;

use ballista_core::serde::BallistaPhysicalExtensionCodec;
use ballista_core::serde::protobuf::KeyValuePair;
use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::AsExecutionPlan as _;
use datafusion_proto::protobuf::PhysicalPlanNode;

use crate::error::ClusterError;
use crate::fence;
use crate::job::short;
use crate::joins;

/// Most bytes of any message: a plan names each file it reads, in some 200 bytes.
pub(crate) const MESSAGE_BYTES_MAX: u32 = 64 << 20;

/// A plan and its settings, written down.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) plan: Vec<u8>,
    pub(crate) settings: Vec<KeyValuePair>,
}

impl Message {
    pub(crate) fn new(plan: Arc<dyn ExecutionPlan>, context: &TaskContext) -> Result<Self, ClusterError> {
        if let Some(operator) = not_run(&plan) {
            return Err(ClusterError::Plan(format!("executors do not run {operator}, which it takes")));
        }
        let unfit = |error: DataFusionError| ClusterError::Plan(short(&error.strip_backtrace()));
        let plan = joins::in_one_piece(plan).and_then(without_statistics_of_files).map_err(unfit)?;
        let codec = BallistaPhysicalExtensionCodec::default();
        let node = PhysicalPlanNode::try_from_physical_plan(plan, &codec).map_err(unfit)?;
        let mut bytes = Vec::new();
        node.try_encode(&mut bytes).map_err(unfit)?;
        if bytes.len() > MESSAGE_BYTES_MAX as usize {
            let why = format!(
                "its plan takes {} MB, more than {}: ask for fewer days, or merge small files with `sekisho lake compact`",
                bytes.len() >> 20,
                MESSAGE_BYTES_MAX >> 20
            );
            return Err(ClusterError::Plan(why));
        }
        let settings = context.session_config().options().entries();
        let settings = settings.into_iter().map(|entry| KeyValuePair { key: entry.key, value: entry.value });
        Ok(Self { plan: bytes, settings: settings.collect() })
    }
}

/// The first operator that executors do not run.
fn not_run(plan: &Arc<dyn ExecutionPlan>) -> Option<&str> {
    let is_run = plan.downcast_ref::<DataSourceExec>().is_some() || fence::runs(plan.name());
    if is_run { plan.children().into_iter().find_map(not_run) } else { Some(plan.name()) }
}

/// Whether a plan reads files.
pub(crate) fn reads_files(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let is_scan = plan.downcast_ref::<DataSourceExec>().is_some_and(|source| file_scan(source).is_some());
    is_scan || plan.children().into_iter().any(reads_files)
}

fn file_scan(source: &DataSourceExec) -> Option<&FileScanConfig> {
    source.data_source().downcast_ref::<FileScanConfig>()
}

/// What is known of each file has done its work when files were chosen; sent along it would be most of the message. What is known of all of them
/// together stays, for the scheduler to weigh joins by.
fn without_statistics_of_files(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|node| {
        let Some(scan) = node.downcast_ref::<DataSourceExec>().and_then(file_scan) else {
            return Ok(Transformed::no(node));
        };
        let mut scan = scan.clone();
        for group in &mut scan.file_groups {
            let files = group.files().iter().cloned().map(|mut file| {
                file.statistics = None;
                file
            });
            *group = FileGroup::new(files.collect());
        }
        Ok(Transformed::yes(DataSourceExec::from_data_source(scan) as _))
    })
    .data()
}
