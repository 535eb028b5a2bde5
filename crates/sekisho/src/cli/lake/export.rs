//! `sekisho lake export`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use jiff::civil::Date;
use sekisho_query::{Export, ExportFormat, Questions};
use sekisho_tables::{TableName, Tables};

use super::super::Outcome;
use super::super::query::QueryLimits;
use super::LakeArgs;
use crate::terminal;

/// Write what a lake holds as files for others.
#[derive(Debug, Args)]
pub(in super::super) struct ExportArgs {
    /// What the files hold
    #[arg(long, value_enum, default_value_t = Form::Parquet)]
    format: Form,
    /// Folder for the files; those that are there are replaced
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Table to export; may be given more than once. Default: all
    #[arg(long, value_name = "TABLE", value_parser = table)]
    table: Vec<TableName>,
    /// First day, UTC
    #[arg(long, value_name = "DAY", default_value = "1970-01-01")]
    from: Date,
    /// Last day, UTC
    #[arg(long, value_name = "DAY", default_value = "9999-12-30")]
    until: Date,
    #[command(flatten)]
    limits: QueryLimits,
    #[command(flatten)]
    lake: LakeArgs,
}

/// What files hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// The tables as they are
    Parquet,
    /// The tables as JSON lines
    Ndjson,
    /// OCSF events as JSON lines, in the folders of Amazon Security Lake
    Ocsf,
}

fn table(name: &str) -> Result<TableName, String> {
    let known = || TableName::all().map(TableName::as_str).collect::<Vec<_>>().join(", ");
    TableName::all().find(|table| table.as_str() == name).ok_or_else(|| format!("there are {}", known()))
}

pub(super) fn export(args: &ExportArgs) -> Outcome {
    let place = args.lake.place()?;
    let questions = Questions::new(Tables::open(place.tables), args.limits.settings(args.lake.folder()))?;
    let format = match args.format {
        Form::Parquet => ExportFormat::Parquet,
        Form::Ndjson => ExportFormat::JsonLines,
        Form::Ocsf => ExportFormat::Ocsf,
    };
    let wanted = Export { tables: args.table.clone(), days: (args.from, args.until), format, folder: args.to.clone() };
    let questions = Arc::new(questions);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("failed to start the runtime")?;
    let rows = runtime.block_on(questions.export(&wanted))?;
    terminal::note(&format!("{rows} records under {}", args.to.display()));
    Ok(ExitCode::SUCCESS)
}
