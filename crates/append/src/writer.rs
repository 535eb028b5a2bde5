//! The thread that writes.
//!
//! All batches that wait are written with one call and made durable together. If the disk refuses to write, the segment is cut back to
//! what it was. If it refuses to sync, nothing is known of what was written since the last success: the segment is left alone, and
//! the same batches go to a new one, which begins with the first record that was not acknowledged.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_disk::{Disk, DiskFile};

use crate::append::Progress;
use crate::error::{AppendError, Refused};
use crate::frame::{self, Kind};
use crate::queue::{Queue, Waiting};
use crate::recovery::Recovered;
use crate::segment::{self, POSITIONS_BYTES_MAX, Positions, position_bytes};
use crate::settings::Settings;

/// Bytes of batches that are worth being written without waiting for more.
const GROUP_BYTES: usize = 4 << 20;

/// The segment that is written to.
#[derive(Debug)]
struct Open {
    path: PathBuf,
    file: Box<dyn DiskFile>,
    /// Bytes that are durable; there are no others between two groups.
    durable: u64,
}

/// Writes groups of batches.
#[derive(Debug)]
pub(crate) struct Writer {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    settings: Settings,
    /// None if the last one must not be written to any more.
    open: Option<Open>,
    next: u64,
    positions: Positions,
    buffer: Vec<u8>,
}

impl Writer {
    /// Begins a new segment after what was recovered; on a full disk, once there is room: what is there can be read meanwhile.
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        folder: &Path,
        settings: Settings,
        recovered: Recovered,
    ) -> Result<Self, AppendError> {
        let Recovered { next, positions } = recovered;
        let (folder, buffer) = (folder.to_owned(), Vec::new());
        let mut writer = Self { disk, folder, settings, open: None, next, positions, buffer };
        match writer.open_segment() {
            Err(AppendError::Disk { source, .. }) if is_full(&source) => {}
            begun => begun?,
        }
        Ok(writer)
    }

    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Writes until the queue is closed.
    pub(crate) fn work(mut self, queue: &Queue, progress: &Progress) {
        while let Some(group) = queue.take(self.settings.sync_interval, GROUP_BYTES) {
            let group = self.admit(group);
            if group.is_empty() {
                continue;
            }
            match self.write(&group) {
                Ok(()) => {
                    let mut index = self.next - group.iter().map(|waiting| waiting.batch.count()).sum::<u64>();
                    progress.advance(self.next);
                    for Waiting { batch, told, .. } in group {
                        // Whoever does not wait for it does not want to know.
                        _ = told.send(Ok(index..index + batch.count()));
                        index += batch.count();
                    }
                }
                Err(error) => {
                    let error = Arc::new(error);
                    for Waiting { told, .. } in group {
                        _ = told.send(Err(Refused::Disk(Arc::clone(&error))));
                    }
                }
            }
        }
    }

    /// Refuses batches whose positions find no room, and those that came after them in their set.
    fn admit(&self, group: Vec<Waiting>) -> Vec<Waiting> {
        let of = |positions: &Positions| positions.iter().map(|(feed, position)| position_bytes(feed, position)).sum();
        let mut bytes: usize = of(&self.positions);
        let mut admitted = Vec::with_capacity(group.len());
        let mut refused = None;
        for waiting in group {
            let (feed, position) = waiting.batch.feed_and_position();
            let more = if feed.is_empty() || position.is_empty() { 0 } else { position_bytes(&feed, &position) };
            let known = self.positions.get(&feed).map_or(0, |known| position_bytes(&feed, known));
            let grown = bytes + more.saturating_sub(known);
            if refused == Some(waiting.set) || (more > known && grown > POSITIONS_BYTES_MAX) {
                refused = Some(waiting.set);
                _ = waiting.told.send(Err(Refused::TooManyFeeds));
            } else {
                bytes = grown;
                admitted.push(waiting);
            }
        }
        admitted
    }

    /// Makes a group durable; if that fails, nothing of it counts.
    fn write(&mut self, group: &[Waiting]) -> Result<(), AppendError> {
        if self.open.as_ref().is_none_or(|open| open.durable >= self.settings.segment_bytes) {
            self.open_segment()?;
        }
        if let Err(error) = self.write_once(group) {
            // A segment that could be cut back is still there, and the disk is full: another would not help.
            if self.open.is_some() {
                return Err(error);
            }
            self.open_segment()?;
            self.write_once(group)?;
        }
        for waiting in group {
            self.next += waiting.batch.count();
            let (feed, position) = waiting.batch.feed_and_position();
            segment::remember(&mut self.positions, feed, position);
        }
        Ok(())
    }

    fn write_once(&mut self, group: &[Waiting]) -> Result<(), AppendError> {
        let mut open = self.open.take().expect("a segment was opened");
        let mut index = self.next;
        self.buffer.clear();
        for waiting in group {
            let batch = &waiting.batch;
            frame::write(Kind::Batch, index, open.durable, |bytes| batch.write(bytes), &mut self.buffer);
            index += batch.count();
        }
        let (outcome, is_clean) = match open.file.append(&self.buffer) {
            Ok(()) => (open.file.sync(), false),
            Err(error) => (Err(error), open.file.truncate(open.durable).is_ok()),
        };
        match outcome {
            Ok(()) => {
                open.durable += self.buffer.len() as u64;
                self.open = Some(open);
                Ok(())
            }
            Err(source) => {
                let error = AppendError::disk("write", &open.path, source);
                self.open = is_clean.then_some(open);
                Err(error)
            }
        }
    }

    /// Begins a segment with the next record, and makes its first frame and its name durable.
    fn open_segment(&mut self) -> Result<(), AppendError> {
        self.open = None;
        let path = segment::path(&self.folder, self.next);
        let failed = |source| AppendError::disk("begin the segment", &path, source);
        // One of this name holds nothing that was acknowledged.
        if segment::list(&*self.disk, &self.folder)?.contains(&self.next) {
            self.disk.remove(&path).map_err(failed)?;
        }
        let mut file = self.disk.open(&path).map_err(failed)?;
        self.buffer.clear();
        segment::write_begin(self.next, &self.positions, &mut self.buffer);
        let written = file.append(&self.buffer).and_then(|()| file.sync());
        written.and_then(|()| self.disk.sync_folder(&self.folder)).map_err(failed)?;
        self.open = Some(Open { path, file, durable: self.buffer.len() as u64 });
        Ok(())
    }
}

/// Whether a disk refuses for want of room.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
