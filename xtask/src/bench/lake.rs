//! The lake at work: ingest beside DuckDB's import of the same files, then questions to many events.

mod events;
mod program;
mod questions;
mod report;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use self::events::Events;
use self::program::{Measured, measured, measured_fed};
use super::edge::fresh_folder;
use crate::args::{EventsWanted, LakeBench};
use crate::process::{find_sekisho, say};
use crate::python;

/// Files the events to ingest are spread over.
const FILES: u64 = 8;
/// Bytes of a real event, about.
const EVENT_BYTES: u64 = 1_434;
/// 2026-11-22T00:00:00Z: the events' last day.
const END_S: u64 = 1_795_305_600;
/// The events to ingest in the comparison happened within a day.
const DAY_S: u64 = 86_400;
/// Those that are asked about within a year.
const YEAR_S: u64 = 365 * DAY_S;
/// What the generator begins with.
const SEED: u64 = 1;

/// What is measured.
#[derive(Debug)]
struct Programs {
    checkpoint: PathBuf,
    /// With DuckDB.
    python: PathBuf,
}

/// One contender's rounds.
#[derive(Debug, Default)]
struct Ingested {
    runs: Vec<Measured>,
    stored_bytes: u64,
}

/// Measures and prints the report.
///
/// # Errors
///
/// If something does not build or start, or an answer is not the one it must be.
pub(super) fn run(root: &Path, wanted: LakeBench) -> Result<()> {
    let programs = Programs { checkpoint: find_sekisho(root, "release")?, python: python::ensure(root)? };
    let folder = fresh_folder(root, "bench-lake")?;
    let mut events = Events::load(root, SEED)?;
    if wanted.rounds > 0 {
        ingest(root, &folder, &programs, &mut events, wanted)?;
    }
    if wanted.events > 0 {
        let lake = folder.join("large");
        let large = large(&programs.checkpoint, &lake, &mut events, wanted.events)?;
        say(report::large(&large, wanted.events))?;
        let answers = questions::ask(root, &programs, &lake, &events)?;
        say(report::answers(&answers))?;
    }
    Ok(())
}

/// Writes real events, multiplied, to standard output: as many as asked for, within the year before 2026-11-22.
///
/// # Errors
///
/// If the shared data are missing or standard output is gone.
pub(crate) fn print_events(root: &Path, wanted: EventsWanted) -> Result<()> {
    let span_s = wanted.days * DAY_S;
    let mut events = Events::load(root, wanted.seed)?;
    events.write(wanted.count, END_S - span_s, span_s, std::io::stdout().lock()).context("write events")?;
    Ok(())
}

/// Both take the same files in, in turn.
fn ingest(root: &Path, folder: &Path, programs: &Programs, events: &mut Events, wanted: LakeBench) -> Result<()> {
    let raw = folder.join("raw");
    let raw_bytes = write_files(&raw, events, wanted.megabytes)?;
    let (mut ours, mut peer) = (Ingested::default(), Ingested::default());
    for round in 1..=wanted.rounds {
        let lake = folder.join("lake");
        remove(&lake)?;
        let mut command = Command::new(&programs.checkpoint);
        command.args(["ingest", "cloudtrail"]).arg(&raw).arg("--lake").arg(&lake);
        let run = measured(&mut command)?;
        let compacted = compact(&programs.checkpoint, &lake)?;
        ours.stored_bytes = stored(&lake)?;
        say(format!("round {round}: sekisho {}", run.shown(raw_bytes, ours.stored_bytes)))?;
        say(format!("round {round}: and then, to compact, {:.1} s of processor time", compacted.cpu.as_secs_f64()))?;
        ours.runs.push(run);
        let parquet = folder.join("duckdb.parquet");
        let mut command = Command::new(&programs.python);
        command.current_dir(root).arg("tests/python/duckdb_import.py").arg(raw.join("*.json")).arg(&parquet);
        let run = measured(&mut command)?;
        peer.stored_bytes = fs::metadata(&parquet).with_context(|| format!("look at {}", parquet.display()))?.len();
        say(format!("round {round}: DuckDB  {}", run.shown(raw_bytes, peer.stored_bytes)))?;
        peer.runs.push(run);
    }
    say(report::ingest(&ours, &peer, raw_bytes))?;
    Ok(())
}

fn write_files(folder: &Path, events: &mut Events, megabytes: u64) -> Result<u64> {
    fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let count = megabytes * 1_000_000 / EVENT_BYTES / FILES;
    let mut bytes = 0;
    for number in 0..FILES {
        let path = folder.join(format!("events-{number}.json"));
        let file = fs::File::create(&path).with_context(|| format!("make {}", path.display()))?;
        let span_s = DAY_S / FILES;
        let start_s = END_S - DAY_S + number * span_s;
        bytes += events.write(count, start_s, span_s, file).with_context(|| format!("write {}", path.display()))?;
    }
    Ok(bytes)
}

/// A year of events, through standard input.
fn large(binary: &Path, lake: &Path, events: &mut Events, count: u64) -> Result<(Measured, u64, u64)> {
    let mut command = Command::new(binary);
    command.args(["ingest", "cloudtrail", "-", "--lake"]).arg(lake);
    let (run, bytes) = measured_fed(&mut command, |input| events.write(count, END_S - YEAR_S, YEAR_S, input))?;
    let compacted = compact(binary, lake)?;
    say(format!("and then, to compact, {:.1} s of processor time", compacted.cpu.as_secs_f64()))?;
    Ok((run, bytes, stored(lake)?))
}

/// Merges small files. Those that were merged go at once: nobody reads them.
fn compact(binary: &Path, lake: &Path) -> Result<Measured> {
    measured(Command::new(binary).args(["lake", "compact", "--grace", "0", "--lake"]).arg(lake))
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Bytes that a lake keeps: tables, their logs and filters, and the seal. The write-ahead log is a queue, which holds a segment or two however much went
/// through.
fn stored(lake: &Path) -> Result<u64> {
    Ok(bytes_below(&lake.join("tables"))? + bytes_below(&lake.join("seal"))?)
}

/// Bytes of all files below a folder.
fn bytes_below(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { bytes_below(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}
