//! Bodies that were made to be slow, and a search for slower ones.
//!
//! `… --bench crs -- hostile [MODE] [BYTES] [PART] [RUNS]`: `shapes`, the default, measures those that are known; `patterns` measures
//! a text led through each pattern's automaton, or those of rules whose numbers begin with PART; `search` breeds texts for
//! PART seconds and measures the slowest; `uploads` measures forms with files. Bodies have so many bytes, a megabyte if not given; the recommended configuration
//! lets 131,072 through to the rules. Processor time counts; elapsed time is shown beside it.

mod led;
mod search;
mod shapes;
mod uploads;

use std::path::Path;
use std::time::{Duration, Instant};

use sekisho_model::Timestamp;
use sekisho_waf::transaction::{InspectedBody, PhasedContext, ResponseHead, Transaction};

use crate::loads::Load;
use crate::{cpu_time, rules};

/// Bytes of a body if nothing else is asked for.
const BYTES: usize = 1_000_000;
/// How often a shape is judged before it is measured, and how often then.
const WARM_UP_RUNS: usize = 1;
const RUNS: usize = 5;
/// The slowest are measured so often that the 99.9th percentile is one of the times.
const SLOWEST: usize = 5;
const SLOWEST_RUNS: usize = 1_000;
/// No shape is measured for longer.
const SHAPE_TIME_MAX: Duration = Duration::from_secs(60);

/// Everything that is needed to judge a request.
struct Engine {
    rules: rules::Rules,
    transaction: Transaction,
}

/// How long one shape took.
struct Measured {
    load: Load,
    cpu: Vec<Duration>,
    wall: Vec<Duration>,
}

impl Engine {
    /// All phases of one request, with its response.
    fn judge(&mut self, load: &Load) {
        let context = PhasedContext::at(Timestamp::from_unix_ms(1_700_000_000_000));
        let transaction = &mut self.transaction;
        transaction.begin(&self.rules, &load.request(), &context);
        transaction.request_headers(&context);
        transaction.request_body(InspectedBody { bytes: &load.body, over_limit: false }, &context);
        let kind = sekisho_waf::Header { name: b"content-type", value: b"text/html" };
        transaction.response_headers(&ResponseHead { status: 200, protocol: b"HTTP/1.1", headers: &[kind] }, &context);
        transaction.response_body(InspectedBody { bytes: b"", over_limit: false }, &context);
        transaction.logging(&context);
    }

    fn time(&mut self, load: &Load) -> (Duration, Duration) {
        let (cpu, wall) = (cpu_time::now(), Instant::now());
        self.judge(load);
        (cpu_time::now() - cpu, wall.elapsed())
    }

    fn measure(&mut self, load: Load, runs: usize) -> Measured {
        (0..WARM_UP_RUNS).for_each(|_| self.judge(&load));
        let (mut cpu, mut wall) = (Vec::new(), Vec::new());
        let begun = Instant::now();
        while cpu.len() < runs && begun.elapsed() < SHAPE_TIME_MAX {
            let times = self.time(&load);
            cpu.push(times.0);
            wall.push(times.1);
        }
        cpu.sort();
        wall.sort();
        Measured { load, cpu, wall }
    }
}

fn share(times: &[Duration], share: f64) -> f64 {
    times[((times.len() - 1) as f64 * share).ceil() as usize].as_secs_f64() * 1e3
}

#[expect(clippy::print_stdout, reason = "a benchmark prints what it found")]
fn print(all: &[Measured]) {
    println!("\n| shape | runs | p50 ms | p99.9 ms | p99.9 ms, elapsed |\n|---|---|---|---|---|");
    for Measured { load, cpu, wall } in all {
        let times = (share(cpu, 0.5), share(cpu, 0.999), share(wall, 0.999));
        println!("| {} | {} | {:.1} | {:.1} | {:.1} |", load.name, cpu.len(), times.0, times.1, times.2);
    }
}

/// Measures what the arguments ask for.
#[expect(clippy::print_stdout, reason = "a benchmark prints what it found")]
pub(crate) fn run(folder: &Path, arguments: &[String]) {
    let mode = arguments.first().map_or("shapes", String::as_str);
    let bytes = arguments.get(1).and_then(|bytes| bytes.parse().ok()).unwrap_or(BYTES);
    let part = arguments.get(2).map_or("", String::as_str);
    let runs = arguments.get(3).and_then(|runs| runs.parse().ok()).unwrap_or(RUNS);
    let mut engine = Engine { rules: rules::load_for_large_bodies(folder), transaction: Transaction::new() };
    let loads = match mode {
        "patterns" => led::all(&engine.rules, part, bytes),
        "search" => search::breed(&mut engine, Duration::from_secs(part.parse().unwrap_or(60)), bytes),
        "uploads" => uploads::all(bytes),
        _ => shapes::all(bytes).into_iter().filter(|load| load.name.contains(part)).collect(),
    };
    let mut measured = Vec::new();
    for load in loads {
        measured.push(engine.measure(load, runs));
        if let Some(Measured { load, cpu, .. }) = measured.last() {
            println!("{:8.1} ms {}", share(cpu, 0.5), load.name);
        }
    }
    measured.sort_by_key(|one| std::cmp::Reverse(one.cpu[one.cpu.len() / 2]));
    print(&measured);
    if mode == "shapes" {
        let slowest = measured.into_iter().take(SLOWEST);
        let slowest: Vec<Measured> = slowest.map(|one| engine.measure(one.load, SLOWEST_RUNS)).collect();
        print(&slowest);
    }
}
