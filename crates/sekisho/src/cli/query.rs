//! `sekisho query`.

#[cfg_attr(not(feature = "cluster"), path = "query/no_cluster.rs")]
mod cluster;

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use clap::builder::PossibleValuesParser;
use sekisho_edge::clock::SystemClock;
use sekisho_mask::{Counts, Mask, MaskSettings, Scratch};
use sekisho_model::Clock as _;
use sekisho_query::{
    Answer, Asked, Format, FormatName, History, Progress, QueryError, QuerySettings, Questions, Saved,
};
use sekisho_tables::Tables;

use self::cluster::Elsewhere;
use super::countries::CountriesArgs;
use super::lake::LakeArgs;
use super::{Failure, Outcome};
use crate::terminal;

/// After how long a person is told how far a question is, and how often then.
const TOLD_INTERVAL: Duration = Duration::from_secs(1);
/// Columns of a terminal that does not say how many it has.
const WIDTH: usize = 120;

/// Ask a lake in SQL. Nothing that would change it is run.
#[derive(Debug, Args)]
pub(super) struct QueryArgs {
    /// The query; `DESCRIBE api_activity` and `SHOW TABLES` say what there is
    #[arg(value_name = "SQL", required_unless_present_any = ["saved", "history"])]
    sql: Option<String>,
    /// How rows are printed. Default: a table on a terminal, CSV elsewhere
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(FormatName::ALL.map(|(name, _)| name)))]
    format: Option<String>,
    /// File for the rows, instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Keep the query under a name
    #[arg(long, value_name = "NAME", requires = "sql")]
    save: Option<String>,
    /// Ask the query of this name
    #[arg(long, value_name = "NAME", conflicts_with = "sql")]
    saved: Option<String>,
    /// Print what was asked before
    #[arg(long, conflicts_with_all = ["sql", "saved"])]
    history: bool,
    /// Have the query run by a cluster, by its scheduler: df://HOST:PORT
    #[arg(long, value_name = "URL")]
    cluster: Option<String>,
    #[command(flatten)]
    limits: QueryLimits,
    #[command(flatten)]
    countries: CountriesArgs,
    #[command(flatten)]
    lake: LakeArgs,
}

/// What a question may take.
#[derive(Debug, Clone, Args)]
pub(super) struct QueryLimits {
    /// Most memory for sorting, grouping and joining
    #[arg(long, value_name = "MB", default_value_t = 512, value_parser = clap::value_parser!(u32).range(16..))]
    memory: u32,
    /// Most time until the last row
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..))]
    timeout: u32,
}

impl QueryLimits {
    pub(super) fn settings(&self, lake: &Path) -> QuerySettings {
        let spill = lake.join("queries").join("spill");
        QuerySettings {
            memory_bytes_max: usize::try_from(self.memory).map_or(usize::MAX, |megabytes| megabytes << 20),
            time_ms_max: u64::from(self.timeout) * 1_000,
            // A lake on a disk that cannot be written can be asked all the same, within memory.
            spill: std::fs::create_dir_all(&spill).is_ok().then_some(spill),
            threads: std::thread::available_parallelism().map_or(2, usize::from),
            ..QuerySettings::default()
        }
    }
}

pub(super) fn query(args: &QueryArgs) -> Outcome {
    let place = args.lake.place()?;
    let folder = args.lake.folder().join("queries");
    let (saved, history) = (Saved::new(folder.clone()), History::new(folder.join("history.jsonl")));
    if args.history {
        return print_history(&history);
    }
    let sql = match (&args.sql, &args.saved) {
        (Some(sql), _) => sql.clone(),
        (None, Some(name)) => saved.load(name)?,
        (None, None) => return Err(anyhow::anyhow!("there is no query").into()),
    };
    let countries = args.countries.open()?;
    let settings = QuerySettings { countries, ..args.limits.settings(args.lake.folder()) };
    let elsewhere = args.cluster.as_deref().map(Elsewhere::at).transpose()?;
    let questions = Questions::new(Tables::open(place.tables), settings)?;
    let questions = match &elsewhere {
        Some(elsewhere) => elsewhere.runs(questions),
        None => questions,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("failed to start the runtime")?;
    let started = Instant::now();
    let answer = answer(&questions, &sql, args);
    let answered = runtime.block_on(async {
        match &elsewhere {
            Some(elsewhere) => elsewhere.until_settled(answer).await,
            None => answer.await,
        }
    });
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    remember(&history, &sql, took_ms, &answered)?;
    let (rows, progress) = match answered {
        // Whoever read the rows has seen enough.
        Err(error) if is_closed_pipe(&error) => return Ok(ExitCode::SUCCESS),
        answered => answered?,
    };
    if let Some(name) = &args.save {
        saved.save(name, &sql)?;
    }
    if io::stderr().is_terminal() {
        terminal::note(&format!("{rows} rows, {:.2} s, {}", started.elapsed().as_secs_f64(), told(&progress)));
    }
    Ok(ExitCode::SUCCESS)
}

async fn answer(questions: &Questions, sql: &str, args: &QueryArgs) -> Result<(u64, Progress), QueryError> {
    let mut answer = questions.ask(sql).await?;
    let is_shown = args.output.is_none() && io::stdout().is_terminal();
    let usual = if is_shown { FormatName::Table } else { FormatName::Csv };
    let wanted = args.format.as_deref();
    let format =
        FormatName::ALL.into_iter().find(|(name, _)| Some(*name) == wanted).map_or(usual, |(_, format)| format);
    let rows = match &args.output {
        Some(path) => {
            let failed = |source| QueryError::Write { what: path.display().to_string(), source };
            let mut file = io::BufWriter::new(std::fs::File::create(path).map_err(failed)?);
            let rows = write(&mut answer, format, &mut file, None).await?;
            file.flush().map_err(failed)?;
            rows
        }
        None => {
            let width = is_shown.then(terminal::width).map(|width| width.unwrap_or(WIDTH));
            write(&mut answer, format, io::BufWriter::new(io::stdout()), width).await?
        }
    };
    Ok((rows, answer.progress()))
}

/// Writes all rows; tells a person how far it is meanwhile.
async fn write(
    answer: &mut Answer,
    format: FormatName,
    to: impl Write + Send,
    width: Option<usize>,
) -> Result<u64, QueryError> {
    let mut format: Box<dyn Format + '_> = format.writer(answer.schema(), to, width)?;
    let mut rows = 0;
    loop {
        let batch = tokio::time::timeout(TOLD_INTERVAL, answer.next()).await;
        match batch {
            Err(_) if io::stderr().is_terminal() => terminal::note(&told(&answer.progress())),
            Err(_) => {}
            Ok(None) => break,
            Ok(Some(batch)) => {
                let batch = batch?;
                rows += batch.num_rows() as u64;
                format.rows(&batch)?;
            }
        }
    }
    format.finish()?;
    Ok(rows)
}

fn is_closed_pipe(error: &QueryError) -> bool {
    let behind = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    behind.filter_map(|error| error.downcast_ref::<io::Error>()).any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn told(progress: &Progress) -> String {
    let Progress { files, files_to_read, bytes_read, rows_read, .. } = progress;
    let megabytes = *bytes_read as f64 / 1e6;
    format!("{files_to_read} of {files} files, {megabytes:.1} MB and {rows_read} rows read")
}

/// What was asked may hold the very secret that was looked for.
fn remember(
    history: &History,
    sql: &str,
    took_ms: u64,
    answered: &Result<(u64, Progress), QueryError>,
) -> Result<(), Failure> {
    let mask = Mask::new(&MaskSettings::default())?;
    let at_ms = i64::try_from(SystemClock.now().unix_ms()).unwrap_or(i64::MAX);
    let outcome = answered.as_ref().map(|(rows, _)| *rows).map_err(ToString::to_string);
    let asked = Asked { at_ms, query: sql.to_owned(), took_ms, outcome };
    let masked = |text: &str| {
        let mut scratch = Scratch::default();
        String::from_utf8_lossy(mask.apply(text.as_bytes(), &mut scratch, &mut Counts::default())).into_owned()
    };
    if let Err(error) = history.add(&asked, masked) {
        // A lake on a disk that cannot be written can be asked all the same.
        terminal::note(&format!("note: not written to the history: {error}"));
    }
    Ok(())
}

fn print_history(history: &History) -> Outcome {
    for Asked { at_ms, query, took_ms, outcome } in history.list()? {
        let at = jiff::Timestamp::from_millisecond(at_ms).map_or_else(|_| at_ms.to_string(), |at| at.to_string());
        let outcome = outcome.map_or_else(|error| format!("error: {error}"), |rows| format!("{rows} rows"));
        let line = format!("{at}  {took_ms} ms  {outcome}\n  {}\n", query.trim().replace('\n', "\n  "));
        let line: String = line.chars().filter(|letter| !letter.is_control() || *letter == '\n').collect();
        terminal::print(&line)?;
    }
    Ok(ExitCode::SUCCESS)
}
