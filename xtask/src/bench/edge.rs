//! The proxy beside nginx: same backend, same load, every contender in every round.
//!
//! All servers run throughout; only one is loaded at a time. The order turns by one each round, so that none is always
//! first. Ratios are taken within a round, where the machine is the same, and summed up as medians across rounds.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::acl::AclFiles;
use super::figures::Sample;
use super::{acl, report, wrk};
use crate::args::EdgeBench;
use crate::process::{find_sekisho, say};
use crate::process_tree::Usage;
use crate::server::{Server, free_address};
use crate::{nginx, packages};

/// Load before the first round, so that pools are filled and memory is touched, in seconds.
const WARM_UP_SECONDS: u32 = 3;
/// How long a server is watched to see whether it is at rest: longer than a lake waits before it writes.
const REST_STEP: Duration = Duration::from_secs(6);
/// At rest it uses less than this part of the time.
const REST_SHARE: u32 = 50;
/// And is at rest after so many steps, or something is wrong.
const REST_STEPS_MAX: u32 = 20;

/// Who is measured, in the order of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contender {
    /// nginx as a plain proxy, without an access log.
    Nginx,
    /// nginx as a plain proxy, with a buffered access log.
    NginxLogging,
    /// The checkpoint with an ACL that has no rules and with records switched off: like nginx without a log.
    NoRecords,
    /// The checkpoint with an ACL that has no rules; it records every request.
    NoRules,
    /// The checkpoint with the starter ACL.
    Starter,
    /// The same, and all that it decides goes into a lake: what that costs while it serves.
    StarterAndLake,
}

impl Contender {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx, no log",
            Self::NginxLogging => "nginx, access log",
            Self::NoRecords => "sekisho, no rules, no records",
            Self::NoRules => "sekisho, no rules",
            Self::Starter => "sekisho, starter ACL",
            Self::StarterAndLake => "sekisho, starter ACL, lake",
        }
    }
}

/// One server under load, with what was measured of it.
pub(super) struct Entry {
    pub(super) contender: Contender,
    /// One a round.
    pub(super) samples: Vec<Sample>,
    server: Server,
}

/// Measures and prints the report.
///
/// # Errors
///
/// If a server does not build or start, or any response is not a success: its figure would be worthless.
pub(super) fn run(root: &Path, load: EdgeBench) -> Result<()> {
    packages::ensure(&[&packages::NGINX, &packages::WRK])?;
    let binary = if load.only_nginx { None } else { Some(find_sekisho(root, "release")?) };
    let folder = fresh_folder(root, "bench-edge")?;
    let backend = nginx::backend(&folder)?;
    let mut entries = start(root, &folder, &backend, binary.as_deref())?;

    let script = wrk::write_script(&folder)?;
    for entry in &entries {
        say(format!("warm up: {}", entry.contender.name()))?;
        wrk::load(&entry.server.address, &script, load.connections, WARM_UP_SECONDS)?;
    }
    for round in 1..=load.rounds {
        for entry in &mut entries {
            let sample = measure(entry, &script, load)?;
            say(format!("round {round}: {:<22} {sample}", entry.contender.name()))?;
            entry.samples.push(sample);
        }
        entries.rotate_left(1);
    }
    entries.sort_by_key(|entry| entry.contender as u8);
    say(report::markdown(&entries, load))?;
    Ok(())
}

/// An empty folder `name` for the files of a run.
pub(super) fn fresh_folder(root: &Path, name: &str) -> Result<PathBuf> {
    let folder = root.join("target").join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("clear {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    Ok(folder)
}

/// Starts every contender before the backend; without a binary, nginx alone.
fn start(root: &Path, folder: &Path, backend: &Server, binary: Option<&Path>) -> Result<Vec<Entry>> {
    let entry = |contender, server| Entry { contender, samples: Vec::new(), server };
    let mut entries = vec![
        entry(Contender::Nginx, nginx::proxy(folder, backend, false)?),
        entry(Contender::NginxLogging, nginx::proxy(folder, backend, true)?),
    ];
    if let Some(binary) = binary {
        let no_rules = acl::without_rules(folder)?;
        let starter = acl::starter(root, folder)?;
        let no_records = "[records]\nenabled = false\n";
        let bare = configured(binary, folder, backend, &no_rules, "no-records", no_records)?;
        entries.push(entry(Contender::NoRecords, bare));
        entries.push(entry(Contender::NoRules, checkpoint(binary, folder, backend, &no_rules)?));
        entries.push(entry(Contender::Starter, checkpoint(binary, folder, backend, &starter)?));
        let lake = configured(binary, folder, backend, &starter, "lake", "[lake]\n")?;
        entries.push(entry(Contender::StarterAndLake, lake));
    }
    Ok(entries)
}

fn checkpoint(binary: &Path, folder: &Path, backend: &Server, files: &AclFiles) -> Result<Server> {
    let address = free_address()?;
    let name = files.acl.file_stem().map(|stem| stem.to_string_lossy()).context("name the ACL")?;
    let mut command = Command::new(binary);
    command.args(["guard", &format!("http://{}", backend.address), "--listen", &address, "--acl"]);
    command.arg(&files.acl).arg("--data").arg(folder.join(format!("data-{name}")));
    if let Some(resources) = &files.resources {
        command.arg("--resources").arg(resources);
    }
    Server::start(command, &address, &folder.join(format!("sekisho-{name}.log")))
}

/// The checkpoint as a configuration file says: some parts have no other switch. The file and the folder of data are named
/// `name`; `more` is the rest of the file.
fn configured(
    binary: &Path,
    folder: &Path,
    backend: &Server,
    files: &AclFiles,
    name: &str,
    more: &str,
) -> Result<Server> {
    let address = free_address()?;
    let config = folder.join(format!("{name}.toml"));
    let resources = files.resources.as_ref();
    let resources = resources.map_or_else(String::new, |folder| format!("resources = \"{}\"\n", folder.display()));
    let text = format!(
        "data = \"data-{name}\"\n[[listener]]\naddress = \"{address}\"\n\
         [[upstream]]\nname = \"backend\"\nservers = [\"http://{}\"]\n[[route]]\nupstream = \"backend\"\n\
         [rules]\nacl = \"{}\"\n{resources}{more}[admin]\naddress = \"\"\n",
        backend.address,
        files.acl.display()
    );
    std::fs::write(&config, text).with_context(|| format!("write {}", config.display()))?;
    let mut command = Command::new(binary);
    command.arg("run").arg("-c").arg(&config);
    Server::start(command, &address, &folder.join(format!("sekisho-{name}.log")))
}

/// One load of one contender. What a lake has taken in but not yet written counts as well, and disturbs no one after it.
fn measure(entry: &Entry, script: &Path, load: EdgeBench) -> Result<Sample> {
    let server = &entry.server;
    let has_lake = entry.contender == Contender::StarterAndLake;
    if has_lake {
        come_to_rest(server)?;
    }
    sample(server, || {
        let requests = wrk::load(&server.address, script, load.connections, load.seconds)?;
        if has_lake {
            come_to_rest(server)?;
        }
        Ok(requests)
    })
}

/// Waits until a server does next to nothing.
fn come_to_rest(server: &Server) -> Result<()> {
    for _ in 0..REST_STEPS_MAX {
        let before = Usage::of(server.pid())?.cpu;
        std::thread::sleep(REST_STEP);
        if Usage::of(server.pid())?.cpu.saturating_sub(before) < REST_STEP / REST_SHARE {
            return Ok(());
        }
    }
    bail!("the server is still busy long after its load")
}

/// What a load cost the server.
pub(super) fn sample(server: &Server, load: impl FnOnce() -> Result<wrk::Requests>) -> Result<Sample> {
    let before = Usage::of(server.pid())?;
    let requests = load()?;
    let after = Usage::of(server.pid())?;
    let cpu: Duration = after.cpu.saturating_sub(before.cpu);
    Ok(Sample {
        requests_per_second: requests.per_second,
        cpu_us_per_request: cpu.as_secs_f64() * 1e6 / requests.count as f64,
        rss_mb: after.rss_bytes as f64 / 1e6,
    })
}
