//! Sources of a running service over real sockets: what is sent is found once, also over a kill.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use sekisho_e2e::lake::{FOUND_WITHIN, announced, configure, query, start, stop, until, verify};
use sekisho_e2e::{Certificate, Client, Moto, Origin, connect_tls};
use serde_json::{Value, json};
use tempfile::TempDir;

const KEY: &str = "an-access-key-of-a-stream";
/// Records of a delivery.
const RECORDS: usize = 20;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder can be made")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

/// An event of CloudTrail with a number of its own.
fn event(number: usize) -> String {
    json!({
        "eventVersion": "1.08", "eventTime": "2026-11-22T10:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": format!("Get{number}"),
        "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.7", "eventID": format!("00000000-0000-4000-8000-{number:012}"),
        "eventType": "AwsApiCall", "recipientAccountId": "111122223333"
    })
    .to_string()
}

/// Delivers as Firehose does; whether it was acknowledged.
fn deliver(at: SocketAddr, certificate: &Certificate, number: usize) -> bool {
    let request = format!("delivery-{number}");
    let events: Vec<String> = (0..RECORDS).map(|record| event(number * RECORDS + record)).collect();
    let data = |raw: &String| json!({"data": STANDARD.encode(if number.is_multiple_of(2) { gzip(raw.as_bytes()) } else { raw.clone().into_bytes() })});
    let records: Vec<Value> = events.iter().map(data).collect();
    let body = json!({"requestId": request, "timestamp": 1_795_348_800_000_u64, "records": records}).to_string();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Firehose-Protocol-Version: 1.0\r\nX-Amz-Firehose-Request-Id: {request}\r\n\
         X-Amz-Firehose-Access-Key: {KEY}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let asked = connect_tls(at, &[certificate]).and_then(|mut client| client.ask(format!("{head}{body}").as_bytes()));
    asked.is_ok_and(|reply| reply.status == 200)
}

#[test]
fn deliveries_of_firehose_over_tls_are_there_once_over_kills() {
    const ROUNDS: u64 = 4;
    let (origin, mut left) = (Origin::start().expect("a port is free"), folder());
    let certificate = Certificate::write(left.path(), "firehose").expect("a certificate is made");
    fs::write(left.path().join("firehose.secret"), format!("{KEY}\n")).expect("a file is written");
    let more = "[[lake.source]]\nformat = \"cloudtrail\"\n\
                [lake.source.firehose]\nlisten = \"127.0.0.1:0\"\naccess_key_file = \"firehose.secret\"\n\
                certificate = { chain = \"firehose.crt\", key = \"firehose.key\" }\n";
    configure(left.path(), &origin, more);
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let checkpoint = start(left);
        let at = announced(&checkpoint, "firehose");
        let (first, certificate) = (acknowledged, certificate.clone());
        let sender = std::thread::spawn(move || {
            // Firehose sends again what it did not hear the answer of; here also what it heard.
            (first.max(1) - 1..).find(|number| !deliver(at, &certificate, *number)).expect("a kill comes")
        });
        std::thread::sleep(Duration::from_millis(900 + 170 * round));
        left = checkpoint.kill().expect("the checkpoint runs");
        let reached = sender.join().expect("a sender runs to its end");
        assert!(reached > acknowledged, "round {round}: nothing was delivered after {acknowledged}");
        acknowledged = reached;
    }
    let checkpoint = start(left);
    let at = announced(&checkpoint, "firehose");
    // The one under way at the last kill, and one in clear, which is none.
    assert!(deliver(at, &certificate, acknowledged));
    assert!(Client::open(at).and_then(|mut client| client.get("/")).is_err());
    let left = stop(checkpoint);
    let records = (acknowledged + 1) * RECORDS;
    let sql = "SELECT count(*), count(DISTINCT raw) FROM api_activity WHERE source = 'cloudtrail'";
    assert_eq!(query(left.path(), sql), [format!("{records},{records}")]);
    assert_eq!(query(left.path(), "SELECT count(*) FROM quarantine"), ["0"]);
    verify(left.path());
}

/// Sends messages over TLS, framed by their length.
fn send_syslog(at: SocketAddr, certificate: &Certificate, numbers: std::ops::Range<usize>) -> anyhow::Result<()> {
    let mut stream = connect_tls(at, &[certificate])?.into_stream();
    for number in numbers {
        let message = format!("<34>1 2026-11-22T10:00:00.003Z host su - ID47 - message {number}\nof two lines");
        write!(stream, "{} {message}", message.len())?;
    }
    stream.flush()?;
    stream.conn.send_close_notify();
    stream.flush()?;
    // Read to the end: a socket that is closed with something unread takes what is on its way with it.
    stream.sock.shutdown(Shutdown::Write)?;
    _ = stream.read_to_end(&mut Vec::new());
    Ok(())
}

#[test]
fn syslog_over_tls_is_found_once_over_a_kill() {
    let (origin, folder) = (Origin::start().expect("a port is free"), folder());
    let certificate = Certificate::write(folder.path(), "syslog").expect("a certificate is made");
    let stranger = Certificate::write(folder.path(), "stranger").expect("a certificate is made");
    let more = "[[lake.source]]\nformat = \"syslog\"\n\
                [lake.source.syslog]\ntls = \"127.0.0.1:0\"\ncertificate = { chain = \"syslog.crt\", key = \"syslog.key\" }\n";
    configure(folder.path(), &origin, more);
    let count = "SELECT count(*), count(DISTINCT raw) FROM (SELECT raw FROM system WHERE source = 'syslog' \
                 UNION ALL SELECT raw FROM authentication WHERE source = 'syslog' UNION ALL SELECT raw FROM quarantine)";
    let checkpoint = start(folder);
    let at = announced(&checkpoint, "syslog-tls");
    assert!(send_syslog(at, &stranger, 0..1).is_err(), "it showed another certificate");
    send_syslog(at, &certificate, 0..300).expect("it is sent");
    until(checkpoint.folder(), count, &["300,300"]);
    let checkpoint = start(checkpoint.kill().expect("it runs"));
    send_syslog(announced(&checkpoint, "syslog-tls"), &certificate, 300..500).expect("it is sent");
    until(checkpoint.folder(), count, &["500,500"]);
    let folder = stop(checkpoint);
    assert_eq!(query(folder.path(), "SELECT count(*) FROM quarantine"), ["0"]);
    verify(folder.path());
}

#[test]
fn syslog_that_asks_for_certificates_takes_nothing_without() {
    let (origin, folder) = (Origin::start().expect("a port is free"), folder());
    let certificate = Certificate::write(folder.path(), "syslog").expect("a certificate is made");
    Certificate::write(folder.path(), "senders").expect("a certificate is made");
    let more = "[[lake.source]]\nformat = \"syslog\"\n[lake.source.syslog]\ntls = \"127.0.0.1:0\"\n\
                certificate = { chain = \"syslog.crt\", key = \"syslog.key\", client_authorities = \"senders.crt\" }\n";
    configure(folder.path(), &origin, more);
    let checkpoint = start(folder);
    // With TLS 1.3 the sender may be done before it hears that it is turned away.
    _ = send_syslog(announced(&checkpoint, "syslog-tls"), &certificate, 0..10);
    let admin = checkpoint.admin().expect("it has an admin address");
    let started = Instant::now();
    loop {
        let metrics = Client::get_once(admin, "/metrics").expect("a reply comes").body;
        if metrics.contains("sekisho_lake_rejected_total{source=\"syslog\"} 1") {
            break;
        }
        assert!(started.elapsed() < FOUND_WITHIN, "{metrics}");
        std::thread::sleep(Duration::from_millis(50));
    }
    let folder = stop(checkpoint);
    assert_eq!(query(folder.path(), "SELECT count(*) FROM system WHERE source = 'syslog'"), ["0"]);
}

/// What S3 tells a queue of a new object.
fn created(key: &str) -> Value {
    json!({"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "logs"}, "object": {"key": key}}}]})
}

fn count_events(folder: &Path) -> Vec<String> {
    query(folder, "SELECT count(*), count(DISTINCT raw) FROM api_activity WHERE source = 'cloudtrail'")
}

#[test]
fn objects_that_a_queue_tells_of_are_there_once_over_kills_and_however_often_it_tells() {
    const ROUNDS: usize = 4;
    const OBJECTS: usize = 6;
    const EVENTS: usize = 400;
    let (origin, moto, mut left) =
        (Origin::start().expect("a port is free"), Moto::start().expect("moto runs"), folder());
    let queue = moto.queue("trail").expect("a queue is made");
    fs::write(left.path().join("secret"), "test\n").expect("a file is written");
    let more = format!(
        "[[lake.source]]\nformat = \"cloudtrail\"\n[lake.source.s3]\nurl = \"s3://logs/AWSLogs\"\nqueue = \"{queue}\"\nendpoint_url = \"{}\"\n\
         region = \"us-east-1\"\naccess_key_id = \"test\"\nsecret_access_key_file = \"secret\"\n",
        moto.url()
    );
    configure(left.path(), &origin, &more);
    let key = |object: usize| format!("AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/22/{object}.json.gz");
    for round in 0..ROUNDS {
        let checkpoint = start(left);
        for object in round * OBJECTS..(round + 1) * OBJECTS {
            let events: Vec<String> = (object * EVENTS..(object + 1) * EVENTS).map(event).collect();
            moto.put(&key(object), &gzip(format!("{{\"Records\":[{}]}}", events.join(",")).as_bytes()))
                .expect("it is put");
            moto.tell(&queue, &created(&key(object))).expect("it is told");
        }
        std::thread::sleep(Duration::from_millis(40 * round as u64));
        left = checkpoint.kill().expect("the checkpoint runs");
    }
    let checkpoint = start(left);
    // What it was given and did not delete comes again after a while, which is not waited for here: it is told again, all of it.
    (0..ROUNDS * OBJECTS).for_each(|object| moto.tell(&queue, &created(&key(object))).expect("it is told"));
    let all = ROUNDS * OBJECTS * EVENTS;
    let sql = "SELECT count(*), count(DISTINCT raw) FROM api_activity WHERE source = 'cloudtrail'";
    until(checkpoint.folder(), sql, &[&format!("{all},{all}")]);
    let started = Instant::now();
    while moto.messages(&queue).expect("it is asked").0 > 0 {
        assert!(started.elapsed() < FOUND_WITHIN, "{}", checkpoint.log());
        std::thread::sleep(Duration::from_millis(100));
    }
    let left = stop(checkpoint);
    assert_eq!(count_events(left.path()), [format!("{all},{all}")]);
    assert_eq!(query(left.path(), "SELECT count(*) FROM quarantine"), ["0"]);
    verify(left.path());
}
