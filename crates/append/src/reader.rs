//! Reading batches back, in order: after a start, and while the log grows.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_disk::Disk;

use crate::batch::{Record, Written};
use crate::error::AppendError;
use crate::frame::{self, Frame, Kind};
use crate::segment;

/// Bytes read at once.
const CHUNK_BYTES: usize = 1 << 20;

/// A batch that was read.
#[derive(Debug, Clone, Copy)]
pub struct ReadBatch<'b> {
    index: u64,
    written: Written<'b>,
}

impl<'b> ReadBatch<'b> {
    /// Index of its first record.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Number of its records.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.written.count
    }

    /// What the records come from.
    #[must_use]
    pub fn source(&self) -> &'b str {
        self.written.origin.source
    }

    /// What the header of the records' file said; empty if there was none.
    #[must_use]
    pub fn header(&self) -> &'b str {
        self.written.origin.header
    }

    /// The records, in order.
    pub fn records(&self) -> impl Iterator<Item = Record<'b>> + use<'b> {
        self.written.records()
    }
}

/// A segment that is read frame by frame.
#[derive(Debug)]
pub(crate) struct Segment {
    path: PathBuf,
    /// Where in the file `buffer` begins.
    start: u64,
    buffer: Vec<u8>,
    /// Where in `buffer` the next frame begins.
    at: usize,
    /// How many records were durable when `buffer` was last filled: what lies beyond may be written anew.
    durable: u64,
}

impl Segment {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, start: 0, buffer: Vec::new(), at: 0, durable: 0 }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the next frame begins, in bytes from the file's beginning.
    pub(crate) fn offset(&self) -> u64 {
        self.start + self.at as u64
    }

    /// The next frame; none if there is no whole, undamaged one. Does not move on.
    pub(crate) fn peek(&mut self, disk: &dyn Disk) -> Result<Option<Frame<'_>>, AppendError> {
        self.fill(disk, frame::HEAD_BYTES)?;
        if let Some(length) = frame::length(&self.buffer[self.at..]) {
            self.fill(disk, length)?;
        }
        Ok(frame::read(&self.buffer[self.at..]))
    }

    /// Whether the file ends where the next frame would begin. To be asked after [`Segment::peek`] found none.
    pub(crate) fn is_at_end(&self) -> bool {
        self.at == self.buffer.len()
    }

    /// Moves behind the frame that was peeked at.
    pub(crate) fn skip(&mut self) {
        self.at += frame::length(&self.buffer[self.at..]).unwrap_or(0);
    }

    /// Reads the next frame from the disk, not from what was read ahead while fewer records were durable.
    fn forget_ahead(&mut self, durable: u64) {
        if self.durable < durable {
            self.buffer.truncate(self.at);
            self.durable = durable;
        }
    }

    /// Has the buffer hold `wanted` bytes from the next frame on, if there are so many.
    fn fill(&mut self, disk: &dyn Disk, wanted: usize) -> Result<(), AppendError> {
        if self.buffer.len() - self.at >= wanted {
            return Ok(());
        }
        self.buffer.drain(..self.at);
        self.start += self.at as u64;
        self.at = 0;
        let held = self.buffer.len();
        self.buffer.resize(wanted.max(CHUNK_BYTES), 0);
        let from = self.start + held as u64;
        let read = disk.read_at(&self.path, from, &mut self.buffer[held..]);
        let read = read.map_err(|source| AppendError::disk("read", &self.path, source))?;
        self.buffer.truncate(held + read);
        Ok(())
    }

    pub(crate) fn damaged(&self) -> AppendError {
        AppendError::Damaged { path: self.path.clone(), offset: self.offset() }
    }
}

/// Reads a log from some record on.
#[derive(Debug)]
pub struct Reader {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    /// The first record that was not given yet.
    next: u64,
    segment: Option<Segment>,
}

impl Reader {
    /// A reader that begins with the batch in which record `from` is.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, folder: &Path, from: u64) -> Self {
        Self { disk, folder: folder.to_owned(), next: from, segment: None }
    }

    /// Index of the first record that a log's folder has; none if there is no log.
    ///
    /// # Errors
    ///
    /// If the disk refuses.
    pub fn oldest(disk: &dyn Disk, folder: &Path) -> Result<Option<u64>, AppendError> {
        Ok(segment::list(disk, folder)?.first().copied())
    }

    /// The first record that was not given yet.
    #[must_use]
    pub fn next_index(&self) -> u64 {
        self.next
    }

    /// The next batch with records, if its records are below `durable`. The first may begin before the record asked for.
    ///
    /// # Errors
    ///
    /// If the disk refuses, or durable records are damaged or gone.
    pub fn next(&mut self, durable: u64) -> Result<Option<ReadBatch<'_>>, AppendError> {
        while self.next < durable {
            if self.segment.is_none() {
                self.segment = Some(self.find()?);
            }
            let segment = self.segment.as_mut().expect("found above");
            segment.forget_ahead(durable);
            let peeked = match segment.peek(&*self.disk) {
                // It was removed, since all of it was read: the next one holds what comes.
                Err(AppendError::Disk { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                    self.follow()?;
                    continue;
                }
                peeked => peeked?,
            };
            let ahead = peeked.map(|frame| {
                let count =
                    if frame.kind == Kind::Batch { Written::parse(frame.content).map(|w| w.count) } else { Some(0) };
                (frame.index, count)
            });
            match ahead {
                // What a failed write left behind: the batch was written again, to the next segment.
                Some((index, _)) if index > self.next => self.follow()?,
                Some((_, None)) => return Err(segment.damaged()),
                Some((index, Some(count))) if index + count <= self.next => segment.skip(),
                Some((index, Some(count))) => {
                    if self.is_superseded(index)? {
                        self.follow()?;
                        continue;
                    }
                    self.next = index + count;
                    return Ok(Some(self.give()));
                }
                None => self.follow()?,
            }
        }
        Ok(None)
    }

    /// Whether a later segment begins with this record too: then that one holds it.
    fn is_superseded(&self, index: u64) -> Result<bool, AppendError> {
        let path = segment::path(&self.folder, index);
        if self.segment.as_ref().is_some_and(|segment| segment.path == path) {
            return Ok(false);
        }
        Ok(segment::list(&*self.disk, &self.folder)?.contains(&index))
    }

    /// The batch that was peeked at.
    fn give(&mut self) -> ReadBatch<'_> {
        let segment = self.segment.as_mut().expect("a frame was peeked at");
        let start = segment.at;
        segment.skip();
        let frame = frame::read(&segment.buffer[start..]).expect("peeked at");
        let written = Written::parse(frame.content).expect("parsed before");
        ReadBatch { index: frame.index, written }
    }

    /// The segment in which the next record is.
    fn find(&self) -> Result<Segment, AppendError> {
        let firsts = segment::list(&*self.disk, &self.folder)?;
        match firsts.iter().rev().find(|first| **first <= self.next) {
            Some(first) => Ok(Segment::new(segment::path(&self.folder, *first))),
            None => Err(self.missing(firsts.first().copied())),
        }
    }

    /// Goes on to the segment that begins with the next record.
    fn follow(&mut self) -> Result<(), AppendError> {
        let path = segment::path(&self.folder, self.next);
        let segment = self.segment.take().expect("there was one");
        if segment.path == path {
            return Err(segment.damaged());
        }
        let firsts = segment::list(&*self.disk, &self.folder)?;
        if !firsts.contains(&self.next) {
            return Err(segment.damaged());
        }
        self.segment = Some(Segment::new(path));
        Ok(())
    }

    fn missing(&self, until: Option<u64>) -> AppendError {
        let until = until.unwrap_or(self.next + 1);
        AppendError::Missing { path: segment::path(&self.folder, until), from: self.next, until }
    }
}
