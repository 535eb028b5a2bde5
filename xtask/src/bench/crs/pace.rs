//! Two loads. A full one: as many requests as the server answers, each of them to its end, so that what it cost can be
//! divided by how many there were. A steady one: so many a second, whatever the server does, and how long each took
//! from when it was due; a server that stalls does not slow it down, so that its stalls show.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::super::wrk::Requests;

/// How long an answer may take before the run is worthless.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

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

/// A kept connection.
pub(super) struct Connection {
    reader: BufReader<TcpStream>,
}

impl Connection {
    pub(super) fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("connect to {address}"))?;
        stream.set_nodelay(true).context("set no delay")?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT)).context("set a time-out")?;
        Ok(Self { reader: BufReader::new(stream) })
    }

    /// Sends a request that must be answered with `status`; the connection for the next one.
    pub(super) fn answered(mut self, address: &str, request: &[u8], status: u16) -> Result<Self> {
        let (got, closes) = self.ask(request)?;
        if got != status {
            bail!("{address} answered {got} instead of {status}");
        }
        if closes { Self::open(address) } else { Ok(self) }
    }

    /// Sends a request and reads the whole answer: its status, and whether the connection ends with it.
    fn ask(&mut self, request: &[u8]) -> Result<(u16, bool)> {
        self.reader.get_mut().write_all(request).context("send a request")?;
        let (mut status, mut length, mut closes, mut chunked) = (None, 0_u64, false, false);
        loop {
            let mut line = String::new();
            ensure!(self.reader.read_line(&mut line).context("read an answer")? > 0, "the connection was closed");
            let line = line.trim_end().to_ascii_lowercase();
            match (line.split_once(':'), status) {
                (_, None) => status = line.split(' ').nth(1).and_then(|status| status.parse().ok()),
                (Some(("content-length", value)), _) => length = value.trim().parse().context("read a length")?,
                (Some(("connection", value)), _) => closes = value.trim() == "close",
                (Some(("transfer-encoding", _)), _) => chunked = true,
                _ if line.is_empty() => break,
                _ => {}
            }
        }
        if chunked {
            self.skip_chunks()?;
        } else {
            self.skip(length)?;
        }
        Ok((status.context("read the status")?, closes))
    }

    fn skip(&mut self, length: u64) -> Result<()> {
        let skipped = std::io::copy(&mut self.reader.by_ref().take(length), &mut std::io::sink())?;
        ensure!(skipped == length, "the answer ended early");
        Ok(())
    }

    fn skip_chunks(&mut self) -> Result<()> {
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line)?;
            let length = u64::from_str_radix(line.trim(), 16).context("read the size of a chunk")?;
            self.skip(length + 2)?;
            if length == 0 {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
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
