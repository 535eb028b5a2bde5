//! A checkpoint with a lake, and questions to that lake beside it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{Acl, Checkpoint, Moto, Origin, sekisho_with};

/// The lake, in the folder a checkpoint runs in.
pub const LAKE: &str = "sekisho-data/lake";
/// How long it may take until something is found: a busy machine is slow.
pub const FOUND_WITHIN: Duration = Duration::from_secs(30);
/// How often decisions are made durable.
pub const FLUSH_INTERVAL: Duration = Duration::from_millis(100);
const STOP_MS_MAX: u64 = 30_000;
const POLL: Duration = Duration::from_millis(100);

/// Writes a configuration with a lake, as `sekisho.toml`; `more` stands below `[lake]`.
///
/// # Panics
///
/// When files cannot be written.
pub fn configure(folder: &Path, origin: &Origin, more: &str) {
    Acl::new("shop").block_query("attack").write(folder, "acl.json").expect("the ACL is written");
    let config = format!(
        "[[listener]]\naddress = \"127.0.0.1:0\"\n\
         [[upstream]]\nname = \"shop\"\nservers = [\"{}\"]\n\
         [[route]]\nupstream = \"shop\"\n\
         [rules]\nacl = \"acl.json\"\n\
         [admin]\naddress = \"127.0.0.1:0\"\n\
         [records]\nflush_interval_ms = {}\nsegment_bytes_max = 65536\n\
         [lake]\ncommit_interval_ms = 300\ncheckpoint_interval_ms = 200\n{more}",
        origin.url(),
        FLUSH_INTERVAL.as_millis()
    );
    fs::write(folder.join("sekisho.toml"), config).expect("the configuration is written");
}

/// Starts the checkpoint that `sekisho.toml` in a folder describes.
///
/// # Panics
///
/// When it does not start.
#[must_use]
pub fn start(folder: TempDir) -> Checkpoint {
    Checkpoint::start_with(folder, ["run", "-c", "sekisho.toml"], &Moto::CREDENTIALS).expect("the checkpoint starts")
}

/// Asks a checkpoint to end, and waits until it has.
///
/// # Panics
///
/// When it ends with an error, or not in time.
#[must_use]
pub fn stop(checkpoint: Checkpoint) -> TempDir {
    checkpoint.signal("TERM").expect("the checkpoint runs");
    let log = checkpoint.log();
    let (status, folder) = checkpoint.wait(STOP_MS_MAX).expect("it stops");
    assert!(status.success(), "{status}\n{log}");
    folder
}

/// Asks the lake in a folder; the rows as CSV, without the first line.
///
/// # Panics
///
/// When it cannot be asked.
#[must_use]
pub fn query(folder: &Path, sql: &str) -> Vec<String> {
    let asked = sekisho_with(folder, ["query", sql, "--format", "csv", "--lake", LAKE], &Moto::CREDENTIALS);
    let asked = asked.expect("the lake can be asked");
    assert_eq!(asked.code, Some(0), "{sql}: {}", asked.stderr);
    asked.stdout.lines().skip(1).map(str::to_owned).collect()
}

/// Asks until the answer is this.
///
/// # Panics
///
/// When it is another for too long.
pub fn until(folder: &Path, sql: &str, expected: &[&str]) {
    let started = Instant::now();
    loop {
        let rows = query(folder, sql);
        if rows == expected {
            return;
        }
        assert!(started.elapsed() < FOUND_WITHIN, "{sql}: {rows:?}, not {expected:?}");
        std::thread::sleep(POLL);
    }
}

/// Has the lake in a folder verified.
///
/// # Panics
///
/// When something was altered.
pub fn verify(folder: &Path) {
    let ran = sekisho_with(folder, ["verify", "--lake", LAKE], &Moto::CREDENTIALS).expect("it runs");
    assert!(ran.code == Some(0) && ran.stdout.ends_with("nothing was altered\n"), "{}{}", ran.stdout, ran.stderr);
}

/// Where a source listens, as the service announces it.
///
/// # Panics
///
/// When it announces nothing of that protocol.
#[must_use]
pub fn announced(checkpoint: &Checkpoint, protocol: &str) -> SocketAddr {
    let log = checkpoint.log();
    let of = log.lines().find_map(|line| line.strip_prefix(protocol)?.strip_prefix(" at "));
    of.unwrap_or_else(|| panic!("no {protocol} in\n{log}")).parse().expect("it is an address")
}
