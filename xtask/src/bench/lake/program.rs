//! A program that runs to its end: how long, how much processor time, how much memory.

use std::io::{self, Read as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::{say, shown};
use crate::process_tree::Usage;

/// How often memory and processor time are looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// One run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    pub(super) wall: Duration,
    /// As last seen, at most [`LOOK_INTERVAL`] before its end.
    pub(super) cpu: Duration,
    /// The most that was seen at once.
    pub(super) rss_bytes: u64,
}

impl Measured {
    pub(super) fn megabytes_per_second(&self, bytes: u64) -> f64 {
        bytes as f64 / 1e6 / self.wall.as_secs_f64()
    }

    /// For `raw_bytes` that went in and `stored_bytes` that came of it.
    pub(super) fn shown(&self, raw_bytes: u64, stored_bytes: u64) -> String {
        format!(
            "{:.1} MB/s, {:.1} s, {:.1} s of processor time, {:.0} MB of memory, stored 1/{:.1}",
            self.megabytes_per_second(raw_bytes),
            self.wall.as_secs_f64(),
            self.cpu.as_secs_f64(),
            self.rss_bytes as f64 / 1e6,
            raw_bytes as f64 / stored_bytes as f64
        )
    }
}

/// Runs a command to its end.
///
/// # Errors
///
/// If it cannot be started or does not succeed.
pub(super) fn measured(command: &mut Command) -> Result<Measured> {
    say(format!("$ {}", shown(command)))?;
    let started = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    let child = child.with_context(|| format!("start {}", shown(command)))?;
    watch(child, started, command)
}

/// Runs a command to its end while its standard input is written; also what the writer gave.
///
/// # Errors
///
/// If it cannot be started, does not succeed, or does not read to the end.
pub(super) fn measured_fed<T: Send>(
    command: &mut Command,
    write: impl FnOnce(ChildStdin) -> io::Result<T> + Send,
) -> Result<(Measured, T)> {
    say(format!("$ … | {}", shown(command)))?;
    let started = Instant::now();
    let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
    let mut child = child.with_context(|| format!("start {}", shown(command)))?;
    let input = child.stdin.take().context("standard input is a pipe")?;
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| write(input));
        let run = watch(child, started, command)?;
        let written = writer.join().map_err(|_| anyhow::anyhow!("the writer panicked"))?;
        Ok((run, written.context("write its standard input")?))
    })
}

/// Runs a command and gives what it printed, and how long it took to its first byte and to its end.
///
/// # Errors
///
/// If it cannot be started, does not succeed, or prints something other than UTF-8.
pub(super) fn timed(command: &mut Command) -> Result<(String, Duration, Duration)> {
    let started = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = child.with_context(|| format!("start {}", shown(command)))?;
    let mut output = child.stdout.take().context("standard output is a pipe")?;
    let mut first = [0];
    let is_any = output.read(&mut first)? == 1;
    let to_first = started.elapsed();
    let mut bytes = if is_any { first.to_vec() } else { Vec::new() };
    output.read_to_end(&mut bytes)?;
    let status = child.wait()?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    let text = String::from_utf8(bytes).with_context(|| format!("read what {} printed", shown(command)))?;
    Ok((text, to_first, started.elapsed()))
}

fn watch(mut child: Child, started: Instant, command: &Command) -> Result<Measured> {
    let mut run = Measured { wall: Duration::ZERO, cpu: Duration::ZERO, rss_bytes: 0 };
    loop {
        if let Some(status) = child.try_wait()? {
            run.wall = started.elapsed();
            if !status.success() {
                bail!("{} ended with {status}", shown(command));
            }
            return Ok(run);
        }
        if let Ok(usage) = Usage::of(child.id()) {
            run.cpu = run.cpu.max(usage.cpu);
            run.rss_bytes = run.rss_bytes.max(usage.rss_bytes);
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_program_is_measured_and_its_failure_is_an_error() -> Result<()> {
        let run = measured(Command::new("sleep").arg("0.2"))?;
        assert!(run.wall >= Duration::from_millis(200) && run.rss_bytes > 0, "{run:?}");
        assert!(measured(&mut Command::new("false")).is_err());
        let (_, bytes) = measured_fed(Command::new("wc").arg("-c"), |mut input| {
            input.write_all(b"abc")?;
            Ok(3)
        })?;
        assert_eq!(bytes, 3);
        let (text, to_first, to_end) = timed(Command::new("echo").arg("a"))?;
        assert!(text == "a\n" && to_first <= to_end);
        Ok(())
    }
}
