//! Where what was planned is run: in this process, or by a backend elsewhere.

use std::fmt::Debug;
use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder, TaskContext};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};

use crate::grouping::GroupRuns;

/// Runs plans. What may be asked, which names there are and which files are read is the same with every backend.
pub trait Backend: Debug + Send + Sync {
    /// Adds the settings and rules that plans for it are made with.
    fn prepare(&self, session: SessionStateBuilder) -> SessionStateBuilder;

    /// Begins to run a plan. Dropping the stream stops it.
    ///
    /// # Errors
    ///
    /// If it cannot be run there.
    fn execute(&self, plan: Arc<dyn ExecutionPlan>, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream>;
}

/// The threads of the questions themselves.
#[derive(Debug)]
pub(crate) struct InProcess;

impl Backend for InProcess {
    fn prepare(&self, session: SessionStateBuilder) -> SessionStateBuilder {
        session.with_physical_optimizer_rule(Arc::new(GroupRuns))
    }

    fn execute(&self, plan: Arc<dyn ExecutionPlan>, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        execute_stream(plan, context)
    }
}
