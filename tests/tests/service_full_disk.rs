//! A lake on a disk that is really full: requests go on, it is told, nothing that was acknowledged is lost, and it goes on by itself.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_e2e::lake::{FOUND_WITHIN, LAKE, announced, configure, query, start, stop, until, verify};
use sekisho_e2e::{Checkpoint, Client, Moto, Origin, SmallDisk, sekisho_with};
use serde_json::json;
use tempfile::TempDir;

const KEY: &str = "an-access-key-of-a-stream";
const DISK_BYTES: u64 = 24 << 20;
const RECORDS: usize = 10;

/// A folder whose lake is on a disk of its own.
fn lay_out(origin: &Origin) -> (TempDir, SmallDisk) {
    let disk = SmallDisk::mount(DISK_BYTES).expect("this test needs to be root: it mounts a small disk");
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::create_dir(folder.path().join("sekisho-data")).expect("a folder is made");
    symlink(disk.path(), folder.path().join(LAKE)).expect("a link is made");
    fs::write(folder.path().join("firehose.secret"), KEY).expect("a file is written");
    let more = "[[lake.source]]\nformat = \"json\"\nfirehose = { listen = \"127.0.0.1:0\", access_key_file = \"firehose.secret\" }\n";
    configure(folder.path(), origin, more);
    (folder, disk)
}

/// Delivers as Firehose does; whether it was acknowledged.
fn deliver(at: SocketAddr, number: usize) -> anyhow::Result<bool> {
    let request = format!("delivery-{number}");
    let records: Vec<_> = (0..RECORDS)
        .map(|record| json!({"delivery": number, "record": record, "more": "x".repeat(200)}).to_string())
        .map(|raw| json!({"data": STANDARD.encode(raw)}))
        .collect();
    let body = json!({"requestId": request, "timestamp": 1_795_348_800_000_u64, "records": records}).to_string();
    let mut stream = TcpStream::connect(at)?;
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Amz-Firehose-Protocol-Version: 1.0\r\nX-Amz-Firehose-Request-Id: {request}\r\n\
         X-Amz-Firehose-Access-Key: {KEY}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.starts_with("HTTP/1.1 200"))
}

fn readiness(checkpoint: &Checkpoint) -> String {
    let admin = checkpoint.admin().expect("it has an admin address");
    let reply = Client::get_once(admin, "/readyz").expect("a reply comes");
    assert_eq!(reply.status, 200, "requests are served all the same");
    reply.body
}

fn until_ready(checkpoint: &Checkpoint, is_so: impl Fn(&str) -> bool) {
    let started = Instant::now();
    loop {
        let body = readiness(checkpoint);
        if is_so(&body) {
            return;
        }
        assert!(started.elapsed() < FOUND_WITHIN, "{body}\n{}", checkpoint.log());
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn request(checkpoint: &Checkpoint, count: usize) {
    let mut client = Client::open(checkpoint.address()).expect("the checkpoint listens");
    for number in 0..count {
        assert_eq!(client.get(&format!("/page?{number}")).expect("a reply comes").status, 200);
    }
}

fn count(folder: &Path) -> Vec<String> {
    query(
        folder,
        "SELECT count(*), count(DISTINCT raw) FROM quarantine UNION ALL SELECT count(*), 0 FROM waf ORDER BY 2 DESC",
    )
}

const DELIVERED: &str = "SELECT count(*), count(DISTINCT raw) FROM system WHERE source = 'json'";

#[test]
fn a_full_disk_holds_up_no_request_and_loses_nothing() {
    let origin = Origin::start().expect("a port is free");
    let (folder, disk) = lay_out(&origin);
    let checkpoint = start(folder);
    let at = announced(&checkpoint, "firehose");
    request(&checkpoint, 20);
    for number in 0..20 {
        assert!(deliver(at, number).expect("an answer comes"));
    }
    until(checkpoint.folder(), DELIVERED, &["200,200"]);
    disk.fill().expect("it can be filled");
    // What is sent now is not acknowledged, and waits.
    let (told, waiting) = channel();
    let delivering = std::thread::spawn(move || told.send(deliver(at, 20).unwrap_or(false)));
    request(&checkpoint, 300);
    until_ready(&checkpoint, |body| body.lines().any(|line| line.starts_with("lake: ")));
    assert!(waiting.recv_timeout(Duration::from_secs(1)).is_err(), "a full disk acknowledges nothing");
    request(&checkpoint, 100);
    // What is there can be asked for, and what cannot be done is told.
    assert_eq!(query(checkpoint.folder(), DELIVERED), ["200,200"]);
    let held = sekisho_with(checkpoint.folder(), ["lake", "hold", "case 7", "--lake", LAKE], &Moto::CREDENTIALS);
    let held = held.expect("it runs");
    assert!(held.code == Some(1) && held.stderr.contains("No space left"), "{}{}", held.stdout, held.stderr);

    disk.clear().expect("it can be cleared");
    assert!(waiting.recv_timeout(FOUND_WITHIN).expect("an answer comes"), "what waited is taken");
    delivering.join().expect("it ends").expect("somebody hears it");
    until_ready(&checkpoint, |body| body == "ready\n");
    until(checkpoint.folder(), DELIVERED, &["210,210"]);
    until(checkpoint.folder(), "SELECT count(*) FROM waf", &["420"]);
    let folder = stop(checkpoint);
    assert_eq!(count(folder.path()), ["0,0", "420,0"]);
    verify(folder.path());
    drop(folder);
    drop(disk);
}

#[test]
fn killed_on_a_full_disk_it_starts_serves_and_goes_on_when_there_is_room() {
    let origin = Origin::start().expect("a port is free");
    let (folder, disk) = lay_out(&origin);
    let checkpoint = start(folder);
    let at = announced(&checkpoint, "firehose");
    for number in 0..30 {
        assert!(deliver(at, number).expect("an answer comes"));
    }
    request(&checkpoint, 20);
    disk.fill().expect("it can be filled");
    request(&checkpoint, 50);
    std::thread::sleep(Duration::from_millis(500));
    let folder = checkpoint.kill().expect("it runs");
    let checkpoint = start(folder);
    request(&checkpoint, 50);
    until_ready(&checkpoint, |body| body.lines().any(|line| line.starts_with("lake: ")));
    disk.clear().expect("it can be cleared");
    until_ready(&checkpoint, |body| body == "ready\n");
    until(checkpoint.folder(), DELIVERED, &["300,300"]);
    until(checkpoint.folder(), "SELECT count(*) FROM waf", &["120"]);
    verify(stop(checkpoint).path());
    drop(disk);
}
