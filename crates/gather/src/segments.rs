//! Segments that another part of this program writes and hands over: files that only grow, of whole records.
//!
//! A segment stands in its folder under a second name (a hard link). As long as its writer has a name of its own for it, more may come. Once
//! the name here is the only one, it is read to its end and removed when all of it is durable. So nobody needs to be told anything, a
//! crash of either side leaves nothing undone, and what nobody reads stays.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sekisho_append::{Feed as FeedName, Position};
use sekisho_collect::Source;

use crate::counters::add;
use crate::cut::{Cut, Gathered, Mark, Place};
use crate::error::{GatherError, chain};
use crate::feed;
use crate::files::walk::{Found, walk};
use crate::sink::Sink;
use crate::stop::Stop;

/// Bytes read at once.
const CHUNK_BYTES: usize = 256 << 10;

/// A folder of segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentsFeed {
    /// What the segments hold: the name of a source.
    pub source: String,
    /// The folder. It is made by whoever writes; names of segments are unique for all times.
    pub folder: PathBuf,
    /// Milliseconds between two looks.
    pub poll_ms: u64,
}

/// Reads until it is stopped; what was in the segments then is durable when it returns. Blocks.
pub(crate) fn run(settings: &SegmentsFeed, sink: &Arc<Sink>, stop: &Stop) -> Result<(), GatherError> {
    let source = feed::source(&settings.source)?;
    let mut reader = Reader {
        folder: settings.folder.clone(),
        source,
        prefix: prefix(source),
        open: HashMap::new(),
        failed: HashSet::new(),
        to: Gathered::new(sink, source, stop),
        sink: Arc::clone(sink),
    };
    let pause = Duration::from_millis(settings.poll_ms);
    loop {
        // What was written before it was told to stop is read.
        let is_last = stop.is_stopped();
        reader.round()?;
        if is_last {
            return Ok(());
        }
        stop.block(pause);
    }
}

/// Bytes of segments that are not durable in the log yet.
pub(crate) fn waiting_bytes(settings: &SegmentsFeed, sink: &Sink) -> Result<u64, GatherError> {
    let prefix = prefix(feed::source(&settings.source)?);
    let known: HashMap<_, _> = sink.positions(&prefix).into_iter().collect();
    let waiting = |found: Found| {
        let place = known.get(&name(&prefix, &found.path)).map_or(Place::default(), |position| read(position));
        found.bytes.saturating_sub(place.offset)
    };
    Ok(walk(&settings.folder)?.into_iter().map(waiting).sum())
}

fn prefix(source: &Source) -> Vec<u8> {
    [b"segments/", source.name.as_bytes(), b"/"].concat()
}

/// The name of a segment's position: without its folder, which may be moved.
fn name(prefix: &[u8], path: &Path) -> FeedName {
    [prefix, path.file_name().unwrap_or_default().as_bytes()].concat()
}

fn read(position: &[u8]) -> Place {
    let number = |at: usize| position.get(at..at + 8)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
    Place { offset: number(0).unwrap_or_default(), records: number(8).unwrap_or_default() }
}

/// Writes how far a segment is read.
struct SegmentMark(FeedName);

impl Mark for SegmentMark {
    fn mark(&mut self, place: Place) -> (FeedName, Position) {
        let position = [place.offset.to_le_bytes(), place.records.to_le_bytes()].concat();
        (self.0.clone(), position)
    }
}

struct Reader {
    folder: PathBuf,
    source: &'static Source,
    prefix: Vec<u8>,
    /// Segments that are gone on with where they were left.
    open: HashMap<PathBuf, (File, Cut)>,
    /// Segments that could not be read, which was said.
    failed: HashSet<PathBuf>,
    to: Gathered,
    sink: Arc<Sink>,
}

impl Reader {
    /// Looks at all segments once.
    fn round(&mut self) -> Result<(), GatherError> {
        let found = walk(&self.folder)?;
        let paths: HashSet<&PathBuf> = found.iter().map(|found| &found.path).collect();
        self.open.retain(|path, _| paths.contains(path));
        self.failed.retain(|path| paths.contains(path));
        self.forget(&paths)?;
        for found in &found {
            match self.look(&found.path) {
                Ok(()) => _ = self.failed.remove(&found.path),
                Err(error @ GatherError::File { .. }) => {
                    self.open.remove(&found.path);
                    add(&self.to.counters.failures, 1);
                    if self.failed.insert(found.path.clone()) {
                        tracing::error!(error = %chain(&error), "a segment cannot be read; it stays and is tried again");
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Forgets segments that are gone.
    fn forget(&mut self, paths: &HashSet<&PathBuf>) -> Result<(), GatherError> {
        let there: HashSet<FeedName> = paths.iter().map(|path| name(&self.prefix, path)).collect();
        let known = self.sink.positions(&self.prefix);
        let gone = known.into_iter().filter(|(name, _)| !there.contains(name));
        self.to.reach(gone.map(|(name, _)| (name, Position::new())).collect());
        self.to.flush()
    }

    fn look(&mut self, path: &Path) -> Result<(), GatherError> {
        let failed = |action| move |source| GatherError::file(action, path, source);
        let mark = &mut SegmentMark(name(&self.prefix, path));
        let (mut file, mut cut) = match self.open.remove(path) {
            Some(open) => open,
            None => {
                let known = self.sink.positions(&mark.0);
                let place = known.iter().find(|(name, _)| *name == mark.0);
                let mut file = File::open(path).map_err(failed("open"))?;
                let cut = Cut::new(self.source, place.map_or(Place::default(), |(_, position)| read(position)));
                std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(cut.wants())).map_err(failed("read"))?;
                (file, cut)
            }
        };
        // Before it is read: what was written before the writer let go is there then.
        let is_done = file.metadata().map_err(failed("look at"))?.nlink() == 1;
        let before = cut.wants();
        let mut buffer = vec![0; CHUNK_BYTES];
        loop {
            match file.read(&mut buffer).map_err(failed("read"))? {
                0 => break,
                read => cut.push(&buffer[..read], &mut self.to, mark)?,
            }
        }
        if is_done {
            cut.end(&mut self.to, mark)?;
            self.to.flush()?;
            return self.remove(path);
        }
        if cut.wants() > before {
            cut.pause(&mut self.to, mark)?;
            self.to.flush()?;
        }
        self.open.insert(path.to_owned(), (file, cut));
        Ok(())
    }

    /// Removes a segment for good; only then its position may be forgotten.
    fn remove(&mut self, path: &Path) -> Result<(), GatherError> {
        let removed = std::fs::remove_file(path).and_then(|()| File::open(&self.folder)?.sync_all());
        removed.map_err(|source| GatherError::file("remove", path, source))
    }
}
