//! `sekisho search`.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use jiff::{Span, Timestamp};
use sekisho_edge::clock::SystemClock;
use sekisho_model::Clock as _;
use sekisho_query::{Found, Questions, Search};
use sekisho_tables::Tables;

use super::Outcome;
use super::lake::LakeArgs;
use super::query::QueryLimits;
use crate::terminal;

/// Look for words in all records of all tables, newest first.
#[derive(Debug, Args)]
pub(super) struct SearchArgs {
    /// Words that a record must all have, in any case; an address or a name counts as one word, quotes hold several together
    words: String,
    /// How far back, such as 30d, 12h or 1w
    #[arg(long, value_name = "SPAN")]
    last: Option<Span>,
    /// Most records
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// A JSON object a record
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    limits: QueryLimits,
    #[command(flatten)]
    lake: LakeArgs,
}

pub(super) fn search(args: &SearchArgs) -> Outcome {
    let place = args.lake.place()?;
    let questions = Questions::new(Tables::open(place.tables), args.limits.settings(args.lake.folder()))?;
    let since_us = args.last.map(since_us).transpose()?;
    let wanted = Search { words: args.words.clone(), since_us, until_us: None, rows_max: args.limit };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("failed to start the runtime")?;
    let rows = runtime.block_on(async {
        let mut finding = questions.search(&wanted).await?;
        let mut rows = 0;
        while let Some(found) = finding.next().await {
            terminal::print(&shown(&found?, args.json))?;
            rows += 1;
        }
        Ok::<_, anyhow::Error>(rows)
    })?;
    // As grep does.
    Ok(if rows > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The moment so long ago.
fn since_us(span: Span) -> anyhow::Result<i64> {
    let now = Timestamp::from_millisecond(i64::try_from(SystemClock.now().unix_ms())?)?;
    // A day has 24 hours here: there is no calendar to ask.
    let span = span.total((jiff::Unit::Microsecond, jiff::SpanRelativeTo::days_are_24_hours()));
    let span = span.context("the span must be in weeks, days, hours or less")?;
    Ok(now.as_microsecond() - span.abs() as i64)
}

fn shown(found: &Found, json: bool) -> String {
    let Found { time_us, table, log, record, source, raw } = found;
    let time = Timestamp::from_microsecond(*time_us).map_or_else(|_| time_us.to_string(), |time| time.to_string());
    if json {
        let object = serde_json::json!({
            "time": time, "table": table, "log": log, "record": record, "source": source, "raw": raw,
        });
        return format!("{object}\n");
    }
    // A record may hold what a terminal would obey.
    let raw: String = raw.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
    format!("{time} {table} {record} {source}  {raw}\n")
}
