//! A lake that is open.

use std::fmt;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sekisho_append::{Append, Batch, Feed, Log, Origin, Pending, Position, Refused};
use sekisho_disk::Disk;
use sekisho_model::Clock;
use sekisho_tables::{Location, Tables};
use tokio::runtime::Runtime;

use crate::commit::Committer;
use crate::draw::Drawing;
use crate::error::{LakeError, chain};
use crate::lock::Lock;
use crate::place::Place;
use crate::settings::Settings;
use crate::state::{Part, State, Status};

/// How often the write-ahead log's room is measured.
const MEASURE_INTERVAL: Duration = Duration::from_millis(100);
/// How long a deletion waits for the checkpoint that covers the record of it: many intervals between checkpoints, as the log may be behind.
const SEAL_WAIT_MAX: Duration = Duration::from_secs(120);
/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;
/// Threads for what stores answer.
const STORE_THREADS: usize = 2;

/// The lake. One process at a time has it open.
pub struct Lake {
    append: Arc<Append>,
    tables: Arc<Tables>,
    state: Arc<State>,
    place: Place,
    /// The log's name.
    log: String,
    clock: Arc<dyn Clock>,
    uncommitted_bytes_max: u64,
    measured: Mutex<Option<Instant>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// How many holds began since the lake was opened. Whoever deletes, holds or releases has it in hand.
    holds: Mutex<u64>,
    /// Merges and deletions come one after the other.
    upkeep: Mutex<()>,
    /// Ends after the threads that use it.
    runtime: Runtime,
    _lock: Lock,
}

impl fmt::Debug for Lake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Lake").field("append", &self.append).field("state", &self.state).finish_non_exhaustive()
    }
}

pub(crate) fn now_ms(clock: &dyn Clock) -> i64 {
    i64::try_from(clock.now().unix_ms()).unwrap_or(i64::MAX)
}

impl Lake {
    /// Opens a lake, or begins one. What a crash left undone is done.
    ///
    /// # Errors
    ///
    /// If another process has it open, a part of it is damaged or of another time than the rest, or the disk or a store refuses.
    pub fn open(place: &Place, clock: Arc<dyn Clock>, settings: &Settings) -> Result<Self, LakeError> {
        let lock = Lock::take(&place.folder)?;
        let append = Append::open(Arc::clone(&place.disk), &place.append(), settings.append)?;
        let append = Arc::new(append);
        let tables = Tables::open(place.tables.clone());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(STORE_THREADS)
            .thread_name("lake-store")
            .enable_all()
            .build()
            .map_err(LakeError::Thread)?;
        let state = Arc::new(State::default());
        state.set_committed(append.first()?);
        // One gathering is written while the next comes together, and no more.
        let (to_commit, handed_over) = sync_channel(0);
        let mut drawing = Drawing {
            place: place.clone(),
            settings: settings.clone(),
            append: Arc::clone(&append),
            tables: Arc::clone(&tables),
            state: Arc::clone(&state),
            runtime: runtime.handle().clone(),
            to_commit,
            seal: None,
            log: String::new(),
            proof: String::new(),
            is_claimed: false,
            clock: Arc::clone(&clock),
            epoch: 0,
        };
        let run = match drawing.begin() {
            // A bucket that is out of reach keeps nobody from bringing records: they wait in the write-ahead log.
            Err(LakeError::Tables(error)) if place.tables.iter().any(Location::is_shared) && !error.is_lasting() => {
                state.set_trouble(Part::Draw, Some(chain(&error)));
                Err(error.into())
            }
            begun => Ok(begun?),
        };
        let log = drawing.log.clone();
        let committer = Committer {
            append: Arc::clone(&append),
            tables: Arc::clone(&tables),
            clock: Arc::clone(&clock),
            state: Arc::clone(&state),
            runtime: runtime.handle().clone(),
        };
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(LakeError::Thread)
        };
        let threads = vec![
            spawn("lake-draw", Box::new(move || drawing.work(run)))?,
            spawn("lake-commit", Box::new(move || committer.work(&handed_over)))?,
        ];
        Ok(Self {
            append,
            tables,
            state,
            place: place.clone(),
            log,
            clock,
            uncommitted_bytes_max: settings.uncommitted_bytes_max,
            measured: Mutex::new(None),
            threads: Mutex::new(threads),
            holds: Mutex::default(),
            upkeep: Mutex::default(),
            runtime,
            _lock: lock,
        })
    }

    /// How far each feed had been read when the lake was opened.
    #[must_use]
    pub fn positions(&self) -> &[(Feed, Position)] {
        self.append.positions()
    }

    /// The tables, to be read.
    #[must_use]
    pub fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }

    /// Hands over a batch; waits while too much is on its way already, or too much is durable but in no table. Its records are kept once
    /// [`Pending::wait`] says so.
    ///
    /// # Errors
    ///
    /// If the batch is too large.
    pub fn append(&self, batch: Batch) -> Result<Pending, Refused> {
        self.wait_for_room();
        self.append.append(batch)
    }

    /// Whoever brings faster than tables are written waits here.
    fn wait_for_room(&self) {
        let mut measured = self.measured.lock().expect("nothing panics with the time in hand");
        if measured.is_some_and(|measured| measured.elapsed() < MEASURE_INTERVAL) {
            return;
        }
        // What cannot be measured now is measured next time: the disk tells whoever appends.
        while !self.has_ended() && self.append.bytes().is_ok_and(|bytes| bytes > self.uncommitted_bytes_max) {
            std::thread::sleep(MEASURE_INTERVAL);
        }
        *measured = Some(Instant::now());
    }

    fn threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().expect("nothing panics with the threads in hand")
    }

    /// Whether a thread of the lake has ended, which only a mistake in its code makes: nothing reaches tables any more.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.threads().iter().any(JoinHandle::is_finished)
    }

    /// The log's name.
    pub(crate) fn log(&self) -> &str {
        &self.log
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.place.folder
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn holds(&self) -> MutexGuard<'_, u64> {
        // What was counted is right even if a deletion has panicked.
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn upkeep(&self) -> MutexGuard<'_, ()> {
        // There is nothing behind it that a panic could leave half done.
        self.upkeep.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn disk(&self) -> &dyn Disk {
        &*self.place.disk
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    pub(crate) fn now_ms(&self) -> i64 {
        now_ms(&*self.clock)
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> tokio::task::JoinHandle<()> {
        self.runtime.spawn(task)
    }

    /// Takes in a record of the lake's own. Gives the index after it, once it is durable.
    pub(crate) fn say(&self, record: Batch) -> Result<u64, LakeError> {
        Ok(self.append.append(record)?.wait()?.end)
    }

    /// Waits until a checkpoint covers all records before this index.
    pub(crate) fn wait_sealed(&self, size: u64) -> Result<(), LakeError> {
        if self.state.wait_sealed(size, SEAL_WAIT_MAX) { Ok(()) } else { Err(LakeError::Unsealed(size)) }
    }

    /// Waits until a checkpoint covers all records before this index, not longer than this; whether it does.
    pub(crate) fn is_sealed_within(&self, size: u64, timeout: Duration) -> bool {
        self.state.wait_sealed(size, timeout)
    }

    /// How the lake is.
    ///
    /// # Errors
    ///
    /// If the disk refuses.
    pub fn status(&self) -> Result<Status, LakeError> {
        let trouble = self.state.trouble();
        Ok(Status {
            durable: self.append.durable(),
            sealed: self.state.sealed(),
            committed: self.state.committed(),
            append_bytes: self.append.bytes()?,
            trouble: if self.has_ended() { Some(LakeError::Ended.to_string()) } else { trouble },
            hours: self.state.hours(),
            totals: self.state.totals(),
            sealed_at_ms: self.state.sealed_at_ms(),
        })
    }

    /// Seals and commits all that was handed over, and ends: what is handed over from now on stays in the write-ahead log until the lake is opened
    /// again, which it can be once this is dropped. Gives what could not be done; nothing of it is lost.
    #[must_use]
    pub fn close(&self) -> Option<String> {
        self.end();
        self.state.trouble()
    }

    fn end(&self) {
        // An empty batch is durable after all that were handed over before it.
        let last = Batch::new(Origin::default());
        if let Ok(pending) = self.append.append(last) {
            // If the disk refuses, those before it were told.
            _ = pending.wait();
        }
        self.state.close();
        let threads = std::mem::take(&mut *self.threads());
        for thread in threads {
            // A panic there was reported there.
            _ = thread.join();
        }
    }
}

impl Log for Lake {
    fn positions(&self) -> &[(Feed, Position)] {
        Self::positions(self)
    }

    fn append_all(&self, batches: Vec<Batch>) -> Result<Vec<Pending>, Refused> {
        self.wait_for_room();
        self.append.append_all(batches)
    }
}

impl Drop for Lake {
    fn drop(&mut self) {
        self.end();
    }
}
