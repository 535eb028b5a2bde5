//! The Core Rule Set at work: bodies made to be slow, the checkpoint beside nginx with ModSecurity, then the engines alone.
//!
//! Every round loads every contender once with each request, in an order that turns by one. How long requests take is
//! measured besides at a steady load, the same for both: half of what ModSecurity managed in that round.

mod engines;
mod hostile;
mod loads;
mod pace;
mod report;
mod sent;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use self::loads::Load;
use self::pace::Latency;
use super::edge::{fresh_folder, sample};
use super::figures::Sample;
use crate::args::CrsBench;
use crate::connection::Connection;
use crate::modsecurity::{self, Setting};
use crate::process::{find_sekisho, say};
use crate::server::{Server, free_address};
use crate::{nginx, packages};

/// Requests of each kind before the first round, one after another.
const WARM_UP_REQUESTS: u32 = 30;
/// What of ModSecurity's most requests a second is asked of both when latency is measured.
const STEADY_SHARE: f64 = 0.5;
/// Worker processes of nginx: as many as the checkpoint has threads.
const WORKERS: u32 = 2;

/// Who is measured, in the order of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contender {
    /// nginx with ModSecurity at paranoia 1, without any log.
    ModSecurity,
    /// The checkpoint at paranoia 1, without ModSecurity's audit log; it records every request.
    Checkpoint,
    /// The checkpoint at paranoia 4, counting only.
    Paranoid,
}

impl Contender {
    fn name(self) -> &'static str {
        match self {
            Self::ModSecurity => "nginx + ModSecurity",
            Self::Checkpoint => "sekisho",
            Self::Paranoid => "sekisho, paranoia 4",
        }
    }
}

/// One contender and one request.
#[derive(Debug, Clone, Default)]
struct Measured {
    /// One a round.
    samples: Vec<Sample>,
    /// One a round; none where no steady load was asked.
    latencies: Vec<Latency>,
}

/// A running contender, with what was measured of it, request by request.
struct Entry {
    contender: Contender,
    server: Server,
    measured: Vec<Measured>,
}

/// Measures and prints the report.
///
/// # Errors
///
/// If something does not build or start, or a request is not answered as it must be: its figure would be worthless.
pub(super) fn run(root: &Path, wanted: CrsBench) -> Result<()> {
    packages::ensure(&[&packages::NGINX, &packages::MODSECURITY])?;
    let crs = modsecurity::rules_folder(root)?;
    let folder = fresh_folder(root, "bench-crs")?;
    let loads = loads::all();
    if wanted.hostile_runs > 0 && !wanted.only_peer && !wanted.only_engines {
        hostile::run(&folder, &crs, &find_sekisho(root, "release")?, wanted.hostile_runs)?;
    }
    if wanted.only_hostile {
        return Ok(());
    }
    if !wanted.only_engines {
        let entries = proxies(root, &folder, &crs, &loads, wanted)?;
        say(report::proxies(&loads, &entries, wanted))?;
    }
    if !wanted.only_peer {
        engines::run(root, &folder, &crs, &loads, wanted)?;
    }
    Ok(())
}

fn proxies(root: &Path, folder: &Path, crs: &Path, loads: &[Load], wanted: CrsBench) -> Result<Vec<Entry>> {
    let backend = nginx::backend(folder)?;
    let mut entries = start(root, folder, crs, &backend, loads.len(), wanted)?;
    for entry in &entries {
        for load in loads.iter().filter(|load| entry.takes(load)) {
            warm_up(entry, load)?;
        }
    }
    for round in 1..=wanted.rounds {
        for (at, load) in loads.iter().enumerate() {
            let bytes = load.bytes();
            for entry in entries.iter_mut().filter(|entry| entry.takes(load)) {
                let address = &entry.server.address;
                let sample = sample(&entry.server, || {
                    pace::full(address, &bytes, load.status, wanted.connections, wanted.seconds)
                })?;
                say(format!("round {round}: {:<18} {:<20} {sample}", load.name, entry.contender.name()))?;
                entry.measured[at].samples.push(sample);
            }
            steady(&mut entries, at, load, wanted)?;
            entries.rotate_left(1);
        }
    }
    entries.sort_by_key(|entry| entry.contender as u8);
    Ok(entries)
}

fn warm_up(entry: &Entry, load: &Load) -> Result<()> {
    let address = &entry.server.address;
    let mut connection = Connection::open(address)?;
    for _ in 0..WARM_UP_REQUESTS {
        connection = connection
            .answered(address, &load.bytes(), load.status)
            .with_context(|| format!("send the {} to {}", load.name, entry.contender.name()))?;
    }
    Ok(())
}

impl Entry {
    /// Only what passes runs through all rules at both levels.
    fn takes(&self, load: &Load) -> bool {
        self.contender != Contender::Paranoid || load.status == 200
    }
}

/// Measures how long requests take, at a load that both carry.
fn steady(entries: &mut [Entry], at: usize, load: &Load, wanted: CrsBench) -> Result<()> {
    let most = entries.iter().find(|entry| entry.contender == Contender::ModSecurity);
    let most = most.and_then(|entry| entry.measured[at].samples.last()).context("ModSecurity is measured first")?;
    let per_second = most.requests_per_second * STEADY_SHARE;
    let bytes = load.bytes();
    for entry in entries.iter_mut().filter(|entry| entry.contender != Contender::Paranoid) {
        let latency =
            pace::steady(&entry.server.address, &bytes, load.status, per_second, wanted.connections, wanted.seconds)?;
        entry.measured[at].latencies.push(latency);
    }
    Ok(())
}

fn start(
    root: &Path,
    folder: &Path,
    crs: &Path,
    backend: &Server,
    loads: usize,
    wanted: CrsBench,
) -> Result<Vec<Entry>> {
    let entry = |contender, server| Entry { contender, server, measured: vec![Measured::default(); loads] };
    let setting = Setting { paranoia: 1, inbound: 5, outbound: 4, audit_log: None, after: "" };
    let rules = modsecurity::write_rules(folder, "modsecurity.conf", crs, setting)?;
    let peer = modsecurity::start(folder, "modsecurity-nginx", WORKERS, &rules, &backend.address)?;
    let mut entries = vec![entry(Contender::ModSecurity, peer)];
    if !wanted.only_peer {
        let binary = find_sekisho(root, "release")?;
        for (contender, paranoia) in [(Contender::Checkpoint, 1), (Contender::Paranoid, 4)] {
            let server = checkpoint(&binary, folder, crs, backend, paranoia)?;
            entries.push(entry(contender, server));
        }
    }
    Ok(entries)
}

fn checkpoint(binary: &Path, folder: &Path, crs: &Path, backend: &Server, paranoia: u8) -> Result<Server> {
    let address = free_address()?;
    let name = format!("sekisho-{paranoia}");
    // As the peer: no audit log.
    let quiet = folder.join("without-audit-log.conf");
    std::fs::write(&quiet, "SecAuditEngine Off\n").with_context(|| format!("write {}", quiet.display()))?;
    let mut command = Command::new(binary);
    command.args(["guard", &format!("http://{}", backend.address), "--listen", &address, "--crs"]).arg(crs);
    command.arg("--seclang").arg(&quiet);
    // What is refused early costs little: at paranoia 4 everything is counted only, and runs through all rules.
    command.args(if paranoia > 1 { &["--count"][..] } else { &[] });
    command.args(["--paranoia", &paranoia.to_string()]).arg("--data").arg(folder.join(&name));
    Server::start(command, &address, &folder.join(format!("{name}.log")))
}
