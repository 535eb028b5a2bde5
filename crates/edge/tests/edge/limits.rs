//! Limits: each one holds, and who keeps within them is served meanwhile.

use std::io::Read;
use std::time::{Duration, Instant};

use sekisho_edge::settings::Limits;

use crate::support::{Origin, Raw, Setup, block_body, get, status_of};

fn start(change: impl FnOnce(&mut Limits)) -> (Origin, crate::support::TestEdge) {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).rules(block_body()).limits(change).start();
    (origin, edge)
}

#[test]
fn slow_clients_are_cut_while_others_are_served() {
    let (origin, edge) = start(|limits| {
        limits.head_timeout_ms = 300;
        limits.body_idle_timeout_ms = 300;
    });
    let mut slow: Vec<Raw> = (0..20)
        .map(|number| {
            let mut raw = Raw::connect(edge.address());
            let head = "POST / HTTP/1.1\r\nhost: a\r\n";
            raw.send(if number % 2 == 0 { head.to_owned() } else { format!("{head}content-length: 9\r\n\r\nab") });
            raw
        })
        .collect();
    let begun = Instant::now();
    let mut served = 0;
    while begun.elapsed() < Duration::from_millis(200) || served < 3 {
        assert_eq!(get(edge.address(), "/").status, 200);
        served += 1;
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{served}");
    for raw in &mut slow {
        let response = raw.response();
        assert_eq!(response.map(|response| response.status), Some(408));
        assert_eq!(raw.stream.read(&mut [0]).unwrap_or(0), 0);
    }
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(origin.seen().len(), served);
}

#[test]
fn a_body_that_drips_is_cut_even_if_it_never_stalls() {
    let (origin, edge) = start(|limits| limits.body_inspected_timeout_ms = 400);
    let mut raw = Raw::connect(edge.address());
    raw.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n");
    let begun = Instant::now();
    let mut writer = raw.stream.try_clone().unwrap();
    let dripping = std::thread::spawn(move || {
        use std::io::Write;
        while writer.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    assert_eq!(raw.response().unwrap().status, 408);
    assert!(begun.elapsed() < Duration::from_secs(5));
    drop(raw);
    dripping.join().unwrap();
    assert!(origin.seen().is_empty());
}

#[test]
fn heads_are_limited_in_each_direction() {
    let (origin, edge) = start(|limits| {
        limits.head_bytes_max = 4096;
        limits.headers_max = 10;
        limits.uri_bytes_max = 1000;
    });
    let ask = |head: String| status_of(edge.address(), head);
    let long = "x".repeat(1001);
    assert_eq!(ask(format!("GET /{long} HTTP/1.1\r\nhost: a\r\n\r\n")), Some(414));
    let many = "x: y\r\n".repeat(10);
    assert_eq!(ask(format!("GET / HTTP/1.1\r\nhost: a\r\n{many}\r\n")), Some(431));
    let large = "y".repeat(4096);
    assert_eq!(ask(format!("GET / HTTP/1.1\r\nhost: a\r\nx: {large}\r\n\r\n")), Some(431));
    let fits = "y".repeat(3000);
    assert_eq!(ask(format!("GET / HTTP/1.1\r\nhost: a\r\nx: {fits}\r\n\r\n")), Some(200));
    assert_eq!((origin.seen().len(), edge.records().len()), (1, 4));
}

#[test]
fn connections_are_limited_per_address_and_in_all() {
    let (_origin, edge) = start(|limits| limits.connections_per_address_max = 2);
    let held: Vec<Raw> = (0..2)
        .map(|_| {
            let mut raw = Raw::connect(edge.address());
            raw.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
            assert_eq!(raw.response().unwrap().status, 200);
            raw
        })
        .collect();
    assert_eq!(Raw::connect(edge.address()).response().unwrap().status, 429);
    drop(held);
    let begun = Instant::now();
    while status_of(edge.address(), "GET / HTTP/1.1\r\nhost: a\r\n\r\n") != Some(200) {
        assert!(begun.elapsed() < Duration::from_secs(10), "places come back");
    }
    let (_origin, edge) = start(|limits| limits.connections_max = 0);
    assert_eq!(Raw::connect(edge.address()).response().unwrap().status, 503);
    assert!(edge.metrics.encode().contains("total"));
}

#[test]
fn a_client_at_rest_is_let_go() {
    let (_origin, edge) = start(|limits| limits.idle_timeout_ms = 200);
    let mut raw = Raw::connect(edge.address());
    raw.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(raw.response().unwrap().status, 200);
    assert_eq!(raw.stream.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_client_that_does_not_take_its_response_is_cut() {
    use std::io::Write;
    let origin = Origin::answering(|_, stream| {
        let length = 256_usize << 20;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        let block = vec![0; 1 << 20];
        let mut whole = stream.write_all(head.as_bytes()).is_ok();
        for _ in 0..length >> 20 {
            whole = whole && stream.write_all(&block).is_ok();
        }
        whole
    });
    let edge = Setup::to(&[origin.address]).limits(|limits| limits.write_timeout_ms = 300).start();
    let mut raw = Raw::connect(edge.address());
    raw.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    raw.take(1000).unwrap();
    let begun = Instant::now();
    while edge.metrics.edge.connections.get() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "the connection is cut");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(get(edge.address(), "/").status, 200);
}
