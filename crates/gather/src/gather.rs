//! All feeds, running.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sekisho_append::Log;
use sekisho_mask::Mask;
use sekisho_model::Clock;
use tokio::task::JoinSet;

use crate::counters::SourceCounts;
use crate::digest;
use crate::error::GatherError;
use crate::feed::{self, Feed};
use crate::files;
use crate::firehose;
#[cfg(feature = "s3")]
use crate::s3;
use crate::segments::{self, SegmentsFeed};
use crate::sink::Sink;
use crate::stdin;
use crate::stop::Stop;
use crate::syslog;

impl std::fmt::Debug for Gather {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Gather").field("listening", &self.listening()).finish_non_exhaustive()
    }
}

/// Brings in what feeds give: cut into records, masked, durable, each once.
pub struct Gather {
    sink: Arc<Sink>,
}

impl Gather {
    /// Feeds go on where `append` says they were left.
    #[must_use]
    pub fn new(append: Arc<dyn Log>, mask: Mask, clock: Arc<dyn Clock>) -> Self {
        Self { sink: Arc::new(Sink::new(append, mask, clock)) }
    }

    /// What came in since the start, by source.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, SourceCounts> {
        self.sink.counters.read(self.sink.mask.kinds())
    }

    /// Where feeds listen since the start: `syslog-udp`, `syslog-tcp`, `syslog-tls` or `firehose`, and the address.
    #[must_use]
    pub fn listening(&self) -> Vec<(&'static str, SocketAddr)> {
        self.sink.listening()
    }

    /// Why the log refuses records just now; none if it takes them.
    #[must_use]
    pub fn refused(&self) -> Option<String> {
        self.sink.refused()
    }

    /// What feeds found wrong with what they read, such as log files that are not what CloudTrail delivered.
    #[must_use]
    pub fn troubles(&self) -> Vec<String> {
        self.sink.troubles()
    }

    /// Bytes of segments that are not durable yet: how far behind a feed is.
    ///
    /// # Errors
    ///
    /// If their folder cannot be read.
    pub fn waiting_bytes(&self, segments: &SegmentsFeed) -> Result<u64, GatherError> {
        segments::waiting_bytes(segments, &self.sink)
    }

    /// Runs feeds until all have ended, or one has failed, or they are stopped; what was read is durable then. Feeds that watch or listen end
    /// only when stopped.
    ///
    /// Must be called within a Tokio runtime with time and I/O enabled.
    ///
    /// # Errors
    ///
    /// The first error of a feed; the others were stopped then.
    pub async fn run(&self, feeds: Vec<Feed>, stop: &Stop) -> Result<(), GatherError> {
        let (stopper, inner) = crate::stop::stop();
        let mut running = JoinSet::new();
        for feed in feeds {
            let (sink, inner) = (Arc::clone(&self.sink), inner.clone());
            running.spawn(async move { run_one(feed, sink, inner).await });
        }
        let mut outer = stop.clone();
        let mut first = Ok(());
        loop {
            let ended = tokio::select! {
                ended = running.join_next() => ended,
                () = outer.stopped(), if !inner.is_stopped() => {
                    stopper.stop();
                    continue;
                }
            };
            let Some(ended) = ended else { return first };
            if let Err(error) = ended.unwrap_or(Err(GatherError::Panicked)) {
                stopper.stop();
                first = first.and(Err(error));
            }
        }
    }
}

async fn run_one(feed: Feed, sink: Arc<Sink>, stop: Stop) -> Result<(), GatherError> {
    match feed {
        Feed::Files(settings) => {
            let watch = settings.watch_ms.map(Duration::from_millis);
            let files = files::Files { path: settings.path, source: feed::source(&settings.source)?, watch };
            blocking(move || files::run(&files, &sink, &stop)).await
        }
        Feed::Stdin(settings) => {
            let source = feed::source(&settings.source)?;
            blocking(move || stdin::run(std::io::stdin(), source, &sink, &stop)).await
        }
        #[cfg(feature = "s3")]
        Feed::S3(settings) => s3::run(settings, sink, stop).await,
        Feed::Syslog(settings) => syslog::run(settings, sink, stop).await,
        Feed::Firehose(settings) => firehose::run(settings, sink, stop).await,
        Feed::Digests(settings) => digest::run(settings, sink, stop).await,
        Feed::Segments(settings) => blocking(move || segments::run(&settings, &sink, &stop)).await,
    }
}

/// Runs what may block where it may.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, GatherError> + Send + 'static,
) -> Result<T, GatherError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(GatherError::Panicked))
}
