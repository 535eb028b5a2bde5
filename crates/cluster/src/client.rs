//! A cluster, as those see it who ask.

use std::sync::Arc;
use std::time::Duration;

use ballista_core::extension::SessionConfigExt as _;
use ballista_core::optimizer::ballista_default_optimizer_rules;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder, TaskContext};
use datafusion::physical_plan::explain::ExplainExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use sekisho_query::Backend;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::address::ClusterAddress;
use crate::answer;
use crate::job::Open;
use crate::message::{Message, reads_files};

/// Into how many parts plans are cut: as many tasks of a stage run at a time, at most, on all executors together.
const PARTS: usize = 16;
/// How long an end waits until the scheduler has heard of it.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(2);

/// Runs plans on a cluster.
#[derive(Debug)]
pub struct Cluster {
    address: ClusterAddress,
    open: Open,
}

impl Cluster {
    /// The cluster of the scheduler at an address. Connects when it is asked.
    #[must_use]
    pub fn at(address: ClusterAddress) -> Self {
        Self { address, open: Arc::new(watch::Sender::new(0)) }
    }

    /// Waits, two seconds at most, until the scheduler knows of every answer that was dropped or read to its end: that its job is over.
    pub async fn settled(&self) {
        let mut open = self.open.subscribe();
        let none_open = open.wait_for(|open| *open == 0);
        // A scheduler that is gone has nothing to be told.
        _ = timeout(GOODBYE_TIMEOUT, none_open).await;
    }
}

impl Backend for Cluster {
    fn prepare(&self, mut session: SessionStateBuilder) -> SessionStateBuilder {
        let config = session.config().take().unwrap_or_default().upgrade_for_ballista().with_target_partitions(PARTS);
        session.with_config(config).with_optimizer_rules(ballista_default_optimizer_rules())
    }

    /// What reads no file and cannot travel (`SHOW TABLES`, `EXPLAIN`) is answered here.
    fn execute(&self, plan: Arc<dyn ExecutionPlan>, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if plan.downcast_ref::<ExplainExec>().is_some() {
            return execute_stream(plan, context);
        }
        let schema = plan.schema();
        match Message::new(Arc::clone(&plan), &context) {
            Ok(message) => {
                let rows = answer::rows(self.address.clone(), message, Arc::clone(&self.open));
                Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
            }
            Err(_) if !reads_files(&plan) => execute_stream(plan, context),
            Err(error) => Err(DataFusionError::External(Box::new(error))),
        }
    }
}
