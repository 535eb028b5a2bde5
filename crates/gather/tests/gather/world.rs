//! A log on a simulated disk, feeds into it, and what it holds.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sekisho_append::{Append, Reader, Settings};
use sekisho_disk::simulated::{Plan, SimulatedDisk};
use sekisho_gather::{Feed, Gather, GatherError, stop};
use sekisho_mask::{Mask, MaskSettings};
use sekisho_model::{ManualClock, Timestamp};

const FOLDER: &str = "append";

/// A record that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) source: String,
    pub(crate) header: String,
    pub(crate) raw: String,
}

/// A disk with a log on it.
pub(crate) struct World {
    pub(crate) disk: SimulatedDisk,
    pub(crate) clock: Arc<ManualClock>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Plan::default())
    }

    pub(crate) fn with(plan: Plan) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_unix_ms(1_795_348_800_000)));
        Self { disk: SimulatedDisk::new(7, plan), clock }
    }

    /// What is left after the power failed.
    pub(crate) fn crashed(&self, plan: Plan) -> Self {
        Self { disk: self.disk.crash(plan), clock: Arc::clone(&self.clock) }
    }

    /// Feeds into this log; none if the disk is gone.
    pub(crate) fn gather(&self) -> Option<Gather> {
        let settings = Settings { sync_interval: Duration::ZERO, ..Settings::default() };
        let append = Append::open(Arc::new(self.disk.clone()), Path::new(FOLDER), settings).ok()?;
        let mask = Mask::new(&MaskSettings::default()).unwrap();
        Some(Gather::new(Arc::new(append), mask, Arc::clone(&self.clock) as _))
    }

    /// Runs feeds to their end, or until the power fails.
    pub(crate) async fn run(&self, feeds: &[Feed]) -> Result<Gather, GatherError> {
        let gather = self.gather().ok_or(GatherError::Stopped)?;
        let (stopper, stopped) = stop();
        let failed = async {
            while !self.disk.is_crashed() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            stopper.stop();
            std::future::pending::<()>().await;
        };
        let ended = tokio::select! {
            ended = gather.run(feeds.to_vec(), &stopped) => ended,
            () = failed => Err(GatherError::Stopped),
        };
        match ended {
            Ok(()) if self.disk.is_crashed() => Err(GatherError::Stopped),
            ended => ended.map(|()| gather),
        }
    }

    /// All records of the log, in order.
    pub(crate) fn kept(&self) -> Vec<Kept> {
        let settings = Settings::default();
        let durable = Append::open(Arc::new(self.disk.clone()), Path::new(FOLDER), settings).unwrap().durable();
        let mut reader = Reader::new(Arc::new(self.disk.clone()), Path::new(FOLDER), 0);
        let mut kept = Vec::new();
        while let Some(batch) = reader.next(durable).unwrap() {
            let text = |raw: &[u8]| String::from_utf8_lossy(raw).into_owned();
            kept.extend(batch.records().map(|record| Kept {
                source: batch.source().to_owned(),
                header: batch.header().to_owned(),
                raw: text(record.raw),
            }));
        }
        kept
    }

    /// Bytes that the positions of all feeds take.
    pub(crate) fn position_bytes(&self) -> usize {
        let append = Append::open(Arc::new(self.disk.clone()), Path::new(FOLDER), Settings::default()).unwrap();
        append.positions().iter().map(|(feed, position)| feed.len() + position.len()).sum()
    }

    pub(crate) fn raws(&self) -> Vec<String> {
        self.kept().into_iter().map(|kept| kept.raw).collect()
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..1_500 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} does not come about");
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A feed as a configuration has it.
pub(crate) fn feed(json: serde_json::Value) -> Feed {
    serde_json::from_value(json).unwrap()
}
