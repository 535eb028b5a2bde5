//! What a process and all it started have used, from `/proc`.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process::capture;

/// CPU time and memory of a process and its descendants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// User and system time of all their threads so far.
    pub(crate) cpu: Duration,
    /// Resident memory now, in bytes; pages they share are counted for each.
    pub(crate) rss_bytes: u64,
}

impl Usage {
    /// Reads the usage of `root` and its descendants.
    ///
    /// # Errors
    ///
    /// If `root` is not running, or `/proc` does not read as on Linux.
    pub(crate) fn of(root: u32) -> Result<Self> {
        let ticks_per_second = ticks_per_second()?;
        let all = stats()?;
        if !all.iter().any(|stat| stat.pid == root) {
            bail!("process {root} is not running");
        }
        let mut usage = Self { cpu: Duration::ZERO, rss_bytes: 0 };
        for stat in family(root, &all) {
            usage.cpu += Duration::from_secs_f64(stat.ticks as f64 / ticks_per_second);
            usage.rss_bytes += rss_bytes(stat.pid);
        }
        Ok(usage)
    }
}

/// The process `root`, its children, theirs, and so on.
fn family(root: u32, all: &[Stat]) -> Vec<Stat> {
    let mut family: Vec<Stat> = all.iter().copied().filter(|stat| stat.pid == root).collect();
    let mut at = 0;
    while at < family.len() {
        let parent = family[at].pid;
        family.extend(all.iter().filter(|stat| stat.parent == parent));
        at += 1;
    }
    family
}

/// What `/proc/PID/stat` says of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    pid: u32,
    parent: u32,
    /// User and system time, in clock ticks.
    ticks: u64,
}

impl Stat {
    /// Source: `proc_pid_stat(5)`: fields 1 pid, 2 name in parentheses, 4 parent, 14 user and 15 system time.
    fn parse(text: &str) -> Option<Self> {
        let (start, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Self {
            pid: start.split_once(' ')?.0.parse().ok()?,
            parent: fields.get(1)?.parse().ok()?,
            ticks: number(11)? + number(12)?,
        })
    }
}

/// Every process there is; those that end while being read are left out.
fn stats() -> Result<Vec<Stat>> {
    let entries = std::fs::read_dir("/proc").context("list /proc")?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let pids = names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    let texts = pids.filter_map(|pid| std::fs::read_to_string(format!("/proc/{pid}/stat")).ok());
    Ok(texts.filter_map(|text| Stat::parse(&text)).collect())
}

/// Resident memory of a process; none of one that has just ended.
fn rss_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
    status.ok().and_then(|status| parse_rss(&status)).unwrap_or(0)
}

fn parse_rss(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

fn ticks_per_second() -> Result<f64> {
    let printed = capture(Command::new("getconf").arg("CLK_TCK"))?;
    printed.trim().parse().context("read what `getconf CLK_TCK` prints")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_is_read_past() {
        let text = "42 (a) b (c) S 7 42 42 0 -1 4194560 9 0 0 0 150 50 0 0 20 0 3 0 1 2 3";
        assert_eq!(Stat::parse(text), Some(Stat { pid: 42, parent: 7, ticks: 200 }));
        assert_eq!(Stat::parse("42 (a) S 7"), None);
    }

    #[test]
    fn resident_memory_is_in_bytes() {
        assert_eq!(parse_rss("Name:\ta\nVmRSS:\t   12 kB\n"), Some(12 * 1024));
        assert_eq!(parse_rss("Name:\ta\n"), None);
    }

    #[test]
    fn a_family_is_all_descendants_and_nobody_else() {
        let stat = |pid, parent| Stat { pid, parent, ticks: 0 };
        let all = [stat(1, 0), stat(4, 3), stat(2, 1), stat(3, 2), stat(5, 1)];
        let pids: Vec<_> = family(2, &all).into_iter().map(|stat| stat.pid).collect();
        assert_eq!(pids, [2, 3, 4]);
    }

    #[test]
    fn this_process_uses_memory_and_a_missing_one_is_an_error() -> Result<()> {
        assert!(Usage::of(std::process::id())?.rss_bytes > 0);
        assert!(Usage::of(u32::MAX).is_err());
        Ok(())
    }
}
