//! The `sekisho` binary as a subprocess.
//!
//! What the harness relies on: `sekisho guard UPSTREAM --listen 127.0.0.1:0 --admin 127.0.0.1:0` writes, to standard
//! output or standard error, one line holding `listening on http://ADDRESS` (or `https://`) once it accepts
//! connections, keeps its data under the current folder, and takes no fixed port. Of several such lines the first
//! counts.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use sekisho_shop::Loopback;
use serde_json::Value;
use tempfile::TempDir;

use crate::environment::{binary_under_test, cargo};

const READY_MS_MAX: u64 = 20_000;
const POLL_MS: u64 = 10;
const LISTENING: &str = "listening on";
const ADMIN: &str = "metrics and health on";

/// A running checkpoint; killed by its id when dropped.
#[derive(Debug)]
pub struct Checkpoint {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Checkpoint {
    /// Starts `sekisho guard upstream` on a free port with its defaults.
    ///
    /// # Errors
    ///
    /// See [`Checkpoint::start`].
    pub fn guard(upstream: &str) -> anyhow::Result<Self> {
        Self::start(["guard", upstream, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
    }

    /// Starts the binary with these arguments in a new folder and waits until it says where it listens.
    ///
    /// # Errors
    ///
    /// When it cannot be built or started, ends early, or does not announce itself in time; with its log.
    pub fn start<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("sekisho-e2e-").tempdir().context("failed to make a folder")?;
        Self::start_in(folder, arguments)
    }

    /// As [`Checkpoint::start`], in a folder the test has laid out (an ACL, certificates, earlier logs).
    ///
    /// # Errors
    ///
    /// See [`Checkpoint::start`].
    pub fn start_in<A: AsRef<OsStr>>(folder: TempDir, arguments: impl IntoIterator<Item = A>) -> anyhow::Result<Self> {
        Self::start_with(folder, arguments, &[])
    }

    /// As [`Checkpoint::start_in`], with these variables added to its environment.
    ///
    /// # Errors
    ///
    /// See [`Checkpoint::start`].
    pub fn start_with<A: AsRef<OsStr>>(
        folder: TempDir,
        arguments: impl IntoIterator<Item = A>,
        variables: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let arguments: Vec<OsString> = arguments.into_iter().map(|argument| argument.as_ref().to_owned()).collect();
        let log = File::create(log_path(folder.path())).context("failed to create the checkpoint's log")?;
        let child = Command::new(binary()?)
            .args(&arguments)
            .current_dir(folder.path())
            .env("NO_COLOR", "1")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("failed to start the checkpoint")?;
        // Owned before the wait, so that a checkpoint that never gets ready is killed too.
        let mut checkpoint = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), folder };
        checkpoint.address = checkpoint.wait_until_ready()?;
        Ok(checkpoint)
    }

    /// The address it listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL for scripts and scanners, in plain HTTP.
    ///
    /// # Errors
    ///
    /// When the checkpoint was told to listen beyond loopback.
    pub fn base(&self) -> anyhow::Result<Loopback> {
        Ok(Loopback::new(self.address)?)
    }

    /// The folder it runs in; its data lies below.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process id, to read its memory or to signal it.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything it has written to standard output and standard error, for failure messages.
    #[must_use]
    pub fn log(&self) -> String {
        let text = fs::read(log_path(self.folder.path())).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }

    /// The address in the first line of its log where `words` come right before a URL, such as the admin address.
    #[must_use]
    pub fn announced(&self, words: &str) -> Option<SocketAddr> {
        announced(&self.log(), words)
    }

    /// Where it serves metrics and health.
    ///
    /// # Errors
    ///
    /// When it has not announced that address.
    pub fn admin(&self) -> anyhow::Result<SocketAddr> {
        self.announced(ADMIN).with_context(|| format!("no admin address is announced:\n{}", self.log()))
    }

    /// The memory it holds, in kilobytes.
    ///
    /// # Errors
    ///
    /// When the process is gone.
    pub fn resident_kb(&self) -> anyhow::Result<u64> {
        let path = format!("/proc/{}/status", self.id());
        let status = fs::read_to_string(&path).with_context(|| format!("failed to read {path}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS is told")?;
        line.trim().trim_end_matches(" kB").parse().context("VmRSS is no number")
    }

    /// Ends it as `kill -9` does, and returns its folder for a look at what it left.
    ///
    /// # Errors
    ///
    /// When the process has ended before.
    pub fn kill(mut self) -> anyhow::Result<TempDir> {
        anyhow::ensure!(self.child.try_wait()?.is_none(), "the checkpoint had ended by itself:\n{}", self.log());
        self.child.kill().context("failed to kill the checkpoint")?;
        self.child.wait().context("failed to wait for the checkpoint")?;
        let empty = TempDir::new().context("failed to make a folder")?;
        Ok(std::mem::replace(&mut self.folder, empty))
    }

    /// Sends it a signal by name, such as `HUP` or `TERM`.
    ///
    /// # Errors
    ///
    /// When the process is gone.
    pub fn signal(&self, name: &str) -> anyhow::Result<()> {
        let status = Command::new("kill").args(["-s", name, &self.id().to_string()]).status()?;
        anyhow::ensure!(status.success(), "failed to send {name} to the checkpoint");
        Ok(())
    }

    /// Waits until it ends by itself, and returns its folder for a look at what it left.
    ///
    /// # Errors
    ///
    /// When it is still running after `limit_ms`; with its log.
    pub fn wait(mut self, limit_ms: u64) -> anyhow::Result<(ExitStatus, TempDir)> {
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(limit_ms) {
            if let Some(status) = self.child.try_wait()? {
                let empty = TempDir::new().context("failed to make a folder")?;
                return Ok((status, std::mem::replace(&mut self.folder, empty)));
            }
            std::thread::sleep(Duration::from_millis(POLL_MS));
        }
        bail!("the checkpoint still runs after {limit_ms} ms:\n{}", self.log())
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<SocketAddr> {
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(READY_MS_MAX) {
            if let Some(address) = self.announced(LISTENING) {
                return Ok(address);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the checkpoint ended with {status} before it listened:\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(POLL_MS));
        }
        bail!("the checkpoint did not listen within {READY_MS_MAX} ms:\n{}", self.log())
    }
}

impl Drop for Checkpoint {
    fn drop(&mut self) {
        // Either fails only when the process has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn log_path(folder: &Path) -> PathBuf {
    folder.join("checkpoint.log")
}

/// The address in the first complete line where `words` are followed by a URL with an address.
fn announced(log: &str, words: &str) -> Option<SocketAddr> {
    log.split_inclusive('\n').filter(|line| line.ends_with('\n')).find_map(|line| {
        let (_, rest) = line.split_once(words)?;
        let rest = rest.trim_start().strip_prefix("http")?;
        let rest = rest.strip_prefix('s').unwrap_or(rest).strip_prefix("://")?;
        let end = rest.find(|char: char| !(char.is_ascii_hexdigit() || "[].:".contains(char)));
        rest[..end.unwrap_or(rest.len())].parse().ok()
    })
}

/// The binary under test, built once a test program unless `SEKISHO_BIN` names it.
pub(crate) fn binary() -> anyhow::Result<&'static Path> {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let found = BINARY.get_or_init(|| match binary_under_test() {
        Some(path) => Ok(path),
        None => build().map_err(|error| format!("{error:#}")),
    });
    found.as_deref().map_err(|error| anyhow!("failed to build the checkpoint: {error}"))
}

fn build() -> anyhow::Result<PathBuf> {
    let output = Command::new(cargo())
        .args(["build", "--profile", "demo", "--package", "sekisho", "--bin", "sekisho"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .output()
        .context("failed to start cargo")?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let messages = String::from_utf8_lossy(&output.stdout);
    let mut executables = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        message.get("executable")?.as_str().map(PathBuf::from)
    });
    executables.next_back().context("cargo names no executable")
}

#[cfg(test)]
mod tests {
    use super::{LISTENING, announced};

    #[test]
    fn the_announcement_is_read_once_its_line_is_complete() {
        let address = |text| announced(text, LISTENING).map(|address| address.to_string());
        assert_eq!(address("x\nINFO listening on http://127.0.0.1:81 acl=starter\n").as_deref(), Some("127.0.0.1:81"));
        assert_eq!(address("listening on https://[::1]:8443\n").as_deref(), Some("[::1]:8443"));
        assert_eq!(address("{\"message\":\"listening on http://127.0.0.1:82\"}\n").as_deref(), Some("127.0.0.1:82"));
        assert_eq!(address("listening on http://127.0.0.1:8"), None);
        assert_eq!(address("listening on http://shop.example:80\n"), None);
        assert_eq!(address(""), None);
        let two = "listening on http://127.0.0.1:1\nadmin on http://127.0.0.1:2/metrics\n";
        assert_eq!(announced(two, "admin on").map(|address| address.port()), Some(2));
    }
}
