//! How long the gate waits, on a clock that stands still until everyone does.

use std::time::Duration;

use sekisho_edge::http1::{Timeouts, sniff};
use tokio::time::{Instant, sleep};

use crate::gate::connect;

const TIMEOUTS: Timeouts = Timeouts {
    head_timeout_ms: 10_000,
    idle_timeout_ms: 60_000,
    body_idle_timeout_ms: 15_000,
    body_grace_ms: 30_000,
    body_rate_min_bytes_per_s: 100,
    linger_timeout_ms: 1_000,
};

/// Whether a wait of `elapsed` was one of `expected` seconds, within the timer's coarseness.
fn lasted(elapsed: Duration, expected: u64) -> bool {
    let expected = Duration::from_secs(expected);
    (expected..expected + Duration::from_millis(200)).contains(&elapsed)
}

#[tokio::test(start_paused = true)]
async fn a_slow_head_is_answered_with_408_whatever_drips() {
    let mut client = connect(TIMEOUTS);
    let start = Instant::now();
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n").await;
    for _ in 0..4 {
        sleep(Duration::from_secs(2)).await;
        client.send(b"X: y\r\n").await;
    }
    assert_eq!(client.response().await.0, 408);
    assert!(lasted(start.elapsed(), 10), "{:?}", start.elapsed());
    assert_eq!(client.rest().await, "");
    assert!(client.told()[0].starts_with("refused head not complete within 10000 ms | GET / HTTP/1.1"));
}

#[tokio::test(start_paused = true)]
async fn the_head_timeout_of_a_later_request_begins_with_its_first_byte() {
    let mut client = connect(TIMEOUTS);
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(client.response().await.0, 200);
    sleep(Duration::from_secs(50)).await;
    let start = Instant::now();
    client.send(b"G").await;
    assert_eq!(client.response().await.0, 408);
    assert!(lasted(start.elapsed(), 10), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_closed_silently() {
    let mut client = connect(TIMEOUTS);
    let start = Instant::now();
    assert_eq!(client.rest().await, "");
    assert!(lasted(start.elapsed(), 10), "{:?}", start.elapsed());
    assert!(client.told().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_silently() {
    let mut client = connect(TIMEOUTS);
    for pause in [7, 59, 3] {
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(client.response().await.0, 200);
        sleep(Duration::from_secs(pause)).await;
    }
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(client.response().await.0, 200);
    let start = Instant::now();
    assert_eq!(client.rest().await, "");
    assert!(lasted(start.elapsed(), 60), "{:?}", start.elapsed());
    assert_eq!(client.told().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_slow_service_is_not_the_clients_idleness() {
    let mut client = connect(TIMEOUTS);
    let start = Instant::now();
    client.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(client.response().await.0, 200);
    assert!(lasted(start.elapsed(), 300), "{:?}", start.elapsed());
    let start = Instant::now();
    assert_eq!(client.rest().await, "");
    assert!(lasted(start.elapsed(), 60), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_is_given_up() {
    let mut client = connect(TIMEOUTS);
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n").await;
    sleep(Duration::from_secs(14)).await;
    client.send(&[b'x'; 500]).await;
    let start = Instant::now();
    assert_eq!(client.response().await.0, 408);
    assert!(lasted(start.elapsed(), 15), "{:?}", start.elapsed());
    assert_eq!(client.told()[1..], ["body no byte of the body within 15000 ms"]);
}

#[tokio::test(start_paused = true)]
async fn a_dripping_body_is_given_up_after_its_grace() {
    let mut client = connect(TIMEOUTS);
    let start = Instant::now();
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n").await;
    for _ in 0..15 {
        sleep(Duration::from_secs(2)).await;
        client.send(b"x").await;
    }
    assert_eq!(client.response().await.0, 408);
    assert!(lasted(start.elapsed(), 30), "{:?}", start.elapsed());
    assert_eq!(client.told()[1..], ["body body slower than 100 bytes a second"]);
}

#[tokio::test(start_paused = true)]
async fn a_body_at_the_least_rate_comes_through() {
    let mut client = connect(TIMEOUTS);
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n").await;
    for _ in 0..60 {
        sleep(Duration::from_secs(5)).await;
        client.send(&[b'x'; 500]).await;
    }
    let (status, body) = client.response().await;
    assert_eq!((status, body.len()), (200, 30_000));
}

#[tokio::test(start_paused = true)]
async fn a_refused_client_that_keeps_sending_can_read_why() {
    let mut client = connect(TIMEOUTS);
    let start = Instant::now();
    client.send(b"GET / HTTP/1.1\n").await;
    for _ in 0..100 {
        client.send(&[b'x'; 1_000]).await;
    }
    assert_eq!(client.response().await.0, 400);
    assert_eq!(client.rest().await, "");
    assert!(start.elapsed() < Duration::from_secs(1), "the end of the response waits for nothing");
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_not_sniffed_forever() {
    for sent in [&b""[..], b"PRI * HT"] {
        let (mut client, server) = tokio::io::duplex(64);
        tokio::io::AsyncWriteExt::write_all(&mut client, sent).await.unwrap();
        let start = Instant::now();
        let error = sniff(server, &TIMEOUTS).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
        assert!(lasted(start.elapsed(), 10), "{:?}", start.elapsed());
    }
}
