//! `kill -9` while records are written: after a restart no line is torn, every record a flush interval older than the kill
//! is there, and none is there twice.
//!
//! The program is its own victim: started with `child` it keeps a journal and tells each record it has pushed; without,
//! it starts such children, kills them at random points, and looks at what they left. Segments are small, so kills also
//! meet rotation, compression and recovery.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test, with a harness of its own")]

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use sekisho_edge::metrics::RecordMetrics;
use sekisho_edge::record::{Journal, JournalSettings, Overflow};
use sekisho_model::{Clock, ManualClock, Timestamp};

const SEEDS: u64 = 20;
/// Seeds under way at once: mostly waiting.
const PARALLEL: u64 = 5;
/// Kills a seed, each followed by a start on what is left.
const ROUNDS: u64 = 3;
const FLUSH_INTERVAL: Duration = Duration::from_millis(200);
/// How late a busy machine may run the writer: records younger than both together are not asked for.
const LATENESS_MAX: Duration = Duration::from_millis(400);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "child", folder, first] => child(Path::new(folder), first.parse().unwrap()),
        // What `cargo nextest` asks of a test program.
        [_, "--list", ..] => {
            println!("kill_9_tears_and_loses_nothing: test");
            ExitCode::SUCCESS
        }
        _ => parent(),
    }
}

fn settings(folder: &Path) -> JournalSettings {
    JournalSettings {
        flush_interval_ms: FLUSH_INTERVAL.as_millis() as u64,
        segment_bytes_max: 100_000,
        overflow: Overflow::Wait,
        ..JournalSettings::new(folder, "0", "local", "shop")
    }
}

fn journal(folder: &Path) -> Journal {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(Timestamp::from_unix_ms(1_795_299_944_123)));
    Journal::start(settings(folder), clock, RecordMetrics::default()).unwrap()
}

/// Pushes records from two workers for ever, telling each on standard output once it is pushed.
fn child(folder: &Path, first: u64) -> ExitCode {
    let journal = journal(folder);
    std::thread::scope(|scope| {
        for worker in 0..2_u64 {
            let outbox = journal.outbox();
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                runtime.block_on(async {
                    for number in (first + worker..).step_by(2) {
                        let padding = "x".repeat((number % 97) as usize * 10);
                        outbox.push(format!("{{\"n\":{number},\"padding\":\"{padding}\"}}\n").as_bytes(), 1).await;
                        println!("{number}");
                        tokio::time::sleep(Duration::from_micros(200)).await;
                    }
                });
            });
        }
    });
    ExitCode::SUCCESS
}

fn parent() -> ExitCode {
    let began = Instant::now();
    let told = Mutex::new((0, 0));
    std::thread::scope(|scope| {
        for lane in 0..PARALLEL {
            let told = &told;
            scope.spawn(move || {
                for seed in (lane..SEEDS).step_by(PARALLEL as usize) {
                    let (due, kept) = kill_and_look(seed);
                    let mut told = told.lock().unwrap();
                    *told = (told.0 + due, told.1 + kept);
                }
            });
        }
    });
    let (due, kept) = *told.lock().unwrap();
    // A test that killed before anything was due would prove nothing.
    assert!(due > 10_000, "only {due} records were due");
    let took = began.elapsed();
    let kills = SEEDS * ROUNDS;
    println!("test kill_9_tears_and_loses_nothing ... ok ({kills} kills, {due} due, {kept} kept, {took:.1?})");
    ExitCode::SUCCESS
}

/// Returns how many records had to be there, and how many were.
fn kill_and_look(seed: u64) -> (usize, usize) {
    let data = tempfile::tempdir().unwrap();
    let mut due = Vec::new();
    for round in 0..ROUNDS {
        let alive = Duration::from_micros(600_000 + mix(seed * ROUNDS + round) % 900_000);
        due.extend(run_and_kill(data.path(), round * 100_000_000, alive));
        if seed % 2 == 1 {
            tear(data.path());
        }
    }
    journal(data.path()).close().unwrap();
    let kept = records(&data.path().join("AWSLogs"));
    assert!(files(&data.path().join("decisions").join("active")).is_empty(), "seed {seed}: segments are left");
    for number in &due {
        assert!(kept.contains_key(number), "seed {seed}: record {number} is missing of {}", due.len());
    }
    for (number, times) in &kept {
        assert_eq!(*times, 1, "seed {seed}: record {number} is there {times} times");
    }
    (due.len(), kept.len())
}

/// Leaves the active segments as a loss of power in the middle of a write would. A kill alone seldom tears a line: the
/// kernel finishes the write that is under way.
fn tear(data: &Path) {
    for path in files(&data.join("decisions").join("active")) {
        let mut segment = File::options().append(true).open(path).unwrap();
        segment.write_all(b"{\"n\":7,\"padd").unwrap();
    }
}

/// Runs a child, kills it, and returns the records that had been pushed long enough before to be on disk.
fn run_and_kill(folder: &Path, first: u64, alive: Duration) -> Vec<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", folder.to_str().unwrap(), &first.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        // A record was pushed before it was told, and told before it was read here. A last line may be cut short.
        let mut told = Vec::new();
        for line in output.split(b'\n').map_while(Result::ok) {
            if let Ok(number) = String::from_utf8_lossy(&line).parse::<u64>() {
                told.push((number, Instant::now()));
            }
        }
        told
    });
    std::thread::sleep(alive);
    let killed = Instant::now();
    // SIGKILL: nothing in the child runs after it.
    child.kill().unwrap();
    child.wait().unwrap();
    let mut told = reader.join().unwrap();
    told.retain(|(_, at)| *at + FLUSH_INTERVAL + LATENESS_MAX < killed);
    told.into_iter().map(|(number, _)| number).collect()
}

/// How often each record is in the archives. Panics at a line that is not whole.
fn records(folder: &Path) -> HashMap<u64, u32> {
    let mut found = HashMap::new();
    for path in files(folder) {
        assert!(path.extension().is_some_and(|ending| ending == "gz"), "{} is left", path.display());
        let mut text = String::new();
        GzDecoder::new(File::open(&path).unwrap()).read_to_string(&mut text).unwrap();
        assert!(text.ends_with('\n'), "{} ends within a line", path.display());
        for line in text.lines() {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            *found.entry(record["n"].as_u64().unwrap()).or_default() += 1;
        }
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// SplitMix64: seeds that lie close together give numbers that do not.
fn mix(seed: u64) -> u64 {
    let mut state = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}
