//! wapiti against a whole site: crawls it and attacks every argument and form it finds.
//!
//! Debian's 3.0.4 attacks by default with blindsql, cookieflags, csp, exec, file, http_headers, permanentxss, redirect,
//! sql, ssrf and xss. Run here are those whose holes the shop has (sql, xss, file) and three that must find nothing
//! (exec, permanentxss, redirect). Left out: blindsql (SQLite cannot sleep), the header checks (no attacks), and ssrf
//! (asks a server on the internet for its results).
//!
//! Two more habits would leave the machine and are turned off: crash reports, and a download of fingerprints that all
//! modules' loading starts whichever are used; an empty fingerprint file answers the latter. Should another version find
//! a third, its proxy leads nowhere. Checked with `strace`.

use std::fs;

use anyhow::Context;
use serde_json::Value;

use crate::environment::find_program;
use crate::program::{Finished, Program};

/// A run that takes longer is killed and counts as a failed test.
const RUN_MS_MAX: u64 = 120_000;
/// A port nobody listens on (discard), as the proxy for everything but the target.
const NOWHERE: &str = "http://127.0.0.1:9";
const CRAWL_S_MAX: &str = "30";
const MODULE_S_MAX: &str = "40";
const MODULES: &str = "sql,xss,file,exec,permanentxss,redirect";

/// A run to be made.
#[derive(Debug)]
pub struct Wapiti {
    program: Program,
}

/// A hole as wapiti reports it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Such as `SQL Injection`.
    pub kind: String,
    /// Such as `/search`.
    pub path: String,
    /// The argument or field it goes through.
    pub parameter: String,
}

/// What a run found.
#[derive(Debug)]
pub struct WapitiReport {
    /// How the program ended.
    pub finished: Finished,
    /// The holes, sorted, each once.
    pub findings: Vec<Finding>,
    /// How many pages and forms the crawl reached.
    pub crawled: u32,
}

impl Wapiti {
    /// A run against the site at `base_url`; `None` where wapiti is missing (see [`find_program`]).
    ///
    /// # Errors
    ///
    /// When the temporary folders cannot be written.
    pub fn new(base_url: &str) -> anyhow::Result<Option<Self>> {
        let Some(path) = find_program("wapiti") else { return Ok(None) };
        let program = Program::new(path)?;
        let config = program.folder().join("config");
        fs::create_dir(&config).context("failed to make wapiti's configuration folder")?;
        fs::write(config.join("apps.json"), "{}").context("failed to write an empty fingerprint file")?;
        let session = program.folder().join("session");
        let report = program.folder().join("report.json");
        let program = program
            .args(["-u", &format!("{base_url}/"), "--scope", "domain", "-m", MODULES])
            .args(["--max-scan-time", CRAWL_S_MAX, "--max-attack-time", MODULE_S_MAX])
            .args(["--no-bugreport", "--endpoint", "http://127.0.0.1:9/", "--flush-session", "-v", "1"])
            .arg("--store-session")
            .arg(session)
            .arg("--store-config")
            .arg(config)
            .args(["-f", "json", "-o"])
            .arg(report)
            .variable("http_proxy", NOWHERE)
            .variable("https_proxy", NOWHERE)
            .variable("no_proxy", "127.0.0.1");
        Ok(Some(Self { program }))
    }

    /// Claims to be that browser.
    #[must_use]
    pub fn as_browser(self, user_agent: &str) -> Self {
        Self { program: self.program.args(["-A", user_agent]) }
    }

    /// Runs it and reads its report.
    ///
    /// # Errors
    ///
    /// When it cannot be run, runs over its time or the time of one part, or leaves no report.
    pub fn run(self) -> anyhow::Result<WapitiReport> {
        let report_path = self.program.folder().join("report.json");
        let finished = self.program.run(RUN_MS_MAX)?;
        anyhow::ensure!(finished.status.is_some(), "wapiti ran over {RUN_MS_MAX} ms:\n{}", finished.output);
        let text = fs::read(&report_path).with_context(|| format!("wapiti left no report:\n{}", finished.output))?;
        let report: Value = serde_json::from_slice(&text).context("failed to read wapiti's report")?;
        let findings = findings(&report).context("wapiti's report has no vulnerabilities object")?;
        let crawled = crawled(&finished.output).context("wapiti does not say how much it crawled")?;
        // A crawl or a module out of time would make "found nothing" mean nothing.
        anyhow::ensure!(!finished.output.contains("time was reached"), "wapiti was cut short:\n{}", finished.output);
        Ok(WapitiReport { finished, findings, crawled })
    }
}

fn findings(report: &Value) -> Option<Vec<Finding>> {
    let mut findings = Vec::new();
    for (kind, list) in report.get("vulnerabilities")?.as_object()? {
        for hole in list.as_array()? {
            let text = |key: &str| hole.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            findings.push(Finding { kind: kind.clone(), path: text("path"), parameter: text("parameter") });
        }
    }
    findings.sort();
    findings.dedup();
    Some(findings)
}

/// Reads the number out of `[*] Wapiti found 60 URLs and forms during the scan`.
fn crawled(output: &str) -> Option<u32> {
    let (_, rest) = output.split_once("Wapiti found ")?;
    rest.split(' ').next()?.parse().ok()
}
