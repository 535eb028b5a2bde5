//! One digest after another, each held against the one before it and against the log files it names.

use std::collections::{BTreeMap, VecDeque};

use futures::{StreamExt as _, TryStreamExt as _};

use super::DigestReport;
use super::chain::{Digest, DigestState, LogState};
use super::feed::DigestPlace;
use super::key::DigestKeys;
use super::shelf::{LogFound, Shelf};
use crate::error::GatherError;

/// Log files that are read at a time.
const LOGS_AT_ONCE: usize = 4;
/// Days that a trail may be behind the newest of its region and still say where a listing begins: one that has ended would have all days since listed.
#[cfg(feature = "s3")]
const BEHIND_DAYS_MAX: usize = 40;

/// The newest digest of a chain that needs no more looking at.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Newest {
    /// Where it is.
    pub(super) path: String,
    /// Its key, as it says itself.
    pub(super) key: String,
    /// Its hash, hexadecimal.
    pub(super) hash: String,
}

/// How far each chain is settled.
#[derive(Debug, Clone, Default)]
pub(super) struct Settled(BTreeMap<String, Newest>);

impl Settled {
    pub(super) fn get(&self, chain: &str) -> Option<&Newest> {
        self.0.get(chain)
    }

    pub(super) fn set(&mut self, chain: String, newest: Newest) {
        self.0.insert(chain, newest);
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The folder of a day of a region before which nothing is left to be settled.
    #[cfg(feature = "s3")]
    pub(super) fn day(&self, region: &str) -> Option<String> {
        let chains = format!("{region}/");
        let of_region = self.0.range(chains.clone()..).take_while(|(chain, _)| chain.starts_with(&chains));
        let mut days: Vec<&str> = of_region.filter_map(|(_, newest)| Some(newest.path.rsplit_once('/')?.0)).collect();
        days.sort_unstable();
        days.dedup();
        days.get(days.len().saturating_sub(BEHIND_DAYS_MAX)).map(|day| (*day).to_owned())
    }
}

/// A digest and what it is worth.
pub(super) struct Judged {
    pub(super) chain: String,
    pub(super) newest: Newest,
    pub(super) state: DigestState,
    /// Each log file it names, by its key.
    pub(super) logs: Vec<(String, LogState)>,
    /// What it was judged by, besides the keys.
    pub(super) signatures: Vec<String>,
    pub(super) before: Option<Newest>,
}

impl Judged {
    /// Whether it and all it names are what they were. Nothing can be said of what came before the first that is known of a chain.
    pub(super) fn is_good(&self) -> bool {
        let is_good = match self.state {
            DigestState::Verified => true,
            DigestState::PreviousMissing => self.before.is_none(),
            _ => false,
        };
        is_good && self.logs.iter().all(|(_, state)| *state == LogState::Verified)
    }
}

impl Judged {
    /// Whether its signature is still to come.
    pub(super) fn is_unsigned(&self) -> bool {
        self.state == DigestState::Unsigned
    }
}

/// A digest that waits for the next: that one has its signature, too.
struct Waiting {
    chain: String,
    path: String,
    digest: Digest,
    signature: Option<String>,
}

/// Digests in their order.
pub(super) struct Walk<'w> {
    shelf: &'w Shelf,
    keys: &'w DigestKeys,
    paths: VecDeque<(String, String)>,
    waiting: Option<Waiting>,
}

impl<'w> Walk<'w> {
    pub(super) async fn begin(
        shelf: &'w mut Shelf,
        keys: &'w DigestKeys,
        settled: &Settled,
    ) -> Result<Self, GatherError> {
        let paths = shelf.list(settled).await?.into();
        Ok(Self { shelf, keys, paths, waiting: None })
    }

    /// The next digest; none if there is no other.
    pub(super) async fn next(&mut self, settled: &Settled) -> Result<Option<Judged>, GatherError> {
        loop {
            let following = match self.paths.pop_front() {
                None => None,
                Some((chain, path)) => match self.shelf.digest(&path).await? {
                    None => continue,
                    Some((digest, signature)) => Some(Waiting { chain, path, digest, signature }),
                },
            };
            let is_last = following.is_none();
            let Some(waiting) = std::mem::replace(&mut self.waiting, following) else {
                if is_last {
                    return Ok(None);
                }
                continue;
            };
            let next = self.waiting.as_ref().filter(|next| next.chain == waiting.chain);
            let of_next = next.and_then(|next| next.digest.previous()).filter(|(key, _)| *key == waiting.digest.key);
            let of_next = of_next.map(|(_, signature)| signature.to_owned());
            let signatures: Vec<String> = waiting.signature.into_iter().chain(of_next).collect();
            let before = settled.get(&waiting.chain).cloned();
            let found = (waiting.chain, waiting.path, waiting.digest);
            return judge(self.shelf, self.keys, found, signatures, before).await.map(Some);
        }
    }

    /// Leaves out what is left of a chain.
    pub(super) fn skip(&mut self, chain: &str) {
        self.paths.retain(|(of, _)| of != chain);
        self.waiting.take_if(|waiting| waiting.chain == chain);
    }
}

/// Judges a digest that was read, and the log files it names.
pub(super) async fn judge(
    shelf: &Shelf,
    keys: &DigestKeys,
    (chain, path, digest): (String, String, Digest),
    signatures: Vec<String>,
    before: Option<Newest>,
) -> Result<Judged, GatherError> {
    let hash_of = |key: &str| before.as_ref().filter(|before| before.key == key).map(|before| &*before.hash);
    let state = digest.judge(keys, &signatures, hash_of);
    let named = digest.logs.iter().flatten();
    let logs = if state.is_unsigned() {
        named.map(|log| (log.key.clone(), LogState::Unproved)).collect()
    } else {
        let held = named.map(|log| {
            let (path, digest) = (&path, &digest.key);
            async move {
                let state = match shelf.log(path, digest, &log.key).await? {
                    LogFound::Missing => LogState::Missing,
                    LogFound::Hash(Some(hash)) if hash == log.hash => LogState::Verified,
                    LogFound::Hash(_) => LogState::Altered,
                };
                Ok::<_, GatherError>((log.key.clone(), state))
            }
        });
        futures::stream::iter(held.collect::<Vec<_>>()).buffered(LOGS_AT_ONCE).try_collect().await?
    };
    let newest = Newest { path, key: digest.key, hash: digest.hash };
    Ok(Judged { chain, newest, state, logs, signatures, before })
}

/// Verifies all digests of a place once, and the log files they name.
///
/// # Errors
///
/// If the place cannot be read. What is wrong with files is told in the report.
pub async fn verify_place(place: &DigestPlace, keys: &DigestKeys) -> Result<DigestReport, GatherError> {
    let (mut shelf, mut settled) = (Shelf::new(place)?, Settled::default());
    let mut walk = Walk::begin(&mut shelf, keys, &settled).await?;
    let mut report = DigestReport::default();
    while let Some(judged) = walk.next(&settled).await? {
        report.logs.extend(judged.logs);
        report.digests.push((judged.newest.key.clone(), judged.state));
        settled.set(judged.chain, judged.newest);
    }
    Ok(report)
}

#[cfg(all(test, feature = "s3"))]
mod tests {
    use super::super::DIGEST_FOLDER;
    use super::*;

    #[test]
    fn a_listing_begins_with_the_day_of_the_trail_that_is_behind() {
        let mut settled = Settled::default();
        let mut set = |region: &str, trail: &str, day: &str| {
            let folder = format!("a/{DIGEST_FOLDER}/{region}");
            let newest = Newest { path: format!("{folder}/2026/11/{day}/d"), key: String::new(), hash: String::new() };
            settled.set(format!("{folder}/{trail}"), newest);
        };
        set("eu-west-1", "one", "22");
        set("eu-west-1", "two", "21");
        set("eu-west-10", "one", "01");
        let day = |region: &str| settled.day(&format!("a/{DIGEST_FOLDER}/{region}"));
        assert_eq!(day("eu-west-1").unwrap(), format!("a/{DIGEST_FOLDER}/eu-west-1/2026/11/21"));
        assert_eq!(day("us-east-1"), None);
    }
}
