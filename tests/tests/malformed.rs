//! Requests that are none, and pairs that hide a second request in a first: nothing of them reaches the origin.
//!
//! The tables are those of the edge's own tests, here against the real binary over real sockets. The starter ACL looks at
//! bodies, so a malformed body is found before anything is forwarded.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use sekisho_e2e::{Acl, Checkpoint, Client, Ending, Origin, RawConnection, RawReply, decisions_once};
use serde_json::Value;

const MALFORMED: &str = include_str!("../../crates/edge/tests/vectors/malformed.json");
const WELLFORMED: &str = include_str!("../../crates/edge/tests/vectors/wellformed.json");
/// Connections at a time: each ends with up to a second in which the checkpoint waits for the client to leave.
const LANES: usize = 24;
const REPLY_MS_MAX: u64 = 15_000;
/// Long after the flush interval of a second, for a busy machine.
const RECORDS_MS_MAX: u64 = 15_000;
/// In the table for what stands behind the sniffer; before the sniffer, these bytes begin HTTP/2.
const PREFACE: &str = "HTTP/2 preface behind the sniffer";

/// A row of a table.
struct Vector {
    name: String,
    bytes: Vec<u8>,
    row: Value,
}

fn vectors(table: &str) -> Vec<Vector> {
    let rows: Vec<Value> = serde_json::from_str(table).expect("the table is JSON");
    let vector = |row: Value| Vector {
        name: row["name"].as_str().expect("a row has a name").to_owned(),
        bytes: row["request"].as_array().expect("a row has a request").iter().flat_map(part).collect(),
        row,
    };
    rows.into_iter().map(vector).collect()
}

/// A string, or one to be repeated.
fn part(part: &Value) -> Vec<u8> {
    match part.as_str() {
        Some(text) => octets(text),
        None => {
            let times = usize::try_from(part["times"].as_u64().expect("times is a count")).expect("a small count");
            octets(part["repeat"].as_str().expect("repeat is text")).repeat(times)
        }
    }
}

/// Each character is one octet.
fn octets(text: &str) -> Vec<u8> {
    text.chars().map(|octet| u8::try_from(octet).expect("one character, one octet")).collect()
}

struct Stage {
    origin: Origin,
    checkpoint: Checkpoint,
}

impl Stage {
    /// The checkpoint as `sekisho guard` runs it.
    fn guarded() -> Self {
        let origin = Origin::start().expect("a port is free");
        let checkpoint = Checkpoint::guard(&origin.url()).expect("the checkpoint starts");
        Self { origin, checkpoint }
    }

    /// The checkpoint with a web ACL that looks at bodies and blocks nothing that is sent here.
    fn lenient() -> Self {
        let origin = Origin::start().expect("a port is free");
        let folder = tempfile::tempdir().expect("a folder can be made");
        Acl::new("lenient").block_body("no-such-word").write(folder.path(), "acl.json").expect("the ACL is written");
        let url = origin.url();
        let arguments = ["guard", &url, "--acl", "acl.json", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
        let checkpoint = Checkpoint::start_in(folder, arguments).expect("the checkpoint starts");
        Self { origin, checkpoint }
    }

    fn exchange(&self, bytes: &[u8]) -> RawReply {
        RawConnection::exchange(self.checkpoint.address(), bytes, REPLY_MS_MAX).expect("the checkpoint listens")
    }

    fn exchange_all(&self, requests: &[Vec<u8>]) -> Vec<RawReply> {
        let next = AtomicUsize::new(0);
        let lane = || {
            let mut replies = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::SeqCst);
                let Some(request) = requests.get(number) else { return replies };
                replies.push((number, self.exchange(request)));
            }
        };
        let mut replies: Vec<_> = std::thread::scope(|scope| {
            let lanes: Vec<_> = (0..LANES).map(|_| scope.spawn(lane)).collect();
            lanes.into_iter().flat_map(|lane| lane.join().expect("a lane runs to its end")).collect()
        });
        replies.sort_by_key(|(number, _)| *number);
        replies.into_iter().map(|(_, reply)| reply).collect()
    }

    /// A well-formed request on a new connection is served, and is all the origin has ever seen.
    fn assert_serves_and_forwarded_nothing_else(&self) {
        let before = self.origin.bytes();
        assert_eq!(before, 0, "the origin got something: {:#?}", self.origin.received());
        let reply = Client::get_once(self.checkpoint.address(), "/well-formed").expect("a reply comes");
        assert_eq!((reply.status, reply.body.as_str()), (200, "origin\n"), "{}", self.checkpoint.log());
        let received = self.origin.received();
        assert_eq!(received.len(), 1, "{received:#?}");
        assert_eq!(received[0].line(), "GET /well-formed HTTP/1.1");
        assert_eq!(self.origin.bytes(), received[0].head.len() as u64);
    }

    /// The records of the run, once there are `count`.
    fn records(&self, count: usize) -> Vec<Value> {
        let data = self.checkpoint.folder().join("sekisho-data");
        decisions_once(&data, RECORDS_MS_MAX, |records| records.len() >= count).expect("records are readable")
    }
}

/// How often each reason was recorded.
fn reasons(records: &[Value]) -> BTreeMap<String, usize> {
    let mut reasons = BTreeMap::new();
    for record in records.iter().filter(|record| record["terminatingRuleId"] == "Malformed_Request") {
        assert_eq!(record["action"], "BLOCK", "{record}");
        assert_eq!(record["failure"]["type"], "MALFORMED_REQUEST", "{record}");
        assert_eq!(record["httpRequest"]["clientIp"], "127.0.0.1", "{record}");
        let reason = record["failure"]["reason"].as_str().expect("a failure has a reason");
        *reasons.entry(reason.to_owned()).or_default() += 1;
    }
    reasons
}

#[test]
fn every_malformed_request_is_refused_and_recorded_and_none_is_forwarded() {
    let stage = Stage::guarded();
    let vectors: Vec<_> = vectors(MALFORMED).into_iter().filter(|vector| vector.name != PREFACE).collect();
    assert!(vectors.len() >= 150, "{}", vectors.len());
    let requests: Vec<_> = vectors.iter().map(|vector| vector.bytes.clone()).collect();
    let replies = stage.exchange_all(&requests);
    let mut failures = Vec::new();
    for (vector, reply) in vectors.iter().zip(&replies) {
        let status = u16::try_from(vector.row["status"].as_u64().expect("a status is a number")).expect("three digits");
        // A client that names no version would take a status line for the document.
        let is_answered = vector.row["reason"] != "no protocol version in the request line";
        let expected: &[u16] = if is_answered { &[status] } else { &[] };
        if reply.statuses() != expected || !matches!(reply.ending, Ending::Closed | Ending::Reset) {
            failures.push(format!("{}: {:?} {:?}, not {status}", vector.name, reply.statuses(), reply.ending));
        }
    }
    assert!(failures.is_empty(), "{}\n{}", failures.join("\n"), stage.checkpoint.log());
    stage.assert_serves_and_forwarded_nothing_else();
    let mut expected = BTreeMap::new();
    for vector in &vectors {
        *expected.entry(vector.row["reason"].as_str().expect("a reason is text").to_owned()).or_default() += 1;
    }
    assert_eq!(reasons(&stage.records(vectors.len() + 1)), expected);
}

#[test]
fn a_second_request_hidden_behind_a_malformed_one_is_not_served() {
    let stage = Stage::guarded();
    let hidden = b"GET /hidden HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: Mozilla/5.0\r\n\r\n";
    let vectors: Vec<_> = vectors(MALFORMED).into_iter().filter(|vector| vector.name != PREFACE).collect();
    let requests: Vec<_> = vectors.iter().map(|vector| [vector.bytes.as_slice(), hidden].concat()).collect();
    let replies = stage.exchange_all(&requests);
    let mut failures = Vec::new();
    for (vector, reply) in vectors.iter().zip(&replies) {
        let statuses = reply.statuses();
        // What follows completes some vectors to another mistake; it must never make two requests of them.
        let refused = matches!(statuses.as_slice(), [] | [400..=499 | 501 | 505]);
        if !refused || !matches!(reply.ending, Ending::Closed | Ending::Reset) {
            failures.push(format!("{}: {statuses:?} {:?}", vector.name, reply.ending));
        }
    }
    assert!(failures.is_empty(), "{}\n{}", failures.join("\n"), stage.checkpoint.log());
    stage.assert_serves_and_forwarded_nothing_else();
    let reasons = reasons(&stage.records(vectors.len() + 1));
    assert_eq!(reasons.values().sum::<usize>(), vectors.len(), "{reasons:#?}");
}

/// Requests as one server reads them, and a second one as another would.
const SMUGGLING: [(&str, &str); 12] = [
    ("CL.TE", "Content-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n"),
    ("CL.0, folded", "Content-Length:\r\n 60\r\n\r\n"),
    ("CL.CL", "Content-Length: 0\r\nContent-Length: 60\r\n\r\n"),
    ("CL list", "Content-Length: 0, 60\r\n\r\n"),
    ("TE.TE, vertical tab", "Transfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n"),
    ("TE.TE, two lines", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
    ("TE, space before the colon", "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    ("TE behind a bare LF", "X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("TE behind a bare CR", "X: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("chunk size beyond 64 bits", "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n0\r\n\r\n"),
    ("bare LF after a chunk extension", "Transfer-Encoding: chunked\r\n\r\n2;\nxx\r\n0\r\n\r\n"),
];

#[test]
fn smuggling_pairs_are_refused_whole() {
    let stage = Stage::guarded();
    let head = "POST /first HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: Mozilla/5.0\r\n";
    let hidden = "GET /hidden HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: Mozilla/5.0\r\n\r\n";
    let requests: Vec<_> = SMUGGLING.iter().map(|(_, rest)| format!("{head}{rest}{hidden}").into_bytes()).collect();
    for ((name, _), reply) in SMUGGLING.iter().zip(stage.exchange_all(&requests)) {
        assert!(reply.is_refusal(), "{name}: {reply:?}\n{}", stage.checkpoint.log());
        assert_ne!(reply.ending, Ending::TimeOver, "{name}: the connection stays open");
    }
    stage.assert_serves_and_forwarded_nothing_else();
    let reasons = reasons(&stage.records(SMUGGLING.len() + 1));
    assert_eq!(reasons.values().sum::<usize>(), SMUGGLING.len(), "{reasons:#?}");
}

#[test]
fn a_malformed_request_behind_well_formed_ones_ends_the_connection_after_they_are_served() {
    let stage = Stage::lenient();
    let well = "POST /well HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 2\r\n\r\nhi";
    let bad = "GET /bad HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx";
    let reply = stage.exchange(format!("{well}{well}{bad}{well}").as_bytes());
    assert_eq!(reply.statuses(), [200, 200, 400], "{}", stage.checkpoint.log());
    assert_eq!(reply.ending, Ending::Closed);
    let received = stage.origin.received();
    assert_eq!(received.len(), 2, "{received:#?}");
    let whole = |received: &sekisho_e2e::Received| received.line() == "POST /well HTTP/1.1" && received.body == b"hi";
    assert!(received.iter().all(whole), "{received:#?}");
    let records = stage.records(3);
    assert_eq!(records.iter().filter(|record| record["action"] == "ALLOW").count(), 2, "{records:#?}");
    assert_eq!(records.len(), 3);
}

#[test]
fn the_preface_of_http2_with_nonsense_behind_it_is_not_forwarded() {
    let stage = Stage::guarded();
    let vector = vectors(MALFORMED).into_iter().find(|vector| vector.name == PREFACE).expect("the table has it");
    let request = [vector.bytes.as_slice(), b"GET /hidden HTTP/1.1\r\nHost: shop.example\r\n\r\n"].concat();
    let reply = stage.exchange(&request);
    assert_eq!(reply.statuses(), [0_u16; 0], "{reply:?}");
    assert!(matches!(reply.ending, Ending::Closed | Ending::Reset), "{reply:?}");
    stage.assert_serves_and_forwarded_nothing_else();
}

#[test]
fn every_well_formed_request_is_forwarded_with_its_body() {
    let stage = Stage::lenient();
    for vector in vectors(WELLFORMED) {
        let before = stage.origin.received().len();
        let bodies: Vec<_> = vector.row["bodies"].as_array().expect("a row has bodies").iter().collect();
        // Well-formed, and still not for this door: a tunnel would pass uninspected.
        let expected = if vector.name == "connect" { vec![405] } else { vec![200; bodies.len()] };
        let mut connection = RawConnection::open(stage.checkpoint.address()).expect("the checkpoint listens");
        assert!(connection.send(&vector.bytes), "{}", vector.name);
        let mut statuses = Vec::new();
        let mut patience = 100;
        while statuses.len() < expected.len() && patience > 0 {
            let reply = connection.read(100).expect("the socket works");
            statuses.extend(reply.statuses());
            patience -= 1;
        }
        assert_eq!(statuses, expected, "{}\n{}", vector.name, stage.checkpoint.log());
        let received = stage.origin.received().split_off(before);
        if expected == [405] {
            assert_eq!(received, [], "{}", vector.name);
            continue;
        }
        let forwarded: Vec<_> = received.iter().map(|received| received.body.clone()).collect();
        let sent: Vec<_> = bodies.iter().map(|body| octets(body.as_str().expect("a body is text"))).collect();
        assert_eq!(forwarded, sent, "{}: {received:#?}", vector.name);
    }
}

#[test]
fn a_target_without_a_path_is_inspected_as_it_is_forwarded() {
    let origin = Origin::start().expect("a port is free");
    let folder = tempfile::tempdir().expect("a folder can be made");
    Acl::new("front").block_path("/").write(folder.path(), "acl.json").expect("the ACL is written");
    let url = origin.url();
    let arguments = ["guard", &url, "--acl", "acl.json", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let checkpoint = Checkpoint::start_in(folder, arguments).expect("the checkpoint starts");
    let mut client = Client::open(checkpoint.address()).expect("the checkpoint listens");
    let mut status = |target: &str| {
        let request = format!("GET {target} HTTP/1.1\r\nHost: shop.example\r\n\r\n");
        client.ask(request.as_bytes()).expect("a reply comes").status
    };
    assert_eq!(status("/page"), 200);
    for target in ["/", "/?a", "http://shop.example/", "http://shop.example", "http://shop.example?a"] {
        assert_eq!(status(target), 403, "{target}");
    }
    assert_eq!(origin.received().len(), 1);
}
