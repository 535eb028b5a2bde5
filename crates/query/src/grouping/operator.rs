//! The operator: groups of one thread's rows, for a second step that brings those of all threads together.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions,
};
use futures::StreamExt as _;
use futures::stream::try_unfold;

use super::groups::Groups;

/// Does what the [`AggregateExec`] does that it stands for, which is in partial mode, run by run.
#[derive(Debug)]
pub(super) struct GroupRunsExec {
    grouping: AggregateExec,
    metrics: ExecutionPlanMetricsSet,
}

impl GroupRunsExec {
    pub(super) fn new(grouping: AggregateExec) -> Self {
        Self { grouping, metrics: ExecutionPlanMetricsSet::new() }
    }
}

impl DisplayAs for GroupRunsExec {
    fn fmt_as(&self, format: DisplayFormatType, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("GroupRunsExec: ")?;
        self.grouping.fmt_as(format, formatter)
    }
}

impl ExecutionPlan for GroupRunsExec {
    fn name(&self) -> &'static str {
        "GroupRunsExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.grouping.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.grouping.children()
    }

    fn apply_expressions(
        &self,
        apply: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.grouping.apply_expressions(apply)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = Arc::new(self.grouping.clone()).replace_children(children, options)?;
        let grouping = plan.downcast_ref::<AggregateExec>().cloned();
        let grouping = grouping.ok_or_else(|| DataFusionError::Internal("a grouping stays one".to_owned()))?;
        Ok(Arc::new(Self::new(grouping)))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let schema = self.schema();
        let options = &context.session_config().options().execution;
        let reservation = MemoryConsumer::new(format!("GroupRunsExec[{partition}]")).with_can_spill(true);
        let reading = Reading {
            groups: Groups::new(&self.grouping, Arc::clone(&schema))?,
            reservation: reservation.register(context.memory_pool()),
            metrics: BaselineMetrics::new(&self.metrics, partition),
            batch_rows: options.batch_size.into(),
            probe_rows: options.skip_partial_aggregation_probe_rows_threshold,
            groups_per_row_max: options.skip_partial_aggregation_probe_ratio_threshold,
            rows_read: 0,
            are_apart: false,
            given: None,
            input: Some(self.grouping.input().execute(partition, Arc::clone(&context))?),
        };
        Ok(reading.into_stream(schema))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// One thread's part of it.
struct Reading {
    /// None at its end.
    input: Option<SendableRecordBatchStream>,
    groups: Groups,
    reservation: MemoryReservation,
    metrics: BaselineMetrics,
    /// Rows of a batch that is given out.
    batch_rows: usize,
    /// After so many rows it is seen whether grouping makes them fewer.
    probe_rows: usize,
    groups_per_row_max: f64,
    rows_read: usize,
    /// Rows are hardly ever alike: each is handed on by itself.
    are_apart: bool,
    /// What is given out, piece by piece, before more is read.
    given: Option<RecordBatch>,
}

impl Reading {
    fn into_stream(self, schema: SchemaRef) -> SendableRecordBatchStream {
        let batches = try_unfold(self, |mut reading| async move {
            let batch = reading.next().await?;
            Ok(batch.map(|batch| (batch, reading)))
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, batches))
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.piece() {
                self.metrics.record_output(batch.num_rows());
                return Ok(Some(batch));
            }
            let Some(input) = &mut self.input else { return Ok(None) };
            let batch = input.next().await.transpose()?;
            let compute = self.metrics.elapsed_compute().clone();
            let _timer = compute.timer();
            self.given = match batch {
                Some(batch) if self.are_apart => Some(self.groups.apart(&batch)?),
                Some(batch) => self.add(&batch)?,
                None => {
                    self.input = None;
                    self.take()?
                }
            };
        }
    }

    /// Adds rows to their groups. Gives these if no more of them fit into memory, or if rows are hardly ever alike.
    fn add(&mut self, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        self.groups.add(batch)?;
        self.rows_read += batch.num_rows();
        if self.reservation.try_resize(self.groups.bytes()).is_err() {
            return self.take();
        }
        #[expect(clippy::cast_precision_loss, reason = "a share need not be exact")]
        let groups_per_row = self.groups.count() as f64 / self.rows_read as f64;
        if self.rows_read >= self.probe_rows && groups_per_row > self.groups_per_row_max {
            self.are_apart = true;
            return self.take();
        }
        Ok(None)
    }

    fn take(&mut self) -> Result<Option<RecordBatch>> {
        let taken = self.groups.take()?;
        // What waits to be given out is in memory as well.
        self.reservation.resize(taken.as_ref().map_or(0, RecordBatch::get_array_memory_size));
        Ok(taken)
    }

    /// The next rows of what is given out.
    fn piece(&mut self) -> Option<RecordBatch> {
        let given = self.given.take().filter(|given| given.num_rows() > 0)?;
        let rows = given.num_rows().min(self.batch_rows);
        if rows < given.num_rows() {
            self.given = Some(given.slice(rows, given.num_rows() - rows));
        }
        Some(given.slice(0, rows))
    }
}
