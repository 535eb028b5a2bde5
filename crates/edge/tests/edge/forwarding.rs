//! What origins learn of the client, and what of a connection stays behind.

use sekisho_edge::settings::TrustedField;

use crate::support::{Origin, Raw, Setup, get, status_of};

#[test]
fn forwarding_fields_are_set_and_forged_ones_replaced() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).start();
    let request = "GET /a?b=c HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\n\
        Forwarded: for=9.9.9.9\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: gzip\r\nX-Kept: 1\r\n\r\n";
    assert_eq!(status_of(edge.address(), request), Some(200));
    let seen = &origin.seen()[0];
    assert_eq!(seen.line, "GET /a?b=c HTTP/1.1");
    assert_eq!(seen.all("host"), ["shop.example"]);
    assert_eq!(seen.all("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(seen.all("x-forwarded-proto"), ["http"]);
    assert_eq!(seen.all("x-forwarded-host"), ["shop.example"]);
    assert_eq!(seen.all("forwarded"), ["for=127.0.0.1;proto=http;host=\"shop.example\""]);
    assert_eq!(seen.field("x-kept"), Some("1"));
    for gone in ["connection", "x-hop", "keep-alive", "te", "via", "transfer-encoding"] {
        assert_eq!(seen.field(gone), None, "{gone}");
    }
    assert_eq!(edge.records()[0].1["httpRequest"]["clientIp"], "127.0.0.1");
}

#[test]
fn a_trusted_proxy_names_the_client() {
    let origin = Origin::start();
    let mut setup = Setup::to(&[origin.address]);
    setup.settings.trust.proxies = vec!["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
    let edge = setup.start();
    let request = "GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 6.6.6.6, 203.0.113.5, 10.1.1.1\r\nx-forwarded-proto: https\r\n\r\n";
    assert_eq!(status_of(edge.address(), request), Some(200));
    assert_eq!(edge.records()[0].1["httpRequest"]["clientIp"], "203.0.113.5");
    let seen = &origin.seen()[0];
    assert_eq!(seen.all("x-forwarded-for"), ["6.6.6.6, 203.0.113.5, 10.1.1.1", "127.0.0.1"]);
    assert_eq!(seen.all("x-forwarded-proto"), ["https"]);
}

#[test]
fn only_the_field_that_is_set_is_believed() {
    let origin = Origin::start();
    let mut setup = Setup::to(&[origin.address]);
    setup.settings.trust.proxies = vec!["127.0.0.0/8".parse().unwrap()];
    setup.settings.trust.field = TrustedField::Forwarded;
    let edge = setup.start();
    let request = "GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 6.6.6.6\r\nforwarded: for=203.0.113.5\r\n\r\n";
    assert_eq!(status_of(edge.address(), request), Some(200));
    assert_eq!(edge.records()[0].1["httpRequest"]["clientIp"], "203.0.113.5");
}

#[test]
fn the_proxy_protocol_names_the_client_and_is_demanded() {
    let origin = Origin::start();
    let mut setup = Setup::to(&[origin.address]);
    setup.settings.listeners[0].proxy_protocol_from = vec!["127.0.0.0/8".parse().unwrap()];
    let edge = setup.limits(|limits| limits.proxy_protocol_timeout_ms = 300).start();
    let v1 = b"PROXY TCP4 203.0.113.7 192.0.2.1 4000 80\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n";
    assert_eq!(status_of(edge.address(), v1), Some(200));
    let mut v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x08\xc0\0\x02\x01\x0f\xa0\0\x50".to_vec();
    v2.extend(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(status_of(edge.address(), v2), Some(200));
    let clients: Vec<_> = edge
        .records()
        .iter()
        .map(|(_, record)| record["httpRequest"]["clientIp"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(clients, ["203.0.113.7", "203.0.113.8"]);
    assert_eq!(origin.seen()[0].all("x-forwarded-for"), ["203.0.113.7"]);
    // Without the header, and too late with it.
    assert_eq!(status_of(edge.address(), "GET / HTTP/1.1\r\nhost: a\r\n\r\n"), None);
    assert!(Raw::connect(edge.address()).send("PROXY TCP4").response().is_none());
}

#[test]
fn the_proxy_protocol_is_taken_from_listed_peers_only() {
    let origin = Origin::start();
    let mut setup = Setup::to(&[origin.address]);
    setup.settings.listeners[0].proxy_protocol_from = vec!["10.0.0.0/8".parse().unwrap()];
    let edge = setup.start();
    assert_eq!(get(edge.address(), "/").status, 200);
    let forged = b"PROXY TCP4 203.0.113.7 192.0.2.1 4000 80\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n";
    assert_eq!(status_of(edge.address(), forged), Some(400));
}

#[test]
fn hop_by_hop_fields_of_a_response_stay_behind() {
    use std::io::Write;
    let origin = Origin::answering(|_, stream| {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: x-hop, keep-alive\r\nx-hop: 1\r\n\
            keep-alive: timeout=5\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nserver: origin\r\n\r\nok";
        stream.write_all(head.as_bytes()).is_ok()
    });
    let edge = Setup::to(&[origin.address]).start();
    let response = get(edge.address(), "/");
    assert_eq!(response.text(), "ok");
    assert_eq!(response.head.matches("set-cookie").count(), 2);
    assert_eq!(response.field("server"), Some("origin"));
    for gone in ["x-hop", "keep-alive", "connection"] {
        assert_eq!(response.field(gone), None, "{gone}");
    }
}

#[test]
fn head_and_bodiless_responses_keep_the_connection_in_step() {
    use std::io::Write;
    let origin = Origin::answering(|seen, stream| {
        let response: &[u8] = match seen.line.split(' ').nth(1) {
            Some("/not-modified") => b"HTTP/1.1 304 Not Modified\r\netag: \"x\"\r\n\r\n",
            Some("/none") => b"HTTP/1.1 204 No Content\r\n\r\n",
            Some("/early") => {
                b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
            }
            _ => b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",
        };
        stream.write_all(response).is_ok()
    });
    let edge = Setup::to(&[origin.address]).start();
    let mut raw = Raw::connect(edge.address());
    let mut ask = |method: &str, path: &str| {
        raw.send(format!("{method} {path} HTTP/1.1\r\nhost: a\r\n\r\n"));
        raw.response_to(method).unwrap()
    };
    let head = ask("HEAD", "/");
    assert_eq!((head.status, head.field("content-length")), (200, Some("5")));
    assert_eq!(ask("GET", "/not-modified").status, 304);
    assert_eq!(ask("GET", "/none").status, 204);
    assert_eq!(ask("GET", "/early").text(), "ok");
    assert_eq!(origin.connections(), 1);
}
