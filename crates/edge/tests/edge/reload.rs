//! Changes while requests go on, and the end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sekisho_edge::settings::Target;

use sekisho_waf::ir::Logging;

use crate::support::{Origin, Raw, Setup, block_all, block_query, get, route, rule_set};

#[test]
fn rules_change_whole_and_at_once() {
    let origin = Origin::start();
    let edge = Setup::to(&[origin.address]).start();
    let mut raw = Raw::connect(edge.address());
    let mut ask = || {
        raw.send("GET /?attack HTTP/1.1\r\nhost: a\r\n\r\n");
        raw.response().unwrap().status
    };
    assert_eq!(ask(), 200);
    edge.running.reload_rules(block_query(), None, Logging::default());
    assert_eq!(ask(), 403);
    edge.running.reload_rules(rule_set(Vec::new()), None, Logging::default());
    assert_eq!(ask(), 200);
}

#[test]
fn two_hundred_reloads_fail_no_request() {
    let (one, two) = (Origin::start(), Origin::start());
    let mut setup = Setup::to(&[one.address]);
    setup.settings.workers = NonZeroUsize::new(2);
    let edge = setup.start();
    let address = edge.address();
    let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (stop, served) = (Arc::clone(&stop), Arc::clone(&served));
            thread::spawn(move || {
                let mut raw = Raw::connect(address);
                while !stop.load(Ordering::SeqCst) {
                    raw.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi");
                    assert_eq!(raw.response().expect("an answer").status, 200);
                    served.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    for number in 0..200 {
        edge.running.reload_rules(
            if number % 2 == 0 { block_query() } else { rule_set(Vec::new()) },
            None,
            Logging::default(),
        );
        let origin = if number % 2 == 0 { &two } else { &one };
        let upstream = Setup::upstream(&[format!("http://{}", origin.address)]);
        edge.running.reload_routes(&[route("*", "/", Target::Upstream(Arc::new(upstream)))]).unwrap();
        let goal = served.load(Ordering::SeqCst) + 2;
        let begun = Instant::now();
        while served.load(Ordering::SeqCst) < goal && begun.elapsed() < Duration::from_secs(10) {
            thread::yield_now();
        }
    }
    stop.store(true, Ordering::SeqCst);
    clients.into_iter().for_each(|client| client.join().expect("no request failed"));
    assert!(!one.seen().is_empty() && !two.seen().is_empty());
}

/// An origin that takes its time, and says when it has begun.
fn slow(begun: &Arc<AtomicBool>, takes: Duration) -> Origin {
    let begun = Arc::clone(begun);
    Origin::answering(move |_, stream: &mut TcpStream| {
        begun.store(true, Ordering::SeqCst);
        thread::sleep(takes);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").is_ok()
    })
}

fn wait_for(flag: &AtomicBool) {
    let begun = Instant::now();
    while !flag.load(Ordering::SeqCst) {
        assert!(begun.elapsed() < Duration::from_secs(10));
        thread::yield_now();
    }
}

#[test]
fn shutting_down_lets_requests_finish_and_takes_no_others() {
    let begun = Arc::new(AtomicBool::new(false));
    let origin = slow(&begun, Duration::from_millis(400));
    let edge = Setup::to(&[origin.address]).limits(|limits| limits.drain_timeout_ms = 10_000).start();
    let address = edge.address();
    let mut idle = Raw::connect(address);
    idle.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(idle.response().unwrap().status, 200);
    begun.store(false, Ordering::SeqCst);
    let mut busy = Raw::connect(address);
    busy.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    wait_for(&begun);
    let stopping = Instant::now();
    let stopper = thread::spawn(move || edge.running.shutdown());
    // A connection at rest is closed at once, one with a request after its response.
    assert_eq!(idle.stream.read(&mut [0]).unwrap(), 0);
    let last = busy.response().unwrap();
    assert_eq!((last.status, last.field("connection")), (200, Some("close")));
    stopper.join().unwrap();
    assert!(stopping.elapsed() < Duration::from_secs(5), "{:?}", stopping.elapsed());
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_request_that_does_not_finish_is_cut_at_the_drain_time_out() {
    let begun = Arc::new(AtomicBool::new(false));
    let origin = slow(&begun, Duration::from_secs(30));
    let edge = Setup::to(&[origin.address]).limits(|limits| limits.drain_timeout_ms = 200).start();
    let mut busy = Raw::connect(edge.address());
    busy.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    wait_for(&begun);
    let stopping = Instant::now();
    edge.running.shutdown();
    assert!(stopping.elapsed() < Duration::from_secs(5), "{:?}", stopping.elapsed());
    assert!(busy.response().is_none());
}

#[test]
fn the_admin_address_tells_health_and_metrics() {
    let origin = Origin::start();
    let mut setup = Setup::to(&[origin.address]).rules(block_all());
    setup.settings.admin = Some(([127, 0, 0, 1], 0).into());
    let edge = setup.start();
    let admin = edge.running.admin_address().unwrap();
    assert_eq!(get(edge.address(), "/").status, 403);
    assert_eq!(get(admin, "/healthz").text(), "ok\n");
    assert_eq!(get(admin, "/readyz").text(), "ready\n");
    assert_eq!(get(admin, "/other").status, 404);
    let metrics = get(admin, "/metrics");
    let blocked = |line: &str| {
        line.starts_with("BlockedRequests_total{") && line.contains("Rule=\"block\"") && line.ends_with(" 1")
    };
    assert!(metrics.text().lines().any(blocked), "{}", metrics.text());
}
