//! Which origin a request goes to, and what happens when that fails.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sekisho_edge::settings::{HostField, Target};

use crate::support::{Origin, Raw, Setup, get, route};

/// An address at which nothing listens.
fn nobody() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap()
}

#[test]
fn routes_choose_by_host_and_longest_prefix() {
    let (shop, api, other) = (Origin::start(), Origin::start(), Origin::start());
    let target = |origin: &Origin| Target::Upstream(Arc::new(Setup::upstream(&[format!("http://{}", origin.address)])));
    let mut setup = Setup::to(&[]);
    setup.settings.routes = vec![
        route("shop.example", "/", target(&shop)),
        route("shop.example", "/api", target(&api)),
        route("*.example", "/", target(&other)),
    ];
    let edge = setup.start();
    let ask = |host: &str, path: &str| {
        let mut raw = Raw::connect(edge.address());
        raw.send(format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n"));
        raw.response().unwrap().status
    };
    assert_eq!((ask("shop.example", "/"), shop.seen().len()), (200, 1));
    assert_eq!((ask("Shop.Example:8080", "/api/v1"), api.seen().len()), (200, 1));
    assert_eq!((ask("eu.example", "/apis"), other.seen().len()), (200, 1));
    assert_eq!(ask("elsewhere.org", "/"), 404);
}

#[test]
fn connections_to_an_origin_are_reused() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).start();
    for _ in 0..5 {
        assert_eq!(get(edge.address(), "/").status, 200);
    }
    assert_eq!((origin.seen().len(), origin.connections()), (5, 1));
}

#[test]
fn origins_take_turns_and_a_dead_one_is_passed_over() {
    let (one, two, dead) = (Origin::start(), Origin::start(), nobody());
    let edge = Setup::to(&[one.address, two.address, dead]).start();
    for _ in 0..12 {
        let mut raw = Raw::connect(edge.address());
        raw.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi");
        assert_eq!(raw.response().unwrap().status, 200);
    }
    let (one, two) = (one.seen().len(), two.seen().len());
    assert_eq!(one + two, 12);
    assert!(one >= 4 && two >= 4, "{one} and {two}");
}

#[test]
fn the_host_field_is_the_clients_or_the_origins() {
    let origin = Origin::start();
    let mut upstream = Setup::upstream(&[format!("http://{}", origin.address)]);
    upstream.host = HostField::Origin;
    let edge = Setup::to_upstream(upstream).start();
    assert_eq!(get(edge.address(), "/").status, 200);
    let seen = &origin.seen()[0];
    assert_eq!(seen.all("host"), [origin.address.to_string()]);
    assert_eq!(seen.all("x-forwarded-host"), ["test"]);
}

#[test]
fn what_went_wrong_is_told_apart() {
    assert_eq!(get(Setup::to(&[nobody()]).start().address(), "/").status, 503);

    let closing = Origin::answering(|_, _| false);
    assert_eq!(get(Setup::to(&[closing.address]).start().address(), "/").status, 502);

    let garbled = Origin::answering(|_, stream| stream.write_all(b"SSH-2.0-x\r\n\r\n").is_ok());
    assert_eq!(get(Setup::to(&[garbled.address]).start().address(), "/").status, 502);

    let smuggling = Origin::answering(|_, stream| {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
        stream.write_all(head).is_ok()
    });
    assert_eq!(get(Setup::to(&[smuggling.address]).start().address(), "/").status, 502);

    let silent = Origin::answering(|_, _| {
        std::thread::park_timeout(Duration::from_secs(30));
        false
    });
    let edge = Setup::to(&[silent.address]).limits(|limits| limits.upstream_response_timeout_ms = 200).start();
    assert_eq!(get(edge.address(), "/").status, 504);
}

/// An origin that answers the first request of a connection and closes at the second, unanswered.
fn forgetful() -> (Origin, Arc<AtomicUsize>) {
    let requests: Arc<AtomicUsize> = Arc::default();
    let count = Arc::clone(&requests);
    let origin = Origin::answering(move |_, stream| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        number != 1 && stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").is_ok()
    });
    (origin, requests)
}

#[test]
fn an_idempotent_request_on_a_stale_connection_is_sent_again() {
    let (origin, requests) = forgetful();
    let edge = Setup::to(&[origin.address]).start();
    assert_eq!(get(edge.address(), "/").status, 200);
    assert_eq!(get(edge.address(), "/").status, 200);
    assert_eq!((requests.load(Ordering::SeqCst), origin.connections()), (3, 2));
}

#[test]
fn a_request_that_could_act_twice_is_not_sent_again() {
    for request in ["POST / HTTP/1.1\r\nhost: a\r\n\r\n", "PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi"] {
        let (origin, requests) = forgetful();
        let edge = Setup::to(&[origin.address]).start();
        assert_eq!(get(edge.address(), "/").status, 200);
        let mut raw = Raw::connect(edge.address());
        raw.send(request);
        assert_eq!(raw.response().unwrap().status, 502);
        assert_eq!(requests.load(Ordering::SeqCst), 2);
    }
}

#[test]
fn an_origin_that_keeps_failing_is_left_alone_for_a_while() {
    let bad = Origin::answering(|_, _| false);
    let good = Origin::start();
    let change = |limits: &mut sekisho_edge::settings::Limits| {
        limits.upstream_failures_max = 2;
        limits.upstream_cooldown_ms = 60_000;
    };
    let edge = Setup::to(&[bad.address, good.address]).limits(change).start();
    let statuses: Vec<u16> = (0..20).map(|_| get(edge.address(), "/").status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 502).count(), 2, "{statuses:?}");
    assert!(statuses[4..].iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(bad.seen().len(), 2);
}

#[test]
fn an_active_check_takes_an_origin_out_and_back_in() {
    let well = Arc::new(AtomicBool::new(false));
    let says = Arc::clone(&well);
    let sick = Origin::answering(move |seen, stream| {
        let health = seen.line.starts_with("GET /health ");
        let status = if health && !says.load(Ordering::SeqCst) { "500 No" } else { "200 OK" };
        stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes()).is_ok()
    });
    let other = Origin::start();
    let mut upstream = Setup::upstream(&[format!("http://{}", sick.address), format!("http://{}", other.address)]);
    upstream.health_path = Some("/health".to_owned());
    let edge = Setup::to_upstream(upstream).limits(|limits| limits.health_interval_ms = 20).start();
    let served = || sick.seen().iter().filter(|seen| seen.line.starts_with("GET / ")).count();
    let until = |done: &dyn Fn() -> bool| {
        let begun = Instant::now();
        while !done() {
            assert!(begun.elapsed() < Duration::from_secs(10), "the check takes effect");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    until(&|| sick.seen().len() >= 2);
    let before = served();
    for _ in 0..6 {
        assert_eq!(get(edge.address(), "/").status, 200);
    }
    assert_eq!(served(), before);
    well.store(true, Ordering::SeqCst);
    until(&|| {
        assert_eq!(get(edge.address(), "/").status, 200);
        served() > before
    });
}
