//! `sekisho ingest`.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use clap::builder::PossibleValuesParser;
use sekisho_append::Log;
use sekisho_collect::SOURCES;
use sekisho_edge::clock::SystemClock;
use sekisho_gather::{DigestKeys, Feed, FilesFeed, Gather, S3Feed, SourceCounts, StdinFeed, Stopper};
use sekisho_lake::{Control, Policy};
use sekisho_mask::{Mask, MaskSettings};

use super::lake::LakeArgs;
use super::{Outcome, digests};
use crate::service::{self, signals};
use crate::terminal;

/// How often new files are looked for.
const WATCH_MS: u64 = 1_000;
/// How often a person is told how far it is.
const TOLD_INTERVAL: Duration = Duration::from_secs(1);
/// Standard input among paths.
const STDIN: &str = "-";

/// What the URL of a bucket begins with.
const S3: &str = "s3://";
/// How often new objects are looked for: every pass lists all keys.
const S3_WATCH_MS: u64 = 60_000;
/// How late an object may show up, in milliseconds. S3 dates an object of several parts by when its upload began.
const S3_LATE_MS: u64 = 6 * 3_600_000;

/// Take logs in: whole or not at all, each record once, however often this is run.
#[derive(Debug, Args)]
pub(super) struct IngestArgs {
    /// What the logs are
    #[arg(value_parser = PossibleValuesParser::new(SOURCES.iter().map(|source| source.name)))]
    source: String,
    /// Files and folders, plain or gzip; s3://bucket/prefix; - is standard input. Credentials for S3 come from the environment
    /// (AWS_ACCESS_KEY_ID and so on), the container or the machine
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
    /// Go on: take in what comes to be in the folders and buckets, and what files grow by, until stopped
    #[arg(long)]
    watch: bool,
    /// Where buckets are, if not in S3 itself, such as http://127.0.0.1:9000
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// Verify CloudTrail's digest files, where folders and buckets have them, with its public keys: a file with what
    /// `aws cloudtrail list-public-keys` prints. Exit status 1 if log files are missing or altered; what is there is taken in all the same
    #[arg(long, value_name = "FILE")]
    digest_keys: Option<PathBuf>,
    /// Region of buckets. Default: that of the environment
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    #[command(flatten)]
    lake: LakeArgs,
}

pub(super) fn ingest(args: &IngestArgs) -> Outcome {
    let feeds: Vec<_> = args.paths.iter().map(|path| feed(args, path)).collect::<anyhow::Result<_>>()?;
    let is_whole = digests_hold(args)?;
    let signals = signals().context("failed to listen for signals")?;
    let lake = Arc::new(args.lake.open()?);
    // A hold must be possible while this goes on, and this without it, too.
    let control = Control::serve(&lake, Policy::default());
    if let Err(error) = &control {
        terminal::note(&format!("warning: nothing can be done to the lake by hand meanwhile: {error}"));
    }
    let mask = Mask::new(&MaskSettings::default())?;
    let gather = Arc::new(Gather::new(Arc::clone(&lake) as Arc<dyn Log>, mask, Arc::new(SystemClock)));
    let (stopper, stop) = sekisho_gather::stop();
    let stopper = Arc::new(stopper);
    stop_on_signal(signals, Arc::clone(&stopper))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.context("failed to start the runtime")?;
    let gathered = runtime.block_on(async {
        let told = tokio::spawn(tell(Arc::clone(&gather)));
        let gathered = gather.run(feeds, &stop).await;
        told.abort();
        gathered
    });
    drop(runtime);
    let counts = gather.counts();
    drop(control);
    let trouble = lake.close();
    for (source, counts) in &counts {
        terminal::note(&told(source, counts));
    }
    gathered?;
    match trouble {
        None if is_whole => Ok(ExitCode::SUCCESS),
        None => Ok(ExitCode::FAILURE),
        Some(trouble) => {
            terminal::note(&format!(
                "warning: all is durable, but not all is in tables yet: {trouble}; the next start goes on"
            ));
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Whether log files are those that CloudTrail delivered, as far as that is asked.
fn digests_hold(args: &IngestArgs) -> anyhow::Result<bool> {
    let Some(file) = &args.digest_keys else { return Ok(true) };
    anyhow::ensure!(args.source == "cloudtrail", "--digest-keys is for cloudtrail: no other source has digest files");
    let keys = DigestKeys::read(file)?;
    let mut is_whole = true;
    for path in &args.paths {
        is_whole &= match feed(args, path)? {
            Feed::S3(bucket) => digests::verify_bucket(bucket, &keys)?,
            Feed::Files(files) if files.path.is_dir() => digests::verify(&files.path, &keys)?,
            _ => true,
        };
    }
    Ok(is_whole)
}

/// Where a path leads. What is not there is said before a lake is begun.
fn feed(args: &IngestArgs, path: &str) -> anyhow::Result<Feed> {
    let source = args.source.clone();
    if path == STDIN {
        return Ok(Feed::Stdin(StdinFeed { source }));
    }
    if path.starts_with(S3) {
        return Ok(Feed::S3(S3Feed {
            source,
            url: path.to_owned(),
            poll_ms: args.watch.then_some(S3_WATCH_MS),
            queue: None,
            endpoint: args.endpoint_url.clone(),
            region: args.region.clone(),
            access_key_id: None,
            secret_access_key_file: None,
            late_ms: S3_LATE_MS,
        }));
    }
    std::fs::metadata(path).with_context(|| format!("cannot read {path}"))?;
    let watch_ms = args.watch.then_some(WATCH_MS);
    Ok(Feed::Files(FilesFeed { source, path: PathBuf::from(path), watch_ms }))
}

fn stop_on_signal(signals: std::sync::mpsc::Receiver<i32>, stopper: Arc<Stopper>) -> anyhow::Result<()> {
    std::thread::Builder::new().name("stop".to_owned()).spawn(move || {
        if signals.iter().any(service::ends) {
            terminal::note("stopping: what was read becomes durable first");
            stopper.stop();
        }
    })?;
    Ok(())
}

/// Tells a person how far it is, again and again.
async fn tell(gather: Arc<Gather>) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    loop {
        tokio::time::sleep(TOLD_INTERVAL).await;
        for (source, counts) in gather.counts() {
            terminal::note(&told(source, &counts));
        }
    }
}

fn told(source: &str, counts: &SourceCounts) -> String {
    let SourceCounts { received_bytes, received_records, stored_records, masked, .. } = counts;
    let megabytes = *received_bytes as f64 / 1e6;
    let mut line = format!("{source}: {megabytes:.1} MB read, {received_records} records, {stored_records} durable");
    for (kind, count) in masked {
        line.push_str(&format!(", {count} masked ({kind})"));
    }
    line
}
