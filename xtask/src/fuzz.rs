//! `cargo xtask fuzz`: libFuzzer on stable Rust.
//!
//! `cargo fuzz` needs a nightly compiler for its sanitizers. Coverage alone is an LLVM pass that stable rustc can run, and
//! since the workspace forbids `unsafe`, panics, overflows, endless loops and unbounded memory are what there is to find.
//! A target is one file in `fuzz/src/bin`; inputs to start from may stand in `fuzz/seeds/<target>`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::packages;
use crate::process::{capture, cargo, run as run_command, say, shown};

/// Most memory a target may use, in MB.
const RSS_MB_MAX: u32 = 1024;
/// Most time one input may take, in seconds; anything linear takes milliseconds.
const INPUT_SECONDS_MAX: u32 = 5;
/// Longest input, in bytes: over the 64 KB of a body that is inspected.
const INPUT_BYTES_MAX: u32 = 80 * 1024;

/// Edge coverage with counters and compared values, for every crate of the target.
const INSTRUMENTATION: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    // Leave comparisons with constants as calls, which libFuzzer intercepts: it learns the words a parser looks for.
    "-Cllvm-args=-max-loads-per-memcmp=0",
];

/// What a build may do to `fuzz/Cargo.lock`, which follows the dependencies of our crates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    /// Bring it up to date: by hand, to be committed.
    Update,
    /// Nothing: what is tested is what is committed.
    Keep,
}

/// What a run searches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Search {
    /// The same inputs in the same order whenever a commit is built: from the seeds alone, with [`SEED`], and no more than
    /// [`INPUTS_MAX`]; a slow machine does as many of the first as it can.
    Repeatable,
    /// On from what earlier runs found, by chance.
    Onward,
}

/// The number libFuzzer's chance begins with in a repeatable run; 0 would mean a new one each time.
const SEED: u32 = 1;

/// Inputs of a target in a repeatable run. Without a number, how far a run comes would depend on how busy the machine is.
const INPUTS_MAX: u32 = 200_000;

/// Builds the targets and runs `only`, or each in turn, for `seconds`.
///
/// # Errors
///
/// If there is no such target, the build fails, or a target finds a crash; the others still run.
pub(crate) fn run(root: &Path, only: Option<&str>, seconds: u32, lock: Lock, search: Search) -> Result<()> {
    packages::ensure(&[&packages::CXX])?;
    let folder = root.join("fuzz");
    let targets = chosen(&targets(&folder)?, only)?;
    let host = host_triple()?;
    build(&folder, &host, &targets, lock)?;
    let mut crashed = Vec::new();
    for target in &targets {
        let binary = folder.join("target").join(&host).join("release").join(target);
        if let Err(error) = run_target(&folder, target, &binary, seconds, search) {
            say(format!("{target}: {error:#}"))?;
            crashed.push(target.as_str());
        }
    }
    if !crashed.is_empty() {
        bail!("fuzz targets failed: {}", crashed.join(", "));
    }
    Ok(())
}

/// The targets, by the files that define them.
fn targets(folder: &Path) -> Result<Vec<String>> {
    let bin = folder.join("src/bin");
    let mut targets = Vec::new();
    for entry in std::fs::read_dir(&bin).with_context(|| format!("list the fuzz targets in {}", bin.display()))? {
        let path = entry.context("list the fuzz targets")?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            targets.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    targets.sort();
    Ok(targets)
}

fn chosen(targets: &[String], only: Option<&str>) -> Result<Vec<String>> {
    match only {
        None if targets.is_empty() => bail!("there are no fuzz targets"),
        None => Ok(targets.to_vec()),
        Some(only) if targets.iter().any(|target| target == only) => Ok(vec![only.to_owned()]),
        Some(only) => bail!("no fuzz target is called `{only}`; there are: {}", targets.join(", ")),
    }
}

fn host_triple() -> Result<String> {
    let version = capture(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("find the host in what `rustc -vV` prints")
}

/// Builds for an explicit target, so that build scripts and procedural macros are not instrumented.
fn build(folder: &Path, host: &str, targets: &[String], lock: Lock) -> Result<()> {
    let mut command = cargo(folder);
    command.args(["build", "--release", "--target", host, "--target-dir", "target"]);
    if lock == Lock::Keep {
        command.arg("--locked");
    }
    for target in targets {
        command.args(["--bin", target]);
    }
    command.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENTATION.join("\u{1f}"));
    run_command(&mut command)
        .context("build the fuzz targets (if fuzz/Cargo.lock is out of date: `cargo xtask fuzz`, then commit it)")
}

/// Runs one target and holds it to having seen coverage and run inputs at all.
fn run_target(folder: &Path, target: &str, binary: &Path, seconds: u32, search: Search) -> Result<()> {
    let fresh = tempfile::tempdir().context("create a folder for inputs")?;
    let corpus = match search {
        Search::Repeatable => fresh.path().to_owned(),
        Search::Onward => made(folder.join("corpus").join(target))?,
    };
    let artifacts = made(folder.join("artifacts").join(target))?;
    let seeds = folder.join("seeds").join(target);
    let mut command = Command::new(binary);
    command.current_dir(folder).args(options(seconds, search));
    command.arg(format!("-artifact_prefix={}/", artifacts.display())).arg(corpus);
    if seeds.is_dir() {
        command.arg(seeds);
    }
    say(format!("$ {target} for {seconds} s"))?;
    let output = command.stderr(Stdio::piped()).output().with_context(|| format!("start {}", shown(&command)))?;
    let log = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        say(&log)?;
        bail!("ended with {}; the input is in fuzz/artifacts/{target}, make it a unit test", output.status);
    }
    say(format!("{target}: {}", summary(&log)?))?;
    Ok(())
}

fn options(seconds: u32, search: Search) -> Vec<String> {
    let mut options = vec![
        ("max_total_time", seconds),
        ("rss_limit_mb", RSS_MB_MAX),
        ("timeout", INPUT_SECONDS_MAX),
        ("max_len", INPUT_BYTES_MAX),
        ("print_final_stats", 1),
    ];
    if search == Search::Repeatable {
        options.extend([("seed", SEED), ("runs", INPUTS_MAX)]);
    }
    options.into_iter().map(|(option, value)| format!("-{option}={value}")).collect()
}

fn made(folder: PathBuf) -> Result<PathBuf> {
    std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    Ok(folder)
}

/// What a quiet run has to show for itself: a target that saw no coverage or ran no input proves nothing.
fn summary(log: &str) -> Result<String> {
    let number = |prefix: &str| {
        let rest = log.lines().find_map(|line| line.strip_prefix(prefix))?;
        rest.trim_start().split(|character: char| !character.is_ascii_digit()).next()?.parse::<u64>().ok()
    };
    let covered = log.lines().rev().find_map(|line| {
        let rest = line.split_once(" cov: ")?.1;
        rest.split_whitespace().next()?.parse::<u64>().ok()
    });
    let counters = log.lines().find_map(|line| line.split_once("modules")?.1.trim_start().strip_prefix('('));
    let counters = counters.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0);
    let runs = number("stat::number_of_executed_units:").unwrap_or(0);
    let (Some(covered), 1.., 1..) = (covered, counters, runs) else {
        bail!("the run proves nothing: {counters} counters, {runs} inputs\n{log}");
    };
    let rss = number("stat::peak_rss_mb:").unwrap_or(0);
    Ok(format!("{runs} inputs, {covered} of {counters} edges, {rss} MB at most, no crash"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "INFO: Loaded 1 modules   (166 inline 8-bit counters): 166 [0x1, 0x2), \n\
        #2\tINITED cov: 2 ft: 2\n#9\tDONE   cov: 28 ft: 42 corp: 21/3450b\n\
        stat::number_of_executed_units: 4390302\nstat::peak_rss_mb:              27\n";

    #[test]
    fn the_summary_is_read_from_libfuzzers_log() -> Result<()> {
        assert_eq!(summary(LOG)?, "4390302 inputs, 28 of 166 edges, 27 MB at most, no crash");
        Ok(())
    }

    #[test]
    fn a_blind_or_idle_run_is_an_error() {
        assert!(summary(&LOG.replace("166 inline", "0 inline")).is_err());
        assert!(summary(&LOG.replace("4390302", "0")).is_err());
        assert!(summary("").is_err());
    }

    #[test]
    fn only_a_repeatable_run_has_a_seed_and_a_number_of_inputs() {
        for option in [format!("-seed={SEED}"), format!("-runs={INPUTS_MAX}")] {
            assert!(options(10, Search::Repeatable).contains(&option));
            let (name, _) = option.split_once('=').expect("a name and a value");
            assert!(!options(10, Search::Onward).iter().any(|option| option.starts_with(name)));
        }
    }

    #[test]
    fn an_unknown_target_is_refused_with_the_known_ones() {
        let targets = ["a".to_owned(), "b".to_owned()];
        let error = chosen(&targets, Some("c")).expect_err("there is no c");
        assert_eq!(error.to_string(), "no fuzz target is called `c`; there are: a, b");
        assert!(chosen(&[], None).is_err());
        assert_eq!(chosen(&targets, None).ok().as_deref(), Some(targets.as_slice()));
    }
}
