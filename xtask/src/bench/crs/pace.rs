//! Two loads. A full one: as many requests as the server answers, each of them to its end, so that what it cost can be
//! divided by how many there were. A steady one: so many a second, whatever the server does, and how long each took
//! from when it was due; a server that stalls does not slow it down, so that its stalls show.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::super::wrk::Requests;
use crate::connection::Connection;

/// Asks for `request` over `connections` for `seconds`, again as soon as it is answered.
///
/// # Errors
///
/// If a connection breaks or an answer has another status.
pub(super) fn full(address: &str, request: &[u8], status: u16, connections: u32, seconds: u32) -> Result<Requests> {
    let begin = Instant::now();
    let end = begin + Duration::from_secs(seconds.into());
    let counts: Result<Vec<u64>> = std::thread::scope(|scope| {
        let ask = || {
            let mut connection = Connection::open(address)?;
            let mut count = 0;
            while Instant::now() < end {
                connection = connection.answered(address, request, status)?;
                count += 1;
            }
            Ok(count)
        };
        let lanes: Vec<_> = (0..connections).map(|_| scope.spawn(ask)).collect();
        lanes.into_iter().map(|lane| lane.join().expect("a lane does not panic")).collect()
    });
    let count: u64 = counts?.into_iter().sum();
    Ok(Requests { count, per_second: count as f64 / begin.elapsed().as_secs_f64() })
}

/// How long requests took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Latency {
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

/// Sends `request` `per_second` times a second for `seconds` over `connections`, each answered with `status`.
///
/// # Errors
///
/// If a connection breaks or an answer has another status.
pub(super) fn steady(
    address: &str,
    request: &[u8],
    status: u16,
    per_second: f64,
    connections: u32,
    seconds: u32,
) -> Result<Latency> {
    let begin = Instant::now() + Duration::from_millis(20);
    let end = begin + Duration::from_secs(seconds.into());
    let between = Duration::from_secs_f64(f64::from(connections) / per_second);
    let waits: Result<Vec<Vec<Duration>>> = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..connections)
            .map(|lane| {
                let first = begin + between.mul_f64(f64::from(lane) / f64::from(connections));
                scope.spawn(move || run_lane(address, request, status, first, between, end))
            })
            .collect();
        lanes.into_iter().map(|lane| lane.join().expect("a lane does not panic")).collect()
    });
    let mut waits: Vec<Duration> = waits?.into_iter().flatten().collect();
    ensure!(!waits.is_empty(), "no request was due within {seconds} s at {per_second} a second");
    waits.sort();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1e3;
    Ok(Latency { p50_ms: at(0.5), p99_ms: at(0.99) })
}

/// One connection: a request at each time it is due, or at once if that is past.
fn run_lane(
    address: &str,
    request: &[u8],
    status: u16,
    first: Instant,
    between: Duration,
    end: Instant,
) -> Result<Vec<Duration>> {
    let mut connection = Connection::open(address)?;
    let mut waits = Vec::new();
    let mut due = first;
    while due < end {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        connection = connection.answered(address, request, status)?;
        waits.push(due.elapsed());
        due += between;
    }
    Ok(waits)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_stall_shows_in_every_request_that_was_due_meanwhile() -> Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        std::thread::spawn(move || -> Result<()> {
            let (mut stream, _) = listener.accept()?;
            let mut part = [0; 64];
            let mut answered = 0;
            while stream.read(&mut part)? > 0 {
                if answered == 0 {
                    std::thread::sleep(Duration::from_millis(500));
                }
                answered += 1;
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
            }
            Ok(())
        });
        let latency = steady(&address, b"GET / HTTP/1.1\r\n\r\n", 200, 50.0, 1, 1)?;
        // Half of the requests of this second were due during the stall.
        assert!(latency.p99_ms >= 400.0 && latency.p50_ms > 1.0, "{latency:?}");
        Ok(())
    }
}
