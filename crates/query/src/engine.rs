//! Asking: from the text of a query to a stream of batches.
//!
//! Questions run on threads of their own with room for deep recursion, whatever runtime asks. An [`Answer`] that is dropped stops its question.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider};
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SendableRecordBatchStream, SessionState, SessionStateBuilder};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt as _;
use sekisho_tables::Tables;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::backend::{Backend, InProcess};
use crate::catalog::Catalog;
use crate::error::QueryError;
use crate::function::functions;
use crate::lake_table::Texts;
use crate::progress::{Planned, Progress};
use crate::read_only;
use crate::settings::QuerySettings;
use crate::word_files::WordFiles;

/// Stack of a thread: planning and evaluation go down a level for each operator of a query. Only what is used is taken.
const STACK_BYTES: usize = 64 << 20;
/// Batches that wait to be taken.
const BATCHES_WAITING: usize = 4;
/// Names of the catalog and the schema that tables are in.
const CATALOG: &str = "lake";
const SCHEMA: &str = "main";

/// Answers questions to one lake.
#[derive(Debug)]
pub struct Questions {
    tables: Arc<Tables>,
    settings: QuerySettings,
    word_files: Arc<WordFiles>,
    environment: Arc<RuntimeEnv>,
    backend: Arc<dyn Backend>,
    /// None only while it is dropped.
    runtime: Option<Runtime>,
}

impl Questions {
    /// Ready to be asked. Reads nothing yet.
    ///
    /// # Errors
    ///
    /// If threads cannot be made.
    pub fn new(tables: Arc<Tables>, settings: QuerySettings) -> Result<Self, QueryError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(settings.threads.max(1))
            .thread_name("query")
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build()
            .map_err(|source| QueryError::Write { what: "the threads of queries".to_owned(), source })?;
        let disk = match &settings.spill {
            Some(folder) => DiskManagerMode::Directories(vec![folder.clone()]),
            None => DiskManagerMode::Disabled,
        };
        let disk = DiskManagerBuilder::default().with_mode(disk).with_max_temp_directory_size(settings.spill_bytes_max);
        let environment = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(settings.memory_bytes_max)))
            .with_disk_manager_builder(disk)
            .build_arc()
            .map_err(|error| QueryError::of_engine(&error, settings.memory_bytes_max))?;
        for location in tables.locations() {
            environment.register_object_store(&location.store_url(), Arc::clone(location.store()));
        }
        let (word_files, backend) = (Arc::default(), Arc::new(InProcess));
        Ok(Self { tables, settings, word_files, environment, backend, runtime: Some(runtime) })
    }

    /// The same, run elsewhere: planned here, with the same limits of time.
    #[must_use]
    pub fn with_backend(mut self, backend: Arc<dyn Backend>) -> Self {
        self.backend = backend;
        self
    }

    /// Plans a query and begins to answer it.
    ///
    /// # Errors
    ///
    /// It is not understood, would change something, is too large, or planning it takes too long.
    pub async fn ask(&self, sql: &str) -> Result<Answer, QueryError> {
        let deadline = Instant::now() + Duration::from_millis(self.settings.time_ms_max);
        let planned = Arc::new(Planned::default());
        let state = self.state(&planned);
        let sql = sql.to_owned();
        let memory = self.settings.memory_bytes_max;
        let planning = Stopped(self.handle().spawn(async move { plan(&state, &sql, memory).await }));
        let mut planning = planning;
        let plan = match timeout_at(deadline, &mut planning.0).await {
            Err(_) => return Err(self.took_too_long()),
            Ok(Ok(plan)) => plan?,
            Ok(Err(stopped)) => return Err(QueryError::Sql(format!("the query could not be planned: {stopped}"))),
        };
        Ok(self.run(plan, planned, deadline))
    }

    /// Runs what was planned.
    fn run(&self, plan: (Arc<dyn ExecutionPlan>, SessionContext), planned: Arc<Planned>, deadline: Instant) -> Answer {
        let (plan, context) = plan;
        let (give, take) = mpsc::channel(BATCHES_WAITING);
        let (memory, late) = (self.settings.memory_bytes_max, self.took_too_long());
        let (running, backend) = (Arc::clone(&plan), Arc::clone(&self.backend));
        let task = self.handle().spawn(async move {
            let answer = stream(backend.execute(running, context.task_ctx()), memory, &give);
            if timeout_at(deadline, answer).await.is_err() {
                let _ = give.send(Err(late)).await;
            }
        });
        Answer { schema: plan.schema(), batches: take, plan, planned, _task: Stopped(task) }
    }

    pub(crate) fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }

    pub(crate) fn word_files(&self) -> &Arc<WordFiles> {
        &self.word_files
    }

    pub(crate) fn settings(&self) -> &QuerySettings {
        &self.settings
    }

    pub(crate) fn handle(&self) -> &Handle {
        self.runtime.as_ref().expect("taken only when this is dropped").handle()
    }

    pub(crate) fn took_too_long(&self) -> QueryError {
        QueryError::Time { seconds: self.settings.time_ms_max.div_ceil(1000) }
    }

    /// What a query sees: the names of the lake, our functions, and settings that no query can change.
    fn state(&self, planned: &Arc<Planned>) -> SessionState {
        let mut config = SessionConfig::new()
            .with_default_catalog_and_schema(CATALOG, SCHEMA)
            .with_create_default_catalog_and_schema(false)
            .with_information_schema(true)
            .with_target_partitions(self.settings.threads.max(1));
        let options = config.options_mut();
        options.execution.parquet.pushdown_filters = true;
        options.execution.parquet.reorder_filters = true;
        options.execution.time_zone = Some("UTC".to_owned());
        options.sql_parser.dialect = datafusion::config::Dialect::PostgreSQL;
        let session = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(Arc::clone(&self.environment))
            .with_default_features();
        let mut state = self.backend.prepare(session).build();
        let texts = Texts::of(state.config_options());
        let catalog = Catalog::new(Arc::clone(&self.tables), Arc::clone(&self.word_files), Arc::clone(planned), texts);
        let lake = MemoryCatalogProvider::new();
        lake.register_schema(SCHEMA, Arc::new(catalog)).expect("a catalog in memory takes schemas");
        state.catalog_list().register_catalog(CATALOG.to_owned(), Arc::new(lake));
        for function in functions(self.settings.countries.clone()) {
            datafusion::logical_expr::registry::FunctionRegistry::register_udf(&mut state, function)
                .expect("the registry takes functions");
        }
        state
    }
}

impl Drop for Questions {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // What still runs has no one to answer; dropping may happen within another runtime, which must not wait.
            runtime.shutdown_background();
        }
    }
}

/// A task that ends when no one waits for it.
#[derive(Debug)]
struct Stopped<T>(JoinHandle<T>);

impl<T> Drop for Stopped<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn plan(
    state: &SessionState,
    sql: &str,
    memory_bytes_max: usize,
) -> Result<(Arc<dyn ExecutionPlan>, SessionContext), QueryError> {
    let statement = read_only::statement(sql)?;
    let wrong = |error: DataFusionError| QueryError::of_engine(&error, memory_bytes_max);
    let logical = state.statement_to_plan(statement).await.map_err(wrong)?;
    read_only::options().verify_plan(&logical).map_err(|error| QueryError::NotReadOnly(error.strip_backtrace()))?;
    let context = SessionContext::new_with_state(state.clone());
    let plan = context.state().create_physical_plan(&logical).await.map_err(wrong)?;
    Ok((plan, context))
}

async fn stream(
    begun: Result<SendableRecordBatchStream, DataFusionError>,
    memory_bytes_max: usize,
    give: &mpsc::Sender<Result<RecordBatch, QueryError>>,
) {
    let mut batches = match begun {
        Ok(batches) => batches,
        Err(error) => {
            let _ = give.send(Err(QueryError::of_engine(&error, memory_bytes_max))).await;
            return;
        }
    };
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(|error| QueryError::of_engine(&error, memory_bytes_max));
        let is_last = batch.is_err();
        if give.send(batch).await.is_err() || is_last {
            return;
        }
    }
}

/// The answer to a query, batch by batch. Dropping it stops the query.
#[derive(Debug)]
pub struct Answer {
    schema: SchemaRef,
    batches: mpsc::Receiver<Result<RecordBatch, QueryError>>,
    plan: Arc<dyn ExecutionPlan>,
    planned: Arc<Planned>,
    _task: Stopped<()>,
}

impl Answer {
    /// Its columns.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The next rows; none after the last, or after an error.
    ///
    /// Safe to be cancelled: nothing is lost if it is dropped while it waits.
    pub async fn next(&mut self) -> Option<Result<RecordBatch, QueryError>> {
        self.batches.recv().await
    }

    /// How far it is, at any time.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.planned.with(Some(&self.plan))
    }
}
