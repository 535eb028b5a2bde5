//! Clients that dawdle, or come in crowds, are cut at their limits while everybody else is served as quickly as ever.

use std::fs;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sekisho_e2e::{
    Acl, Certificate, Checkpoint, Client, Ending, FrameConnection, Origin, RawConnection, RawReply, decisions_once,
};

/// How often a dripping client sends a byte: far more often than any limit on silence.
const DRIP_MS: u64 = 50;
/// Long after every limit here, for a busy machine.
const CUT_MS_MAX: u64 = 20_000;
/// Within this, on a busy machine, everybody else is answered: below any of the limits that hold up slow clients.
const PROMPT_MS_MAX: u128 = 2_500;

/// The checkpoint with these limits in its configuration file, in front of a recording origin.
fn start(limits: &str) -> (Origin, Checkpoint) {
    start_with(limits, "")
}

fn start_with(limits: &str, listener: &str) -> (Origin, Checkpoint) {
    let origin = Origin::start().expect("a port is free");
    let folder = tempfile::tempdir().expect("a folder can be made");
    Acl::new("bodies").block_body("attack").write(folder.path(), "acl.json").expect("the ACL is written");
    Certificate::write(folder.path(), "shop").expect("a certificate is made");
    let config = format!(
        "[[listener]]\naddress = \"127.0.0.1:0\"\n{listener}\n\
         [[upstream]]\nname = \"shop\"\nservers = [\"{}\"]\n\
         [[route]]\nupstream = \"shop\"\n\
         [rules]\nacl = \"acl.json\"\n\
         [admin]\naddress = \"127.0.0.1:0\"\n\
         [limits]\n{limits}\n",
        origin.url()
    );
    fs::write(folder.path().join("sekisho.toml"), config).expect("the configuration is written");
    let checkpoint = Checkpoint::start_in(folder, ["run", "-c", "sekisho.toml"]).expect("the checkpoint starts");
    (origin, checkpoint)
}

/// Sends `first` and then a byte now and then until the other side hangs up; what it said, and after how long.
fn drip(address: SocketAddr, first: &str, byte: &[u8]) -> (RawReply, Duration) {
    let mut connection = RawConnection::open(address).expect("the checkpoint listens");
    let started = Instant::now();
    connection.send(first.as_bytes());
    let mut said = Vec::new();
    while started.elapsed() < Duration::from_millis(CUT_MS_MAX) {
        let mut reply = connection.read(DRIP_MS).expect("the socket works");
        said.append(&mut reply.bytes);
        if reply.ending != Ending::TimeOver {
            reply.bytes = said;
            return (reply, started.elapsed());
        }
        connection.send(byte);
    }
    (RawReply { bytes: said, ending: Ending::TimeOver, took_ms: started.elapsed().as_millis() }, started.elapsed())
}

/// Cut with 408, not before `least_ms` and not much later.
fn assert_cut(what: &str, (reply, after): &(RawReply, Duration), least_ms: u64) {
    assert_eq!(reply.statuses(), [408], "{what}: {reply:?}");
    assert!(matches!(reply.ending, Ending::Closed | Ending::Reset), "{what}: {reply:?}");
    assert!(*after >= Duration::from_millis(least_ms), "{what}: cut after {after:?}");
}

/// Gets pages until told to stop; how many, and the longest wait in milliseconds.
fn be_served(address: SocketAddr, stop: &AtomicBool) -> (usize, u128) {
    let mut client = Client::open(address).expect("the checkpoint listens");
    let (mut served, mut longest_ms) = (0, 0);
    while !stop.load(Ordering::SeqCst) {
        let asked = Instant::now();
        assert_eq!(client.get("/page").expect("an honest client is answered").status, 200);
        longest_ms = longest_ms.max(asked.elapsed().as_millis());
        served += 1;
    }
    (served, longest_ms)
}

#[test]
fn slow_clients_are_cut_while_others_are_served() {
    let (origin, checkpoint) = start(
        "head_timeout_ms = 3000\nbody_idle_timeout_ms = 3000\nbody_inspected_timeout_ms = 4000\nidle_timeout_ms = 60000",
    );
    let address = checkpoint.address();
    let head = "POST /slow HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 100000\r\n";
    let chunked = "POST /slow HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n\r\n";
    let whole = &format!("{head}\r\n");
    let stop = AtomicBool::new(false);
    let honest = std::thread::scope(|scope| {
        let honest: Vec<_> = (0..3).map(|_| scope.spawn(|| be_served(address, &stop))).collect();
        let heads: Vec<_> = (0..30).map(|_| scope.spawn(|| drip(address, head, b"a"))).collect();
        let lines: Vec<_> = (0..10).map(|_| scope.spawn(|| drip(address, "GET /slow", b"w"))).collect();
        let bodies: Vec<_> = (0..30).map(|_| scope.spawn(move || drip(address, whole, b"a"))).collect();
        let chunks: Vec<_> = (0..10).map(|_| scope.spawn(|| drip(address, chunked, b"1\r\na\r\n"))).collect();
        let stalled: Vec<_> = (0..10).map(|_| scope.spawn(move || drip(address, whole, b""))).collect();
        let silent: Vec<_> = (0..10).map(|_| scope.spawn(|| drip(address, "", b""))).collect();
        for (what, slow, least_ms) in [
            ("a dripping head", heads, 3_000),
            ("a dripping request line", lines, 3_000),
            ("a dripping body", bodies, 4_000),
            ("dripping chunks", chunks, 4_000),
            ("a stalled body", stalled, 3_000),
        ] {
            for client in slow {
                assert_cut(what, &client.join().expect("a slow client runs to its end"), least_ms);
            }
        }
        for client in silent {
            let (reply, after) = client.join().expect("a slow client runs to its end");
            assert!(matches!(reply.ending, Ending::Closed | Ending::Reset), "silence: {reply:?}");
            assert!(after >= Duration::from_millis(3_000), "silence: cut after {after:?}");
        }
        stop.store(true, Ordering::SeqCst);
        honest.into_iter().map(|client| client.join().expect("an honest client is served")).collect::<Vec<_>>()
    });
    for (served, longest_ms) in &honest {
        assert!(*served > 100 && *longest_ms < PROMPT_MS_MAX, "served, longest wait: {honest:?}");
    }
    let received = origin.received();
    assert!(received.iter().all(|received| received.line() == "GET /page HTTP/1.1"), "a slow request was forwarded");
    // Of the slow ones, each that had begun a request left a record.
    let data = checkpoint.folder().join("sekisho-data");
    let slow = |records: &[serde_json::Value]| {
        records.iter().filter(|record| record["terminatingRuleId"] == "Malformed_Request").count()
    };
    let records = decisions_once(&data, CUT_MS_MAX, |records| slow(records) >= 90).expect("records are readable");
    assert!((90..=100).contains(&slow(&records)), "{}", slow(&records));
}

#[test]
fn a_body_that_stalls_behind_its_inspected_part_is_cut_and_never_completed() {
    let (origin, checkpoint) = start("body_idle_timeout_ms = 700");
    let part = "a".repeat(40_000);
    let first = format!("POST /slow HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 100000\r\n\r\n{part}");
    let (reply, after) = drip(checkpoint.address(), &first, b"");
    assert!(matches!(reply.statuses().as_slice(), [] | [400..=599]), "{reply:?}");
    assert!(matches!(reply.ending, Ending::Closed | Ending::Reset), "{reply:?}");
    assert!(after >= Duration::from_millis(700), "{after:?}");
    assert!(origin.received().is_empty(), "a body that broke off was completed");
    assert!(origin.bytes() > 0, "what was inspected is streamed on");
    assert_eq!(Client::get_once(checkpoint.address(), "/page").expect("a reply comes").status, 200);
}

#[test]
fn an_idle_connection_is_closed_and_a_busy_one_is_kept() {
    let (_origin, checkpoint) = start("idle_timeout_ms = 3000");
    let mut busy = Client::open(checkpoint.address()).expect("the checkpoint listens");
    let mut idle = RawConnection::open(checkpoint.address()).expect("the checkpoint listens");
    assert!(idle.send(b"GET /page HTTP/1.1\r\nHost: shop.example\r\n\r\n"));
    let served = Instant::now();
    let watching = std::thread::spawn(move || idle.read(CUT_MS_MAX).expect("the socket works"));
    while served.elapsed() < Duration::from_millis(5_000) {
        assert_eq!(busy.get("/page").expect("a busy connection is kept").status, 200);
        std::thread::sleep(Duration::from_millis(200));
    }
    let reply = watching.join().expect("the watcher runs to its end");
    assert_eq!((reply.statuses(), reply.ending), (vec![200], Ending::Closed));
    assert!((3_000..15_000).contains(&reply.took_ms), "{} ms", reply.took_ms);
}

#[test]
fn an_http2_client_that_never_ends_its_head_or_rests_is_let_go() {
    let (origin, checkpoint) = start("idle_timeout_ms = 1000\nhead_timeout_ms = 1000");
    let mut resting = FrameConnection::open(checkpoint.address()).expect("the checkpoint listens");
    let mut begun = FrameConnection::open(checkpoint.address()).expect("the checkpoint listens");
    begun.begin_request(1, &[(b":method", b"GET"), (b":path", b"/")]).expect("the connection holds");
    for (what, connection) in [("resting", &mut resting), ("begun", &mut begun)] {
        let opened = Instant::now();
        let reply = connection.read(1, CUT_MS_MAX).expect("the socket works");
        assert!(reply.is_refusal(), "{what}: {reply:?} after {:?}", opened.elapsed());
    }
    assert_eq!(origin.bytes(), 0);
}

#[test]
fn one_address_holds_only_so_many_connections_and_gets_them_back() {
    let (origin, checkpoint) = start("connections_per_address_max = 8");
    let address = checkpoint.address();
    let mut held: Vec<_> = (0..8).map(|_| Client::open(address).expect("the checkpoint listens")).collect();
    for client in &mut held {
        assert_eq!(client.get("/page").expect("a reply comes").status, 200);
    }
    for _ in 0..20 {
        let reply = RawConnection::exchange(address, b"GET /crowd HTTP/1.1\r\nHost: shop.example\r\n\r\n", CUT_MS_MAX);
        let reply = reply.expect("the checkpoint listens");
        assert!(matches!(reply.statuses().as_slice(), [] | [429]), "{reply:?}");
        assert!(matches!(reply.ending, Ending::Closed | Ending::Reset), "{reply:?}");
    }
    for client in &mut held {
        assert_eq!(client.get("/page").expect("who is in stays in").status, 200);
    }
    held.truncate(4);
    let started = Instant::now();
    loop {
        match Client::get_once(address, "/page") {
            Ok(reply) if reply.status == 200 => break,
            _ => assert!(started.elapsed() < Duration::from_millis(CUT_MS_MAX), "no place comes back"),
        }
    }
    assert!(origin.received().iter().all(|received| received.line() == "GET /page HTTP/1.1"));
}

#[test]
fn a_tls_handshake_that_does_not_come_is_cut() {
    let listener = "[[listener.certificate]]\nchain = \"shop.crt\"\nkey = \"shop.key\"";
    let (_origin, checkpoint) = start_with("tls_handshake_timeout_ms = 800", listener);
    // The beginning of a ClientHello, and then a byte now and then.
    let (reply, after) = drip(checkpoint.address(), "\u{16}\u{3}\u{1}\u{2}", b"\x01");
    assert!(matches!(reply.ending, Ending::Closed | Ending::Reset), "{reply:?}");
    assert!(after >= Duration::from_millis(800), "{after:?}");
}
