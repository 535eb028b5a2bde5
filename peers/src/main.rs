//! Two rule engines without a proxy around them: ours, and the crate `zentinel-modsec`.
//!
//! `cargo xtask bench crs` writes rule files and requests, and runs this program over them. Both engines get the same
//! bytes in the same process; they take turns, request by request, round by round.

mod clock;
mod hostile;
mod ours;
mod report;
mod rule_files;
mod wire;
mod zentinel;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::clock::cpu_of;
use crate::ours::Ours;
use crate::report::Row;
use crate::wire::Wire;
use crate::zentinel::Zentinel;

/// An engine that holds a request against its rules: the status it refuses it with, or none.
pub trait Engine {
    /// All phases of one transaction, with a small response if it gets that far.
    fn decide(&mut self, wire: &Wire) -> Result<Option<u16>>;
}

/// How often a request is repeated between two looks at the clock.
const BATCH: u32 = 4;

/// What the program is to do.
struct Wanted {
    requests: PathBuf,
    rules: String,
    paranoid_rules: String,
    hostile_rules: String,
    rounds: u32,
    batch_time: Duration,
}

impl Wanted {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut word = |what: &str| words.next().with_context(|| format!("expected {what}"));
        Ok(Self {
            requests: word("a folder of requests")?.into(),
            rules: word("rules at paranoia 1")?,
            paranoid_rules: word("rules at paranoia 4")?,
            hostile_rules: word("rules that take large bodies")?,
            rounds: word("a number of rounds")?.parse().context("read the number of rounds")?,
            batch_time: Duration::from_secs(word("seconds")?.parse().context("read the seconds")?),
        })
    }
}

fn main() -> Result<()> {
    let wanted = Wanted::read(std::env::args().skip(1))?;
    let requests = wire::read_folder(&wanted.requests)?;
    ensure!(!requests.is_empty(), "{} holds no requests", wanted.requests.display());
    let (mut ours, loading) = Ours::load(&wanted.rules)?;
    let (mut paranoid, _) = Ours::load(&wanted.paranoid_rules)?;
    let (mut theirs, their_loading) = Zentinel::load(&wanted.rules)?;
    let mut rows = Vec::new();
    for wire in &requests {
        let mut row = Row::new(wire);
        row.check([ours.decide(wire)?, theirs.decide(wire)?]);
        for _ in 0..wanted.rounds {
            row.theirs.push(measure(&mut theirs, wire, wanted.batch_time)?);
            row.ours.push(measure(&mut ours, wire, wanted.batch_time)?);
            if wire.status == 200 {
                row.paranoid.push(measure(&mut paranoid, wire, wanted.batch_time)?);
            }
        }
        rows.push(row);
    }
    print(&report::engines(&rows, loading, their_loading))?;
    for (rules, limits) in [(&wanted.rules, "the recommended limits"), (&wanted.hostile_rules, "raised limits")] {
        let (mut engine, _) = Ours::load(rules)?;
        let shapes = hostile::measure(&mut engine)?;
        print(&format!("\n{}", report::hostile(limits, &shapes)))?;
    }
    Ok(())
}

/// CPU time of one decision, in microseconds.
fn measure(engine: &mut impl Engine, wire: &Wire, at_least: Duration) -> Result<f64> {
    let (mut spent, mut count) = (Duration::ZERO, 0_u32);
    while spent < at_least {
        let (cpu, outcome) = cpu_of(|| (0..BATCH).try_for_each(|_| engine.decide(wire).map(drop)));
        outcome?;
        spent += cpu;
        count += BATCH;
    }
    if count == 0 {
        bail!("nothing was measured");
    }
    Ok(spent.as_secs_f64() * 1e6 / f64::from(count))
}

fn print(text: &str) -> Result<()> {
    use std::io::Write;
    std::io::stdout().write_all(text.as_bytes()).context("print the report")
}
