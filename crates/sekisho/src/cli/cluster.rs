//! `sekisho cluster`: the processes that answer `sekisho query --cluster`.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use sekisho_cluster::{ClusterAddress, Executor, ExecutorSettings, Scheduler, SchedulerSettings};
use tracing_subscriber::EnvFilter;

use super::Outcome;
use super::countries::CountriesArgs;
use super::lake::LakeArgs;
use crate::{ending, terminal};

/// What is told of a process: what comes and goes, and Ballista's warnings.
const LOG_FILTER: &str = "warn,sekisho_cluster=info";
/// Most that may be written to an executor's folder for what does not fit into memory, in bytes.
const SPILL_BYTES_MAX: u64 = 10 << 30;

/// Run a process of a cluster. Whoever reaches its ports can ask the lake: it authenticates no one.
#[derive(Debug, Subcommand)]
pub(super) enum ClusterCommand {
    /// Take queries, cut them into tasks and hand these to executors
    Scheduler(SchedulerArgs),
    /// Run tasks: read the lake's tables, and nothing else of this machine
    Executor(ExecutorArgs),
}

#[derive(Debug, Args)]
pub(super) struct SchedulerArgs {
    /// Where queries and executors come
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:50050")]
    listen: SocketAddr,
    /// Name or address executors reach it by, if not the one it listens at
    #[arg(long, value_name = "HOST")]
    advertise: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ExecutorArgs {
    /// The scheduler to join: df://HOST:PORT
    #[arg(long, value_name = "URL", default_value = "df://127.0.0.1:50050")]
    scheduler: ClusterAddress,
    /// Where it hands out what its tasks have made; tasks come at the next port
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:50051")]
    listen: SocketAddr,
    /// Name or address the others reach it by, if not the one it listens at
    #[arg(long, value_name = "HOST")]
    advertise: Option<String>,
    /// Folder to make its own folder in, for what tasks hand on. Default: the system's for temporary files
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
    /// Most memory for sorting, grouping and joining, over all tasks
    #[arg(long, value_name = "MB", default_value_t = 512, value_parser = clap::value_parser!(u32).range(16..))]
    memory: u32,
    /// How many tasks run at a time. Default: one a processor
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    tasks: Option<u16>,
    #[command(flatten)]
    countries: CountriesArgs,
    #[command(flatten)]
    lake: LakeArgs,
}

pub(super) fn cluster(command: &ClusterCommand) -> Outcome {
    let filter = EnvFilter::new(LOG_FILTER);
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let log = log.with_ansi(terminal::color_err()).with_target(false).finish();
    // Not `init`, which would take in all that libraries log, and with it what plans and rows hold.
    tracing::subscriber::set_global_default(log).context("failed to start the log")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("failed to start the runtime")?;
    match command {
        ClusterCommand::Scheduler(args) => runtime.block_on(scheduler(args)),
        ClusterCommand::Executor(args) => runtime.block_on(executor(args)),
    }
}

async fn scheduler(args: &SchedulerArgs) -> Outcome {
    let ended = ending::ended()?;
    let settings = SchedulerSettings { listen: args.listen, advertise: args.advertise.clone() };
    let scheduler = Scheduler::start(&settings).await?;
    warn_if_open(scheduler.address().ip());
    terminal::note(&format!("scheduler at df://{}", scheduler.address()));
    tokio::select! {
        served = scheduler.run() => served?,
        _ = ended => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn executor(args: &ExecutorArgs) -> Outcome {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let settings = ExecutorSettings {
        listen: args.listen,
        advertise: args.advertise.clone(),
        scheduler: args.scheduler.clone(),
        places: args.lake.tables()?,
        work: args.work.clone(),
        threads: args.tasks.map_or(threads, usize::from),
        memory_bytes_max: usize::try_from(args.memory).map_or(usize::MAX, |megabytes| megabytes << 20),
        spill_bytes_max: SPILL_BYTES_MAX,
        countries: args.countries.open()?,
    };
    let executor = Executor::new(&settings)?;
    warn_if_open(args.listen.ip());
    for place in &settings.places {
        terminal::note(&format!("reads {}", place.url()));
    }
    terminal::note(&format!(
        "executor at {}, for {}; its folder is {}",
        args.listen,
        args.scheduler,
        executor.work().display()
    ));
    executor.run().await?;
    Ok(ExitCode::SUCCESS)
}

fn warn_if_open(address: IpAddr) {
    if !address.is_loopback() {
        terminal::note(
            "warning: whoever reaches this address can ask the lake; let only the cluster's machines reach it",
        );
    }
}
