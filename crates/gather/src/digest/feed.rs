//! Digests of CloudTrail that arrive while logs are taken in: each is verified once, and what comes of it is a record.
//!
//! What fails is looked at once more before it is told: files arrive in any order. Told, it stays a trouble until it is mended or the program
//! starts anew; the record of it stays for good. Nothing waits for a digest: logs are taken in as they come.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sekisho_append::{Batch, Origin, Record};
use serde_json::json;

use super::chain::LogState;
use super::key::DigestKeys;
use super::shelf::Shelf;
use super::walk::{Judged, Newest, Settled, Walk, judge};
use crate::counters::{SourceCounters, add};
use crate::error::{GatherError, chain};
use crate::gather::blocking;
use crate::ledger;
#[cfg(feature = "s3")]
use crate::s3::S3Feed;
use crate::sink::{Set, Sink};
use crate::stop::Stop;

/// Source of records that this program makes itself.
const OWN: &str = "sekisho";
/// What counters are those of.
const CLOUDTRAIL: &str = "cloudtrail";
/// Trails and regions of a place: how far each is must find room among the positions of all feeds.
const CHAINS_MAX: usize = 10_000;
/// Digests that have failed and are looked at again in each pass.
const FAILING_MAX: usize = 100;
/// Log files of a digest, and digests, that are named; of more it is told how many there are.
const NAMED_MAX: usize = 20;

/// Where digests and the log files they name lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DigestPlace {
    /// A folder.
    Folder(PathBuf),
    /// A bucket, or a folder of it.
    #[cfg(feature = "s3")]
    Bucket(S3Feed),
}

/// Digests that are verified as they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestsFeed {
    /// Where they are.
    pub place: DigestPlace,
    /// A file with the keys, as [`DigestKeys::read`] takes it. It is read anew for each pass.
    pub keys_file: PathBuf,
    /// Milliseconds between two passes.
    pub poll_ms: u64,
}

impl DigestPlace {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Folder(path) => path.display().to_string(),
            #[cfg(feature = "s3")]
            Self::Bucket(bucket) => bucket.url.clone(),
        }
    }
}

/// Verifies until it is stopped.
pub(crate) async fn run(settings: DigestsFeed, sink: Arc<Sink>, mut stop: Stop) -> Result<(), GatherError> {
    let mut watch = Watch::new(&settings, &sink, &stop)?;
    let what = format!("digests of {}", watch.name);
    watch_on(&mut watch, &settings, &sink, &mut stop, &what).await;
    // Who does not look has no trouble.
    sink.note_trouble(&what, None);
    Ok(())
}

async fn watch_on(watch: &mut Watch, settings: &DigestsFeed, sink: &Sink, stop: &mut Stop, what: &str) {
    loop {
        let passed = tokio::select! {
            () = stop.stopped() => return,
            passed = watch.pass(&settings.keys_file) => passed,
        };
        let trouble = match passed {
            Ok(()) => watch.trouble(),
            Err(GatherError::Stopped) => return,
            Err(error) => {
                add(&watch.counters.failures, 1);
                let error = chain(&error);
                tracing::warn!(
                    place = watch.name,
                    error,
                    "digests of CloudTrail cannot be verified; it is tried again"
                );
                Some(error)
            }
        };
        sink.note_trouble(what, trouble);
        if stop.sleep(Duration::from_millis(settings.poll_ms)).await {
            return;
        }
    }
}

/// What is known of a place.
struct Watch {
    name: String,
    shelf: Shelf,
    settled: Settled,
    /// Digests that have failed once, by their paths. At most one a chain.
    suspected: BTreeSet<String>,
    /// Digests that have failed, by their paths, and why.
    failing: BTreeMap<String, Failing>,
    /// Those of them that are not looked at again.
    given_up: usize,
    sink: Arc<Sink>,
    counters: Arc<SourceCounters>,
    stop: Stop,
}

struct Failing {
    chain: String,
    signatures: Vec<String>,
    before: Option<Newest>,
    why: String,
}

impl Watch {
    fn new(settings: &DigestsFeed, sink: &Arc<Sink>, stop: &Stop) -> Result<Self, GatherError> {
        let name = settings.place.name();
        let mut settled = Settled::default();
        for (_, position) in sink.positions(&prefix(&name)) {
            if let Ok((chain, newest)) = serde_json::from_slice::<(String, Newest)>(&position) {
                settled.set(chain, newest);
            }
        }
        Ok(Self {
            shelf: Shelf::new(&settings.place)?,
            settled,
            suspected: BTreeSet::new(),
            failing: BTreeMap::new(),
            given_up: 0,
            counters: sink.counters.of(CLOUDTRAIL),
            sink: Arc::clone(sink),
            stop: stop.clone(),
            name,
        })
    }

    /// Looks at all digests that are new, and at those that have failed.
    async fn pass(&mut self, keys: &std::path::Path) -> Result<(), GatherError> {
        let keys = DigestKeys::read(keys)?;
        self.look_again(&keys).await?;
        let mut shelf = std::mem::replace(&mut self.shelf, Shelf::none());
        let passed = self.settle(&mut shelf, &keys).await;
        self.shelf = shelf;
        passed
    }

    async fn settle(&mut self, shelf: &mut Shelf, keys: &DigestKeys) -> Result<(), GatherError> {
        let mut walk = Walk::begin(shelf, keys, &self.settled).await?;
        while let Some(judged) = walk.next(&self.settled).await? {
            let is_known = self.settled.get(&judged.chain).is_some();
            if judged.is_unsigned() {
                // The next digest brings the signature.
                walk.skip(&judged.chain);
            } else if !is_known && self.settled.count() >= CHAINS_MAX {
                let reason = format!(
                    "there are digests of more than {CHAINS_MAX} trails and regions: give its accounts one by one"
                );
                return Err(GatherError::setting("url", reason));
            } else if judged.is_good() {
                self.suspected.remove(&judged.newest.path);
                self.note(judged, None).await?;
            } else if self.suspected.insert(judged.newest.path.clone()) {
                walk.skip(&judged.chain);
            } else {
                self.suspected.remove(&judged.newest.path);
                self.fail(judged).await?;
            }
        }
        Ok(())
    }

    async fn fail(&mut self, judged: Judged) -> Result<(), GatherError> {
        let why = judged.why();
        tracing::error!(
            place = self.name,
            digest = judged.newest.path,
            why,
            "a digest of CloudTrail fails: what it vouches for is not as it was delivered"
        );
        let failing = Failing {
            chain: judged.chain.clone(),
            signatures: judged.signatures.clone(),
            before: judged.before.clone(),
            why: why.clone(),
        };
        if self.failing.len() < FAILING_MAX {
            self.failing.insert(judged.newest.path.clone(), failing);
        } else {
            self.given_up += 1;
        }
        self.note(judged, Some(why)).await
    }

    /// What failed may have been brought back.
    async fn look_again(&mut self, keys: &DigestKeys) -> Result<(), GatherError> {
        let mut mended = Vec::new();
        for (path, failing) in &self.failing {
            let Some((digest, _)) = self.shelf.digest(path).await? else { continue };
            let found = (failing.chain.clone(), path.clone(), digest);
            let judged = judge(&self.shelf, keys, found, failing.signatures.clone(), failing.before.clone()).await?;
            if judged.is_good() {
                mended.push(judged);
            }
        }
        for judged in mended {
            self.failing.remove(&judged.newest.path);
            tracing::info!(
                place = self.name,
                digest = judged.newest.path,
                "a digest of CloudTrail that failed is verified now"
            );
            self.note(judged, None).await?;
        }
        Ok(())
    }

    /// Makes a record of what came of a digest, together with how far its chain is settled by it.
    async fn note(&mut self, judged: Judged, why: Option<String>) -> Result<(), GatherError> {
        let bad = |state: LogState| state != LogState::Verified;
        let failed = judged.logs.iter().filter(|(_, state)| bad(*state)).count();
        add(if why.is_none() { &self.counters.verified_digests } else { &self.counters.failed_digests }, 1);
        add(&self.counters.verified_log_files, (judged.logs.len() - failed) as u64);
        add(&self.counters.failed_log_files, failed as u64);
        let named = judged.logs.iter().filter(|(_, state)| bad(*state)).take(NAMED_MAX);
        let now_ms = self.sink.now_ms();
        let said = json!({
            "time_ms": now_ms,
            "kind": if why.is_none() { "digest_verified" } else { "digest_failed" },
            "place": self.name,
            "digest": judged.newest.path,
            "state": judged.state.told(),
            "log_files": judged.logs.len(),
            "failed_log_files": failed,
            "failed": named.map(|(key, state)| json!({"key": key, "state": state.told()})).collect::<Vec<_>>(),
        });
        let raw = said.to_string();
        let mut batch = Batch::new(Origin { source: OWN, ..Origin::default() });
        batch.push(Record { received_ms: now_ms, raw: raw.as_bytes() });
        let Judged { chain, newest, .. } = judged;
        // One that was mended is behind by now.
        let reached = match self.settled.get(&chain) {
            Some(settled) if settled.path >= newest.path => (Vec::new(), Vec::new()),
            _ => (feed_of(&self.name, &chain), serde_json::to_vec(&(&chain, &newest)).expect("texts and no more")),
        };
        let is_ahead = !reached.0.is_empty();
        let mut set = Set::default();
        set.push(batch, raw.len() as u64, reached);
        let (sink, stop) = (Arc::clone(&self.sink), self.stop.clone());
        blocking(move || sink.store(set, &SourceCounters::default(), &stop)).await?;
        if is_ahead {
            self.settled.set(chain, newest);
        }
        Ok(())
    }

    fn trouble(&self) -> Option<String> {
        let all = self.failing.len() + self.given_up;
        let named: Vec<_> =
            self.failing.iter().take(3).map(|(path, failing)| format!("{path}: {}", failing.why)).collect();
        let more = all - named.len();
        let more = if more > 0 { format!("; {more} more") } else { String::new() };
        (all > 0).then(|| printable(&format!("{}{more}", named.join("; "))))
    }
}

impl Judged {
    /// Why it is not good.
    fn why(&self) -> String {
        let mut bad = self.logs.iter().filter(|(_, state)| *state != LogState::Verified);
        let count = bad.clone().count();
        let first = bad.next().map(|(key, state)| format!("{key} is {}", state.told()));
        match (self.state, first) {
            (state, Some(first)) if !state.is_unsigned() => {
                let more = if count > 1 { format!(" ({} more log files)", count - 1) } else { String::new() };
                printable(&format!("{first}{more}"))
            }
            (state, _) => state.told().to_owned(),
        }
    }
}

/// Keys are what files say.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

fn prefix(place: &str) -> Vec<u8> {
    format!("digests/{place}\0").into_bytes()
}

fn feed_of(place: &str, chain: &str) -> Vec<u8> {
    [&prefix(place)[..], &ledger::id(&[chain.as_bytes()]).to_le_bytes()].concat()
}
