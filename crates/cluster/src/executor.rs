//! The process that runs tasks.

use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ballista_core::extension::SessionConfigExt as _;
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_executor::execution_engine::DefaultExecutionEngine;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use datafusion::error::Result as EngineResult;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::SessionConfig;
use sekisho_query::Countries;
use sekisho_tables::Location;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::address::ClusterAddress;
use crate::error::ClusterError;
use crate::fence::Fence;
use crate::job::CONNECT_TIMEOUT;
use crate::lake_files::LakeFiles;
use crate::library_log;
use crate::message::MESSAGE_BYTES_MAX;
use crate::scheduler::{ANSWER_SECONDS, HEARTBEAT_SECONDS, advertised, in_url};

/// How long an executor that starts waits for its scheduler, and how often it looks.
const SCHEDULER_TIMEOUT: Duration = Duration::from_secs(10);
const SCHEDULER_PAUSE: Duration = Duration::from_millis(200);
/// What executors hand to each other is nobody else's business: it is rows of logs.
const FOLDER_MODE: u32 = 0o700;
/// How often files that no one has fetched are looked for, in seconds.
const CLEAN_SECONDS: u64 = 600;

/// What an executor is given.
#[derive(Debug, Clone)]
pub struct ExecutorSettings {
    /// Where it hands out what its tasks have made; tasks come to it at the next port.
    pub listen: SocketAddr,
    /// What the others reach it by, if not by that address.
    pub advertise: Option<String>,
    /// Who gives it tasks.
    pub scheduler: ClusterAddress,
    /// The places of the lake's tables: all it reads.
    pub places: Vec<Location>,
    /// Where its folder is made. None: where the system keeps what is temporary.
    pub work: Option<PathBuf>,
    /// How many tasks it runs at a time.
    pub threads: usize,
    /// Memory that sorting, grouping and joining may take, in bytes, over all its tasks.
    pub memory_bytes_max: usize,
    /// What of that may be written to its folder beyond, in bytes. What tasks hand on is not bounded by it.
    pub spill_bytes_max: u64,
    /// For `ip_country`.
    pub countries: Option<Countries>,
}

/// An executor that is ready to start.
pub struct Executor {
    config: Arc<ExecutorProcessConfig>,
    scheduler: ClusterAddress,
    /// Removed with all that is in it when the executor ends.
    work: TempDir,
}

impl std::fmt::Debug for Executor {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("Executor")
            .field("scheduler", &self.scheduler)
            .field("work", &self.work)
            .finish_non_exhaustive()
    }
}

impl Executor {
    /// Makes its folder and looks whether its ports are free.
    ///
    /// # Errors
    ///
    /// If the folder cannot be made, a port is taken, or others could not find it.
    pub fn new(settings: &ExecutorSettings) -> Result<Self, ClusterError> {
        library_log::listen();
        let listen = settings.listen;
        let host = advertised(listen, settings.advertise.as_deref())?;
        let tasks_port = listen.port().checked_add(1).ok_or(ClusterError::LastPort(listen.port()))?;
        for address in [listen, SocketAddr::new(listen.ip(), tasks_port)] {
            std::net::TcpListener::bind(address).map_err(|source| ClusterError::Listen { address, source })?;
        }
        let work = folder(settings.work.as_deref())?;
        let failed = |error: datafusion::error::DataFusionError| ClusterError::Stopped {
            what: "the executor",
            why: error.strip_backtrace(),
        };
        let files = LakeFiles::new(&settings.places);
        let environment = environment(&files, work.path(), settings.spill_bytes_max).map_err(failed)?;
        let functions = functions(settings.countries.clone()).map_err(failed)?;
        let config = ExecutorProcessConfig {
            bind_host: in_url(listen),
            external_host: Some(host),
            port: listen.port(),
            grpc_port: tasks_port,
            scheduler_host: settings.scheduler.host().to_owned(),
            scheduler_port: settings.scheduler.port(),
            vcores: settings.threads.max(1),
            work_dir: Some(work.path().join(HANDED_ON).display().to_string()),
            job_data_ttl_seconds: ANSWER_SECONDS,
            job_data_clean_up_interval_seconds: CLEAN_SECONDS,
            grpc_max_decoding_message_size: MESSAGE_BYTES_MAX,
            grpc_max_encoding_message_size: MESSAGE_BYTES_MAX,
            executor_heartbeat_interval_seconds: HEARTBEAT_SECONDS,
            memory_pool_size: Some(settings.memory_bytes_max as u64),
            override_execution_engine: Some(Arc::new(Fence::new(files, DefaultExecutionEngine::new()))),
            override_function_registry: Some(Arc::new(functions)),
            override_runtime_producer: Some(Arc::new(move |_| Ok(Arc::clone(&environment)))),
            override_config_producer: Some(Arc::new(SessionConfig::new_with_ballista)),
            ..ExecutorProcessConfig::default()
        };
        Ok(Self { config: Arc::new(config), scheduler: settings.scheduler.clone(), work })
    }

    /// Its folder.
    #[must_use]
    pub fn work(&self) -> &Path {
        self.work.path()
    }

    /// Joins its scheduler and runs tasks, until SIGINT, SIGTERM or the scheduler ends it.
    ///
    /// # Errors
    ///
    /// If the scheduler is not there, or the executor cannot go on.
    pub async fn run(self) -> Result<(), ClusterError> {
        await_scheduler(&self.scheduler).await?;
        let ended = start_executor_process(self.config).await;
        ended.map_err(|error| ClusterError::Stopped { what: "the executor", why: error.to_string() })
    }
}

/// Where tasks leave what they hand on, and where what does not fit into memory is written.
const HANDED_ON: &str = "handed-on";
const SPILLED: &str = "spilled";

fn folder(within: Option<&Path>) -> Result<TempDir, ClusterError> {
    let within = within.map_or_else(std::env::temp_dir, Path::to_owned);
    let failed = |source| ClusterError::Work { folder: within.clone(), source };
    let mut builder = tempfile::Builder::new();
    builder.prefix("sekisho-executor-").permissions(Permissions::from_mode(FOLDER_MODE));
    let work = builder.tempdir_in(&within).map_err(failed)?;
    for name in [HANDED_ON, SPILLED] {
        std::fs::create_dir(work.path().join(name)).map_err(failed)?;
    }
    Ok(work)
}

fn environment(files: &LakeFiles, work: &Path, spill_bytes_max: u64) -> EngineResult<Arc<RuntimeEnv>> {
    let disk = DiskManagerMode::Directories(vec![work.join(SPILLED)]);
    RuntimeEnvBuilder::new()
        .with_object_store_registry(Arc::new(files.clone()))
        .with_disk_manager_builder(
            DiskManagerBuilder::default().with_mode(disk).with_max_temp_directory_size(spill_bytes_max),
        )
        .build_arc()
}

/// The engine's functions and ours.
fn functions(countries: Option<Countries>) -> EngineResult<BallistaFunctionRegistry> {
    let state = SessionStateBuilder::new().with_default_features().build();
    let ours = sekisho_query::functions(countries).into_iter().map(|function| (function.name().to_owned(), function));
    Ok(BallistaFunctionRegistry {
        scalar_functions: state.scalar_functions().clone().into_iter().chain(ours).collect(),
        aggregate_functions: state.aggregate_functions().clone(),
        window_functions: state.window_functions().clone(),
        higher_order_functions: state.higher_order_functions().clone(),
    })
}

/// Both may be started at once.
async fn await_scheduler(address: &ClusterAddress) -> Result<(), ClusterError> {
    let deadline = Instant::now() + SCHEDULER_TIMEOUT;
    let host = address.host().trim_matches(['[', ']']);
    loop {
        let why = match timeout(CONNECT_TIMEOUT, TcpStream::connect((host, address.port()))).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it does not accept the connection".to_owned(),
        };
        if Instant::now() >= deadline {
            return Err(ClusterError::Unreachable { address: address.clone(), why });
        }
        sleep(SCHEDULER_PAUSE).await;
    }
}
