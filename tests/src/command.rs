//! One-shot commands of the `sekisho` binary, as a user types them.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::checkpoint::binary;

const RUN_MS_MAX: u64 = 60_000;
const POLL_MS: u64 = 10;

/// How a command ended and what it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// The exit status; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Runs `sekisho` with these arguments in `folder`, gives it `input`, and waits for its end.
///
/// # Errors
///
/// When it cannot be built or started, or still runs after a minute; it is killed then.
pub fn sekisho<A: AsRef<OsStr>>(
    folder: &Path,
    arguments: impl IntoIterator<Item = A>,
    input: &[u8],
) -> anyhow::Result<Ran> {
    run(Command::new(binary()?), folder, arguments, input)
}

/// As [`sekisho`], with these variables added to its environment and no input.
///
/// # Errors
///
/// See [`sekisho`].
pub fn sekisho_with<A: AsRef<OsStr>>(
    folder: &Path,
    arguments: impl IntoIterator<Item = A>,
    variables: &[(&str, &str)],
) -> anyhow::Result<Ran> {
    let mut command = Command::new(binary()?);
    command.envs(variables.iter().copied());
    run(command, folder, arguments, b"")
}

fn run<A: AsRef<OsStr>>(
    mut command: Command,
    folder: &Path,
    arguments: impl IntoIterator<Item = A>,
    input: &[u8],
) -> anyhow::Result<Ran> {
    let file = || tempfile::tempfile().context("failed to make a file");
    let (mut stdin, stdout, stderr) = (file()?, file()?, file()?);
    stdin.write_all(input)?;
    stdin.rewind()?;
    let mut child = command
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .stdin(Stdio::from(stdin))
        .stdout(stdout.try_clone()?)
        .stderr(stderr.try_clone()?)
        .spawn()
        .context("failed to start sekisho")?;
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if started.elapsed() > Duration::from_millis(RUN_MS_MAX) {
            child.kill()?;
            child.wait()?;
            bail!("sekisho still ran after {RUN_MS_MAX} ms:\n{}{}", text(stdout)?, text(stderr)?);
        }
        std::thread::sleep(Duration::from_millis(POLL_MS));
    };
    Ok(Ran { code: status.code(), stdout: text(stdout)?, stderr: text(stderr)? })
}

fn text(mut file: File) -> anyhow::Result<String> {
    file.rewind()?;
    std::io::read_to_string(file).context("sekisho wrote something that is no UTF-8")
}
