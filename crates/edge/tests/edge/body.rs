//! Bodies: held back as far as they are inspected, streamed beyond, both ways.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::{Origin, Raw, Setup, block_body};

fn post(edge: &crate::support::TestEdge, fields: &str, body: &[u8]) -> u16 {
    let mut raw = Raw::connect(edge.address());
    raw.send(format!("POST / HTTP/1.1\r\nhost: a\r\n{fields}content-length: {}\r\n\r\n", body.len())).send(body);
    raw.response().unwrap().status
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn bodies_are_inspected_decoded_and_forwarded_as_they_came() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).rules(block_body()).start();
    assert_eq!(post(&edge, "", b"an attack"), 403);
    assert_eq!(post(&edge, "content-encoding: gzip\r\n", &gzip(b"an attack")), 403);
    assert_eq!(post(&edge, "content-encoding: gzip, gzip\r\n", &gzip(&gzip(b"an attack"))), 403);
    assert_eq!(post(&edge, "content-encoding: gzip\r\n", b"not gzip, an attack"), 403);
    assert!(origin.seen().is_empty());
    let honest = gzip(b"nothing of the kind");
    assert_eq!(post(&edge, "content-encoding: gzip\r\n", &honest), 200);
    assert_eq!(origin.seen()[0].body, honest);
}

#[test]
fn a_chunked_body_is_inspected_across_its_chunks() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).rules(block_body()).start();
    let mut raw = Raw::connect(edge.address());
    raw.send("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\natt\r\n3\r\nack\r\n0\r\n\r\n");
    assert_eq!(raw.response().unwrap().status, 403);
    let mut raw = Raw::connect(edge.address());
    raw.send("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nfin\r\n1\r\ne\r\n0\r\n\r\n");
    assert_eq!(raw.response().unwrap().status, 200);
    assert_eq!(origin.seen()[0].body, b"fine");
}

#[test]
fn trailers_stay_behind() {
    let origin = Origin::start();
    for rules in [block_body(), crate::support::block_query()] {
        let edge = Setup::to(&[origin.address]).rules(rules).start();
        let mut raw = Raw::connect(edge.address());
        raw.send("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-unseen: 1\r\n\r\n");
        assert_eq!(raw.response().unwrap().status, 200);
    }
    assert!(origin.seen().iter().all(|seen| seen.body == b"hi" && seen.field("x-unseen").is_none()));
}

#[test]
fn a_bomb_is_bounded_and_harms_nobody() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).rules(block_body()).start();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..64 {
        encoder.write_all(&[0; 1 << 20]).unwrap();
    }
    let bomb = gzip(&encoder.finish().unwrap());
    let begun = Instant::now();
    for _ in 0..50 {
        assert_eq!(post(&edge, "content-encoding: gzip, gzip\r\n", &bomb), 200);
    }
    // Decoded whole, this would be three gigabytes.
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// An origin that reads a body of any size and says how much has come, a block at a time.
fn counting_origin() -> (std::net::SocketAddr, mpsc::Receiver<usize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut block, mut total, mut head) = (vec![0; 64 * 1024], 0, Vec::new());
        let body_bytes: usize = loop {
            let read = stream.read(&mut block).unwrap();
            head.extend(&block[..read]);
            if let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") {
                total += head.len() - end - 4;
                let text = std::str::from_utf8(&head[..end]).unwrap();
                let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                break length.parse().unwrap();
            }
        };
        tell.send(total).unwrap();
        while total < body_bytes {
            total += stream.read(&mut block).unwrap();
            let _nobody_listens = tell.send(total);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    });
    (address, told)
}

#[test]
fn a_large_upload_flows_after_its_inspected_part_and_stays_out_of_memory() {
    const BODY_BYTES: usize = 100 << 20;
    let (origin, told) = counting_origin();
    let edge = Setup::to(&[origin]).rules(block_body()).start();
    let mut raw = Raw::connect(edge.address());
    raw.send(format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {BODY_BYTES}\r\n\r\n"));
    let block = vec![b'x'; 64 * 1024];
    raw.send(&block);
    // Far from all was sent, and the origin has the first part.
    let mut arrived = 0;
    while arrived < block.len() {
        arrived = told.recv_timeout(Duration::from_secs(10)).expect("the first part arrives");
    }
    let before = resident();
    let mut peak = before;
    for number in 1..BODY_BYTES / block.len() {
        raw.send(&block);
        if number % 100 == 0 {
            peak = peak.max(resident());
        }
    }
    assert_eq!(raw.response().unwrap().status, 200);
    assert!(peak - before < 16 << 20, "grew by {} bytes", peak - before);
}

#[test]
fn a_body_no_rule_looks_at_is_not_held_back() {
    let (origin, told) = counting_origin();
    let edge = Setup::to(&[origin]).start();
    let mut raw = Raw::connect(edge.address());
    raw.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\na");
    let mut arrived = 0;
    while arrived < 1 {
        arrived = told.recv_timeout(Duration::from_secs(10)).expect("the first byte arrives");
    }
    raw.send("bcd");
    assert_eq!(raw.response().unwrap().status, 200);
}

#[test]
fn a_response_streams_as_it_comes() {
    let (go, gone) = mpsc::channel::<()>();
    let gone = std::sync::Mutex::new(gone);
    let origin = Origin::answering(move |_, stream: &mut TcpStream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n").unwrap();
        gone.lock().unwrap().recv_timeout(Duration::from_secs(10)).expect("the client got the first part");
        stream.write_all(b"6\r\nsecond\r\n0\r\n\r\n").is_ok()
    });
    let edge = Setup::to(&[origin.address]).start();
    let mut raw = Raw::connect(edge.address());
    raw.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    let mut received = Vec::new();
    while !received.ends_with(b"first\r\n") {
        received.extend(raw.take(1).unwrap());
    }
    go.send(()).unwrap();
    assert_eq!(raw.take(b"6\r\nsecond\r\n0\r\n\r\n".len()).unwrap(), b"6\r\nsecond\r\n0\r\n\r\n");
}

#[test]
fn a_body_beyond_the_total_is_refused_however_it_is_framed() {
    let origin = Origin::start();
    for rules in [block_body(), crate::support::block_query()] {
        let limits = |limits: &mut sekisho_edge::settings::Limits| limits.body_bytes_max = 100_000;
        let edge = Setup::to(&[origin.address]).rules(rules).limits(limits).start();
        let mut raw = Raw::connect(edge.address());
        raw.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100001\r\n\r\n");
        assert_eq!(raw.response().unwrap().status, 413);
        let mut raw = Raw::connect(edge.address());
        raw.send("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
        let chunk = [b"4e20\r\n".as_slice(), &[b'x'; 20_000], b"\r\n"].concat();
        for _ in 0..6 {
            raw.send(&chunk);
        }
        assert_eq!(raw.response().unwrap().status, 413);
    }
    assert!(origin.seen().is_empty());
}

#[test]
fn a_body_broken_in_its_framing_is_refused_wherever_it_breaks() {
    let origin = Origin::start();
    for rules in [block_body(), crate::support::block_query()] {
        let edge = Setup::to(&[origin.address]).rules(rules).start();
        let mut raw = Raw::connect(edge.address());
        raw.send("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n");
        assert_eq!(raw.response().map(|response| response.status), Some(400));
    }
    assert!(origin.seen().is_empty());
}
