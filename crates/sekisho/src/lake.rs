//! The lake of a running service: sources flow in, small files are merged, what is too old goes.
//!
//! It never holds up a request: decisions are in the journal's segments first, and the lake reads them from there. What it cannot take stays
//! there and at other sources, and is counted.

mod copies;
mod feeds;
mod numbers;
mod upkeep;
mod witnesses;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use anyhow::Context as _;
use sekisho_append::Log;
use sekisho_disk::FileSystem;
use sekisho_edge::Neighbour;
use sekisho_edge::clock::SystemClock;
use sekisho_edge::metrics::Metrics;
use sekisho_edge::record::JournalSettings;
use sekisho_gather::{Feed, Gather, SegmentsFeed};
use sekisho_lake::{Control, Lake, Place, Settings, Storage};

use crate::config::LakeConfig;
use crate::terminal;

use copies::Copies;
use feeds::Feeds;
use numbers::Numbers;
use upkeep::Upkeep;
use witnesses::Witnesses;

/// What the decisions of this checkpoint are, as a source.
const DECISIONS: &str = "aws-waf";
/// How often the journal's segments are looked at.
const DECISIONS_POLL_MS: u64 = 250;

/// Where those look who want to know how the lake is, before and after it is opened.
pub(crate) type Slot = Arc<OnceLock<Arc<Inside>>>;

/// The metrics of a program of this version, the lake's among them.
pub(crate) fn metrics(version: &str, slot: &Slot) -> Metrics {
    Metrics::beside(version, vec![Box::new(Numbers(Arc::clone(slot)))])
}

/// What is asked while the lake runs.
#[derive(Debug)]
pub(crate) struct Inside {
    lake: Arc<Lake>,
    gather: Arc<Gather>,
    /// The segments with this checkpoint's decisions.
    decisions: Option<SegmentsFeed>,
    /// What fails in feeds and in upkeep, by what it is; each is tried again.
    troubles: Mutex<BTreeMap<String, String>>,
    /// How many records each witness has signed for.
    witnessed: Mutex<BTreeMap<String, u64>>,
}

impl Inside {
    fn note(&self, what: &str, trouble: Option<String>) {
        let mut troubles = self.troubles.lock().expect("nothing panics with the troubles in hand");
        match trouble {
            Some(trouble) => _ = troubles.insert(what.to_owned(), trouble),
            None => _ = troubles.remove(what),
        }
    }

    fn all_witnessed(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.witnessed.lock().expect("nothing panics with the numbers in hand")
    }

    fn witnessed(&self, witness: &str) -> u64 {
        self.all_witnessed().get(witness).copied().unwrap_or_default()
    }

    fn set_witnessed(&self, witness: &str, records: u64) {
        self.all_witnessed().insert(witness.to_owned(), records);
    }

    /// What fails just now.
    fn troubles(&self) -> Vec<String> {
        let troubles = self.troubles.lock().expect("nothing panics with the troubles in hand");
        let mut told: Vec<_> = troubles.iter().map(|(what, trouble)| format!("{what}: {trouble}")).collect();
        drop(troubles);
        told.extend(self.gather.troubles());
        told.extend(self.gather.refused().map(|refused| format!("records are refused: {refused}")));
        match self.lake.status() {
            Ok(status) => told.extend(status.trouble),
            Err(error) => told.push(format!("{:#}", anyhow::Error::from(error))),
        }
        told
    }
}

impl Neighbour for Inside {
    fn trouble(&self) -> Option<String> {
        let troubles = self.troubles();
        (!troubles.is_empty()).then(|| format!("lake: {}", troubles.join("; ")))
    }
}

/// A lake that takes in.
pub(crate) struct RunningLake {
    inside: Arc<Inside>,
    feeds: Feeds,
    upkeep: Upkeep,
    witnesses: Option<Witnesses>,
    /// None if its folder takes no sockets.
    control: Option<Control>,
    drain_timeout: Duration,
}

impl RunningLake {
    /// Opens the lake and starts its feeds. `data`: the data folder, if decisions of this checkpoint are recorded there.
    pub(crate) fn start(config: LakeConfig, data: Option<&Path>, slot: &Slot) -> anyhow::Result<Self> {
        let mask = config.masks.mask().context("failed to make the masks of the lake")?;
        if let Some(storage) = config.storage
            && storage != Storage::read(&FileSystem, &config.folder)?
        {
            storage.write(&FileSystem, &config.folder)?;
        }
        let place = Place::folder(&config.folder)?;
        let name = match config.settings.name.as_str() {
            "" => name_of_this_host(),
            name => name.to_owned(),
        };
        let settings = Settings { name, ..config.settings };
        let lake = Arc::new(Lake::open(&place, Arc::new(SystemClock), &settings)?);
        let control = Control::serve(&lake, config.policy).map_err(|error| {
            let error = format!("{:#}", anyhow::Error::from(error));
            tracing::warn!(error, "nothing can be done to the lake by hand (`control`) while this runs");
        });
        let gather = Arc::new(Gather::new(Arc::clone(&lake) as Arc<dyn Log>, mask, Arc::new(SystemClock)));
        let decisions = data.filter(|_| config.decisions).map(|data| SegmentsFeed {
            source: DECISIONS.to_owned(),
            folder: JournalSettings::followed_folder(data),
            poll_ms: DECISIONS_POLL_MS,
        });
        let feeds = all_feeds(decisions.as_ref(), config.feeds);
        let inside =
            Arc::new(Inside { lake, gather, decisions, troubles: Mutex::default(), witnessed: Mutex::default() });
        let feeds = Feeds::start(feeds, &inside)?;
        let upkeep = upkeep::Plan {
            compact: config.compact_interval,
            grace: config.compact_grace,
            retain: config.retain_interval,
            policy: config.policy,
        };
        let upkeep = Upkeep::start(upkeep, &inside)?;
        let copies = config.checkpoint_copies.as_ref().map(Copies::new).transpose()?;
        let witnesses = Witnesses::start(config.witnesses, copies, config.witness_interval, &inside)?;
        // Nobody else fills it.
        _ = slot.set(Arc::clone(&inside));
        Ok(Self { inside, feeds, upkeep, witnesses, control: control.ok(), drain_timeout: config.drain_timeout })
    }

    /// Whose troubles are told at the admin address.
    pub(crate) fn neighbour(&self) -> Arc<dyn Neighbour> {
        Arc::clone(&self.inside) as _
    }

    /// Where feeds listen, for people.
    pub(crate) fn announce(&self) {
        terminal::note(&format!("lake in {}", self.inside.lake.folder().display()));
        for (protocol, address) in self.inside.gather.listening() {
            terminal::note(&format!("{protocol} at {address}"));
        }
    }

    /// Takes sources from what the configuration says now; all else of it stays as it was.
    pub(crate) fn change_sources(&mut self, config: LakeConfig) {
        self.feeds.change(all_feeds(self.inside.decisions.as_ref(), config.feeds));
    }

    /// Stops feeds, and waits until all they have read is in tables and sealed; not longer than the configuration says.
    pub(crate) fn stop(self) {
        let Self { inside, feeds, upkeep, witnesses, control, drain_timeout } = self;
        drop(control);
        let (told, ended) = mpsc::channel();
        let drain = move || {
            upkeep.stop();
            feeds.stop();
            if let Some(witnesses) = witnesses {
                witnesses.stop();
            }
            // Nobody listens any more if it took too long.
            _ = told.send(inside.lake.close());
        };
        let drain = std::thread::Builder::new().name("lake-drain".to_owned()).spawn(drain);
        let left = match (drain, ended.recv_timeout(drain_timeout)) {
            (Err(error), _) => Some(error.to_string()),
            (Ok(_), Ok(trouble)) => trouble,
            (Ok(_), Err(RecvTimeoutError::Timeout)) => {
                Some(format!("not done within {} ms", drain_timeout.as_millis()))
            }
            (Ok(_), Err(RecvTimeoutError::Disconnected)) => Some("the thread that ends it has panicked".to_owned()),
        };
        if let Some(left) = left {
            tracing::warn!(
                left,
                "not all is in tables of the lake yet; nothing is lost, and the next start goes on with it"
            );
        }
    }
}

fn all_feeds(decisions: Option<&SegmentsFeed>, sources: Vec<Feed>) -> Vec<Feed> {
    decisions.cloned().map(Feed::Segments).into_iter().chain(sources).collect()
}

/// What a lake that begins here is called: every lake its own name.
pub(crate) fn name_of_this_host() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
    let host: String = host.trim().chars().filter(is_plain).collect();
    format!("{}/lake", if host.is_empty() { "sekisho" } else { &host })
}
