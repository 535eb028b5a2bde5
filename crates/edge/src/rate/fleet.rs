//! Counters shared by a fleet through a Valkey or Redis server.
//!
//! A request is counted in memory, as without a fleet. A thread beside tells the store, several times a second, what was
//! counted here since last time, hears what the others counted, and adds that to the windows here. If the store is lost,
//! each edge goes on with what it knows and counts for itself; the log, a metric and the admin address say so, and say when
//! the fleet counts together again.
//!
//! The store learns no key: only hashes that are keyed with a secret of the fleet.

mod endpoint;
mod link;
pub mod resp;
mod share;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::ClientConfig;
use sekisho_model::{Clock, Timestamp};
use sekisho_waf::CountedKey;
use sha2::{Digest, Sha256};

use super::RateCounters;
use super::counters::SHARDS;
use super::store::{CountedRule, CounterStore, Limited, Sharing};
use super::table::ReadyHasher;
use crate::metrics::RateMetrics;
use crate::upstream::{AuthoritiesError, client_config};
use link::{Commands, Link, LinkError};
use share::{News, Turn};

pub use endpoint::{Endpoint, EndpointError};
pub(super) use share::Share;

/// Keys told and asked about in one exchange; the rest wait for the next.
const EXCHANGED_KEYS_MAX: usize = 20_000;
/// Keys asked about without requests of their own.
const WATCHED_KEYS_MAX: usize = 10_000;
/// Keys whose commands are sent before replies are read.
const PIPELINED_KEYS_MAX: usize = 500;
/// Between comparisons of the store's clock with ours, in milliseconds.
const CLOCKS_INTERVAL_MS: u64 = 60_000;
/// Between attempts to reach a lost store.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// How a fleet counts together.
#[derive(Clone)]
pub struct FleetSettings {
    /// The store.
    pub endpoint: Endpoint,
    /// The fleet's secret; without one, whoever reads the store can find out addresses by trying all.
    pub secret: Option<Vec<u8>>,
    /// How often counts are exchanged, in milliseconds.
    pub exchange_interval_ms: u64,
}

impl std::fmt::Debug for FleetSettings {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { endpoint, exchange_interval_ms, .. } = self;
        write!(f, "{endpoint} every {exchange_interval_ms} ms")
    }
}

/// Why a fleet's counters cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// The authorities of the store's certificate are of no use.
    #[error("the authorities in {path}")]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: AuthoritiesError,
    },
    /// The thread cannot be started.
    #[error("failed to start the thread that exchanges counts")]
    Thread(#[source] std::io::Error),
}

/// Counters shared by a fleet.
#[derive(Debug)]
pub struct FleetCounters {
    inner: Arc<Inner>,
    /// Dropped to end the thread.
    end: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Inner {
    counters: RateCounters,
    secret: [u8; 32],
    /// Since when the store is lost, in milliseconds since the epoch; 0 if it is not.
    lost_since_ms: AtomicU64,
    metrics: RateMetrics,
}

impl FleetCounters {
    /// Counters for at most `keys_max` keys, and a thread that exchanges them. A store that cannot be reached is no error:
    /// it is told of and tried again.
    ///
    /// # Errors
    ///
    /// If the settings are of no use, or no thread can be started.
    pub fn start(
        keys_max: usize,
        settings: FleetSettings,
        clock: Arc<dyn Clock>,
        metrics: RateMetrics,
    ) -> Result<Self, FleetError> {
        let FleetSettings { endpoint, secret, exchange_interval_ms } = settings;
        let tls = if endpoint.tls {
            let config = client_config(endpoint.authorities.as_deref()).map_err(|source| FleetError::Authorities {
                path: endpoint.authorities.clone().unwrap_or_default(),
                source,
            })?;
            Some(Arc::new(config))
        } else {
            None
        };
        let inner = Arc::new(Inner {
            counters: RateCounters::new(keys_max),
            secret: Sha256::digest(secret.unwrap_or_default()).into(),
            lost_since_ms: AtomicU64::new(clock.now().unix_ms().max(1)),
            metrics,
        });
        let interval = Duration::from_millis(exchange_interval_ms);
        let (end, ended) = mpsc::channel::<()>();
        let mut exchanger = Exchanger {
            inner: Arc::clone(&inner),
            clock,
            endpoint,
            tls,
            link: None,
            connection: 0,
            first_shard: 0,
            watched: HashSet::default(),
            is_loss_told: false,
            clocks_compared_ms: 0,
            commands: Commands::default(),
        };
        let run = move || {
            loop {
                exchanger.step();
                let pause = if exchanger.link.is_some() { interval } else { RETRY_INTERVAL.max(interval) };
                if ended.recv_timeout(pause) == Err(RecvTimeoutError::Disconnected) {
                    // What was counted last is not kept from the others.
                    exchanger.step_if_linked();
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("edge-rates".to_owned()).spawn(run);
        Ok(Self { inner, end: Some(end), thread: Some(thread.map_err(FleetError::Thread)?) })
    }
}

impl Drop for FleetCounters {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that exchanges counts had panicked");
        }
    }
}

impl CounterStore for FleetCounters {
    fn count(&self, rule: &CountedRule, key: CountedKey<'_>, now: Timestamp) -> u64 {
        let Inner { counters, lost_since_ms, .. } = &*self.inner;
        let now_ms = now.unix_ms();
        let hash = counters.hash(rule, key);
        let mut shard = counters.shard(RateCounters::shard_of(hash));
        let entry = shard.entry(hash);
        let (count, newly_limited) = entry.count(rule, 1, now_ms);
        if lost_since_ms.load(Ordering::Relaxed) == 0 {
            let share =
                entry.share.get_or_insert_with(|| Box::new(Share::new(self.inner.name(rule, key), rule.allowance)));
            if share.note(now_ms) {
                if shard.has_room_in_queue() {
                    shard.queued.push(hash);
                } else {
                    shard.entry(hash).share.iter_mut().for_each(|share| share.not_queued());
                }
            }
        }
        drop(shard);
        if newly_limited {
            counters.remember(hash, rule, key, now_ms);
        }
        count
    }

    fn limited(&self, rule: &CountedRule, now: Timestamp) -> Vec<Limited> {
        self.inner.counters.limited(rule, now)
    }

    fn keys(&self) -> usize {
        self.inner.counters.keys()
    }

    fn sharing(&self) -> Sharing {
        match self.inner.lost_since_ms.load(Ordering::Relaxed) {
            0 => Sharing::Fleet,
            since => Sharing::Lost { since: Timestamp::from_unix_ms(since) },
        }
    }
}

impl Inner {
    /// What the store knows a key by: a hash keyed with the fleet's secret.
    fn name(&self, rule: &CountedRule, key: CountedKey<'_>) -> u128 {
        let mut hash = Sha256::new();
        hash.update(self.secret);
        hash.update(rule.identity.0.to_be_bytes());
        match key {
            CountedKey::Address(address) => hash.update(format!("address {address}")),
            CountedKey::InvalidAddress => hash.update("invalid"),
            CountedKey::Constant => hash.update("constant"),
            CountedKey::Custom(values) => {
                hash.update("custom ");
                hash.update(values);
            }
        }
        let digest: [u8; 32] = hash.finalize().into();
        let (first, _) = digest.split_first_chunk().expect("a digest has 32 bytes");
        u128::from_be_bytes(*first)
    }
}

/// The thread's own: the connection, and the keys it asks about.
struct Exchanger {
    inner: Arc<Inner>,
    clock: Arc<dyn Clock>,
    endpoint: Endpoint,
    tls: Option<Arc<ClientConfig>>,
    link: Option<Link>,
    /// Numbers connections, from 1: what was known on another one is read anew.
    connection: u32,
    /// The shard whose keys have their turn first: the next one each time, so that none waits for good.
    first_shard: usize,
    /// Keys to ask about even if they have no requests here.
    watched: HashSet<u128, ReadyHasher>,
    is_loss_told: bool,
    /// When the store's clock was last held against ours, in milliseconds since the epoch.
    clocks_compared_ms: u64,
    commands: Commands,
}

impl Exchanger {
    /// Connects if need be, and exchanges once.
    fn step(&mut self) {
        if self.link.is_none() {
            let clock = Arc::clone(&self.clock);
            match Link::open(&self.endpoint, self.tls.as_ref(), || clock.now().unix_ms()) {
                Ok(link) => self.found(link),
                Err(error) => return self.lost(&error),
            }
        }
        self.step_if_linked();
    }

    fn step_if_linked(&mut self) {
        let Some(mut link) = self.link.take() else { return };
        let now_ms = self.clock.now().unix_ms();
        if now_ms.abs_diff(self.clocks_compared_ms) >= CLOCKS_INTERVAL_MS {
            self.clocks_compared_ms = now_ms;
            if let Err(error) = link.compare_clocks(|| self.clock.now().unix_ms()) {
                return self.lost(&error);
            }
        }
        let turns = self.turns();
        self.watched.clear();
        for turns in turns.chunks(PIPELINED_KEYS_MAX) {
            if let Err(error) = self.exchange(turns, &mut link) {
                return self.lost(&error);
            }
        }
        self.link = Some(link);
    }

    fn found(&mut self, link: Link) {
        self.link = Some(link);
        self.connection += 1;
        self.watched.clear();
        // What waited since the store was lost would be told at the wrong time.
        for number in 0..SHARDS {
            let mut shard = self.inner.counters.shard(number);
            for hash in std::mem::take(&mut shard.queued) {
                if let Some(share) = shard.get_mut(hash).and_then(|entry| entry.share.as_mut()) {
                    share.turn(hash, self.connection, 0);
                }
            }
        }
        self.inner.lost_since_ms.store(0, Ordering::Relaxed);
        self.inner.metrics.shared(Sharing::Fleet);
        if std::mem::take(&mut self.is_loss_told) {
            tracing::info!(store = %self.endpoint, "the rate store is back: the fleet counts together again");
        } else {
            tracing::info!(store = %self.endpoint, "rates are counted together with the fleet");
        }
    }

    fn lost(&mut self, error: &LinkError) {
        self.link = None;
        if !std::mem::replace(&mut self.is_loss_told, true) {
            let now_ms = self.clock.now().unix_ms().max(1);
            self.inner.lost_since_ms.store(now_ms, Ordering::Relaxed);
            self.inner.metrics.shared(Sharing::Lost { since: Timestamp::from_unix_ms(now_ms) });
            self.inner.metrics.store_lost();
            tracing::error!(store = %self.endpoint, %error, "the rate store cannot be used: this edge counts for itself");
        }
    }

    /// The keys that have something to tell or are watched.
    fn turns(&mut self) -> Vec<Turn> {
        let now_ms = self.clock.now().unix_ms();
        let mut turns = Vec::new();
        self.first_shard = (self.first_shard + 1) % SHARDS;
        for number in (self.first_shard..SHARDS).chain(0..self.first_shard) {
            let mut shard = self.inner.counters.shard(number);
            let room = EXCHANGED_KEYS_MAX.saturating_sub(turns.len()).min(shard.queued.len());
            let queued: Vec<_> = shard.queued.drain(..room).collect();
            for hash in queued {
                if let Some(share) = shard.get_mut(hash).and_then(|entry| entry.share.as_mut()) {
                    turns.push(share.turn(hash, self.connection, now_ms));
                }
            }
        }
        let told: HashSet<u128, ReadyHasher> = turns.iter().map(|turn| turn.hash).collect();
        for &hash in self.watched.difference(&told).take(EXCHANGED_KEYS_MAX.saturating_sub(told.len())) {
            let mut shard = self.inner.counters.shard(RateCounters::shard_of(hash));
            if let Some(share) = shard.get_mut(hash).and_then(|entry| entry.share.as_mut())
                && !share.is_queued()
            {
                turns.push(share.turn(hash, self.connection, now_ms));
            }
        }
        turns
    }

    fn exchange(&mut self, turns: &[Turn], link: &mut Link) -> Result<(), LinkError> {
        let store_time = |now_ms: u64| now_ms.saturating_add_signed(link.ahead_ms);
        let asked_ms = store_time(self.clock.now().unix_ms());
        self.commands.clear();
        turns.iter().for_each(|turn| turn.ask(asked_ms, &mut self.commands));
        let ahead_ms = link.ahead_ms;
        let mut replies = link.exchange(&self.commands)?.into_iter();
        let now_ms = self.clock.now().unix_ms();
        for turn in turns {
            let news: News = turn.hear(&mut replies).ok_or(LinkError::Strange)?;
            let mut shard = self.inner.counters.shard(RateCounters::shard_of(turn.hash));
            let Some(entry) = shard.get_mut(turn.hash) else { continue };
            let store_ms = now_ms.saturating_add_signed(ahead_ms);
            if turn.settle(entry, news, self.connection, now_ms, store_ms) && self.watched.len() < WATCHED_KEYS_MAX {
                self.watched.insert(turn.hash);
            }
        }
        Ok(())
    }
}
