//! Crash truth: a process that ingests is killed with `kill -9` again and again, at times and at points drawn from a seed, on disks that
//! fill up and fail to sync and stores that refuse or lose their answers. At the end each acknowledged record is in the tables once, in
//! order, and sealed.
//!
//! `crash [KILLS [SEED]]`; fifty kills unless said otherwise. A child is `crash child FOLDER SEED`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]
#![expect(clippy::print_stdout, reason = "a test of its own, and a child that tells its parent")]

mod check;
mod child;
mod faults;
mod random;
#[path = "../support/rows.rs"]
mod rows;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use random::Random;

/// Kills of a short run.
const KILLS: u64 = 50;
/// A child that says nothing for so long hangs.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Kills within one lake; then it is checked, and a new one begins.
const KILLS_A_LAKE: u64 = 25;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, folder, seed] = arguments.as_slice()
        && mode == "child"
    {
        return child::run(Path::new(folder), seed.parse().unwrap());
    }
    let numbers: Vec<u64> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let kills = numbers.first().copied().unwrap_or(KILLS);
    let seed = numbers.get(1).copied().unwrap_or(1);
    let begun = Instant::now();
    let mut totals = check::Totals::default();
    let mut done = 0;
    while done < kills {
        let here = KILLS_A_LAKE.min(kills - done);
        totals.add(&one_lake(seed.wrapping_add(done), here));
        done += here;
        println!("{done} of {kills} kills: {totals}");
    }
    println!("crash: {kills} kills, seed {seed}: {totals}; {:?}", begun.elapsed());
    assert!(totals.points > kills / 8, "too few kills came at a point within a write: {}", totals.points);
}

/// Kills children of one lake, then checks it.
fn one_lake(seed: u64, kills: u64) -> check::Totals {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random::new(seed);
    let acknowledged = Arc::new(AtomicU64::new(0));
    let mut points = 0;
    for _ in 0..kills {
        points += u64::from(one_child(folder.path(), &mut random, &acknowledged));
    }
    let mut totals = check::check(folder.path(), acknowledged.load(Ordering::SeqCst), seed);
    totals.points = points;
    totals
}

/// Starts a child and kills it. True if it was killed at a point it had come to.
fn one_child(folder: &Path, random: &mut Random, acknowledged: &Arc<AtomicU64>) -> bool {
    let child = Command::new(std::env::current_exe().unwrap())
        .arg("child")
        .arg(folder)
        .arg(random.next().to_string())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = child.unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let is_at_point = Arc::new(AtomicBool::new(false));
    let heard = Arc::new(AtomicU64::new(0));
    let (at_point, its_heard, said) = (Arc::clone(&is_at_point), Arc::clone(&heard), Arc::clone(acknowledged));
    let reader = std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            its_heard.fetch_add(1, Ordering::SeqCst);
            match line.split_once(' ') {
                Some(("acknowledged", number)) => _ = said.fetch_max(number.parse().unwrap(), Ordering::SeqCst),
                _ if line == "here" => at_point.store(true, Ordering::SeqCst),
                _ => println!("child: {line}"),
            }
        }
    });
    // Some die while they open the lake, most while they work, those that were told to come to a point there.
    let first = if random.chance(6) { 0 } else { 1 };
    let life = Duration::from_millis(random.below(400));
    let mut since = None;
    let mut silence = (Instant::now(), 0);
    while !is_at_point.load(Ordering::SeqCst) {
        let lines = heard.load(Ordering::SeqCst);
        if lines >= first && since.is_none() {
            since = Some(Instant::now());
        }
        if since.is_some_and(|since: Instant| since.elapsed() > life) {
            break;
        }
        if lines != silence.1 {
            silence = (Instant::now(), lines);
        }
        assert!(silence.0.elapsed() < SILENCE_MAX, "a child hangs in {}", folder.display());
        std::thread::sleep(Duration::from_millis(1));
    }
    // SIGKILL.
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), None, "a child ended by itself");
    reader.join().unwrap();
    is_at_point.load(Ordering::SeqCst)
}
