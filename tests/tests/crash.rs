//! `kill -9` under load, again and again on the same data folder: no torn line, no record twice, and every request that
//! was answered a flush interval before the kill is on record.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use sekisho_e2e::{Acl, Checkpoint, Client, Origin, decisions, files};
use tempfile::TempDir;

const ROUNDS: u64 = 12;
const CLIENTS: u64 = 3;
/// The named setting the promise is about.
const FLUSH_INTERVAL: Duration = Duration::from_millis(500);
/// The smallest there is, so that kills also meet rotation and compression.
const SEGMENT_BYTES_MAX: u64 = 65_536;
const STOP_MS_MAX: u64 = 30_000;

/// A request that was answered: its mark, and when.
type Answered = (String, Instant);

fn configure(folder: &Path, origin: &Origin) {
    Acl::new("shop").block_query("attack").write(folder, "acl.json").expect("the ACL is written");
    let config = format!(
        "[[listener]]\naddress = \"127.0.0.1:0\"\n\
         [[upstream]]\nname = \"shop\"\nservers = [\"{}\"]\n\
         [[route]]\nupstream = \"shop\"\n\
         [rules]\nacl = \"acl.json\"\n\
         [admin]\naddress = \"127.0.0.1:0\"\n\
         [records]\nflush_interval_ms = {}\nsegment_bytes_max = {SEGMENT_BYTES_MAX}\n",
        origin.url(),
        FLUSH_INTERVAL.as_millis()
    );
    fs::write(folder.join("sekisho.toml"), config).expect("the configuration is written");
}

fn start(folder: TempDir) -> Checkpoint {
    Checkpoint::start_in(folder, ["run", "-c", "sekisho.toml"]).expect("the checkpoint starts")
}

/// Sends requests, each with a mark of its own, until the connection breaks.
fn send(address: SocketAddr, round: u64, client: u64) -> Vec<Answered> {
    let mut answered = Vec::new();
    let mut connection = Client::open(address).expect("the checkpoint listens");
    for number in 0_u64.. {
        let attack = if number % 5 == 0 { "&attack" } else { "" };
        let mark = format!("mark={round}-{client}-{number}{attack}");
        let Ok(reply) = connection.get(&format!("/page?{mark}")) else { break };
        assert_eq!(reply.status, if attack.is_empty() { 200 } else { 403 }, "{mark}");
        answered.push((mark, Instant::now()));
        std::thread::sleep(Duration::from_micros(300));
    }
    answered
}

/// Runs a checkpoint under load and kills it; the folder, and the marks that are due in it.
fn run_and_kill(folder: TempDir, round: u64) -> (TempDir, Vec<String>) {
    let checkpoint = start(folder);
    let address = checkpoint.address();
    let senders: Vec<_> = (0..CLIENTS).map(|client| std::thread::spawn(move || send(address, round, client))).collect();
    // Spread over a flush interval, so that the kills meet every moment of it.
    let spread = FLUSH_INTERVAL.as_millis() as u64 * round / ROUNDS;
    std::thread::sleep(FLUSH_INTERVAL * 2 + Duration::from_millis(spread));
    let killed = Instant::now();
    let folder = checkpoint.kill().expect("the checkpoint runs");
    let answered = senders.into_iter().flat_map(|sender| sender.join().expect("a sender runs to its end"));
    let due = answered.filter(|(_, at)| *at + FLUSH_INTERVAL < killed).map(|(mark, _)| mark).collect();
    (folder, due)
}

/// Leaves the active segments as a loss of power in the middle of a write would: a kill alone seldom tears a line.
fn tear(data: &Path) -> usize {
    let segments: Vec<_> = files(&data.join("decisions/active")).expect("the folder is readable");
    for path in &segments {
        let mut segment = File::options().append(true).open(path).expect("a segment can be opened");
        segment.write_all(b"{\"timestamp\":1795299944123,\"formatVers").expect("a segment can be written");
    }
    segments.len()
}

#[test]
fn a_kill_under_load_tears_nothing_doubles_nothing_and_loses_nothing_that_was_due() {
    let origin = Origin::start().expect("a port is free");
    let mut folder = tempfile::tempdir().expect("a folder can be made");
    configure(folder.path(), &origin);
    let data = |folder: &TempDir| folder.path().join("sekisho-data");
    let mut due = Vec::new();
    let mut torn = 0;
    for round in 0..ROUNDS {
        let (left, marks) = run_and_kill(folder, round);
        folder = left;
        assert!(!marks.is_empty(), "round {round} proves nothing");
        due.extend(marks);
        if round % 2 == 1 {
            torn += tear(&data(&folder));
        }
    }
    assert!(torn > 0, "no kill left an active segment");
    // A last start recovers what the last kill left, and an orderly stop finishes every segment.
    let checkpoint = start(folder);
    checkpoint.signal("TERM").expect("the checkpoint runs");
    let (status, folder) = checkpoint.wait(STOP_MS_MAX).expect("it stops");
    assert!(status.success(), "{status}");
    assert_eq!(files(&data(&folder).join("decisions/active")).expect("readable"), Vec::<std::path::PathBuf>::new());
    let temporary = files(&data(&folder)).expect("readable");
    let records = decisions(&data(&folder)).expect("no line is torn");
    let mut kept: HashMap<&str, u32> = HashMap::new();
    let mut names: HashMap<&str, u32> = HashMap::new();
    for record in &records {
        let request = &record["httpRequest"];
        *kept.entry(request["args"].as_str().expect("a record has the query")).or_default() += 1;
        *names.entry(request["requestId"].as_str().expect("a record has a name")).or_default() += 1;
    }
    let doubled: Vec<_> = kept.iter().chain(&names).filter(|(_, times)| **times > 1).collect();
    assert!(doubled.is_empty(), "{doubled:?}");
    let lost: Vec<_> = due.iter().filter(|mark| !kept.contains_key(mark.as_str())).collect();
    assert!(lost.is_empty(), "{} of {} due records are lost: {:?}", lost.len(), due.len(), &lost[..lost.len().min(20)]);
    assert!(due.len() > 1_000, "only {} records were due", due.len());
    let half_made: Vec<_> = temporary.iter().filter(|path| path.extension().is_some_and(|end| end == "tmp")).collect();
    assert!(half_made.is_empty(), "archives of a crash are left half made: {half_made:?}");
}
