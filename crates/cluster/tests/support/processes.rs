//! A scheduler and executors, each a process of its own: this test program once more.

#![expect(clippy::print_stdout, reason = "a test that fails shows what its processes told")]
#![expect(clippy::disallowed_methods, reason = "what a process is to be stands in its environment")]

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use sekisho_cluster::{ClusterAddress, Executor, ExecutorSettings, Scheduler, SchedulerSettings};
use sekisho_query::Countries;
use sekisho_tables::Location;

/// What a process is to be, and where.
const ROLE: &str = "SEKISHO_TEST_ROLE";
const LISTEN: &str = "SEKISHO_TEST_LISTEN";
const SCHEDULER: &str = "SEKISHO_TEST_SCHEDULER";
const FOLDER: &str = "SEKISHO_TEST_FOLDER";
/// Longer than anything takes on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(120);

/// The processes of a cluster; they end with it.
pub(crate) struct Processes {
    scheduler: SocketAddr,
    /// The scheduler, then the executors.
    children: Vec<Child>,
    folder: PathBuf,
}

impl Processes {
    pub(crate) fn start(folder: &Path, executors: usize) -> Self {
        let scheduler = free_address();
        let mut processes = Self { scheduler, children: Vec::new(), folder: folder.to_owned() };
        processes.spawn("scheduler", scheduler);
        await_that("the scheduler listens", || TcpStream::connect(scheduler).is_ok());
        for number in 0..executors {
            fs::create_dir_all(processes.work(number)).unwrap();
            processes.spawn(&format!("executor-{number}"), free_address());
        }
        await_that("executors have joined", || processes.log("scheduler").matches("has joined").count() == executors);
        processes
    }

    fn spawn(&mut self, role: &str, listen: SocketAddr) {
        let log = File::create(self.folder.join(format!("{role}.log"))).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "a_process_is_nothing_unless_it_is_told_what", "--nocapture", "--test-threads", "1"]);
        command.env(ROLE, role).env(LISTEN, listen.to_string()).env(FOLDER, &self.folder);
        command.env(SCHEDULER, format!("df://{}", self.scheduler));
        self.children.push(command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap());
    }

    pub(crate) fn address(&self) -> ClusterAddress {
        format!("df://{}", self.scheduler).parse().unwrap()
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self, executor: usize) {
        let child = &mut self.children[executor + 1];
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn log(&self, role: &str) -> String {
        fs::read_to_string(self.folder.join(format!("{role}.log"))).unwrap_or_default()
    }

    fn work(&self, executor: usize) -> PathBuf {
        self.folder.join(format!("work-{executor}"))
    }

    pub(crate) fn tasks_begun(&self, executor: usize) -> usize {
        self.log(&format!("executor-{executor}")).matches("a task begins").count()
    }

    pub(crate) fn tasks_running(&self, executor: usize) -> usize {
        let ended = self.log(&format!("executor-{executor}")).matches("a task has ended").count();
        self.tasks_begun(executor) - ended
    }

    pub(crate) fn await_idle(&self, executor: usize) {
        await_that("its tasks have ended", || self.tasks_running(executor) == 0);
    }

    pub(crate) fn await_told(&self, what: &str) {
        await_that(what, || self.log("scheduler").contains(what));
    }

    /// Until an executor keeps nothing of any job.
    pub(crate) fn await_no_files(&self, executor: usize) {
        await_that("no files are left", || {
            let own = fs::read_dir(self.work(executor)).unwrap().next().unwrap().unwrap().path();
            fs::read_dir(own.join("handed-on")).unwrap().next().is_none()
        });
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for child in &mut self.children {
            _ = child.kill();
            _ = child.wait();
        }
        if std::thread::panicking() {
            for role in ["scheduler", "executor-0", "executor-1"] {
                let log = self.log(role);
                let lines: Vec<_> = log.lines().collect();
                println!("-- {role}\n{}", lines[lines.len().saturating_sub(40)..].join("\n"));
            }
        }
    }
}

fn await_that(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A port that is free, and the next one too.
fn free_address() -> SocketAddr {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let next = first.port().checked_add(1).map(|port| SocketAddr::new(first.ip(), port));
        if next.is_some_and(|next| TcpListener::bind(next).is_ok()) {
            return first;
        }
    }
}

/// 203.0.113.7 is in JP, 198.51.100.1 in US.
pub(crate) fn countries() -> Countries {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sekisho/tests/geo/country.mmdb");
    Countries::new(maxminddb::Reader::open_readfile(path).unwrap())
}

pub(crate) fn executor_settings(folder: &Path, scheduler: ClusterAddress) -> ExecutorSettings {
    ExecutorSettings {
        listen: free_address(),
        advertise: None,
        scheduler,
        places: vec![Location::folder(&folder.join("tables")).unwrap()],
        work: Some(folder.to_owned()),
        threads: 2,
        memory_bytes_max: 256 << 20,
        spill_bytes_max: 1 << 30,
        countries: Some(countries()),
    }
}

/// What a process does that is told what to be: it is that until it is killed. Otherwise false.
pub(crate) fn run() -> bool {
    let var = |name: &str| std::env::var(name).ok();
    let (Some(role), Some(listen), Some(scheduler), Some(folder)) =
        (var(ROLE), var(LISTEN), var(SCHEDULER), var(FOLDER).map(PathBuf::from))
    else {
        return false;
    };
    let filter = tracing_subscriber::EnvFilter::new("warn,sekisho_cluster=debug");
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(std::io::stderr).finish();
    tracing::subscriber::set_global_default(log).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let listen: SocketAddr = listen.parse().unwrap();
    runtime.block_on(async {
        match role.strip_prefix("executor-") {
            None => {
                let settings = SchedulerSettings { listen, advertise: None };
                Scheduler::start(&settings).await.unwrap().run().await.unwrap();
            }
            Some(number) => {
                let work = Some(folder.join(format!("work-{number}")));
                let settings = executor_settings(&folder, scheduler.parse().unwrap());
                Executor::new(&ExecutorSettings { listen, work, ..settings }).unwrap().run().await.unwrap();
            }
        }
    });
    true
}

/// The rows of a batch, as text.
pub(crate) fn rows(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::new().with_null("NULL");
    let columns: Vec<_> =
        batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
    let row = |row| columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join(" | ");
    (0..batch.num_rows()).map(row).collect()
}
