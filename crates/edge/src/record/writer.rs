//! The journal: the thread that moves records from the workers' outboxes to the disk.
//!
//! It wakes twice in a flush interval, or when an outbox fills up: swaps the outboxes, writes their lines to the active
//! segment, and asks for them to be made durable. A segment that is old or large enough is handed over for archiving. A
//! write that fails is tried again from the byte it stopped at, so that no line is torn and none is written twice;
//! meanwhile the queue fills, and the setting [`Overflow`](super::Overflow) decides what becomes of further records.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sekisho_model::Clock;

use super::archive::Archiver;
use super::outbox::{Batch, Exchange, Outbox};
use super::recovery::recover;
use super::segment::{Segment, active_folder, create_folder};
use super::settings::{JournalError, JournalSettings};
use super::sync::Syncer;
use crate::metrics::{DropReason, RecordMetrics};

/// How long closing keeps trying to write what is left.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause between tries while the disk refuses.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Keeps decisions on disk. One a data folder.
#[derive(Debug)]
pub struct Journal {
    exchange: Arc<Exchange>,
    thread: Option<JoinHandle<u64>>,
}

impl Journal {
    /// Takes hold of the data folder, recovers what a crash left there, and starts keeping records.
    ///
    /// # Errors
    ///
    /// If a setting cannot be part of a file name, another process holds the folder, or the file system refuses.
    pub fn start(
        settings: JournalSettings,
        clock: Arc<dyn Clock>,
        metrics: RecordMetrics,
    ) -> Result<Self, JournalError> {
        settings.validate()?;
        let active = active_folder(&settings.folder);
        create_folder(&settings.folder, &active)?;
        if settings.followed {
            create_folder(&settings.folder, &JournalSettings::followed_folder(&settings.folder))?;
        }
        let lock = hold(settings.folder.join("decisions").join("lock"))?;
        let recovered = recover(&settings.folder)?;
        metrics.torn_lines.inc_by(recovered.torn_lines);
        if !recovered.segments.is_empty() {
            let (segments, torn_lines) = (recovered.segments.len(), recovered.torn_lines);
            tracing::info!(segments, torn_lines, "recovered the records of an earlier run");
        }
        let thread_error = |source| JournalError::Io { action: "start threads for", path: active.clone(), source };
        let archiver = Archiver::start(settings.folder.clone(), metrics.clone()).map_err(thread_error)?;
        recovered.segments.into_iter().for_each(|segment| archiver.finish(segment));
        let syncer = Syncer::start(metrics.clone()).map_err(thread_error)?;
        let exchange = Arc::new(Exchange::new(settings.queue_bytes_max, settings.overflow, metrics));
        let writer = Writer {
            exchange: Arc::clone(&exchange),
            settings,
            clock,
            segment: None,
            waiting: Vec::new(),
            written: 0,
            spare: Vec::new(),
            failing: false,
            dirty: false,
            syncer,
            archiver,
            _lock: lock,
        };
        let thread = std::thread::Builder::new().name("record-write".to_owned());
        let thread = thread.spawn(move || writer.work()).map_err(thread_error)?;
        Ok(Self { exchange, thread: Some(thread) })
    }

    /// A place for one worker to leave its records. Dropped when the worker ends; what is in it is still written.
    #[must_use]
    pub fn outbox(&self) -> Outbox {
        Outbox::new(&self.exchange)
    }

    /// Waits until every record pushed so far is durable.
    ///
    /// # Errors
    ///
    /// If the disk refuses, or does not answer within `timeout`.
    pub fn flush(&self, timeout: Duration) -> Result<(), JournalError> {
        match self.exchange.flush(timeout) {
            Some(true) => Ok(()),
            Some(false) | None => Err(JournalError::NotDurable),
        }
    }

    /// Writes what is left, finishes the segment, archives it, and lets go of the data folder.
    ///
    /// Records pushed afterwards are counted as dropped.
    ///
    /// # Errors
    ///
    /// If records could not be written; they are counted as dropped.
    pub fn close(mut self) -> Result<(), JournalError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), JournalError> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        self.exchange.ring(|bell| bell.close = true);
        match thread.join() {
            Ok(0) => Ok(()),
            Ok(records) => Err(JournalError::Unwritten { records }),
            Err(_) => Err(JournalError::Panicked),
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::error!(error = &error as &dyn std::error::Error, "failed to close the journal of decisions");
        }
    }
}

/// Takes hold of the lock file for as long as the process lives.
fn hold(path: PathBuf) -> Result<File, JournalError> {
    let opened = fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = opened.map_err(JournalError::io("open lock", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::Locked { lock: path }),
        Err(TryLockError::Error(error)) => Err(JournalError::io("lock", &path)(error)),
    }
}

/// The thread's own state.
struct Writer {
    exchange: Arc<Exchange>,
    settings: JournalSettings,
    clock: Arc<dyn Clock>,
    segment: Option<Segment>,
    /// Collected, not yet wholly written.
    waiting: Vec<Batch>,
    /// Bytes of the first waiting batch that are in the segment.
    written: usize,
    spare: Vec<Vec<u8>>,
    failing: bool,
    /// Something was written that nobody has asked to be made durable.
    dirty: bool,
    // Dropped in this order: records are durable, then archived, then the folder is free.
    syncer: Syncer,
    archiver: Archiver,
    _lock: File,
}

/// Tells the workers, also when the thread panics.
struct Leaving(Arc<Exchange>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl Writer {
    /// Works until the journal is closed. Returns how many records could not be written.
    fn work(mut self) -> u64 {
        let _leaving = Leaving(Arc::clone(&self.exchange));
        // Half of the interval is for waiting, the other half for the disk.
        let tick = Duration::from_millis((self.settings.flush_interval_ms / 2).max(1));
        let mut due = Instant::now() + tick;
        loop {
            let bell = self.exchange.wait(due.saturating_duration_since(Instant::now()));
            if bell.close {
                return self.finish();
            }
            let written = self.turn(false);
            let flushing = bell.flush_asked > bell.flush_done;
            if flushing || Instant::now() >= due {
                self.make_durable();
                due = Instant::now() + tick;
            }
            if flushing {
                let ok = written && self.syncer.wait();
                self.exchange.ring(|now| (now.flush_done, now.flush_ok) = (bell.flush_asked, ok));
            }
            if self.failing {
                // A full queue rings the bell all the time; that must not keep the processor busy.
                std::thread::sleep(RETRY_PAUSE.min(tick));
            }
        }
    }

    /// Writes what the workers have left. False: the disk refused, and something is still waiting.
    fn turn(&mut self, closing: bool) -> bool {
        if self.segment.as_ref().is_some_and(Segment::is_unlinked) {
            self.exchange.metrics.write_errors.inc();
            tracing::error!("somebody removed the active segment; its records are lost");
            self.segment = None;
            self.written = 0;
        }
        if self.written == 0 && self.segment.as_ref().is_some_and(|segment| self.is_old(segment)) {
            self.rotate();
        }
        let mut result = Ok(());
        if !closing && !self.waiting.is_empty() {
            result = self.write_waiting();
        }
        if result.is_ok() {
            self.exchange.collect(closing, &mut self.spare, &mut self.waiting);
            result = self.write_waiting();
        }
        match &result {
            Ok(()) if self.failing => tracing::info!("records can be written again"),
            Err(error) => {
                self.exchange.metrics.write_errors.inc();
                if !self.failing {
                    let error: &dyn std::error::Error = error;
                    tracing::error!(error, "failed to write records; they wait, and further ones may be dropped");
                }
            }
            Ok(()) => {}
        }
        self.failing = result.is_err();
        result.is_ok()
    }

    /// Asks for what is written to be made durable, without waiting for it.
    fn make_durable(&mut self) {
        if let Some(segment) = self.segment.as_ref().filter(|_| self.dirty) {
            self.syncer.ask(&segment.file);
            self.dirty = false;
        }
    }

    fn is_old(&self, segment: &Segment) -> bool {
        self.clock.now().since_ms(segment.started) >= self.settings.rotate_interval_s.saturating_mul(1000)
    }

    fn write_waiting(&mut self) -> Result<(), JournalError> {
        let mut done = 0;
        let result = (|| {
            while let Some(batch) = self.waiting.get(done) {
                let (bytes, records) = (batch.bytes.len(), batch.records);
                self.make_segment(bytes as u64)?;
                self.write_batch(done)?;
                self.written = 0;
                self.exchange.metrics.written.inc_by(records);
                self.exchange.release(bytes);
                done += 1;
            }
            Ok(())
        })();
        for batch in self.waiting.drain(..done) {
            Exchange::recycle(batch.bytes, &mut self.spare);
        }
        result
    }

    /// Sees to it that there is a segment with room for a batch.
    fn make_segment(&mut self, batch_bytes: u64) -> Result<(), JournalError> {
        let full = |segment: &Segment| segment.bytes + batch_bytes > self.settings.segment_bytes_max;
        if self.written == 0 && self.segment.as_ref().is_some_and(full) {
            self.rotate();
        }
        if self.segment.is_none() {
            self.segment = Some(Segment::create(&self.settings, self.clock.now())?);
        }
        Ok(())
    }

    /// Writes the rest of a batch, remembering how far it came.
    fn write_batch(&mut self, index: usize) -> Result<(), JournalError> {
        let segment = self.segment.as_mut().expect("a segment was made for this batch");
        let batch = &self.waiting[index].bytes;
        while self.written < batch.len() {
            let result = match (&*segment.file).write(&batch[self.written..]) {
                Ok(0) => Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => Ok(bytes),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let path = segment.name.plain_path(&self.settings.folder);
            let bytes = result.map_err(JournalError::io("write segment", &path))?;
            self.written += bytes;
            segment.bytes += bytes as u64;
            self.dirty = true;
        }
        Ok(())
    }

    /// Hands the segment over; the next record begins a new one.
    fn rotate(&mut self) {
        self.make_durable();
        if let Some(segment) = self.segment.take() {
            self.archiver.finish(segment.name);
        }
    }

    /// The last turns. Returns how many records could not be written.
    fn finish(mut self) -> u64 {
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        while !self.turn(true) && Instant::now() < deadline {
            std::thread::sleep(RETRY_PAUSE);
        }
        let mut lost = 0;
        for batch in self.waiting.drain(..) {
            lost += batch.records;
            self.exchange.drop_records(DropReason::Unwritten, batch.records, batch.bytes.len());
        }
        // Not archived if the last line may be torn: the next start cuts it.
        self.make_durable();
        if self.written == 0 {
            self.rotate();
        }
        let durable = self.syncer.wait();
        self.exchange.ring(|bell| (bell.flush_done, bell.flush_ok) = (bell.flush_asked, durable && lost == 0));
        lost
    }
}

#[cfg(test)]
mod tests;
