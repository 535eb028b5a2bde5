//! The thread that reads records back: each becomes a leaf, and what it tells is gathered.
//!
//! It begins with the first record that is in no table for certain. Records from there on that some table has already, since a crash
//! or a failure came between the commits of two tables, are left out: so it does not matter what a source's code makes of a record
//! the second time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use sekisho_append::{Append, ReadBatch, Reader, Record};
use sekisho_collect::{Context, Source};
use sekisho_model::Clock;
use sekisho_seal::{SealLog, record_hash};
use sekisho_tables::{Arrived, Gathering, Tables};
use tokio::runtime::Handle;

use crate::commit::Work;
use crate::error::LakeError;
use crate::lake::now_ms;
use crate::place::Place;
use crate::settings::Settings;
use crate::state::{HourCount, Part, State};
use crate::{key, record};

/// A pause between tries grows to so many times the first.
const RETRY_TIMES_MAX: u32 = 100;
/// Tries to commit what is left when the lake is closed. What fails then stays in the write-ahead log.
const CLOSING_TRIES: u32 = 3;

/// The thread.
pub(crate) struct Drawing {
    pub(crate) place: Place,
    pub(crate) settings: Settings,
    pub(crate) append: Arc<Append>,
    pub(crate) tables: Arc<Tables>,
    pub(crate) state: Arc<State>,
    pub(crate) runtime: Handle,
    pub(crate) to_commit: SyncSender<Work>,
    /// None if it must be opened again.
    pub(crate) seal: Option<SealLog>,
    /// The log's name.
    pub(crate) log: String,
    /// Its public key, and whether tables that others write to know that it is the one of this name.
    pub(crate) proof: String,
    pub(crate) is_claimed: bool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) epoch: u64,
}

/// What is under way since the last beginning from the write-ahead log.
pub(crate) struct Run {
    reader: Reader,
    /// Records that some table has, in order; those below the next record are taken off.
    held: std::iter::Peekable<std::vec::IntoIter<u64>>,
    bundle: Bundle,
    checkpointed: Instant,
}

/// What is gathered.
struct Bundle {
    gathering: Gathering,
    /// When its first record was gathered, those of written files aside: they wait for others.
    since: Option<Instant>,
    next: u64,
}

impl Drawing {
    /// Finds where to begin, and opens what is needed.
    pub(crate) fn begin(&mut self) -> Result<Run, LakeError> {
        self.state.wait_idle();
        self.epoch += 1;
        let seal = match self.seal.take() {
            Some(seal) => seal,
            None => {
                let folder = self.place.seal();
                let key = key::open(&*self.place.disk, &folder, &self.settings.name)?;
                self.log = key.verifying().name().to_owned();
                self.proof = key.verifying().to_text();
                SealLog::open(Arc::clone(&self.place.disk), &folder, key)?
            }
        };
        let durable = self.append.durable();
        let ahead = |part, has| if has > durable { Err(LakeError::Ahead { part, has, durable }) } else { Ok(()) };
        ahead("the seal", seal.size())?;
        let committed = self.state.committed();
        if !self.is_claimed {
            self.runtime.block_on(self.tables.claim(&self.log, &self.proof))?;
            self.is_claimed = true;
        }
        let held = self.runtime.block_on(self.tables.held(&self.log, committed))?;
        ahead("a table", held.last().map_or(0, |last| last + 1))?;
        let from = committed.min(seal.size());
        self.state.set_sealed(seal.newest().map_or(0, |newest| newest.size));
        self.seal = Some(seal);
        Ok(Run {
            reader: Reader::new(Arc::clone(&self.place.disk), &self.place.append(), from),
            held: held.into_iter().peekable(),
            bundle: Bundle { gathering: Gathering::new(&self.log), since: None, next: committed },
            checkpointed: Instant::now(),
        })
    }

    /// Works until the lake is closed. What fails is tried again.
    pub(crate) fn work(mut self, mut run: Result<Run, LakeError>) {
        let mut pause = self.settings.retry_interval;
        let mut closing_tries = 0;
        loop {
            let begun = Instant::now();
            let ended = run.and_then(|run| self.draw(run));
            match ended {
                Ok(()) if !self.state.has_failed(self.epoch) => return,
                Ok(()) => {}
                Err(error) => self.state.set_trouble(Part::Draw, Some(crate::error::chain(&error))),
            }
            if self.state.is_closing() {
                closing_tries += 1;
                if closing_tries >= CLOSING_TRIES {
                    return;
                }
                std::thread::sleep(self.settings.retry_interval);
            } else {
                let worked = begun.elapsed() > pause * 2;
                pause = if worked { self.settings.retry_interval } else { pause * 2 };
                pause = pause.min(self.settings.retry_interval * RETRY_TIMES_MAX);
                self.state.pause(pause);
            }
            run = self.begin();
        }
    }

    /// Draws until the lake is closed and all is handed over, or a commit fails.
    fn draw(&mut self, mut run: Run) -> Result<(), LakeError> {
        while !self.state.has_failed(self.epoch) {
            let is_closing = self.state.is_closing();
            let durable = self.append.durable();
            while let Some(batch) = run.reader.next(durable)? {
                self.take(&batch, &mut run.held, &mut run.bundle);
                if run.bundle.gathering.bytes() >= self.settings.commit_bytes {
                    self.hand_over(&mut run.bundle)?;
                }
                self.checkpoint(&mut run.checkpointed, self.settings.checkpoint_interval)?;
                if self.state.has_failed(self.epoch) {
                    return Ok(());
                }
            }
            // All that was durable is drawn.
            self.state.set_trouble(Part::Draw, None);
            if is_closing {
                self.checkpoint(&mut run.checkpointed, Duration::ZERO)?;
                if run.bundle.since.is_some() {
                    self.hand_over(&mut run.bundle)?;
                }
                self.state.wait_idle();
                // The commit itself was recorded; that record is sealed too.
                return self.seal_rest(run);
            }
            self.checkpoint(&mut run.checkpointed, self.settings.checkpoint_interval)?;
            let age = run.bundle.since.map(|since| since.elapsed());
            if age.is_some_and(|age| age >= self.settings.commit_interval) {
                self.hand_over(&mut run.bundle)?;
            }
            let left =
                age.map_or(self.settings.commit_interval, |age| self.settings.commit_interval.saturating_sub(age));
            let wait = left.min(self.settings.checkpoint_interval).max(Duration::from_millis(1));
            _ = self.append.wait_beyond(durable, wait.min(Duration::from_millis(100)));
        }
        Ok(())
    }

    /// Seals what came last. It stays in the write-ahead log.
    fn seal_rest(&mut self, mut run: Run) -> Result<(), LakeError> {
        let durable = self.append.durable();
        while let Some(batch) = run.reader.next(durable)? {
            self.take(&batch, &mut run.held, &mut run.bundle);
        }
        self.checkpoint(&mut run.checkpointed, Duration::ZERO)
    }

    /// Takes in the records of a batch.
    fn take(
        &mut self,
        batch: &ReadBatch<'_>,
        held: &mut std::iter::Peekable<std::vec::IntoIter<u64>>,
        bundle: &mut Bundle,
    ) {
        let (source, header) = (batch.source(), batch.header());
        let known = Source::named(source);
        let seal = self.seal.as_mut().expect("opened when the run began");
        let is_own = source == record::SOURCE;
        for (index, Record { received_ms, raw }) in (batch.index()..).zip(batch.records()) {
            if index == seal.size() {
                seal.push(record_hash(source, header, received_ms, raw));
            }
            while held.next_if(|held| *held < index).is_some() {}
            if index < bundle.next {
                continue;
            }
            bundle.next = index + 1;
            if held.next_if_eq(&index).is_some() {
                continue;
            }
            let arrived = Arrived { index, source, header, received_ms, raw };
            let quarantined = gather(&mut bundle.gathering, &arrived, known, is_own);
            // Each commit makes a record of the files it wrote: that one waits for others.
            let waits = is_own && record::is_of_files(raw);
            if !waits && bundle.since.is_none() {
                bundle.since = Some(Instant::now());
            }
            let count = HourCount { records: 1, bytes: raw.len() as u64, quarantined };
            self.state.count(index, source, received_ms, count);
        }
    }

    fn hand_over(&mut self, bundle: &mut Bundle) -> Result<(), LakeError> {
        let gathering = std::mem::replace(&mut bundle.gathering, Gathering::new(&self.log));
        bundle.since = None;
        self.state.set_out();
        let work = Work { epoch: self.epoch, gathering, next: bundle.next };
        self.to_commit.send(work).map_err(|_| {
            self.state.arrive(None);
            LakeError::Ended
        })
    }

    /// Signs a new state if there is one and the last is `interval` old.
    fn checkpoint(&mut self, last: &mut Instant, interval: Duration) -> Result<(), LakeError> {
        let seal = self.seal.as_mut().expect("opened when the run began");
        if seal.size() == self.state.sealed() || last.elapsed() < interval {
            return Ok(());
        }
        *last = Instant::now();
        match seal.checkpoint() {
            Ok(_) => {
                self.state.set_sealed(seal.size());
                self.state.set_sealed_at(now_ms(&*self.clock));
                Ok(())
            }
            Err(error) => {
                self.seal = None;
                Err(error.into())
            }
        }
    }
}

/// Gathers what a record tells. Gives how many records went to the quarantine: one or none.
fn gather(gathering: &mut Gathering, arrived: &Arrived<'_>, known: Option<&'static Source>, is_own: bool) -> u64 {
    let context = Context { header: arrived.header, received_ms: arrived.received_ms };
    let tell = || match known {
        _ if is_own => record::tell(arrived.raw),
        Some(source) => source.parse(arrived.raw, context).map_err(|refusal| refusal.to_string()),
        None => Err("no source of this name is known".to_owned()),
    };
    // A mistake in one source's code must not stop all others.
    let told = catch_unwind(AssertUnwindSafe(tell))
        .unwrap_or_else(|_| Err("the source's code failed on it: please report this".to_owned()));
    match told {
        Ok(event) => {
            gathering.add(arrived, Ok(&event));
            0
        }
        Err(reason) => {
            gathering.add(arrived, Err(&reason));
            1
        }
    }
}
