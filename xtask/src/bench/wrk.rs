//! `wrk`, the load generator, and what it reports.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::capture;

/// The request every contender gets.
const BROWSER: &str = include_str!("browser.lua");

/// What one load came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Requests {
    pub(super) count: u64,
    pub(super) per_second: f64,
}

/// Writes the script of the request into `folder`.
pub(super) fn write_script(folder: &Path) -> Result<PathBuf> {
    let script = folder.join("browser.lua");
    std::fs::write(&script, BROWSER).with_context(|| format!("write {}", script.display()))?;
    Ok(script)
}

/// Loads `address` for `seconds` from one thread.
///
/// # Errors
///
/// If wrk fails, or a response is not a success, or a connection breaks.
pub(super) fn load(address: &str, script: &Path, connections: u32, seconds: u32) -> Result<Requests> {
    let mut command = Command::new("wrk");
    command.args(["--threads", "1", "--connections", &connections.to_string()]);
    command.args(["--duration", &format!("{seconds}s"), "--script"]).arg(script).arg(format!("http://{address}/"));
    parse(&capture(&mut command)?)
}

fn parse(report: &str) -> Result<Requests> {
    let fault = |line: &&str| line.contains("Non-2xx") || line.contains("Socket errors");
    if let Some(line) = report.lines().find(fault) {
        bail!("the load did not go through, wrk says: {}", line.trim());
    }
    let count = report.lines().find_map(|line| line.trim().split_once(" requests in ")?.0.parse().ok());
    let per_second = report.lines().find_map(|line| line.strip_prefix("Requests/sec:")?.trim().parse().ok());
    match (count, per_second) {
        (Some(count @ 1..), Some(per_second)) => Ok(Requests { count, per_second }),
        _ => bail!("wrk reports no requests:\n{report}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "Running 2s test @ http://127.0.0.1:1/\n  1 threads and 32 connections\n\
        \x20 40211 requests in 2.00s, 50.02MB read\nRequests/sec:  20100.52\nTransfer/sec:     25.00MB\n";

    #[test]
    fn the_figures_are_read() -> Result<()> {
        assert_eq!(parse(REPORT)?, Requests { count: 40211, per_second: 20100.52 });
        Ok(())
    }

    #[test]
    fn a_load_that_did_not_go_through_is_an_error() {
        assert!(parse(&format!("{REPORT}  Non-2xx or 3xx responses: 1\n")).is_err());
        assert!(parse(&format!("{REPORT}  Socket errors: connect 0, read 1, write 0, timeout 0\n")).is_err());
        assert!(parse(&REPORT.replace("40211", "0")).is_err());
        assert!(parse("").is_err());
    }

    #[test]
    fn the_request_has_twelve_header_fields() {
        assert_eq!(BROWSER.matches("wrk.headers[").count(), 12);
    }
}
