//! `cargo xtask conformance crs`: the checkpoint beside nginx and ModSecurity, both blocking by the same rule file.
//!
//! Every request goes to both, byte for byte. Compared are the status of the answer, all scores, and the rules that
//! matched. A difference is a fault, or it has a cause in [`causes`], which `docs/conformance.md` explains.

mod apart;
mod causes;
mod compare;
mod decision;
mod differential;
mod entry;
mod exchange;
mod generate;
mod mutate;
mod origin;
mod place;
mod regression;
mod request;
mod told;
mod yaml;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

pub(crate) use self::differential::{operators, patterns};

use self::compare::{Outcome, Tally};
use self::decision::scores_rule;
use self::entry::{Entries, read_audit_log, read_records};
use self::exchange::{Answer, client_of, exchange};
use self::request::Request;
use self::told::{DECISION, PRESENCE, TARGET, TIMES, Told};
use crate::args::CrsConformance;
use crate::modsecurity::{self, Setting};
use crate::packages;
use crate::process::{find_sekisho, say};
use crate::server::{Server, free_address};

/// The paranoia levels compared, and the thresholds of both: those the Core Rule Set ships with.
const PARANOIA: [u8; 2] = [1, 2];
const INBOUND: u32 = 5;
const OUTBOUND: u32 = 4;

/// Compares, and prints what differs.
///
/// # Errors
///
/// If something does not build or start, or a difference has no known cause.
pub(crate) fn run(root: &Path, wanted: CrsConformance) -> Result<()> {
    packages::ensure(&[&packages::NGINX, &packages::MODSECURITY])?;
    let binary = if wanted.only_peer { None } else { Some(find_sekisho(root, "demo")?) };
    check(root, binary.as_deref(), wanted)
}

/// The same with a binary that is built already; without one, ModSecurity beside itself.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn check(root: &Path, binary: Option<&Path>, wanted: CrsConformance) -> Result<()> {
    let crs = modsecurity::rules_folder(root)?;
    let requests = requests(&crs, wanted)?;
    let origin = origin::start()?;
    let folder = tempfile::tempdir().context("create a folder for the run")?;
    let rules = folder.path().join("crs");
    apart::copy(&crs, &rules)?;
    let mut faults = Vec::new();
    for paranoia in PARANOIA {
        let stage = Stage { folder: &folder.path().join(paranoia.to_string()), crs: &rules, paranoia, origin };
        std::fs::create_dir_all(stage.folder).context("create a folder for the run")?;
        faults.extend(stage.compare(binary, &requests, wanted.shown)?);
    }
    if let Some(kept) = wanted.keep.then(|| folder.keep()) {
        say(format!("logs are in {}", kept.display()))?;
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("; "));
    }
    Ok(())
}

/// The suite's requests, and as many generated ones as are wanted; at most `wanted.suite` of the former.
fn requests(crs: &Path, wanted: CrsConformance) -> Result<Vec<Request>> {
    let mut requests = regression::requests(&crs.join("regression"))?;
    let step = requests.len().div_ceil(wanted.suite.max(1)).max(1);
    requests = requests.into_iter().step_by(step).collect();
    let shared = crs.parent().context("the rules stand in a folder of data")?;
    let values = generate::Values::read(&shared.join("http-params/payload_train.csv"))?;
    requests.extend(generate::requests(&values, wanted.seed, wanted.generated));
    Ok(requests)
}

/// One run of both engines.
struct Stage<'a> {
    folder: &'a Path,
    crs: &'a Path,
    paranoia: u8,
    origin: SocketAddr,
}

/// What one engine made of all requests.
struct Run {
    outcomes: Vec<Outcome>,
    /// What its audit log tells.
    audit_log: Entries,
}

/// What our records and our audit log tell alike, always.
const OF_OURS: [&str; 10] =
    [PRESENCE, DECISION, TIMES, "status", "method", "message", "data", "severity", "tags", "line"];
/// What both audit logs tell alike of the rules they both name.
const OF_BOTH: [&str; 11] = [
    "method", TARGET, "protocol", "engine", "message", "severity", "version", "revision", "tags", "maturity",
    "accuracy",
];

impl Stage<'_> {
    /// Has both engines decide, and says what is wrong.
    fn compare(&self, binary: Option<&Path>, requests: &[Request], shown_max: usize) -> Result<Vec<String>> {
        let paranoia = self.paranoia;
        say(format!("paranoia {paranoia}: {} requests to ModSecurity", requests.len()))?;
        let theirs = self.peer("peer", requests)?;
        say(format!("paranoia {paranoia}: the same to the other side"))?;
        let mut faults = Vec::new();
        let mut hold = |told: &Told, names: &[&str], of: &str| {
            let failed = told.failed(names);
            if !failed.is_empty() {
                faults.push(format!("paranoia {paranoia}: {of} differ in {}", failed.join(", ")));
            }
            say(told.report(&format!("paranoia {paranoia}: {of}")))
        };
        let ours = match binary {
            Some(binary) => {
                let (ours, records) = self.checkpoint(binary, requests)?;
                hold(&Told::of(&records, &ours.audit_log, None), &OF_OURS, "our records and our audit log")?;
                ours
            }
            None => self.peer("itself", requests)?,
        };
        let told = Told::of(&theirs.audit_log, &ours.audit_log, Some(&apart::told_otherwise(self.crs)?));
        hold(&told, &OF_BOTH, "both audit logs")?;
        let tally = Tally::of(requests, &theirs.outcomes, &ours.outcomes);
        say(tally.report(paranoia, shown_max))?;
        if tally.unexplained() > 0 {
            faults.push(format!("paranoia {paranoia}: {} differences have no known cause", tally.unexplained()));
        }
        Ok(faults)
    }

    fn rules(&self, name: &str) -> Result<(PathBuf, PathBuf)> {
        let log = self.folder.join(format!("{name}-audit.json"));
        let after = format!("{}\n{}", apart::FORCED_BODY, scores_rule());
        let setting = Setting {
            paranoia: self.paranoia,
            inbound: INBOUND,
            outbound: OUTBOUND,
            audit_log: Some(&log),
            after: &after,
        };
        let rules = modsecurity::write_rules(self.folder, &format!("{name}.conf"), self.crs, setting)?;
        Ok((rules, log))
    }

    fn peer(&self, name: &str, requests: &[Request]) -> Result<Run> {
        let (rules, log) = self.rules(name)?;
        let server = modsecurity::start(self.folder, &format!("{name}-nginx"), 1, &rules, &self.origin.to_string())?;
        let answers = send(&server, requests)?;
        drop(server);
        let audit_log = audit_log(&log)?;
        Ok(Run { outcomes: outcomes(answers, &audit_log), audit_log })
    }

    /// What became of the requests, and what the records tell of them.
    fn checkpoint(&self, binary: &Path, requests: &[Request]) -> Result<(Run, Entries)> {
        let (rules, log) = self.rules("sekisho")?;
        let data = self.folder.join("sekisho-data");
        let address = free_address()?;
        let mut command = Command::new(binary);
        command.args(["guard", &format!("http://{}", self.origin), "--listen", &address, "--seclang"]).arg(&rules);
        command.arg("--data").arg(&data);
        let server = Server::start(command, &address, &self.folder.join("sekisho.log"))?;
        let answers = send(&server, requests)?;
        drop(server);
        let records = read_records(&records(&data)?)?;
        Ok((Run { outcomes: outcomes(answers, &records), audit_log: audit_log(&log)? }, records))
    }
}

fn audit_log(file: &Path) -> Result<Entries> {
    read_audit_log(&std::fs::read(file).with_context(|| format!("read {}", file.display()))?)
}

fn send(server: &Server, requests: &[Request]) -> Result<Vec<Answer>> {
    let address: SocketAddr = server.address.parse().context("read the server's address")?;
    requests.iter().enumerate().map(|(number, request)| exchange(address, number, &request.bytes)).collect()
}

fn outcomes(answers: Vec<Answer>, entries: &Entries) -> Vec<Outcome> {
    let decision = |number| entries.get(&client_of(number)).map(|entry| entry.decision.clone());
    let numbered = answers.into_iter().enumerate();
    numbered.map(|(number, answer)| Outcome { answer, decision: decision(number) }).collect()
}

/// All records below the data folder of a checkpoint that has ended: each segment is archived then.
fn records(data: &Path) -> Result<Vec<u8>> {
    let mut command = Command::new("gzip");
    command.arg("-dcr").arg(data.join("AWSLogs"));
    let output = command.output().context("run gzip")?;
    ensure!(output.status.success(), "gzip says: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}
