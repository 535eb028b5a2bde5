//! Tests sent to a running edge.
//!
//! Each request comes from an address of its own, so that the record the edge writes of it can be told from all others.
//! First everything is sent, then the records are read, and only then is anything judged: an edge writes its records a moment
//! later.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, ensure};
use sekisho_crs_test::{Outcome, Response, Sent, Test, TestResult, reply};
use socket2::{Domain, Socket, Type};

use super::records::{self, Records};

/// Requests in flight: what keeps a small edge busy.
const THREADS: usize = 4;
/// How long a response may take. An edge gives a client that falls silent some 15 seconds.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);
/// Where the addresses that requests come from begin: within 127.0.0.0/8, all of which is loopback.
const SOURCES_FROM: u32 = Ipv4Addr::new(127, 16, 0, 0).to_bits();
/// Requests in one run: as many addresses as are left from there.
const REQUESTS_MAX: usize = 0x00f0_0000 - 1;

/// A test whose requests were sent, and where they came from.
struct SentTest {
    sent: Vec<Sent>,
    sources: Vec<Ipv4Addr>,
}

/// Sends the requests of all tests to `url`, and judges them by what the edge wrote under `data` since.
///
/// # Errors
///
/// If the edge cannot be reached, or its records cannot be read.
pub(super) fn run(url: &str, data: &Path, tests: &[&Test]) -> anyhow::Result<Vec<TestResult>> {
    let target = target(url)?;
    let requests: usize = tests.iter().map(|test| test.stages.len()).sum();
    ensure!(requests <= REQUESTS_MAX, "{requests} requests are more than one run can tell apart");
    let mut records = Records::begin(data)?;
    let mut all = send_all(target, tests)?;
    let sources: Vec<_> = all.iter().flat_map(|test| test.sources.iter().copied()).collect();
    let found = records.wait_for(&sources)?;
    for test in &mut all {
        for (sent, source) in test.sent.iter_mut().zip(&test.sources) {
            if let Some(record) = found.get(source) {
                sent.outcome.log = records::log(record);
                sent.outcome.refused = records::refusal(record);
            }
        }
    }
    Ok(tests.iter().zip(&all).map(|(test, sent)| test.judge(&sent.sent)).collect())
}

/// The address of an edge.
fn target(url: &str) -> anyhow::Result<SocketAddr> {
    let authority = url.strip_prefix("http://").context("an edge under test is named as http://127.0.0.1:8080")?;
    let authority = authority.trim_end_matches('/');
    let address: SocketAddr = match authority.parse() {
        Ok(address) => address,
        Err(_) => SocketAddr::new(authority.parse().with_context(|| format!("`{authority}` is no address"))?, 80),
    };
    let is_loopback = matches!(address.ip(), IpAddr::V4(ip) if ip.is_loopback());
    ensure!(is_loopback, "tests are told apart by where they come from, and only 127.0.0.0/8 has addresses enough");
    Ok(address)
}

/// Sends all tests on some threads. What came of them is in the order of the tests.
fn send_all(target: SocketAddr, tests: &[&Test]) -> anyhow::Result<Vec<SentTest>> {
    let next_test = AtomicUsize::new(0);
    let next_source = AtomicU32::new(SOURCES_FROM + 1);
    let work = || -> anyhow::Result<Vec<(usize, SentTest)>> {
        let mut all = Vec::new();
        loop {
            let at = next_test.fetch_add(1, Ordering::Relaxed);
            let Some(test) = tests.get(at) else { return Ok(all) };
            let mut sources = Vec::new();
            let mut failed = None;
            let sent = test.send(|bytes| {
                let source = Ipv4Addr::from_bits(next_source.fetch_add(1, Ordering::Relaxed));
                sources.push(source);
                let response = exchange(target, source, bytes).unwrap_or_else(|error| {
                    failed = Some(error);
                    None
                });
                Outcome { response, ..Outcome::default() }
            });
            if let Some(error) = failed {
                return Err(error.context(format!("failed to send {}", test.id)));
            }
            all.push((at, SentTest { sent, sources }));
        }
    };
    let results: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().expect("a sender does not panic")).collect()
    });
    let mut all: Vec<_> = results.into_iter().collect::<anyhow::Result<Vec<_>>>()?.into_iter().flatten().collect();
    all.sort_unstable_by_key(|(at, _)| *at);
    Ok(all.into_iter().map(|(_, test)| test).collect())
}

/// Sends a request and reads its response; none if the connection ends without one.
///
/// # Errors
///
/// If no connection comes to be, or the response does not come in time.
fn exchange(target: SocketAddr, source: Ipv4Addr, bytes: &[u8]) -> anyhow::Result<Option<Response>> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((source, 0)).into()).with_context(|| format!("failed to send from {source}"))?;
    socket.connect(&target.into()).with_context(|| format!("failed to connect to {target}"))?;
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(RESPONSE_TIMEOUT))?;
    // An edge may answer and close before it has read all: what it said still counts.
    let _ = stream.write_all(bytes);
    let to_head = bytes.starts_with(b"HEAD ");
    let mut received = Vec::new();
    let mut part = vec![0; 16 * 1024];
    loop {
        let count = match stream.read(&mut part) {
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => 0,
            Err(error) => return Err(error).context("failed to read the response"),
        };
        received.extend_from_slice(&part[..count]);
        match reply(&received, to_head, count == 0) {
            Ok(None) if count > 0 => {}
            Ok(response) => return Ok(response),
            Err(_) => return Ok(None),
        }
    }
}
