//! Feeds that run on their own: one that fails is tried again, and none stops another.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use sekisho_gather::{Feed, GatherError, Stop, Stopper};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::Inside;

/// Threads for what comes in over the network; files are read on threads of their own.
const THREADS: usize = 2;
/// How long a feed that failed rests: at first, and at the most.
const RETRY: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(60)];
/// A feed that has run as long is well.
const WELL_AFTER: Duration = Duration::from_secs(5);
/// How long the start waits until all addresses are listened on.
const LISTENING_TIMEOUT: Duration = Duration::from_secs(10);
/// How often it looks.
const LISTENING_POLL: Duration = Duration::from_millis(5);

/// Feeds that run.
pub(super) struct Feeds {
    running: Vec<Running>,
    inside: Arc<Inside>,
    /// Ends after the feeds.
    runtime: Runtime,
}

/// A feed that runs.
struct Running {
    feed: Feed,
    stopper: Stopper,
    task: JoinHandle<()>,
}

impl Feeds {
    /// Starts feeds. When it returns, those that listen do.
    pub(super) fn start(feeds: Vec<Feed>, inside: &Arc<Inside>) -> anyhow::Result<Self> {
        let listening: usize = feeds.iter().map(listeners).sum();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("lake-feed")
            .enable_all()
            .build()
            .context("failed to start the lake's feeds")?;
        let mut begun = Self { running: Vec::new(), inside: Arc::clone(inside), runtime };
        let (failed, failures) = mpsc::channel();
        for feed in feeds {
            let first = (listeners(&feed) > 0).then(|| failed.clone());
            begun.begin(feed, first);
        }
        let started = Instant::now();
        while inside.gather.listening().len() < listening {
            match failures.recv_timeout(LISTENING_POLL) {
                Ok(error) => return Err(anyhow::Error::from(error).context("a source of the lake")),
                Err(RecvTimeoutError::Timeout) if started.elapsed() < LISTENING_TIMEOUT => {}
                Err(_) => anyhow::bail!("the sources of the lake do not listen"),
            }
        }
        Ok(begun)
    }

    fn begin(&mut self, feed: Feed, first: Option<Sender<GatherError>>) {
        let (stopper, stop) = sekisho_gather::stop();
        let task = self.runtime.spawn(keep(feed.clone(), Arc::clone(&self.inside), stop, first));
        self.running.push(Running { feed, stopper, task });
    }

    /// Ends feeds that are not among these, then begins those of these that do not run: one that is changed ends before it begins anew, and goes on where it was. What
    /// fails is tried again.
    pub(super) fn change(&mut self, wanted: Vec<Feed>) {
        let (kept, ended) = std::mem::take(&mut self.running).into_iter().partition(|one| wanted.contains(&one.feed));
        self.running = kept;
        self.end(ended);
        for feed in wanted {
            if self.running.iter().all(|running| running.feed != feed) {
                tracing::info!(source = named(&feed), "a source of the lake begins");
                self.begin(feed, None);
            }
        }
    }

    /// Stops all feeds; what they have read is durable then, unless the disk refuses it.
    pub(super) fn stop(mut self) {
        let all = std::mem::take(&mut self.running);
        self.end(all);
    }

    fn end(&self, feeds: Vec<Running>) {
        feeds.iter().for_each(|running| running.stopper.stop());
        for Running { feed, task, .. } in feeds {
            let what = named(&feed);
            match self.runtime.block_on(task) {
                Ok(()) => tracing::info!(source = what, "a source of the lake has ended"),
                Err(error) => tracing::error!(source = what, %error, "a source of the lake has failed for good"),
            }
            self.inside.note(&what, None);
        }
    }
}

/// Addresses that a feed listens on.
fn listeners(feed: &Feed) -> usize {
    match feed {
        Feed::Syslog(syslog) => [syslog.udp, syslog.tcp, syslog.tls].iter().flatten().count(),
        Feed::Firehose(_) => 1,
        Feed::Files(_) | Feed::Stdin(_) | Feed::S3(_) | Feed::Digests(_) | Feed::Segments(_) => 0,
    }
}

/// Runs a feed until it is stopped. `first`: who wants to know of a first failure.
async fn keep(feed: Feed, inside: Arc<Inside>, mut stop: Stop, first: Option<Sender<GatherError>>) {
    let what = named(&feed);
    let [mut pause, pause_max] = RETRY;
    let mut first = first;
    while !stop.is_stopped() {
        let begun = Instant::now();
        let ended = {
            let run = inside.gather.run(vec![feed.clone()], &stop);
            tokio::pin!(run);
            tokio::select! {
                ended = &mut run => ended,
                () = tokio::time::sleep(WELL_AFTER) => {
                    inside.note(&what, None);
                    first = None;
                    run.await
                }
            }
        };
        let Err(mut error) = ended else { return };
        if let Some(first) = first.take() {
            match first.send(error) {
                Ok(()) => return,
                Err(mpsc::SendError(unsent)) => error = unsent,
            }
        }
        let told = format!("{:#}", anyhow::Error::from(error));
        if stop.is_stopped() {
            tracing::warn!(
                source = what,
                error = told,
                "a source of the lake was stopped before its end; it goes on next time"
            );
            return;
        }
        tracing::error!(source = what, error = told, "a source of the lake fails; it is tried again");
        inside.note(&what, Some(told));
        pause = if begun.elapsed() > WELL_AFTER { RETRY[0] } else { pause_max.min(pause * 2) };
        tokio::select! {
            () = stop.stopped() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// What a feed is called where it fails.
fn named(feed: &Feed) -> String {
    match feed {
        Feed::Files(files) => format!("{} from {}", files.source, files.path.display()),
        Feed::Stdin(stdin) => format!("{} from standard input", stdin.source),
        Feed::S3(s3) => format!("{} from {}", s3.source, s3.url),
        Feed::Syslog(syslog) => format!("{} over syslog", syslog.source),
        Feed::Firehose(firehose) => format!("{} from Firehose at {}", firehose.source, firehose.listen),
        Feed::Digests(digests) => format!("digests of {}", digests.place.name()),
        Feed::Segments(_) => "decisions".to_owned(),
    }
}
