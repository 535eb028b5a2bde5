//! Bodies made to be slow, sent to the checkpoint one after another: how long until it answers.
//!
//! It may answer before all of a body is sent, as it does where a body is too large.

mod shapes;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use self::shapes::{BODY_BYTES, Shape};
use super::sent::BROWSER;
use crate::nginx;
use crate::process::say;

/// What the slowest shape may take at the 99.9th percentile, in milliseconds.
const P999_MS_MAX: f64 = 50.0;
/// How long one answer may take before the run is worthless.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Requests of each shape before it is measured.
const WARM_UP_RUNS: u32 = 3;

/// What was measured of a shape.
struct Measured {
    name: String,
    /// In milliseconds, the shortest first.
    times: Vec<f64>,
    /// Status by status: how often.
    statuses: BTreeMap<u16, u32>,
}

impl Measured {
    fn share(&self, share: f64) -> f64 {
        self.times[((self.times.len() - 1) as f64 * share).ceil() as usize]
    }
}

/// Sends every shape so often and prints the report.
///
/// # Errors
///
/// If the checkpoint does not start, or does not answer.
pub(super) fn run(folder: &Path, crs: &Path, binary: &Path, runs: u32) -> Result<()> {
    let backend = nginx::backend(folder)?;
    let server = super::checkpoint(binary, folder, crs, &backend, 1)?;
    let mut measured = Vec::new();
    for shape in shapes::all() {
        let one = measure(&server.address, &shape, runs).with_context(|| format!("send the {}", shape.name))?;
        say(format!("{:8.1} ms {}", one.share(0.5), one.name))?;
        measured.push(one);
    }
    Ok(say(report(measured, runs))?)
}

fn measure(address: &str, shape: &Shape, runs: u32) -> Result<Measured> {
    let mut request = "POST /form HTTP/1.1\r\n".to_owned();
    for (name, value) in BROWSER {
        write!(request, "{name}: {value}\r\n")?;
    }
    let Shape { name, content_type, body } = shape;
    write!(request, "Content-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    let request = [request.as_bytes(), body].concat();
    for _ in 0..WARM_UP_RUNS {
        answer(address, &request)?;
    }
    let mut measured = Measured { name: name.clone(), times: Vec::new(), statuses: BTreeMap::new() };
    for _ in 0..runs {
        let (status, time) = answer(address, &request)?;
        measured.times.push(time.as_secs_f64() * 1e3);
        *measured.statuses.entry(status).or_default() += 1;
    }
    measured.times.sort_by(f64::total_cmp);
    Ok(measured)
}

/// The status of the answer, and how long it took from the first byte sent to its head.
fn answer(address: &str, request: &[u8]) -> Result<(u16, Duration)> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("connect to {address}"))?;
    stream.set_nodelay(true).context("set no delay")?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT)).context("set a time-out")?;
    let begun = Instant::now();
    // What answers early does not read the rest, which may end the connection while it is sent.
    let sent = stream.write_all(request);
    let mut head = Vec::new();
    let mut piece = [0; 4096];
    while !head.contains(&b'\n') {
        let read = stream.read(&mut piece).context("read the answer")?;
        ensure!(read > 0, "the connection was closed without an answer ({sent:?})");
        head.extend_from_slice(&piece[..read]);
    }
    let line = String::from_utf8_lossy(&head);
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).context("read the status")?;
    Ok((status, begun.elapsed()))
}

fn report(mut measured: Vec<Measured>, runs: u32) -> String {
    measured.sort_by(|one, two| two.share(0.999).total_cmp(&one.share(0.999)));
    let mut text = format!(
        "\nBodies of {BODY_BYTES} bytes made to be slow, {runs} of each, one after another; until the answer's head, by the \
         clock.\n\n| body | p50 ms | p99.9 ms | answered |\n|---|---|---|---|\n"
    );
    for one in &measured {
        let statuses: Vec<String> = one.statuses.iter().map(|(status, times)| format!("{times} × {status}")).collect();
        let times = (one.share(0.5), one.share(0.999));
        writeln!(text, "| {} | {:.1} | {:.1} | {} |", one.name, times.0, times.1, statuses.join(", "))
            .expect("a String takes any text");
    }
    let worst = measured.first().map_or(0.0, |one| one.share(0.999));
    let met = if worst <= P999_MS_MAX { "met" } else { "**not met**" };
    writeln!(text, "\n| goal | measured | |\n|---|---|---|\n| p99.9 ≤ {P999_MS_MAX} ms | {worst:.1} ms | {met} |")
        .expect("a String takes any text");
    text
}
