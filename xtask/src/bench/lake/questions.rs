//! Questions to a year of events.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::events::{Events, write_time};
use super::program::timed;
use super::{DAY_S, END_S, Programs, YEAR_S};
use crate::process::say;

/// Addresses that are asked for, each once within a week and once within the year.
const ADDRESSES: usize = 40;
/// How far apart in frequency they are.
const RANKS_APART: usize = 487;
/// Searches for words.
const SEARCHES: usize = 10;
/// How often both engines group.
const GROUPINGS: usize = 5;

/// How long answers took, one a question.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) week: Vec<Duration>,
    pub(super) year: Vec<Duration>,
    /// To the first rows.
    pub(super) search: Vec<Duration>,
    /// Ours and DuckDB's, in the same round.
    pub(super) grouped: Vec<(Duration, Duration)>,
}

/// The five columns both engines group by.
const GROUPING: &str = "SELECT service, operation, region, user_type, read_only, count(*) AS n FROM TABLE \
    GROUP BY 1, 2, 3, 4, 5 ORDER BY n DESC, 1, 2, 3, 4, 5 LIMIT 50";

/// Asks them all.
pub(super) fn ask(root: &Path, programs: &Programs, lake: &Path, events: &Events) -> Result<Answers> {
    let binary = &programs.checkpoint;
    let mut answers = Answers::default();
    for at in 0..ADDRESSES {
        let address = events.address(at * RANKS_APART);
        answers.week.push(address_since(binary, lake, address, END_S - 7 * DAY_S)?);
        answers.year.push(address_since(binary, lake, address, END_S - YEAR_S)?);
    }
    for at in 0..SEARCHES {
        let address = events.address(at * RANKS_APART);
        let mut command = Command::new(binary);
        command.args(["search", address, "--limit", "20", "--lake"]).arg(lake);
        let (text, to_first, _) = timed(&mut command)?;
        ensure!(text.contains(address), "a search for {address} found nothing");
        answers.search.push(to_first);
    }
    for _ in 0..GROUPINGS {
        answers.grouped.push(grouped(root, programs, lake)?);
    }
    Ok(answers)
}

fn address_since(binary: &Path, lake: &Path, address: &str, since_s: u64) -> Result<Duration> {
    let mut since = Vec::new();
    write_time(since_s, &mut since)?;
    let since = String::from_utf8(since).context("digits")?;
    let sql = format!(
        "SELECT time, operation, user_arn FROM api_activity WHERE src_ip = '{address}' AND time >= TIMESTAMP '{since}' ORDER BY time DESC LIMIT 100"
    );
    let mut command = Command::new(binary);
    command.args(["query", &sql, "--format", "csv", "--lake"]).arg(lake);
    Ok(timed(&mut command)?.2)
}

/// Both group the same files, and must say the same.
fn grouped(root: &Path, programs: &Programs, lake: &Path) -> Result<(Duration, Duration)> {
    let mut ours = Command::new(&programs.checkpoint);
    ours.args(["query", &GROUPING.replace("TABLE", "api_activity"), "--format", "csv", "--lake"]).arg(lake);
    let (our_rows, _, our_time) = timed(&mut ours)?;
    let mut peer = Command::new(&programs.python);
    peer.current_dir(root).arg("tests/python/duckdb_query.py").arg(lake.join("tables/api_activity")).arg(GROUPING);
    let (peer_rows, _, _) = timed(&mut peer)?;
    // The peer says itself how long its query took: without the interpreter's start and the list of files.
    let (seconds, peer_rows) = peer_rows.split_once('\n').context("the peer prints its time first")?;
    let peer_time = Duration::from_secs_f64(seconds.parse().context("the peer prints its time in seconds")?);
    ensure!(normalized(&our_rows) == normalized(peer_rows), "the answers differ:\n{our_rows}\n{peer_rows}");
    say(format!("group by five columns: sekisho {our_time:.2?}, DuckDB {peer_time:.2?}"))?;
    Ok((our_time, peer_time))
}

/// Rows without their head and without the line ends of either.
fn normalized(csv: &str) -> Vec<&str> {
    csv.lines().skip(1).map(str::trim_end).collect()
}
