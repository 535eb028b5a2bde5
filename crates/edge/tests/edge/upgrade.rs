//! Upgrades: joined both ways once accepted, ordinary requests otherwise.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::support::{Origin, Raw, Setup, block_query};

const ASK: &str = "GET /socket HTTP/1.1\r\nhost: a\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-key: x\r\n\r\n";

/// Accepts every upgrade, greets, and sends back what comes.
fn echo() -> Origin {
    Origin::answering(|seen, stream: &mut TcpStream| {
        if seen.field("upgrade") != Some("websocket") {
            return stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").is_ok();
        }
        stream
            .write_all(
                b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nx: y\r\n\r\nhello",
            )
            .unwrap();
        let mut block = [0; 4096];
        loop {
            match stream.read(&mut block) {
                Ok(read @ 1..) => stream.write_all(&block[..read]).unwrap(),
                _ => return false,
            }
        }
    })
}

#[test]
fn an_accepted_upgrade_joins_both_sides() {
    let origin = echo();
    let edge = Setup::to(&[origin.address]).start();
    let mut raw = Raw::connect(edge.address());
    // The first bytes of the new protocol need not wait for its acceptance.
    raw.send(ASK).send("early ");
    let accepted = raw.response().unwrap();
    assert_eq!((accepted.status, accepted.field("upgrade"), accepted.field("x")), (101, Some("websocket"), Some("y")));
    assert_eq!(raw.take(11).unwrap(), b"helloearly ");
    for _ in 0..50 {
        raw.send([7; 3000]);
        assert_eq!(raw.take(3000).unwrap(), [7; 3000]);
    }
    raw.stream.shutdown(Shutdown::Write).unwrap();
    assert!(raw.take(1).is_none());
    let seen = &origin.seen()[0];
    assert_eq!((seen.all("connection"), seen.field("sec-websocket-key")), (vec!["upgrade"], Some("x")));
}

#[test]
fn an_upgrade_nobody_accepts_is_an_ordinary_request() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).start();
    let mut raw = Raw::connect(edge.address());
    raw.send(ASK);
    assert_eq!(raw.response().unwrap().status, 200);
    raw.send("GET /next HTTP/1.1\r\nhost: a\r\n\r\n");
    assert!(raw.response().unwrap().text().contains("/next"));
}

#[test]
fn the_request_of_an_upgrade_is_inspected() {
    let origin = echo();
    let edge = Setup::to(&[origin.address]).rules(block_query()).start();
    let mut raw = Raw::connect(edge.address());
    raw.send(ASK.replace("/socket", "/socket?attack"));
    assert_eq!(raw.response().unwrap().status, 403);
    assert!(origin.seen().is_empty());
}

#[test]
fn an_upgrade_to_http2_is_not_passed_on() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).start();
    let mut raw = Raw::connect(edge.address());
    raw.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\n");
    assert_eq!(raw.response().unwrap().status, 200);
    let seen = &origin.seen()[0];
    assert_eq!((seen.field("upgrade"), seen.field("http2-settings"), seen.field("connection")), (None, None, None));
}

#[test]
fn an_origin_that_switches_unasked_is_a_bad_gateway() {
    let origin = Origin::answering(|_, stream| {
        stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n").is_ok()
    });
    let edge = Setup::to(&[origin.address]).start();
    assert_eq!(crate::support::get(edge.address(), "/").status, 502);
}

#[test]
fn a_tunnel_at_rest_is_closed() {
    let origin = echo();
    let edge = Setup::to(&[origin.address]).limits(|limits| limits.upgrade_idle_timeout_ms = 200).start();
    let mut raw = Raw::connect(edge.address());
    raw.stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    raw.send(ASK);
    assert_eq!(raw.response().unwrap().status, 101);
    raw.take(5).unwrap();
    assert!(raw.take(1).is_none());
}
