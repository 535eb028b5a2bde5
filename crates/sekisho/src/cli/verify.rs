//! `sekisho verify`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use jiff::Unit;
use jiff::civil::Date;
use sekisho_lake::verify::{self, Days, Report};
use sekisho_seal::VerifyingKey;

use super::lake::LakeArgs;
use super::{Failure, Outcome};
use crate::terminal;

/// Say whether a lake is as it was sealed: nothing altered, dropped, doubled, inserted or put elsewhere.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The lake's public key, from where nobody who can write to the lake can write. Default: the one in the lake
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Write a proof of one record, and the record, for `sekisho-verify`: its index, as in the column `record`
    #[arg(long, value_name = "INDEX", requires = "output", conflicts_with_all = ["from", "to"])]
    record: Option<u64>,
    /// Folder for the proof and the record
    #[arg(long, value_name = "DIR", requires = "record")]
    output: Option<PathBuf>,
    /// First day (UTC) whose files are held against the seal, such as 2026-11-01. Default: the oldest
    #[arg(long, value_name = "DAY")]
    from: Option<Date>,
    /// Last day (UTC) whose files are held against the seal. That no record is missing and no file has other
    /// bytes than were written is told of all days. Default: the newest
    #[arg(long, value_name = "DAY")]
    to: Option<Date>,
    #[command(flatten)]
    lake: LakeArgs,
}

pub(super) fn verify(args: &VerifyArgs) -> Outcome {
    let place = args.lake.place()?;
    let key = key(args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.context("failed to start the runtime")?;
    if let (Some(index), Some(folder)) = (args.record, &args.output) {
        let proved = runtime.block_on(verify::prove(&place, &key, index)).map_err(anyhow::Error::from)?;
        return write_proof(index, folder, &proved, &key);
    }
    let report = runtime.block_on(verify::verify(&place, &key, &days(args)?));
    terminal::print(&shown(&report))?;
    if args.key.is_none() {
        terminal::note(
            "note: the key is the one in the lake: give the one you keep elsewhere (--key) to be sure of it",
        );
    }
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The days that were asked for.
fn days(args: &VerifyArgs) -> anyhow::Result<Days> {
    let number = |day: Date| {
        let since = day.since((Unit::Day, Date::constant(1970, 1, 1))).expect("days between dates are few enough");
        since.get_days()
    };
    let days = args.from.map_or(i32::MIN, number)..=args.to.map_or(i32::MAX, number);
    anyhow::ensure!(!days.is_empty(), "--from is a later day than --to");
    Ok(days)
}

/// The key that was given, or the lake's own.
fn key(args: &VerifyArgs) -> Result<VerifyingKey, Failure> {
    let text = match &args.key {
        Some(key) => key.clone(),
        None => {
            let path = args.lake.folder().join("seal").join("key.pub");
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?
        }
    };
    Ok(VerifyingKey::from_text(text.trim_end()).context("this is not the public key of a lake")?)
}

fn write_proof(index: u64, folder: &Path, proved: &verify::Proved, key: &VerifyingKey) -> Outcome {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let (proof, record) = (folder.join(format!("{index}.proof")), folder.join(format!("{index}.record")));
    for (path, bytes) in [(&proof, proved.proof.to_text().as_bytes()), (&record, &proved.raw[..])] {
        fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    terminal::print(&format!("sekisho-verify '{}' {} {}\n", key.to_text(), proof.display(), record.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// What a person reads of it.
fn shown(report: &Report) -> String {
    let Report { log, sealed, records, files, unsealed, pending, deleted, others, problems, problem_count } = report;
    let mut text = String::new();
    let mut line = |line: String| writeln!(text, "{line}").expect("a String takes any text");
    match sealed {
        Some((size, root)) => line(format!("{log}: {size} records sealed, root {}", root.to_base64())),
        None => line(format!("{log}: there is no checkpoint to trust")),
    }
    line(format!(
        "{records} records held against their leaves, {files} files read, {deleted} records deleted by policy"
    ));
    if *unsealed > 0 {
        line(format!("{unsealed} records are newer than the checkpoint: nothing is said of them"));
    }
    for (other, records) in others {
        line(format!("{records} records of {other} are not verified here: verify them with the lake that writes them"));
    }
    if *pending > 0 {
        line(format!(
            "{pending} files were written since the checkpoint: verify again in some seconds to hold their bytes too"
        ));
    }
    for problem in problems {
        // Names of files may hold what a terminal would obey.
        line(problem.to_string().chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect());
    }
    let unnamed = problem_count.saturating_sub(problems.len() as u64);
    if unnamed > 0 {
        line(format!("and {unnamed} more"));
    }
    line(match (report.is_good(), problem_count) {
        (true, _) => "nothing was altered".to_owned(),
        (false, 1) => "NOT as it was sealed: 1 problem".to_owned(),
        (false, count) => format!("NOT as it was sealed: {count} problems"),
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sealed_lake_without_problems_is_good() {
        let report = Report { log: "lake.example".to_owned(), ..Report::default() };
        let text = shown(&report);
        assert!(text.contains("there is no checkpoint to trust") && text.contains("NOT as it was sealed"), "{text}");
        let good = Report { sealed: Some((3, sekisho_seal::Hash::of(&[]))), records: 3, files: 1, ..report };
        assert!(shown(&good).ends_with("nothing was altered\n"));
    }
}
