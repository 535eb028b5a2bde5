//! `sekisho lake status`.

use std::fmt::Write as _;
use std::fs;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use sekisho_query::{FormatName, QueryError, QuerySettings, Questions};
use sekisho_seal::{Checkpoint, Note, VerifyingKey};
use sekisho_tables::{TableName, Tables};

use super::super::Outcome;
use super::LakeArgs;
use crate::terminal;

/// Sources of the last eight days: this day's records beside those of a day on the average of the week before, and the silence until now.
const SOURCES: &str = "SELECT source, \
    sum(records) FILTER (WHERE hour > now() - interval '1 day') AS last_day, \
    sum(records) FILTER (WHERE hour <= now() - interval '1 day') / 7 AS usual_day, \
    sum(quarantined) AS quarantined, max(newest) AS newest, \
    CAST(date_part('epoch', now()) - date_part('epoch', max(newest)) AS BIGINT) AS silent_seconds \
    FROM received_hours WHERE hour > now() - interval '8 days' GROUP BY source ORDER BY source";

/// Say what a lake holds, and what its key is.
#[derive(Debug, Args)]
pub(in super::super) struct StatusArgs {
    #[command(flatten)]
    lake: LakeArgs,
}

pub(super) fn status(args: &StatusArgs) -> Outcome {
    let place = args.lake.place()?;
    let seal = args.lake.folder().join("seal");
    let key = fs::read_to_string(seal.join("key.pub"));
    let key = key.with_context(|| format!("{} is no lake: it has no seal", args.lake.folder().display()))?;
    let key = VerifyingKey::from_text(key.trim_end()).context("seal/key.pub is no key")?;
    let mut text = format!("log   {}\nkey   {}\n", key.name(), key.to_text());
    match fs::read_to_string(seal.join("checkpoint")) {
        Ok(note) => {
            let note = Note::from_text(&note).context("seal/checkpoint is no checkpoint")?;
            let checkpoint = Checkpoint::verified(&note, &key).context("seal/checkpoint")?;
            let witnesses = note.signatures().len().saturating_sub(1);
            writeln!(text, "seal  {} records, signed, {witnesses} witnesses", checkpoint.size)
                .expect("a String takes any text");
        }
        Err(_) => text.push_str("seal  nothing is signed yet\n"),
    }
    if let Some(why) = place.held()? {
        let why: String = why.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
        writeln!(text, "hold  nothing is deleted: {why}").expect("a String takes any text");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tables = Tables::open(place.tables);
    writeln!(text, "\n{:<20} {:>12} {:>8} {:>10}", "TABLE", "RECORDS", "FILES", "MB").expect("a String takes any text");
    for table in TableName::all() {
        let snapshot = runtime.block_on(tables.snapshot(table))?;
        let megabytes = snapshot.bytes() as f64 / 1e6;
        let (name, rows, files) = (table.as_str(), snapshot.rows(), snapshot.files().len());
        writeln!(text, "{name:<20} {rows:>12} {files:>8} {megabytes:>10.1}").expect("a String takes any text");
    }
    text.push('\n');
    terminal::print(&text)?;
    let questions = Questions::new(tables, QuerySettings::default())?;
    let text = runtime.block_on(sources(&questions)).context("what came in from each source in the last eight days")?;
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// What came in from each source, and how long it has been silent.
async fn sources(questions: &Questions) -> Result<String, QueryError> {
    let mut answer = questions.ask(SOURCES).await?;
    let mut rows = Vec::new();
    let mut table = FormatName::Table.writer(answer.schema(), &mut rows, None)?;
    while let Some(batch) = answer.next().await {
        table.rows(&batch?)?;
    }
    table.finish()?;
    Ok(String::from_utf8_lossy(&rows).into_owned())
}
