//! A running service with a lake: decisions and logs flow in, are found while it runs, and each is there once after a kill.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use sekisho_e2e::lake::{FLUSH_INTERVAL, FOUND_WITHIN, LAKE, announced, configure, query, start, stop, until, verify};
use sekisho_e2e::{Checkpoint, Client, Moto, Origin, sekisho_with};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder can be made")
}

#[test]
fn decisions_and_sources_flow_in_and_are_found_while_it_runs() {
    let origin = Origin::start().expect("a port is free");
    let folder = folder();
    let logs = folder.path().join("logs");
    fs::create_dir(&logs).expect("a folder is made");
    let line = |number: u32| {
        format!("203.0.113.{number} - - [22/Nov/2026:10:00:00 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"curl/8\"\n")
    };
    fs::write(logs.join("access.log"), line(1)).expect("a file is written");
    fs::write(folder.path().join("secrets"), "hunter2-hunter2\n").expect("a file is written");
    let sources = "[lake.mask]\nsecrets_files = [\"secrets\"]\n\
                   [[lake.source]]\nformat = \"syslog\"\n\
                   syslog = { udp = \"127.0.0.1:0\", tcp = \"127.0.0.1:0\" }\n\
                   [[lake.source]]\nformat = \"nginx\"\nfiles = { path = \"logs\", poll_ms = 50 }\n";
    configure(folder.path(), &origin, sources);
    let checkpoint = start(folder);
    let mut client = Client::open(checkpoint.address()).expect("the checkpoint listens");
    for number in 0..5 {
        assert_eq!(client.get(&format!("/page?mark={number}")).expect("a reply comes").status, 200);
    }
    assert_eq!(client.get("/page?mark=x&attack").expect("a reply comes").status, 403);
    let here = checkpoint.folder();
    until(here, "SELECT action, count(*) FROM waf GROUP BY 1 ORDER BY 1", &["ALLOW,5", "BLOCK,1"]);
    until(here, "SELECT query FROM http WHERE action = 'BLOCK'", &["mark=x&attack"]);

    let mut stream = TcpStream::connect(announced(&checkpoint, "syslog-tcp")).expect("it listens");
    stream.write_all(b"<34>Nov 22 10:00:00 host su: hunter2-hunter2 failed\nno syslog at all\n").expect("it is sent");
    let datagrams = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    let at = announced(&checkpoint, "syslog-udp");
    datagrams.send_to(b"<34>Nov 22 10:00:01 host su: by datagram", at).expect("it is sent");
    let mut access = OpenOptions::new().append(true).open(logs.join("access.log")).expect("the file is there");
    access.write_all(line(2).as_bytes()).expect("it is written");
    until(here, "SELECT count(*) FROM http WHERE source = 'nginx'", &["2"]);
    let masked = "SELECT message FROM system WHERE source = 'syslog' AND message LIKE '%REDACTED%'";
    until(here, masked, &["REDACTED failed"]);
    let all = "SELECT count(*) FROM (SELECT record FROM system WHERE source = 'syslog' \
               UNION SELECT record FROM authentication WHERE source = 'syslog' UNION SELECT record FROM quarantine)";
    until(here, all, &["3"]);

    let admin = checkpoint.admin().expect("it has an admin address");
    let metrics = Client::get_once(admin, "/metrics").expect("a reply comes").body;
    for series in [
        "sekisho_lake_stored_records_total{source=\"aws-waf\"} 6",
        "sekisho_lake_stored_records_total{source=\"nginx\"} 2",
        "sekisho_lake_masked_total{source=\"syslog\",kind=\"secrets\"} 1",
        "sekisho_lake_decisions_waiting_bytes 0",
        "sekisho_lake_troubles 0",
    ] {
        assert!(metrics.lines().any(|line| line == series), "{series}\n{metrics}");
    }
    assert_eq!(Client::get_once(admin, "/readyz").expect("a reply comes").body, "ready\n");
    // What is told last is in the lake when it has ended.
    assert_eq!(client.get("/page?mark=last").expect("a reply comes").status, 200);
    let folder = stop(checkpoint);
    assert_eq!(query(folder.path(), "SELECT count(*) FROM waf"), ["7"]);
    verify(folder.path());
}

/// Sends requests, each with a mark of its own, until the connection breaks; marks and when they were answered.
fn send(address: SocketAddr, round: u64) -> Vec<(String, Instant)> {
    let mut answered = Vec::new();
    let mut connection = Client::open(address).expect("the checkpoint listens");
    for number in 0_u64.. {
        let mark = format!("mark={round}-{number}");
        if connection.get(&format!("/page?{mark}")).is_err() {
            return answered;
        }
        answered.push((mark, Instant::now()));
        std::thread::sleep(Duration::from_millis(1));
    }
    answered
}

#[test]
fn each_decision_is_in_the_lake_once_after_kills() {
    const ROUNDS: u64 = 5;
    let origin = Origin::start().expect("a port is free");
    let mut left = folder();
    configure(left.path(), &origin, "");
    let mut due = Vec::new();
    for round in 0..ROUNDS {
        let checkpoint = start(left);
        let address = checkpoint.address();
        let sender = std::thread::spawn(move || send(address, round));
        // Spread, so that kills meet commits, rotations and reads.
        std::thread::sleep(Duration::from_millis(700 + 130 * round));
        let killed = Instant::now();
        left = checkpoint.kill().expect("the checkpoint runs");
        let answered = sender.join().expect("a sender runs to its end");
        let before = answered.len();
        due.extend(answered.into_iter().filter(|(_, at)| *at + FLUSH_INTERVAL < killed).map(|(mark, _)| mark));
        assert!(before > 0, "round {round} proves nothing");
    }
    let left = stop(start(left));
    let rows = query(left.path(), "SELECT query FROM waf");
    let mut kept: HashMap<&str, u32> = HashMap::new();
    rows.iter().for_each(|row| *kept.entry(row).or_default() += 1);
    let doubled: Vec<_> = kept.iter().filter(|(_, times)| **times > 1).collect();
    assert!(doubled.is_empty(), "{doubled:?}");
    let lost: Vec<_> = due.iter().filter(|mark| !kept.contains_key(mark.as_str())).collect();
    assert!(lost.is_empty(), "{} of {} due records are lost: {lost:?}", lost.len(), due.len());
    assert!(due.len() > 300, "only {} records were due", due.len());
    let followed = left.path().join("sekisho-data/decisions/followed");
    assert_eq!(fs::read_dir(followed).expect("the folder is there").count(), 0, "all was taken in");
    verify(left.path());
}

#[test]
fn a_lake_that_cannot_be_opened_is_said_and_nothing_is_served() {
    let origin = Origin::start().expect("a port is free");
    let folder = folder();
    configure(folder.path(), &origin, "");
    let first = start(folder);
    let config = first.folder().join("sekisho.toml");
    let text = fs::read_to_string(&config).expect("it is there");
    let text = text.replace("[lake]", "[lake]\npath = \"sekisho-data/lake\"");
    fs::write(first.folder().join("second.toml"), format!("data = \"other\"\n{text}")).expect("it is written");
    let ran = sekisho_with(first.folder(), ["run", "-c", "second.toml"], &[]).expect("it ends");
    assert!(ran.code == Some(2) && ran.stderr.contains("open in another process"), "{}", ran.stderr);
}

#[test]
fn objects_of_a_bucket_are_taken_in_once_however_often_it_is_asked_for() {
    let (moto, folder) = (Moto::start().expect("moto runs"), folder());
    let lines = |from: u32, to: u32| -> String {
        (from..to)
            .map(|number| {
                format!(
                    "203.0.113.{number} - - [22/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"curl/8\"\n"
                )
            })
            .collect()
    };
    let url = moto.url();
    let ingest = |place: &str| {
        let arguments = ["ingest", "nginx", place, "--endpoint-url", &url, "--lake", LAKE];
        sekisho_with(folder.path(), arguments, &Moto::CREDENTIALS).expect("it runs")
    };
    let count = || query(folder.path(), "SELECT count(*), count(DISTINCT src_ip) FROM http");
    moto.put("web/a.log", lines(0, 10).as_bytes()).expect("it is put");
    moto.put("web/b.log", lines(10, 20).as_bytes()).expect("it is put");
    moto.put("other/c.log", lines(100, 110).as_bytes()).expect("it is put");
    let ran = ingest("s3://logs/web");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(count(), ["20,20"]);
    // A later one that sorts before what is known, too.
    moto.put("web/0.log", lines(20, 25).as_bytes()).expect("it is put");
    for _ in 0..2 {
        let ran = ingest("s3://logs/web");
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert_eq!(count(), ["25,25"]);
    }
    let ran = ingest("s3://nowhere/web");
    assert!(ran.code == Some(1) && ran.stderr.contains("nowhere"), "{}", ran.stderr);
    verify(folder.path());
}

#[test]
fn witnesses_are_asked_beside_the_sealing_and_changes_of_the_lake_wait_for_a_restart() {
    let origin = Origin::start().expect("a port is free");
    let folder = folder();
    configure(folder.path(), &origin, "");
    let folder = stop(start(folder));
    let key = fs::read_to_string(folder.path().join(LAKE).join("seal/key.pub")).expect("the lake has a key");
    let arguments = ["witness", "--name", "w.example/1", "--log", key.trim(), "--listen", "127.0.0.1:0"];
    let witness = Checkpoint::start_with(tempfile::tempdir().expect("a folder can be made"), arguments, &[]);
    let witness = witness.expect("the witness starts");
    let log = witness.log();
    let its_key = log.lines().find(|line| line.starts_with("w.example/1+")).expect("it tells its key").to_owned();
    let asked = format!(
        "witness_interval_s = 1\n[[lake.witness]]\nurl = \"http://{}/\"\nkey = \"{its_key}\"\n",
        witness.address()
    );
    configure(folder.path(), &origin, &asked);
    let checkpoint = start(folder);
    let mut client = Client::open(checkpoint.address()).expect("the checkpoint listens");
    assert_eq!(client.get("/page").expect("a reply comes").status, 200);
    let kept = checkpoint.folder().join(LAKE).join("seal/checkpoints");
    let started = Instant::now();
    let signed = || {
        let entries = fs::read_dir(&kept).expect("the folder is there");
        let notes = entries.filter_map(|entry| fs::read_to_string(entry.expect("it is listed").path()).ok());
        notes.filter(|note| note.contains("\n— w.example/1 ")).count()
    };
    while signed() == 0 {
        assert!(started.elapsed() < FOUND_WITHIN, "{}", checkpoint.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    let config = checkpoint.folder().join("sekisho.toml");
    let text = fs::read_to_string(&config).expect("it is there");
    fs::write(&config, text.replace("witness_interval_s = 1", "witness_interval_s = 2")).expect("it is written");
    checkpoint.signal("HUP").expect("it runs");
    while !checkpoint.log().contains("comes into force with a restart changed=\"lake\"") {
        assert!(started.elapsed() < FOUND_WITHIN, "{}", checkpoint.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    // Without its witness, the lake goes on, and says what is missing.
    drop(witness);
    let admin = checkpoint.admin().expect("it has an admin address");
    let started = Instant::now();
    loop {
        assert_eq!(client.get("/page").expect("a reply comes").status, 200);
        let ready = Client::get_once(admin, "/readyz").expect("a reply comes");
        assert_eq!(ready.status, 200);
        if ready.body.contains("lake: witness w.example/1: cannot reach the witness") {
            break;
        }
        assert!(started.elapsed() < FOUND_WITHIN, "{}", ready.body);
        std::thread::sleep(Duration::from_millis(50));
    }
    verify(stop(checkpoint).path());
}

#[test]
fn old_days_move_to_the_bucket_by_themselves_and_are_found_there() {
    let (moto, origin) = (Moto::start().expect("moto runs"), Origin::start().expect("a port is free"));
    moto.put("", b"").expect("there is a bucket");
    let folder = folder();
    let before = |days: &str| {
        let told = Command::new("date").args(["-u", "-d", days, "+%d/%b/%Y:%H:%M:%S +0000"]).output();
        let at = String::from_utf8(told.expect("date runs").stdout).expect("it is text");
        format!("203.0.113.9 - - [{}] \"GET /old HTTP/1.1\" 200 5 \"-\" \"curl/8\"\n", at.trim())
    };
    fs::create_dir(folder.path().join("logs")).expect("a folder is made");
    let lines = [before("10 days ago"), before("0 days ago")].concat();
    fs::write(folder.path().join("logs/access.log"), lines).expect("a file is written");
    let more = format!(
        "retain_interval_s = 1\ncompact_interval_s = 1\nwitness_interval_s = 1\n\
         [lake.checkpoint_copies]\nurl = \"s3://logs/copies\"\nendpoint_url = \"{0}\"\n\
         [lake.storage]\ncold = \"s3://logs/cold\"\nendpoint_url = \"{0}\"\n\
         [[lake.source]]\nformat = \"nginx\"\nfiles = {{ path = \"logs\", poll_ms = 50 }}\n",
        moto.url()
    );
    configure(folder.path(), &origin, &more);
    let checkpoint = start(folder);
    let started = Instant::now();
    while !checkpoint.log().contains("old files of the lake were moved and deleted moved=1") {
        assert!(started.elapsed() < FOUND_WITHIN, "{}", checkpoint.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    until(checkpoint.folder(), "SELECT count(*), count(DISTINCT day) FROM http WHERE path = '/old'", &["2,2"]);
    let name = fs::read_to_string(checkpoint.folder().join(LAKE).join("seal/key.pub")).expect("the lake has a key");
    let name = name.split('+').next().expect("a key begins with its name");
    let started = Instant::now();
    while !moto.get("?list-type=2&prefix=copies").expect("it lists").contains(&format!("copies/{name}/0000")) {
        assert!(started.elapsed() < FOUND_WITHIN, "{}", checkpoint.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    verify(stop(checkpoint).path());
}

/// Runs `sekisho lake …` beside whatever runs; what it tells.
fn by_hand(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let arguments = ["lake"].iter().chain(arguments).chain(&["--lake", LAKE]).copied();
    let ran = sekisho_with(folder, arguments, &Moto::CREDENTIALS).expect("it runs");
    (ran.code, format!("{}{}", ran.stdout, ran.stderr))
}

/// Puts a file with one old record beside the logs that a service reads, and waits until it is in the lake.
fn take_in(folder: &Path, name: &str, days: &str, sql_count: &str) {
    let told = Command::new("date").args(["-u", "-d", days, "+%d/%b/%Y:%H:%M:%S +0000"]).output();
    let at = String::from_utf8(told.expect("date runs").stdout).expect("it is text");
    let line = format!("203.0.113.9 - - [{}] \"GET /{name} HTTP/1.1\" 200 5 \"-\" \"curl/8\"\n", at.trim());
    fs::write(folder.join("logs").join(name), line).expect("a file is written");
    until(folder, "SELECT count(*) FROM http WHERE source = 'nginx'", &[sql_count]);
}

#[test]
fn a_hold_is_had_beside_the_service_and_outlives_its_kill() {
    let origin = Origin::start().expect("a port is free");
    let folder = folder();
    fs::create_dir(folder.path().join("logs")).expect("a folder is made");
    let more = "keep_days = 30\n[[lake.source]]\nformat = \"nginx\"\nfiles = { path = \"logs\", poll_ms = 50 }\n";
    configure(folder.path(), &origin, more);
    let checkpoint = start(folder);
    let here = checkpoint.folder();
    take_in(here, "a.log", "40 days ago", "1");
    take_in(here, "b.log", "0 days ago", "2");
    let (code, told) = by_hand(here, &["hold", "case 7"]);
    assert!(code == Some(0) && told.contains("deletions are stopped") && told.contains("is sealed"), "{told}");
    let folder = checkpoint.kill().expect("the checkpoint runs");

    // The hold and the record of it are there: first without the service, then beside it.
    let (code, told) = by_hand(folder.path(), &["retention", "--keep-days", "30"]);
    assert!(code == Some(0) && told.contains("nothing is deleted while a hold stands: case 7"), "{told}");
    let (_, told) = by_hand(folder.path(), &["status"]);
    assert!(told.contains("hold  nothing is deleted: case 7"), "{told}");
    let checkpoint = start(folder);
    let here = checkpoint.folder();
    let (code, told) = by_hand(here, &["retention"]);
    assert!(code == Some(0) && told.contains("nothing is deleted while a hold stands: case 7"), "{told}");
    let said = "SELECT operation FROM system WHERE source = 'sekisho' AND operation LIKE 'hold%' ORDER BY record";
    until(here, said, &["hold"]);
    let (code, told) = by_hand(here, &["hold", ""]);
    assert!(code == Some(1) && told.contains("say why"), "{told}");
    let (code, told) = by_hand(here, &["release", "case 7 is closed"]);
    assert!(code == Some(0) && told.contains("the hold has ended"), "{told}");
    assert_eq!(by_hand(here, &["release", "again"]), (Some(0), "there is no hold\n".to_owned()));
    // As the service is configured, not as the program is without it.
    let (code, told) = by_hand(here, &["retention"]);
    assert!(code == Some(0) && told.contains("1 files with 1 records deleted"), "{told}");
    until(here, "SELECT count(*) FROM http WHERE source = 'nginx'", &["1"]);
    until(here, said, &["hold", "hold_released"]);
    let (code, told) = by_hand(here, &["compact"]);
    assert!(code == Some(0) && told.contains("files made of smaller ones"), "{told}");
    let ran = sekisho_with(here, ["ingest", "nginx", "logs", "--lake", LAKE], &[]).expect("it runs");
    assert!(ran.code == Some(1) && ran.stderr.contains("open in another process"), "{}", ran.stderr);
    let log = checkpoint.log();
    assert!(log.contains("the lake is asked by hand"), "{log}");
    let folder = stop(checkpoint);
    assert!(!folder.path().join(LAKE).join("control").exists());
    verify(folder.path());
}

#[test]
fn holds_that_were_confirmed_outlive_kills_at_any_moment() {
    const ROUNDS: u64 = 8;
    let origin = Origin::start().expect("a port is free");
    let mut left = folder();
    configure(left.path(), &origin, "");
    let mut confirmed = Vec::new();
    for round in 0..ROUNDS {
        let checkpoint = start(left);
        let here = checkpoint.folder().to_owned();
        let asker = std::thread::spawn(move || {
            let why = format!("case {round}");
            let (code, told) = by_hand(&here, &["hold", &why]);
            (why, code == Some(0), told)
        });
        // Some before it is asked, some within, some after.
        std::thread::sleep(Duration::from_millis(60 * round));
        left = checkpoint.kill().expect("the checkpoint runs");
        let (why, is_confirmed, told) = asker.join().expect("it ends");
        if is_confirmed {
            confirmed.push(why);
        } else {
            assert!(!told.contains("deletions are stopped;"), "{told}");
        }
        let held = fs::read_to_string(left.path().join(LAKE).join("hold")).ok();
        assert!(confirmed.is_empty() || held.is_some(), "round {round}: {told}");
    }
    let left = stop(start(left));
    let said = query(left.path(), "SELECT raw FROM system WHERE source = 'sekisho' AND operation = 'hold'");
    let lost: Vec<_> = confirmed.iter().filter(|why| !said.iter().any(|raw| raw.contains(why.as_str()))).collect();
    assert!(lost.is_empty(), "{lost:?} of {confirmed:?} were confirmed and not recorded: {said:?}");
    assert!(!confirmed.is_empty(), "no hold was confirmed");
    verify(left.path());
}

#[test]
fn sources_come_and_go_with_a_reload() {
    let origin = Origin::start().expect("a port is free");
    let folder = folder();
    let line = |number: usize| {
        format!("203.0.113.{number} - - [22/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"curl/8\"\n")
    };
    let logs = |name: &str| folder.path().join(name).join("access.log");
    for (name, number) in [("one", 1), ("two", 2)] {
        fs::create_dir(folder.path().join(name)).expect("a folder is made");
        fs::write(logs(name), line(number)).expect("a file is written");
    }
    let [one, two] = [logs("one"), logs("two")];
    let source = |name: &str, poll_ms: u64| {
        format!("[[lake.source]]\nformat = \"nginx\"\nfiles = {{ path = \"{name}\", poll_ms = {poll_ms} }}\n")
    };
    configure(folder.path(), &origin, &source("one", 50));
    let checkpoint = start(folder);
    let here = checkpoint.folder();
    let taken = "SELECT src_ip, count(*) FROM http WHERE source = 'nginx' GROUP BY 1 ORDER BY 1";
    let append = |path: &Path, number: usize| {
        let mut file = OpenOptions::new().append(true).open(path).expect("the file is there");
        file.write_all(line(number).as_bytes()).expect("it is written");
    };
    let reload = |more: &str, words: &str| {
        configure(here, &origin, more);
        let before = checkpoint.log().matches(words).count();
        checkpoint.signal("HUP").expect("it runs");
        let started = Instant::now();
        while checkpoint.log().matches(words).count() == before {
            assert!(started.elapsed() < FOUND_WITHIN, "{}", checkpoint.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    until(here, taken, &["203.0.113.1,1"]);
    // Another comes, and the first is asked for more often: it goes on where it was.
    reload(&[source("one", 20), source("two", 50)].concat(), "a source of the lake begins");
    until(here, taken, &["203.0.113.1,1", "203.0.113.2,1"]);
    append(&one, 3);
    until(here, taken, &["203.0.113.1,1", "203.0.113.2,1", "203.0.113.3,1"]);
    // What cannot be used changes nothing.
    reload("[[lake.source]]\nformat = \"none\"\n", "the sources of the lake stay as they are");
    append(&one, 4);
    until(here, taken, &["203.0.113.1,1", "203.0.113.2,1", "203.0.113.3,1", "203.0.113.4,1"]);
    // The first goes.
    reload(&source("two", 50), "a source of the lake has ended");
    append(&one, 5);
    append(&two, 6);
    let left = ["203.0.113.1,1", "203.0.113.2,1", "203.0.113.3,1", "203.0.113.4,1", "203.0.113.6,1"];
    until(here, taken, &left);
    assert!(!checkpoint.log().contains("changed=\"lake\""), "{}", checkpoint.log());
    let mut client = Client::open(checkpoint.address()).expect("the checkpoint listens");
    assert_eq!(client.get("/page").expect("a reply comes").status, 200);
    let folder = stop(checkpoint);
    assert_eq!(query(folder.path(), taken), left);
    assert_eq!(query(folder.path(), "SELECT count(*) FROM waf"), ["1"]);
    verify(folder.path());
}
