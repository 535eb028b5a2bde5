//! The process that cuts plans into stages and hands their tasks out.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;

use ballista_core::extension::SessionConfigExt as _;
use ballista_scheduler::cluster::memory::InMemoryJobState;
use ballista_scheduler::cluster::{BallistaCluster, ClusterState, ClusterStateEvent};
use ballista_scheduler::config::{SchedulerConfig, TaskDistributionPolicy};
use ballista_scheduler::scheduler_process::{create_scheduler, start_grpc_service_with_listener};
use ballista_scheduler::scheduler_server::SessionBuilder;
use datafusion::common::exec_datafusion_err;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::registry::FunctionRegistry as _;
use datafusion::prelude::SessionConfig;
use futures::StreamExt as _;
use tokio::net::TcpListener;

use crate::error::ClusterError;
use crate::executors::{Executors, STAGE_FAILURES_MAX, Server};
use crate::lake_files::NoFiles;
use crate::library_log;
use crate::message::MESSAGE_BYTES_MAX;

/// How often an executor says that it lives, in seconds.
pub(crate) const HEARTBEAT_SECONDS: u64 = 2;
/// After how long without a word an executor is taken for lost, in seconds; its tasks are then run by others. Longer than a machine with more work than
/// processors keeps a process waiting.
const EXECUTOR_TIMEOUT_SECONDS: u64 = 10;
/// How long jobs wait for an executor after the last was lost, in seconds.
const NO_EXECUTORS_SECONDS: u64 = 30;
/// How long the parts of an answer that nobody fetches are kept, in seconds: longer than `sekisho query` takes by default.
pub(crate) const ANSWER_SECONDS: u64 = 3600;

/// Where a scheduler listens.
#[derive(Debug, Clone)]
pub struct SchedulerSettings {
    /// Where it listens; any port if it is 0.
    pub listen: SocketAddr,
    /// What executors reach it by, if not by that address.
    pub advertise: Option<String>,
}

/// A scheduler that listens.
pub struct Scheduler {
    listener: TcpListener,
    address: SocketAddr,
    executors: Arc<Executors>,
    server: Server,
}

impl std::fmt::Debug for Scheduler {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("Scheduler").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Scheduler {
    /// Begins to listen. One a process: Ballista keeps some of its state for the process as a whole.
    ///
    /// # Errors
    ///
    /// If it cannot listen there, or others could not find it.
    pub async fn start(settings: &SchedulerSettings) -> Result<Self, ClusterError> {
        library_log::listen();
        let host = advertised(settings.listen, settings.advertise.as_deref())?;
        let failed = |source| ClusterError::Listen { address: settings.listen, source };
        let listener = TcpListener::bind(settings.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let stopped = |error: ballista_core::error::BallistaError| stopped(&error);
        let config = Arc::new(config(host, address));
        let executors = Arc::new(Executors::default());
        let sessions = sessions(Arc::clone(&executors));
        let jobs =
            InMemoryJobState::new(config.scheduler_id.clone(), sessions, Arc::new(SessionConfig::new_with_ballista));
        let cluster = BallistaCluster::new(Arc::clone(&executors) as _, Arc::new(jobs));
        let server = create_scheduler(cluster, config).await.map_err(stopped)?;
        executors.serve(&server);
        Ok(Self { listener, address, executors, server })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves, until it is dropped.
    ///
    /// # Errors
    ///
    /// If it cannot go on.
    pub async fn run(self) -> Result<(), ClusterError> {
        let coming_and_going = tokio::spawn(tell(self.executors));
        let served = start_grpc_service_with_listener(self.listener, self.server).await;
        coming_and_going.abort();
        served.map_err(|error| stopped(&error))
    }
}

fn stopped(error: &ballista_core::error::BallistaError) -> ClusterError {
    ClusterError::Stopped { what: "the scheduler", why: error.to_string() }
}

/// By which name or address others reach a process that listens here.
pub(crate) fn advertised(listen: SocketAddr, advertise: Option<&str>) -> Result<String, ClusterError> {
    match advertise {
        Some(name) => Ok(name.to_owned()),
        None if listen.ip().is_unspecified() => Err(ClusterError::Unspecified { address: listen }),
        None => Ok(in_url(listen)),
    }
}

/// As it stands in a URL: an IPv6 address is in brackets.
pub(crate) fn in_url(listen: SocketAddr) -> String {
    match listen {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}

fn config(host: String, address: SocketAddr) -> SchedulerConfig {
    SchedulerConfig {
        external_host: host,
        bind_host: in_url(address),
        bind_port: address.port(),
        // All executors take part in each stage.
        task_distribution: TaskDistributionPolicy::RoundRobin,
        grpc_server_max_decoding_message_size: MESSAGE_BYTES_MAX,
        grpc_server_max_encoding_message_size: MESSAGE_BYTES_MAX,
        grpc_client_max_message_size: MESSAGE_BYTES_MAX,
        executor_timeout_seconds: EXECUTOR_TIMEOUT_SECONDS,
        expire_dead_executor_interval_seconds: HEARTBEAT_SECONDS,
        no_executors_grace_period_seconds: NO_EXECUTORS_SECONDS,
        stage_max_failures: STAGE_FAILURES_MAX,
        finished_job_data_clean_up_interval_seconds: ANSWER_SECONDS,
        finished_job_state_clean_up_interval_seconds: ANSWER_SECONDS,
        ..SchedulerConfig::default()
    }
}

/// What a plan is read with: our functions, and no file. A query that no executor could run is refused at once.
fn sessions(cluster: Arc<Executors>) -> SessionBuilder {
    Arc::new(move |config| {
        if cluster.executor_heartbeats().is_empty() {
            return Err(exec_datafusion_err!(
                "no executor has joined it: start one with `sekisho cluster executor --scheduler`"
            ));
        }
        let environment = RuntimeEnvBuilder::new().with_object_store_registry(Arc::new(NoFiles)).build_arc()?;
        let session =
            SessionStateBuilder::new().with_default_features().with_config(config).with_runtime_env(environment);
        let mut state = session.build();
        for function in sekisho_query::functions(None) {
            state.register_udf(function)?;
        }
        Ok(state)
    })
}

/// Tells which executors come and go.
async fn tell(cluster: Arc<Executors>) {
    let Ok(mut events) = cluster.cluster_state_events().await else { return };
    let mut known = HashSet::new();
    while let Some(event) = events.next().await {
        match event {
            ClusterStateEvent::RegisteredExecutor { executor_id: id } if known.insert(id.clone()) => {
                let place = cluster.get_executor_metadata(&id).await;
                let place = place.map(|executor| format!("{}:{}", executor.host, executor.port)).unwrap_or_default();
                tracing::info!(executor = %id, %place, "an executor has joined");
            }
            ClusterStateEvent::RemovedExecutor { executor_id: id } if known.remove(&id) => {
                tracing::warn!(executor = %id, "an executor is lost");
            }
            _ => {}
        }
    }
}
