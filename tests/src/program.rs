//! A foreign program with a deadline: started, waited for, killed by id when it runs over.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use tempfile::TempDir;

/// How often a running program is looked at.
const POLL_MS: u64 = 20;
/// Settings of the surrounding machine that would lead a scanner's requests elsewhere.
const PROXY_VARIABLES: &[&str] = &["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/// A program to run in a folder of its own, which is also its home.
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
    variables: Vec<(&'static str, &'static str)>,
    folder: TempDir,
}

/// How a program ended.
#[derive(Debug)]
pub struct Finished {
    /// The exit status; `None` when it ran over its time and was killed.
    pub status: Option<ExitStatus>,
    /// Standard output and standard error, in the order they were written.
    pub output: String,
    /// How long it ran, in milliseconds.
    pub took_ms: u128,
    /// The folder it ran in, with whatever it left there; removed when dropped.
    pub folder: TempDir,
}

impl Program {
    /// Prepares the program at `path`.
    ///
    /// # Errors
    ///
    /// When no temporary folder can be made.
    pub fn new(path: impl Into<PathBuf>) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("sekisho-e2e-").tempdir().context("failed to make a folder")?;
        Ok(Self { path: path.into(), arguments: Vec::new(), variables: Vec::new(), folder })
    }

    /// The folder it will run in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds several arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    /// Runs it to its end, or for `limit_ms` at most.
    ///
    /// # Errors
    ///
    /// When it cannot be started or waited for. Running over its time is not an error: see [`Finished::status`].
    pub fn run(self, limit_ms: u64) -> anyhow::Result<Finished> {
        let log_path = self.folder.path().join("output.log");
        let log = File::create(&log_path).context("failed to create the output file")?;
        let started = Instant::now();
        let mut command = Command::new(&self.path);
        for name in PROXY_VARIABLES {
            command.env_remove(name);
        }
        let mut child = command
            .args(&self.arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("XDG_DATA_HOME", self.folder.path())
            .env("TERM", "dumb")
            .envs(self.variables)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("failed to start {}", self.path.display()))?;
        let status = wait(&mut child, Duration::from_millis(limit_ms))?;
        let took_ms = started.elapsed().as_millis();
        let output = String::from_utf8_lossy(&fs::read(&log_path)?).into_owned();
        Ok(Finished { status, output, took_ms, folder: self.folder })
    }
}

/// Waits until `child` ends; kills it after `limit` and returns `None`.
fn wait(child: &mut Child, limit: Duration) -> anyhow::Result<Option<ExitStatus>> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().context("failed to wait for the program")? {
            return Ok(Some(status));
        }
        if started.elapsed() > limit {
            child.kill().context("failed to kill the program")?;
            child.wait().context("failed to wait for the program")?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(POLL_MS));
    }
}

#[cfg(test)]
mod tests {
    use super::Program;

    #[test]
    fn a_program_that_runs_over_its_time_is_killed() {
        let finished = Program::new("/bin/sh").unwrap().args(["-c", "echo early; exec sleep 60"]).run(300).unwrap();
        assert!(finished.status.is_none());
        assert_eq!(finished.output, "early\n");
        assert!(finished.took_ms < 30_000);
    }

    #[test]
    fn a_program_runs_in_a_folder_of_its_own() {
        let finished =
            Program::new("/bin/sh").unwrap().args(["-c", "pwd; echo $HOME >&2; exit 3"]).run(30_000).unwrap();
        let folder = finished.folder.path().display().to_string();
        assert_eq!(finished.output, format!("{folder}\n{folder}\n"));
        assert_eq!(finished.status.and_then(|status| status.code()), Some(3));
    }
}
