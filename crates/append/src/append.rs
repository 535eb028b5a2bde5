//! The log as others see it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use sekisho_disk::Disk;

use crate::batch::{Batch, Feed, Position};
use crate::error::{AppendError, Refused};
use crate::queue::{Outcome, Queue};
use crate::recovery::recover;
use crate::segment;
use crate::settings::{BATCH_BYTES_MAX, Settings};
use crate::writer::Writer;

/// How far the log is durable; others wait for more.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    durable: Mutex<u64>,
    more: Condvar,
}

impl Progress {
    pub(crate) fn advance(&self, durable: u64) {
        *self.durable.lock().expect("nothing panics here") = durable;
        self.more.notify_all();
    }
}

/// A log that is written to. One process at a time may open a folder; whoever calls makes sure of that.
#[derive(Debug)]
pub struct Append {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    queue: Arc<Queue>,
    progress: Arc<Progress>,
    positions: Vec<(Feed, Position)>,
    thread: Option<JoinHandle<()>>,
}

/// A batch on its way to the disk.
#[derive(Debug)]
pub struct Pending(Receiver<Outcome>);

impl Pending {
    /// Waits until the batch is durable; gives the indexes of its records.
    ///
    /// # Errors
    ///
    /// If the disk refused. Nothing of the batch counts; it can be brought again.
    pub fn wait(self) -> Result<Range<u64>, Refused> {
        self.0.recv().unwrap_or(Err(Refused::Closed))
    }
}

impl Append {
    /// Opens the log in a folder, or begins one.
    ///
    /// # Errors
    ///
    /// If the disk refuses, or durable records are damaged or gone.
    pub fn open(disk: Arc<dyn Disk>, folder: &Path, settings: Settings) -> Result<Self, AppendError> {
        disk.create_folder(folder).map_err(|source| AppendError::disk("make the folder", folder, source))?;
        let recovered = recover(&*disk, folder)?;
        let positions = recovered.positions.iter().map(|(feed, position)| (feed.clone(), position.clone())).collect();
        let writer = Writer::new(Arc::clone(&disk), folder, settings, recovered)?;
        let progress = Arc::new(Progress::default());
        progress.advance(writer.next());
        let queue = Arc::new(Queue::new(settings.queue_bytes_max));
        let thread = std::thread::Builder::new().name("append".to_owned());
        let (its_queue, its_progress) = (Arc::clone(&queue), Arc::clone(&progress));
        let thread = thread.spawn(move || writer.work(&its_queue, &its_progress)).map_err(AppendError::Thread)?;
        Ok(Self { disk, folder: folder.to_owned(), queue, progress, positions, thread: Some(thread) })
    }

    /// How far each feed had been read when the log was opened.
    #[must_use]
    pub fn positions(&self) -> &[(Feed, Position)] {
        &self.positions
    }

    /// Hands over a batch; waits while too much is on its way already.
    ///
    /// # Errors
    ///
    /// If the batch is too large or the log is closed.
    pub fn append(&self, batch: Batch) -> Result<Pending, Refused> {
        let mut pending = self.append_all(vec![batch])?;
        Ok(pending.pop().expect("one for each batch"))
    }

    /// Hands over batches that follow one another: whatever happens, those that become durable are the first of them.
    ///
    /// # Errors
    ///
    /// If a batch is too large or the log is closed: then none was taken.
    pub fn append_all(&self, batches: Vec<Batch>) -> Result<Vec<Pending>, Refused> {
        let largest = batches.iter().map(Batch::bytes).max().unwrap_or_default();
        if largest > BATCH_BYTES_MAX {
            return Err(Refused::TooLarge { bytes: largest });
        }
        let (mut set, mut all) = (Vec::with_capacity(batches.len()), Vec::with_capacity(batches.len()));
        for batch in batches {
            let (told, pending) = channel();
            set.push((batch, told));
            all.push(Pending(pending));
        }
        self.queue.push(set)?;
        Ok(all)
    }

    /// Number of durable records: those below it can be read.
    ///
    /// # Panics
    ///
    /// Never: nothing panics with the number in hand.
    #[must_use]
    pub fn durable(&self) -> u64 {
        *self.progress.durable.lock().expect("nothing panics here")
    }

    /// Waits until more than `known` records are durable, or `timeout` has passed; gives their number.
    ///
    /// # Panics
    ///
    /// Never: nothing panics with the number in hand.
    #[must_use]
    pub fn wait_beyond(&self, known: u64, timeout: Duration) -> u64 {
        let durable = self.progress.durable.lock().expect("nothing panics here");
        let waited = self.progress.more.wait_timeout_while(durable, timeout, |durable| *durable <= known);
        *waited.expect("nothing panics here").0
    }

    /// Index of the first record that was not removed.
    ///
    /// # Errors
    ///
    /// If the disk refuses.
    pub fn first(&self) -> Result<u64, AppendError> {
        Ok(segment::list(&*self.disk, &self.folder)?.first().copied().unwrap_or_default())
    }

    /// Bytes of all segments.
    ///
    /// # Errors
    ///
    /// If the disk refuses.
    pub fn bytes(&self) -> Result<u64, AppendError> {
        let mut bytes = 0;
        for first in segment::list(&*self.disk, &self.folder)? {
            let path = segment::path(&self.folder, first);
            match self.disk.length(&path) {
                Ok(length) => bytes += length,
                // It was removed meanwhile.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => return Err(AppendError::disk("measure", &path, source)),
            }
        }
        Ok(bytes)
    }

    /// Removes segments all of whose records are below `index`. The last segment stays.
    ///
    /// # Errors
    ///
    /// If the disk refuses.
    pub fn remove_before(&self, index: u64) -> Result<(), AppendError> {
        let firsts = segment::list(&*self.disk, &self.folder)?;
        for (first, following) in firsts.iter().zip(firsts.iter().skip(1)) {
            if *following <= index.min(self.durable()) {
                let path = segment::path(&self.folder, *first);
                // One after the other, durably: a crash must not bring back one whose successor is gone.
                let removed = self.disk.remove(&path).and_then(|()| self.disk.sync_folder(&self.folder));
                removed.map_err(|source| AppendError::disk("remove", &path, source))?;
            }
        }
        Ok(())
    }

    /// Makes durable what was handed over, and ends.
    pub fn close(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            // A panic there was reported there; whoever waits is told that the log is closed.
            _ = thread.join();
        }
    }
}

impl Drop for Append {
    fn drop(&mut self) {
        self.end();
    }
}
